# SPDX-License-Identifier: Apache-2.0
"""Snapshot and health to a plan: pure, the same in every process.

What it keeps, each as a property test beside:

1. The plan of an applied plan is empty, and after any prefix of a plan the
   rest of it is planned again: every change concerns one unit, and units
   are decided in one fixed order.
2. No change brings in a chassis that a filter refuses or that is not live.
3. No change leaves a unit with fewer live, eligible candidates than before,
   and the last one of a unit never leaves.
4. A chassis that works keeps what it holds: the primary changes only to
   what OVN has elected by itself (which costs nothing), or where the
   primary is dead or may not host the unit any more.
5. A live holder is never deleted from a list: it goes to the end first, and
   out when OVN has moved the unit (deleting its row costs 0.5 s).
6. A lone live candidate is not left beside dead ones unless a live
   ``ref_chassis`` can vouch for it: it would never claim the unit.
7. Priorities are the length of the list down to 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from gwsched.claims import settled
from gwsched.eligibility import Eligibility
from gwsched.model import (
    Change,
    Guard,
    Health,
    Plan,
    Policy,
    Reason,
    Refusal,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.schedulers import Ledger, Request, Scheduler


def plan(
    snapshot: Snapshot,
    health: Health,
    scheduler: Scheduler,
    policy: Policy,
    now: float,
) -> Plan:
    """Return what to write now, with the reason of each change."""
    planner = _Planner(snapshot, health, scheduler, policy, now)
    units = planner.in_turn()
    # All primaries first: who is the best backup depends on all of them.
    for unit in units:
        planner.choose_primary(unit)
    changes, refusals = [], []
    for unit in units:
        outcome = planner.decide(unit)
        if isinstance(outcome, Change):
            planner.count(unit, outcome.after)
            changes.append(outcome)
        elif isinstance(outcome, Refusal):
            refusals.append(outcome)
    if health.guards and changes:
        guard = next(g for g in Guard if g in health.guards)
        deferred = frozen_map({guard: len(changes)})
        return Plan((), tuple(refusals), deferred, health.wake_at)
    return Plan(tuple(changes), tuple(refusals), wake_at=health.wake_at)


def basis(
    snapshot: Snapshot, health: Health, policy: Policy, now: float
) -> Hashable:
    """Return what a plan depends on besides the units and the chassis.

    With the same units, chassis and basis the plan is the same.
    """
    hold_down = policy.hold_down
    return (
        tuple(
            (name, verdict.state, now >= verdict.since + hold_down)
            for name, verdict in health.verdicts.items()
        ),
        tuple(
            unit.name
            for unit in snapshot.units
            if unit.holder not in unit.order[:1]
            and settled(health.claims[unit.name], snapshot.bfd_time, now)
        ),
        tuple(health.guards),
        snapshot.default_form,
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    """A list in the making, and the first reason to change it."""

    order: tuple[str, ...]
    reason: Reason | None = None
    why: str = ""

    def to(self, order: Sequence[str], reason: Reason, why: str) -> _Draft:
        """Return the draft with another order, if it is another."""
        if tuple(order) == self.order:
            return self
        if self.why:
            return _Draft(tuple(order), self.reason, f"{self.why}; {why}")
        return _Draft(tuple(order), reason, why)


class _Planner:
    def __init__(
        self,
        snapshot: Snapshot,
        health: Health,
        scheduler: Scheduler,
        policy: Policy,
        now: float,
    ) -> None:
        self.snapshot = snapshot
        self.health = health
        self.scheduler = scheduler
        self.policy = policy
        self.now = now
        self.who = Eligibility(snapshot, health)
        self.ledger = Ledger()
        self.counted: dict[str, tuple[str, ...]] = {}
        self.primaries: dict[str, str] = {}
        for unit in snapshot.units:
            self.count(unit, unit.order)

    def in_turn(self) -> list[Unit]:
        """Order the units: the most constrained first, then by name."""
        return sorted(
            self.snapshot.units,
            key=lambda unit: (len(self.who.names(unit)), unit.name),
        )

    def count(self, unit: Unit, order: Sequence[str]) -> None:
        """Count a unit's list, the part that can carry, and no other."""
        carrying = tuple(c for c in order if not self.who.dead(c))
        weight = len(unit.ports)
        self.ledger.remove(self.counted.get(unit.name, ()), weight)
        self.ledger.add(carrying, weight)
        self.counted[unit.name] = carrying

    def choose_primary(self, unit: Unit) -> None:
        """Choose a primary for a unit that nobody serves.

        Who holds it though nobody lists it keeps it.
        """
        if not unit.in_force or self._serving(unit, unit.order):
            return
        chosen = [c for c in self.who.names(unit) if c == unit.holder]
        if not chosen:
            chosen = self._choose(unit, (), self.who.names(unit), 1)
        if chosen:
            self.primaries[unit.name] = chosen[0]
            self.count(unit, chosen)

    def decide(self, unit: Unit) -> Change | Refusal | None:
        """Decide on one unit: a change, a refusal, or nothing to do."""
        if not unit.in_force:
            return None  # let northd carry over the last write first
        draft = _Draft(unit.order)
        draft = self._follow_holder(unit, draft)
        draft = self._dismiss(unit, draft)
        draft = self._drop_useless_dead(unit, draft)
        draft, refusal = self._fill(unit, draft)
        if refusal and draft.order == unit.order:
            return refusal
        draft = self._untangle(unit, draft)
        if draft.reason is None:
            return None
        form = unit.form or self.snapshot.default_form
        return Change(unit, form, draft.order, draft.reason, draft.why)

    def _follow_holder(self, unit: Unit, draft: _Draft) -> _Draft:
        """Make who OVN elected the primary, and the passed-over one last.

        It costs nothing and spares the switch back when the former primary
        returns: OVN always preempts.
        """
        claim = self.health.claims.get(unit.name)
        holder = unit.holder
        if holder is None or holder not in draft.order[1:]:
            return draft
        if claim is None or not settled(
            claim, self.snapshot.bfd_time, self.now
        ):
            return draft
        if not self.who.serves(unit, holder):
            return draft
        passed = draft.order[: draft.order.index(holder)]
        rest = draft.order[len(passed) + 1 :]
        return draft.to(
            (holder, *rest, *passed),
            Reason.FAILOVER,
            f"OVN has elected {holder} over {', '.join(passed)}",
        )

    def _dismiss(self, unit: Unit, draft: _Draft) -> _Draft:
        """Put who may not serve last, and out once that costs nothing."""
        good = self._serving(unit, draft.order)
        bad = [c for c in draft.order if c not in good]
        if not bad or not (good or self.who.besides(unit, draft.order)):
            return draft
        staying = [c for c in bad if self._stays(unit, c, good)]
        for chassis in (c for c in bad if c not in staying):
            draft = draft.to(
                [c for c in draft.order if c != chassis],
                self._dismissal(chassis),
                f"{chassis} leaves: {self.who.against(unit, chassis)}",
            )
        if good and staying:
            draft = draft.to(
                [*good, *staying],
                self._dismissal(staying[0]),
                f"{', '.join(staying)} last: "
                f"{self.who.against(unit, staying[0])}",
            )
        return draft

    def _stays(self, unit: Unit, chassis: str, good: Sequence[str]) -> bool:
        """Whether who may not serve keeps a place at the end for now."""
        if not self.who.dead(chassis):
            return unit.held_by(chassis)
        if not good:
            return False  # nobody serves this unit: it does not wait
        since = self.health.verdicts[chassis].since
        if self.now < since + self.policy.hold_down:
            return True
        # Neutron takes a chassis with a row for valid and would put it back.
        room = len(good) + len(self.who.besides(unit, unit.order))
        short = room < self.policy.max_candidates
        return unit.neutron and short and chassis in self.snapshot.chassis

    def _drop_useless_dead(self, unit: Unit, draft: _Draft) -> _Draft:
        """Never leave one live and dead ones with nobody to vouch."""
        dead = [c for c in draft.order if self.who.dead(c)]
        alive = [c for c in draft.order if c not in dead]
        if len(alive) != 1 or not dead:
            return draft
        if any(self.who.vouches(c) for c in unit.references - {*alive, *dead}):
            return draft
        return draft.to(
            alive,
            Reason.FAILOVER,
            f"{alive[0]} is alone and would not claim beside "
            f"{', '.join(dead)}",
        )

    def _fill(
        self, unit: Unit, draft: _Draft
    ) -> tuple[_Draft, Refusal | None]:
        """Let the scheduler choose who is missing from the list."""
        serving = self._serving(unit, draft.order)
        others = [c for c in draft.order if c not in serving]
        primary = self.primaries.get(unit.name)
        kept = [*serving, primary] if primary else serving
        wanted = self.policy.max_candidates - len(kept) - len(others)
        eligible = self.who.besides(unit, [*draft.order, *kept])
        chosen = kept[len(serving) :]
        if wanted > 0 and eligible:
            chosen += self._choose(unit, kept, eligible, wanted)
        if not chosen:
            return draft, None if serving else self._nobody(unit)
        reason, why = self._filling(unit, serving, chosen)
        return draft.to([*serving, *chosen, *others], reason, why), None

    def _nobody(self, unit: Unit) -> Refusal:
        """Say why a unit stays without anybody to serve it."""
        if self.who.names(unit):
            why = "the scheduler chose none of the eligible"
            return Refusal(unit, "scheduler", why)
        return self.who.refusal(unit)

    def _serving(self, unit: Unit, order: Sequence[str]) -> list[str]:
        return [c for c in order if self.who.serves(unit, c)]

    def _choose(
        self,
        unit: Unit,
        kept: Sequence[str],
        eligible: Sequence[str],
        depth: int,
    ) -> list[str]:
        """Ask the scheduler, and believe only an answer of the right kind."""
        request = Request(
            unit.name,
            tuple(kept),
            tuple(self.snapshot.chassis[name] for name in eligible),
            depth,
        )
        answer = self.scheduler.choose(request, self.ledger)
        allowed = dict.fromkeys(c for c in answer if c in eligible)
        return list(allowed)[:depth]

    @staticmethod
    def _filling(
        unit: Unit, serving: Sequence[str], chosen: Sequence[str]
    ) -> tuple[Reason, str]:
        names = ", ".join(chosen)
        if not unit.order:
            return Reason.NEW, f"had no candidates; {names} chosen"
        if not serving:
            return Reason.FAILOVER, f"nobody serves it; {names} chosen"
        return Reason.REPAIR, f"filled up with {names}"

    def _untangle(self, unit: Unit, draft: _Draft) -> _Draft:
        """Repair what is wrong in a list though its order is right."""
        if draft.reason is not None or not unit.candidates:
            return draft
        names = [c.chassis for c in unit.candidates]
        priorities = {c.priority for c in unit.candidates}
        if len(set(names)) < len(names):
            why = "a chassis was in the list twice"
        elif len(priorities) < len(names):
            why = "two candidates had one priority"
        elif unit.shadowed and not unit.neutron:
            why = "its gateway_chassis, which OVN ignores, is cleared"
        else:
            return draft
        return _Draft(draft.order, Reason.REPAIR, why)

    def _dismissal(self, chassis: str) -> Reason:
        return Reason.FAILOVER if self.who.dead(chassis) else Reason.REPAIR
