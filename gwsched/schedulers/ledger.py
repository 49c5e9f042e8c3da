# SPDX-License-Identifier: Apache-2.0
"""Who carries how much, now and after any failure.

The ledger counts, for each sequence of chassis that starts a list, which
chassis comes next.  If all of a set of chassis fail, a port goes to the
first of its list that did not, so the load of a survivor is the sum of the
counts behind every sequence made of the failed ones.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gwsched.schedulers.draw import mix, point
from gwsched.schedulers.pool import Pool

# Deeper than this the failures are too many at once to be worth the sums.
EXACT_RANKS = 3
# How much more a chassis of the same zone counts as loaded.  Zones are to
# differ, but not for a survivor that carries half as much again as others.
SAME_ZONE = 1.5

Loads = defaultdict[str, int]


def _loads() -> Loads:
    return defaultdict(int)


class Ledger:
    """The loads of all chassis, as the candidate lists say."""

    def __init__(self, below: Ledger | None = None) -> None:
        """Begin with nothing, or on top of what another has counted.

        :param below: it is not written to, nor may it be meanwhile
        """
        self._below = below
        self._first = _loads()
        self._second: defaultdict[str, Loads] = defaultdict(_loads)
        self._third: defaultdict[tuple[str, str], Loads] = defaultdict(_loads)
        self._listed = _loads()
        self._levels: dict[str | None, dict[Pool, Level]] = {}

    def add(self, order: Sequence[str], weight: int = 1) -> None:
        """Count one candidate list, best first, of a unit of a weight."""
        self._levels = {}
        for chassis in order:
            self._listed[chassis] += weight
        if order:
            self._first[order[0]] += weight
        if len(order) > 1:
            self._second[order[0]][order[1]] += weight
        if len(order) > 2:
            self._third[order[0], order[1]][order[2]] += weight

    def extend(self, above: Sequence[str], chassis: str, weight: int) -> None:
        """Count one more chassis at the end of a list counted already."""
        self._listed[chassis] += weight
        if not above:
            self._first[chassis] += weight
            primaries = self._levels.get(None, {})
            self._levels = {None: primaries}  # what rests on them is void
            self._refresh(primaries, chassis, ())
        elif len(above) == 1:
            self._second[above[0]][chassis] += weight
            self._refresh(self._levels.get(above[0], {}), chassis, above)
        elif len(above) == 2:
            self._third[above[0], above[1]][chassis] += weight

    def shares(
        self,
        pool: Pool,
        names: Iterable[str],
        failed: Sequence[str],
        weight: int = 1,
    ) -> list[float]:
        """Return, for each name, the load per capacity with a weight more.

        A chassis in a zone of the failed ones counts as more loaded.
        """
        one, two = (*failed, "", "")[:2]
        counts = [count for count in self._counts(one, two) if count]
        shares = {
            name: (weight + sum([count.get(name, 0) for count in counts]))
            / pool.chassis[name].capacity
            for name in names
        }
        if failed and pool.zoned:
            used = pool.zones(failed)
            for name in shares:
                if pool.same_zone(name, used):
                    shares[name] *= SAME_ZONE
        return list(shares.values())

    def loads(self, failed: Iterable[str] = ()) -> Mapping[str, int]:
        """Return the loads of all survivors if ``failed`` fail at once."""
        named = tuple(dict.fromkeys(failed))[: EXACT_RANKS - 1]
        total: Counter[str] = Counter()
        for count in self._counts(*(*named, "", "")[:2]):
            total.update(count)
        for name in named:
            total.pop(name, None)
        return total

    def _counts(self, one: str, two: str) -> list[Mapping[str, int]]:
        """Return whose sums are the loads if one fails, or two."""
        counts: list[Mapping[str, int]] = [
            self._first,
            self._second.get(one, {}),
            self._second.get(two, {}),
            self._third.get((one, two), {}),
            self._third.get((two, one), {}),
        ]
        if self._below is not None:
            counts += self._below._counts(one, two)
        return counts

    def load(self, chassis: str) -> int:
        """Return what a chassis carries now."""
        below = self._below.load(chassis) if self._below else 0
        return self._first[chassis] + below

    def listed(self, chassis: str) -> int:
        """In how many lists, weighted, a chassis is at any rank."""
        below = self._below.listed(chassis) if self._below else 0
        return self._listed[chassis] + below

    def lowest(self, pool: Pool, above: Sequence[str], lot: int) -> str | None:
        """Return who of a pool is least loaded per unit of its capacity.

        With one above: who would be, were that one to fail, one of another
        zone preferred.  The lot breaks ties.
        """
        first = above[0] if above else None
        levels = self._levels.setdefault(first, {})
        if pool not in levels:
            levels[pool] = self._level(pool, above)
        return levels[pool].lowest(lot)

    def _level(self, pool: Pool, above: Sequence[str]) -> Level:
        salt = point(above[0]) if above else 0
        names = [name for name in pool.near(above) if name not in above]
        shares = self.shares(pool, names, above)
        lots = [mix(salt, point(name)) for name in names]
        return Level(zip(shares, lots, names, strict=True))

    def _refresh(
        self, levels: Mapping[Pool, Level], chassis: str, above: Sequence[str]
    ) -> None:
        for pool, level in levels.items():
            if chassis in level:
                [share] = self.shares(pool, [chassis], above)
                level.lift(chassis, share)


class Level:
    """Chassis sorted by load; ties lie on a ring."""

    def __init__(self, entries: Iterable[tuple[float, int, str]]) -> None:
        self._entries = sorted(entries)
        self._of = {entry[2]: entry for entry in self._entries}

    def __contains__(self, chassis: str) -> bool:
        return chassis in self._of

    def lowest(self, lot: int) -> str | None:
        """Return, of the least loaded, the one next to a lot on the ring."""
        if not self._entries:
            return None
        least = self._entries[0][0]
        index = bisect_left(self._entries, (least, lot, ""))
        if index == len(self._entries) or self._entries[index][0] != least:
            index = 0
        return self._entries[index][2]

    def lift(self, chassis: str, share: float) -> None:
        """Note another load of a chassis."""
        old = self._of[chassis]
        del self._entries[bisect_left(self._entries, old)]
        self._of[chassis] = new = (share, old[1], chassis)
        insort(self._entries, new)
