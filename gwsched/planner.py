# SPDX-License-Identifier: Apache-2.0
"""Snapshot and health to a plan: pure, the same in every process.

What it keeps, each as a property test beside:

1. The plan of an applied plan is empty, and after any prefix of a plan what
   is planned comes to the same end: every change concerns one unit.  (One
   that was stranded is rescued first, and filled up by the next plan.)
2. No change brings in a chassis that a filter refuses or that is not live;
   but for one that answers, where nobody live can host a unit, reaches its
   next hop, or can stand behind one that would be alone.
3. No change leaves a unit with fewer live, eligible candidates than before,
   but for a draining one, and the lower of two that fight; the last one of
   a unit never leaves.
4. A chassis that works keeps what it holds: the primary changes only to
   what OVN has elected by itself (which costs nothing), where the primary
   is dead or may not host the unit any more, or by a paced move.  Not even
   then while who holds it instead is suspect: it may go by the older list.
5. A live holder is never deleted from a list: it goes to the end first, and
   out when OVN has moved the unit (deleting its row costs 0.5 s).
6. A lone live candidate is not left beside dead ones unless a live
   ``ref_chassis`` can vouch for it: it would never claim the unit.
7. Priorities are the length of the list down to 1.
8. What evens out (moves, re-ranking) waits until nothing is to be repaired;
   at most one move that need not be is made at a time, and it is to a
   chassis that has been in the list for long enough to be warm.
9. Evening out ends: what is even is left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Set
from dataclasses import replace

from gwsched.decisions import (
    Change,
    Guard,
    Health,
    Plan,
    Policy,
    Refusal,
    Relocation,
    State,
    Tunnels,
)
from gwsched.model import Snapshot, frozen_map
from gwsched.placement import foresight, moves, routers
from gwsched.placement.evening import Found
from gwsched.placement.moves import Moves
from gwsched.placement.repairs import Repairs
from gwsched.placement.scene import Past, Scene
from gwsched.placement.survey import Survey
from gwsched.schedulers import Ledger, Scheduler

NOTHING = Past()


def plan(
    snapshot: Snapshot,
    health: Health,
    scheduler: Scheduler,
    policy: Policy,
    now: float,
    past: Past = NOTHING,
    survey: Survey | None = None,
    *,
    hurried: bool = False,
) -> Plan:
    """Return what to write now, with the reason of each change.

    What is remembered of the last plan, if anything, changes nothing but
    how long it takes.

    :param hurried: whether other things may be about to happen: what is
        only evened out is left for later, and the plan says so

    ``wake_at`` of the plan is when time alone would change it.
    """
    scene = Scene(snapshot, health, scheduler, policy, past, now, survey)
    made = _made(scene, hurried=hurried)
    blocked = _blocked(snapshot, health)
    if blocked:
        made = _held(made, blocked, uneven=past.pace.running)
    hampered = _hampered(scene, made.deferred)
    cautions = {
        guard: why
        for guard, why in health.cautions.items()
        if guard not in blocked
    }
    return replace(
        made,
        guards=frozen_map(blocked | cautions | hampered),
        blocking=frozenset(blocked),
        wake_at=scene.clock.wake_at,
    )


def _made(scene: Scene, *, hurried: bool) -> Plan:
    """Repair; where nothing is left to be repaired now, even out."""
    repair = Repairs(scene)
    outcomes = repair.outcomes()
    refusals = [found for found in outcomes if isinstance(found, Refusal)]
    repairs = foresight.completed(
        repair, [found for found in outcomes if isinstance(found, Change)]
    )
    changes = [change for change in repairs if not _waits(scene, change)]
    deferred: Counter[Guard] = Counter()
    deferred[Guard.FOREIGN_WRITER] = len(repairs) - len(changes)
    found = Found(uneven=scene.past.pace.running)
    if not changes:
        waiting = {change.unit.name for change in repairs}
        waiting |= repair.warming.waiting
        found = _evened(scene, repair.ledger, waiting, hurried=hurried)
        refusals += found.refusals
        deferred += found.deferred
    rescues = routers.outcomes(scene, scene.past.relocated)
    refusals += [one for one in rescues if isinstance(one, Refusal)]
    return Plan(
        changes=(*changes, *found.changes),
        relocations=tuple(r for r in rescues if isinstance(r, Relocation)),
        refusals=tuple(refusals),
        deferred=frozen_map(+deferred),
        orphans=scene.snapshot.orphans,
        uneven=found.uneven,
        is_done=found.is_whole and not (+deferred or found.uneven),
        postponed=found.is_postponed,
    )


def _evened(
    scene: Scene, ledger: Ledger, waiting: Set[str], *, hurried: bool
) -> Found:
    """Even out, unless nothing is new, or there is no time for it now.

    Then what was found the last time is told once more.
    """
    evens, memory = not _is_settling(scene), scene.survey.evening
    rests_on = moves.basis(scene, waiting, evens=evens)
    until = memory.standing_until(rests_on, scene.clock.now)
    if until is not None:
        scene.clock.past(until)
        return memory.last
    if hurried:
        running = scene.past.pace.running
        return memory.last.postponed(running=running)
    steps = Moves(scene, ledger, waiting, evens=evens)
    found, until = scene.clock.looked(steps.found)
    memory.note(found, rests_on, until)
    return found


def _held(made: Plan, blocked: Mapping[Guard, str], *, uneven: bool) -> Plan:
    """Hold everything back, and count it for the first of the guards."""
    guard = next(guard for guard in Guard if guard in blocked)
    number = len(made.changes) + len(made.relocations)
    return Plan(
        refusals=made.refusals,
        deferred=frozen_map({guard: number} if number else {}),
        uneven=uneven,
    )


def basis(snapshot: Snapshot, health: Health) -> Hashable:
    """Return what a plan depends on besides units, chassis and the past.

    With the same of all of these, and before the plan's ``wake_at``, the
    plan is the same.
    """
    return (
        tuple((name, v.state, v.since) for name, v in health.verdicts.items()),
        tuple(health.guards),
        tuple(health.cautions),
        tuple(health.uplinks.bad),
        health.uplinks.good,
        tuple(health.uplinks.lost.items()),
        tuple(health.uplinks.reached.items()),
        tuple(
            (name, found.behind is None, found.tunnels, found.watched)
            for name, found in health.evidence.items()
            if found.behind is not None or found.tunnels is Tunnels.DOWN
        ),
        tuple(health.apart),
        health.stranded,
        health.stale,
        health.damped,
        snapshot.default_form,
        snapshot.orphans,
        snapshot.bfd_time,
        routers.basis(snapshot, health),
    )


def _blocked(snapshot: Snapshot, health: Health) -> dict[Guard, str]:
    """Return what holds every change back, and why."""
    found = dict(health.guards)
    if snapshot.intents.paused:
        found[Guard.PAUSE] = "an operator has paused it"
    return found


def _hampered(scene: Scene, deferred: Mapping[Guard, int]) -> dict[Guard, str]:
    """Return what holds some changes back, and why."""
    pace, found = scene.past.pace, {}
    if not scene.clock.past(pace.halted_until):
        found[Guard.UNVERIFIED] = pace.why
    if deferred.get(Guard.BUDGET):
        found[Guard.BUDGET] = (
            f"{deferred[Guard.BUDGET]} moves wait for their turn, "
            f"{scene.policy.moves_per_minute} a minute"
        )
    if deferred.get(Guard.FOREIGN_WRITER):
        found[Guard.FOREIGN_WRITER] = (
            f"{deferred[Guard.FOREIGN_WRITER]} lists stay as somebody else "
            f"has written them, for now"
        )
    return found


def _waits(scene: Scene, change: Change) -> bool:
    """Whether somebody else writes this list too, and we give way.

    Not for a moment where nobody serves the unit; but we do not fight.
    """
    rivals = scene.past.rivals
    feud = rivals.feuds.get(change.unit.name)
    if feud is None:
        return False
    if not scene.who.serving(change.unit, change.unit.order):
        again = feud.wanted == change.after
        return again and not scene.clock.past(feud.until)
    return not scene.clock.past(rivals.waits(change.unit, change.after))


def _is_settling(scene: Scene) -> bool:
    """Whether some chassis is about to come or to leave its lists.

    What is evened out now would have to be evened out again then.  Or some
    may not answer any more: it is to be seen who.
    """
    if scene.health.stale:
        return True
    known = scene.snapshot.chassis
    gateways = scene.snapshot.gateways
    for name, verdict in scene.health.verdicts.items():
        if name in known and name not in gateways:
            continue  # of no list, as long as it is none
        if verdict.state is State.RETURNING:
            if name not in scene.health.damped:
                return True
            continue
        leaves = verdict.since + scene.policy.hold_down
        if verdict.state is State.DEAD and not scene.clock.past(leaves):
            return True
    return False
