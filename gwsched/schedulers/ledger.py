# SPDX-License-Identifier: Apache-2.0
"""Who carries how much, now and after any failure.

The ledger counts, for each sequence of chassis that starts a list, which
chassis comes next.  If all of a set of chassis fail, a port goes to the
first of its list that did not, so the load of a survivor is the sum of the
counts behind every sequence made of the failed ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import permutations

# Deeper than this the failures are too many at once to be worth the sums.
EXACT_RANKS = 3


class Ledger:
    """The loads of all chassis, as the candidate lists say."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, ...], Counter[str]] = {}
        self._listed: Counter[str] = Counter()

    def add(self, order: Sequence[str], weight: int = 1) -> None:
        """Count one candidate list, best first, for ``weight`` ports."""
        for rank, chassis in enumerate(order):
            self._listed[chassis] += weight
            if rank < EXACT_RANKS:
                followers = self._next.setdefault(
                    tuple(order[:rank]), Counter()
                )
                followers[chassis] += weight

    def remove(self, order: Sequence[str], weight: int = 1) -> None:
        """Take one candidate list out again."""
        self.add(order, -weight)

    def loads(self, failed: Iterable[str] = ()) -> Counter[str]:
        """Return the ports of each chassis if ``failed`` all fail at once.

        Exact for up to two failures, if more are named for the first two.
        """
        named = tuple(dict.fromkeys(failed))[: EXACT_RANKS - 1]
        total: Counter[str] = Counter()
        for length in range(len(named) + 1):
            for sequence in permutations(named, length):
                total.update(self._next.get(sequence, {}))
        for name in named:
            total.pop(name, None)
        return total

    def listed(self, chassis: str) -> int:
        """In how many lists, weighted, a chassis is at any rank."""
        return self._listed[chassis]
