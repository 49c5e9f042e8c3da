# SPDX-License-Identifier: Apache-2.0
"""What each chassis would carry with one more unit: what made its rank.

Rank 1 goes to who carries least, rank 2 to who would if rank 1 failed, and
rank 3 to who would if both failed: the figures are the scheduler's own, of
its own ledger, without the unit that is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gwsched.cli.tables import Row
from gwsched.model import Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.schedulers import Ledger, Pool

# For the ranks 1, 2 and 3; those below go by how many lists one is in.
CELLS = ("load", "load_if_first_failed", "load_if_two_failed")
WHEN = ("now", "if the first failed", "if the first two failed")


@dataclass(frozen=True, slots=True)
class Scores:
    """Loads per unit of capacity by rank and chassis, and lists by chassis.

    Only of who may be chosen or is in the list already.
    """

    loads: tuple[Mapping[str, float], ...]
    listed: Mapping[str, int]

    def cells(self, chassis: str) -> Row:
        """Return a chassis' figures, None where there are none."""
        return {
            **{
                cell: loads.get(chassis)
                for cell, loads in zip(CELLS, self.loads, strict=True)
            },
            "lists": self.listed.get(chassis),
        }

    def more_loaded(self, chassis: str, order: Sequence[str]) -> str:
        """Say, if so, that the last of a list carries less.

        By the figure of its rank: of the first three, or of all below.
        """
        last = order[-1]
        if len(order) > len(self.loads):
            if self.listed[chassis] <= self.listed.get(last, math.inf):
                return ""
            return (
                f"in more lists: {self.listed[chassis]}, and {last} in "
                f"{self.listed[last]}"
            )
        rank = len(order) - 1
        loads = self.loads[rank]
        if loads[chassis] <= loads.get(last, math.inf):
            return ""
        return (
            f"more loaded: {WHEN[rank]} it would carry "
            f"{loads[chassis]:.2f} and {last} {loads[last]:.2f}"
        )


def of(snapshot: Snapshot, who: Eligibility, unit: Unit) -> Scores:
    """Return the figures of all that may be, or are, in a unit's list."""
    ledger = Ledger()
    for other in snapshot.units:
        if other.name != unit.name:
            ledger.add(who.ranked(other, other.order), other.weight)
    known = [name for name in unit.order if name in snapshot.chassis]
    chosen = sorted({*who.names(unit), *known})
    pool = Pool(snapshot.chassis[name] for name in chosen)
    loads = []
    for failed in range(len(CELLS)):
        above = unit.order[:failed]
        left = [name for name in chosen if name not in above]
        shares = ledger.shares(pool, left, above, unit.weight)
        there = len(above) == failed  # else nobody was asked for that rank
        loads.append(dict(zip(left, shares, strict=True)) if there else {})
    listed = {name: ledger.listed(name) for name in chosen}
    return Scores(tuple(loads), listed)
