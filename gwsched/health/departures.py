# SPDX-License-Identifier: Apache-2.0
"""Whom OVN has left: who lost a port that nobody had told it to give up.

SB shows no tunnels, but what OVN makes of them: claims.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Set

from gwsched.decisions import Claim, Tunnels
from gwsched.health.census import Census
from gwsched.health.claims import CLAIM_SETTLE
from gwsched.health.tunnels import Sight
from gwsched.model import Snapshot, Unit


def follow(
    before: Mapping[str, float],
    claims: Mapping[str, Claim],
    snapshot: Snapshot,
    census: Census,
    sight: Sight,
    answers: Callable[[str], bool],
    lasts: float,
    now: float,
) -> dict[str, float]:
    """Note whom OVN has taken a port from that nobody had told it to.

    :param claims: who held what at the last look
    :param census: all units now
    :param answers: whether a chassis has missed no heartbeat
    :param lasts: after how long that is forgotten (seconds)
    """
    survivors = _survivors(claims, census, snapshot, answers, now)
    found = {
        name: since
        for name, since in before.items()
        if name in snapshot.chassis
        and now < since + lasts
        and not _is_up_since(sight, name, since)
    }
    seen_by = now - snapshot.bfd_time
    if not (found or _has_any_left(claims, census, survivors, seen_by, now)):
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
        for name, since in _leavers(unit, old, survivors, seen_by, now):
            found.setdefault(name, since)
    return found


def _has_any_left(
    claims: Mapping[str, Claim],
    census: Census,
    survivors: Mapping[str, str],
    seen_by: float,
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
        if not is_kept and any(_leavers(unit, old, survivors, seen_by, now)):
            return True
    return False


def _leavers(
    unit: Unit,
    old: Claim,
    survivors: Mapping[str, str],
    seen_by: float,
    now: float,
) -> Iterator[tuple[str, float]]:
    """Yield who has lost a unit, and when.

    :param seen_by: what was so then all have seen by now: who gives a unit
        up because its switch has died does so before others' BFD shows it
    """
    survivor = survivors.get(unit.name)
    if survivor is not None:
        are_told = _is_dropped(unit, old, seen_by)
        for name in unit.order:
            if name != survivor and (are_told or name == old.dropped_by):
                yield name, old.since
        return
    since = _lost_at(unit, old, now)
    if since is not None:
        yield unit.order[0], since


def _survivors(
    claims: Mapping[str, Claim],
    census: Census,
    snapshot: Snapshot,
    answers: Callable[[str], bool],
    now: float,
) -> Mapping[str, str]:
    """Return of units that nobody takes up the one member with tunnels."""
    dropped = [
        unit
        for unit in census.concerned()
        if unit.name in claims
        and claims[unit.name].dropped_by
        and _is_dropped(unit, claims[unit.name], now)
    ]
    if not dropped:
        return {}
    carriers = _carriers(snapshot, answers)
    found = {u.name: _survivor(u, carriers, answers) for u in dropped}
    return {name: one for name, one in found.items() if one is not None}


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
