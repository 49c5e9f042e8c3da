# SPDX-License-Identifier: Apache-2.0
"""What speaks for and against each chassis, gathered in one place.

No one signal is proof.  Whether OVN itself has left a chassis can be seen
only in SB claims: a port that its list's primary lost, though nobody had
asked it to give it up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import fields
from operator import attrgetter

from gwsched.decisions import Claim, Evidence, Tunnels
from gwsched.health.census import Census, Units
from gwsched.health.claims import CLAIM_SETTLE, has_witness
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.tunnels import Sight
from gwsched.model import Snapshot, Unit

# For how many hold-downs it counts that OVN has left a chassis which still
# answers: SB does not tell when its tunnels are up again.
DISTRUST = 10.0


_facts = attrgetter(*(field.name for field in fields(Evidence)))


def gather(
    before: Mapping[str, Evidence],
    names: Iterable[str],
    snapshot: Snapshot,
    held: Mapping[str, Units],
    dropped: Mapping[str, Units],
    beats: Heartbeats,
    sight: Sight,
    left: Mapping[str, float],
    up: Callable[[str], bool],
    now: float,
) -> dict[str, Evidence]:
    """Return the evidence on each of some chassis.

    :param held: the units that each chassis holds a port of
    :param dropped: those that it has given up, and nobody holds
    :param up: whether a chassis answers
    """
    found = {}
    for name in names:
        tunnels, since = sight.of(name)
        behind = beats.behind.get(name)
        keeps = 0
        if behind is not None or sight.is_remembered(name):
            keeps = kept_by(name, held, up) + kept_by(name, dropped, up)
        old = before.get(name, Evidence())
        holds = len(held.get(name, ()))
        emptied = None
        if not holds:
            emptied = now if old.holds else old.emptied
        keeping = None
        if keeps:
            keeping = now if old.keeping is None else old.keeping
        gone = None if name in snapshot.chassis else old.gone or now
        facts = (
            gone,
            beats.heard_at.get(name, old.heard),
            behind,
            left.get(name),
            tunnels,
            since,
            sight.is_watched(name),
            emptied,
            holds,
            keeps,
            keeping,
            behind is not None
            and (old.kept or _has_kept(keeping, behind, snapshot, now)),
        )
        # Of most chassis there is nothing new: they keep what there was.
        found[name] = old if facts == _facts(old) else Evidence(*facts)
    return found


def dropped(
    claims: Mapping[str, Claim], census: Census
) -> Mapping[str, Units]:
    """Return the units that the first of their lists has given up, by it.

    Who gives one up for a moment, as its list of one is filled up, and is
    cut off from SB before it claims again, carries it on.  That nobody below
    claims it shows that they see it, as if it held it.
    """
    found: dict[str, dict[str, Unit]] = {}
    for unit in census.unusual.values():
        claim = claims.get(unit.name)
        if claim is None or claim.dropped_by is None or unit.holder:
            continue
        if unit.order[:1] == (claim.dropped_by,):
            found.setdefault(claim.dropped_by, {})[unit.name] = unit
    return found


def kept_by(
    name: str, held: Mapping[str, Units], up: Callable[[str], bool]
) -> int:
    """Return how many units others could claim of those a chassis holds."""
    units = held.get(name, {}).values()
    return sum(claimable(unit, name, up) for unit in units)


def _has_kept(
    keeping: float | None, behind: float, snapshot: Snapshot, now: float
) -> bool:
    """Whether others would have claimed by now what a silent one keeps."""
    if keeping is None:
        return False
    return now >= max(keeping, behind) + snapshot.bfd_time + CLAIM_SETTLE


def claimable(unit: Unit, holder: str, up: Callable[[str], bool]) -> bool:
    """Whether live members could take the unit were its holder dead."""
    heirs = [c for c in unit.order if c != holder and up(c)]
    if len(heirs) == 1:
        return has_witness(unit, heirs[0], up)
    return bool(heirs)


def departures(
    before: Mapping[str, float],
    claims: Mapping[str, Claim],
    snapshot: Snapshot,
    known: Census,
    census: Census,
    sight: Sight,
    answers: Callable[[str], bool],
    lasts: float,
    now: float,
) -> dict[str, float]:
    """Note whom OVN has taken a port from that nobody had told it to.

    :param claims: who held what at the last look
    :param known: all units then
    :param census: and now
    :param answers: whether a chassis has missed no heartbeat
    :param lasts: after how long that is forgotten (seconds)
    """
    carriers: Set[str] = frozenset()
    unheld = (claims.get(name) for name in known.unusual)
    if any(claim and claim.dropped_by for claim in unheld):
        carriers = _carriers(snapshot, answers)
    found = {
        name: since
        for name, since in before.items()
        if name in snapshot.chassis
        and now < since + lasts
        and not _is_up_since(sight, name, since)
    }
    if not (found or _has_any_left(claims, census, carriers, answers, now)):
        return {}
    for unit in snapshot.units:
        old = claims.get(unit.name)
        if old is None or not unit.order:
            continue
        if unit.holder is not None and unit.holder == old.holder:
            has_it_since = found.get(unit.holder, math.inf) < old.since
            if has_it_since and now >= old.since + CLAIM_SETTLE:
                del found[unit.holder]
            continue
        if found.get(unit.holder or "", -math.inf) > now - CLAIM_SETTLE:
            del found[unit.holder or ""]  # nobody has kept it for long
        for name, since in _leavers(unit, old, carriers, answers, now):
            found.setdefault(name, since)
    return found


def _has_any_left(
    claims: Mapping[str, Claim],
    census: Census,
    carriers: Set[str],
    answers: Callable[[str], bool],
    now: float,
) -> bool:
    """Whether anybody has lost any unit: mostly nobody has.

    Who holds what it held before has not.
    """
    for unit in census.concerned():
        old = claims.get(unit.name)
        if old is None or not unit.order:
            continue
        is_kept = unit.holder is not None and unit.holder == old.holder
        if not is_kept and any(_leavers(unit, old, carriers, answers, now)):
            return True
    return False


def _leavers(
    unit: Unit,
    old: Claim,
    carriers: Set[str],
    answers: Callable[[str], bool],
    now: float,
) -> Iterator[tuple[str, float]]:
    """Yield who has lost a unit, and when."""
    survivor = None
    if old.dropped_by and _is_dropped(unit, old, now):
        survivor = _survivor(unit, carriers, answers)
    if survivor is not None:
        for name in unit.order:
            if name != survivor:
                yield name, old.since
        return
    since = _lost_at(unit, old, now)
    if since is not None:
        yield unit.order[0], since


def _carriers(
    snapshot: Snapshot, answers: Callable[[str], bool]
) -> frozenset[str]:
    """Return who holds a unit beside others, and answers.

    It sees somebody: who has lost all tunnels gives such a unit up
    (controller/ha-chassis.c, ha_chassis_group_is_active).
    """
    rows = snapshot.chassis
    return frozenset(
        unit.holder
        for unit in snapshot.units
        if unit.holder in unit.order
        and answers(unit.holder)
        and sum(name in rows for name in unit.order) > 1
    )


def _survivor(
    unit: Unit, carriers: Set[str], answers: Callable[[str], bool]
) -> str | None:
    """Return the one member that has tunnels, if nobody takes up a unit.

    It does not claim this one because it sees none of the other members, and
    has nobody else to vouch for it; of those that see each other one would.
    """
    if not all(answers(name) for name in unit.order):
        return None
    found = carriers & {*unit.order}
    return next(iter(found)) if len(found) == 1 else None


def _is_dropped(unit: Unit, old: Claim, now: float) -> bool:
    """Whether nobody has held a unit for long, under the same list."""
    if unit.holder is not None or old.holder is not None:
        return False
    same = old.order == unit.order and unit.in_force
    return same and now >= old.since + CLAIM_SETTLE


def _lost_at(unit: Unit, old: Claim, now: float) -> float | None:
    """Return when the primary lost a unit that it was not asked to give up.

    It may have given it up some time before another took it, or nobody does.
    """
    primary = unit.order[0]
    if old.order != unit.order or not unit.in_force:
        return None
    if primary not in (old.holder, old.dropped_by) or primary == unit.holder:
        return None
    if unit.holder is not None:
        return now
    is_settled = old.holder is None and now >= old.since + CLAIM_SETTLE
    return old.since if is_settled else None


def _is_up_since(sight: Sight, name: str, moment: float) -> bool:
    tunnels, since = sight.of(name)
    return tunnels is Tunnels.UP and since is not None and since > moment


def is_empty(evidence: Evidence, now: float) -> bool:
    """Whether a chassis holds nothing, and has not for a while.

    Who comes up may claim what another has for an instant, before it sees
    the other (measured).
    """
    if evidence.holds:
        return False
    return evidence.emptied is None or now >= evidence.emptied + CLAIM_SETTLE


def deserted(evidence: Evidence, now: float) -> bool:
    """Whether OVN has left a chassis and has not come back at once."""
    return evidence.left is not None and now >= evidence.left + CLAIM_SETTLE
