# SPDX-License-Identifier: Apache-2.0
"""Two gateways that have lost only each other.

Each takes the other for dead and claims what both list; they overrule each
other within milliseconds, about twice a second (OVN 23.03; every 2 s since
24.03.7), and both are active in the data plane.  Who holds the port at some
moment says nothing, so claims are counted.  Nobody gives the port up in such
a fight; who loses all its tunnels does, so that ends one, and what it has
claimed of other ports was none either.

The lower of the two leaves the list, which ends it; it may come back after
a rest, which doubles where the fight then starts again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from gwsched.decisions import Claim
from gwsched.health.claims import warm_at
from gwsched.model import NOBODY, Snapshot, Unit, frozen_map

# How often two must have overruled each other, each time at once, within how
# long, to be a fight, and over how long that must be spread at the least
# (seconds).  A fail-over and the way back stand for longer; who comes up
# claims once or twice for an instant, while it sees computes but not yet the
# other gateways.
TIMES = 3
AT_ONCE = 1.0
WINDOW = 10.0
SPREAD = 1.5
# After so long without a claim whatever follows is not the same fight.
LULL = 3.0
# For how many hold-downs the two are kept apart at first, and how often
# that may double.
REST = 10.0
MOST_DOUBLINGS = 6

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Apart:
    """Until when a pair is kept apart, and how often it was by now."""

    until: float
    times: int


@dataclass(frozen=True, slots=True)
class Fights:
    """Recent claims by port, and who is kept apart."""

    counted: Mapping[str, Mapping[str, int]] = field(
        default_factory=lambda: frozen_map({})
    )
    recent: Mapping[str, tuple[tuple[float, str], ...]] = field(
        default_factory=lambda: frozen_map({})
    )
    pairs: Mapping[Pair, Apart] = field(default_factory=lambda: frozen_map({}))

    def apart(self, now: float) -> dict[Pair, float]:
        """Return the pairs kept apart now, and until when."""
        return {
            pair: found.until
            for pair, found in self.pairs.items()
            if now < found.until
        }


def follow(
    before: Fights,
    snapshot: Snapshot,
    home: Mapping[str, Unit],
    claims: Mapping[str, Claim],
    rest: float,
    now: float,
) -> Fights:
    """Count claims, and note who fights.

    :param home: the unit of each port
    :param claims: since when the members are in the lists, and thus warm
    :param rest: how long a pair is kept apart at first (seconds)
    """
    if snapshot.claimed is before.counted and not before.recent:
        return before
    recent = _recent(before, snapshot, home, claims, now)
    pairs = dict(before.pairs)
    for unit in _contested(home, recent):
        warm = _warm(unit, claims.get(unit.name), snapshot.bfd_time)
        pair = _fighting(unit, warm, recent)
        old = pairs.get(pair) if pair else None
        if pair is None or (old and now < old.until):
            continue
        times = _times(old, rest, now)
        pause = rest * 2 ** min(times, MOST_DOUBLINGS)
        pairs[pair] = Apart(now + pause, times + 1)
    return Fights(snapshot.claimed, frozen_map(recent), frozen_map(pairs))


def _contested(
    home: Mapping[str, Unit],
    recent: Mapping[str, tuple[tuple[float, str], ...]],
) -> list[Unit]:
    """Return the units with a port that was claimed often enough of late."""
    ports = {port for port, claims in recent.items() if len(claims) > TIMES}
    return _of(home, ports)


def _of(home: Mapping[str, Unit], ports: Set[str]) -> list[Unit]:
    """Return the units of some ports, by name."""
    found = {home[port].name: home[port] for port in ports if port in home}
    return [unit for _, unit in sorted(found.items())]


def explained(
    left: Mapping[str, float], before: Fights, fights: Fights, now: float
) -> Mapping[str, float]:
    """Forget who was left for a fight that has just become known."""
    new = fights.apart(now).keys() - before.apart(now).keys()
    fought = {name for pair in new for name in pair}
    if fought.isdisjoint(left):
        return left
    return frozen_map(
        {
            name: since
            for name, since in left.items()
            if name not in fought or since < now - WINDOW
        }
    )


def _times(old: Apart | None, rest: float, now: float) -> int:
    """Return how often in a row a pair was kept apart so far."""
    if old is None:
        return 0
    pause = rest * 2 ** min(old.times - 1, MOST_DOUBLINGS)
    return old.times if now < old.until + pause else 0


def _recent(
    before: Fights,
    snapshot: Snapshot,
    home: Mapping[str, Unit],
    claims: Mapping[str, Claim],
    now: float,
) -> dict[str, tuple[tuple[float, str], ...]]:
    found = {
        port: kept
        for port, known in before.recent.items()
        if (kept := tuple(c for c in known if now < c[0] + WINDOW))
    }
    if snapshot.claimed is before.counted:
        return found
    released = set()
    for port, counts in snapshot.claimed.items():
        known = before.counted.get(port, {})
        if counts is known:
            continue
        if counts.get(NOBODY, 0) > known.get(NOBODY, 0):
            released.add(port)
            found.pop(port, None)
            continue
        fresh = _fresh(counts, known, now)
        if fresh:
            found[port] = (*found.get(port, ()), *fresh)
    if not (found and released):
        return found
    cut_off = _cut_off(_of(home, released), claims)
    return {
        port: kept
        for port, known in found.items()
        if (kept := tuple(c for c in known if c[1] not in cut_off))
    }


def _fresh(
    counts: Mapping[str, int], known: Mapping[str, int], now: float
) -> list[tuple[float, str]]:
    """Return the claims of a port that were not there yet."""
    return [
        (now, name)
        for name, count in counts.items()
        for _ in range(count - known.get(name, 0))
    ]


def _cut_off(
    released: Iterable[Unit], claims: Mapping[str, Claim]
) -> frozenset[str]:
    """Return who has given up what it was the first for."""
    return frozenset(
        unit.order[0]
        for unit in released
        if unit.name in claims
        and claims[unit.name].order == unit.order
        and claims[unit.name].holder in unit.order[:1]
    )


def _warm(
    unit: Unit, claim: Claim | None, bfd_time: float
) -> dict[str, float]:
    """Return since when members have had time to see each other."""
    if claim is None:
        return {}
    return {name: warm_at(claim, name, bfd_time) for name in unit.order}


def _fighting(
    unit: Unit,
    warm: Mapping[str, float],
    recent: Mapping[str, tuple[tuple[float, str], ...]],
) -> Pair | None:
    """Return the two best of a list that both claim its ports."""
    for port in unit.ports:
        claims = [
            (moment, name)
            for moment, name in _since_lull(recent.get(port.name, ()))
            if moment >= warm.get(name, math.inf)
        ]
        times: defaultdict[Pair, list[float]] = defaultdict(list)
        for (before, one), (moment, other) in pairwise(claims):
            if one != other and moment <= before + AT_ONCE:
                times[frozenset({one, other})].append(moment)
        for pair in map(frozenset, combinations(warm, 2)):
            if _is_fight(times[pair]):
                return pair
    return None


def _since_lull(
    claims: tuple[tuple[float, str], ...],
) -> tuple[tuple[float, str], ...]:
    """Return those of some claims that followed soon on each other."""
    for place in range(len(claims) - 1, 0, -1):
        if claims[place][0] > claims[place - 1][0] + LULL:
            return claims[place:]
    return claims


def _is_fight(times: list[float]) -> bool:
    return len(times) >= TIMES and times[-1] >= times[0] + SPREAD
