# SPDX-License-Identifier: Apache-2.0
"""What the planner asks of a scheduler: who comes next in a list?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gwsched.model import Chassis
from gwsched.schedulers.ledger import Ledger
from gwsched.schedulers.pool import Pool


@dataclass(frozen=True, slots=True)
class Request:
    """One candidate list that needs one more chassis.

    ``above`` is the list so far, best first; while it is empty the primary
    is asked for.  ``pool`` has all live chassis that may host the unit,
    those above among them.  ``weight`` is the load of the unit.
    """

    unit: str
    above: tuple[str, ...]
    pool: Pool
    weight: int = 1

    @property
    def eligible(self) -> tuple[Chassis, ...]:
        """Who may be answered: the pool without those above, by name."""
        return tuple(
            chassis
            for name, chassis in self.pool.chassis.items()
            if name not in self.above
        )


class Scheduler(Protocol):
    """The contract of a scheduler plug-in.

    All primaries are asked for first, then all second ranks, and so on: an
    answer may rest on every rank above being final in the ledger.  The same
    request and ledger must get the same answer in every process: no
    ``hash()``, no order of a set, no unseeded random.

    A scheduler with a true attribute ``balances`` wants the lists kept even
    by load as fleet and ports change: backups re-ranked, and primaries
    moved past the threshold.  Without it lists are only repaired.
    """

    def choose(self, request: Request, ledger: Ledger) -> str | None:
        """Return the name of one eligible chassis; None ends the list."""
        ...
