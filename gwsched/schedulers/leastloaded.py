# SPDX-License-Identifier: Apache-2.0
"""``leastloaded``: even now, and even after the primary failed."""

from __future__ import annotations

from collections.abc import Sequence

from gwsched.schedulers.contract import Request, draw
from gwsched.schedulers.ledger import EXACT_RANKS, Ledger


class LeastLoaded:
    """Rank 1 is who carries least; rank 2 who would if rank 1 failed; ...

    Ranks below the third go to whoever is in the fewest lists.
    """

    def choose(self, request: Request, ledger: Ledger) -> Sequence[str]:
        """Return up to ``depth`` eligible chassis names, best first."""
        order = list(request.kept)
        free = {c.name for c in request.eligible}
        for _ in range(min(request.depth, len(free))):
            best = self._least(request.unit, order, free, ledger)
            order.append(best)
            free.remove(best)
        return order[len(request.kept) :]

    @staticmethod
    def _least(
        unit: str, above: Sequence[str], free: set[str], ledger: Ledger
    ) -> str:
        exact = len(above) < EXACT_RANKS
        loads = ledger.loads(above) if exact else {}

        def merit(chassis: str) -> tuple[int, int, bytes, str]:
            # Who is a backup of how many says nothing of a primary's load.
            listed = ledger.listed(chassis) if above else 0
            lot = draw(unit, chassis)
            return loads.get(chassis, 0), listed, lot, chassis

        return min(free, key=merit)
