# SPDX-License-Identifier: Apache-2.0
"""Who holds what since when: telling a fail-over from a fight."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping

from gwsched.decisions import Claim
from gwsched.health.census import Census
from gwsched.model import Unit, frozen_map
from gwsched.sharing.layered import layered

# Two members that lose only each other overrule each other's claims about
# twice a second (every 2 s since OVN 24.03.7): a claim that has stood for
# longer than that is a fail-over, not a fight.
CLAIM_SETTLE = 3.0
# A warm new primary claims within milliseconds of the write; northd and the
# controllers of a large cloud may need seconds to carry it over.
CLAIM_TIME = 20.0


def follow(
    before: Mapping[str, Claim],
    census: Census,
    rows: Container[str],
    now: float,
) -> Mapping[str, Claim]:
    """Note since when each unit has its holder and its list.

    Of a unit that works and has not changed nothing is new.
    """
    gone = [old.name for old, new in census.changed if old and not new]
    fresh = {
        unit.name: claim
        for unit in census.concerned()
        if (claim := _next(before.get(unit.name), unit, rows, now))
        is not before.get(unit.name)
    }
    if not (gone or fresh):
        return before
    return layered(before).updated(fresh, gone)


def takers(before: Mapping[str, Claim], census: Census) -> set[str]:
    """Return who has claimed a unit since the last look."""
    return {
        unit.holder
        for unit in census.concerned()
        if unit.holder is not None
        and unit.name in before
        and before[unit.name].holder != unit.holder
    }


def _next(
    old: Claim | None, unit: Unit, rows: Container[str], now: float
) -> Claim:
    holder, order = unit.holder, unit.order
    dropped_by = _dropped_by(old, unit, rows)
    if old and old.dropped_by == dropped_by and _is_as_noted(old, unit):
        return old
    since = old.since if old and old.holder == holder else now
    if not unit.in_force:
        listed_since = now  # OVN has not been told of this list yet
    elif old is None:
        listed_since = -math.inf  # as far as we know it was always so
    else:
        listed_since = old.listed_since if old.order == order else now
    return Claim(
        holder,
        order,
        since,
        listed_since,
        _joined(old, unit, now),
        dropped_by,
    )


def _is_as_noted(old: Claim, unit: Unit) -> bool:
    if not unit.in_force or len(old.joined) != len(unit.order):
        return False
    return old.holder == unit.holder and old.order == unit.order


def _dropped_by(
    old: Claim | None, unit: Unit, rows: Container[str]
) -> str | None:
    """Return who gave up a unit, until somebody holds it again.

    Who has left, and its row with it, has not given up anything.
    """
    if old is None or any(port.holder for port in unit.ports):
        return None
    giver = old.dropped_by or old.holder
    return giver if giver is not None and giver in rows else None


def _joined(old: Claim | None, unit: Unit, now: float) -> Mapping[str, float]:
    known = old.joined if old else {}
    if unit.in_force:
        return frozen_map({c: known.get(c, now) for c in unit.order})
    return frozen_map({c: known[c] for c in unit.order if c in known})


def claim_is_due(claim: Claim) -> float:
    """When a new primary should have claimed what it was given."""
    return max(claim.since, claim.listed_since) + CLAIM_TIME


def settles_at(claim: Claim, bfd_time: float) -> float:
    """When a claim will have stood still for long enough.

    After a change of the list a cold member first needs its BFD sessions.
    """
    return CLAIM_SETTLE + max(claim.since, claim.listed_since + bfd_time)


def warm_at(claim: Claim, chassis: str, bfd_time: float) -> float:
    """When a member's BFD sessions with the others will be up.

    No column of SB tells; twice what BFD needs to see a death is time
    enough for the sessions to come up.
    """
    return claim.joined.get(chassis, math.inf) + 2 * bfd_time


def has_witness(unit: Unit, lone: str, up: Callable[[str], bool]) -> bool:
    """Whether the last one alive of a list would claim the unit.

    Only if its BFD to a ``ref_chassis`` is up, lest it be the one that is
    cut off (controller/ha-chassis.c, ha_chassis_group_is_active).
    """
    return any(up(name) for name in unit.references if name != lone)


def stranded(
    claims: Mapping[str, Claim], census: Census, bfd_time: float, now: float
) -> frozenset[str]:
    """Return the units that were dropped, and nobody takes up.

    With all its tunnels down a chassis gives up what it holds
    (controller/ha-chassis.c: no active tunnels, not active), though it
    answers heartbeats.
    """
    return frozenset(
        name
        for name in census.unusual
        if (claim := claims[name]).dropped_by
        and now >= settles_at(claim, bfd_time)
    )
