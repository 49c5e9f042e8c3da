# SPDX-License-Identifier: Apache-2.0
"""``chance``: every order of the eligible chassis is equally likely."""

from __future__ import annotations

from collections.abc import Sequence

from gwsched.schedulers.contract import Request, draw
from gwsched.schedulers.ledger import Ledger


class Chance:
    """Order the eligible chassis by the lots they draw for the unit."""

    def choose(self, request: Request, ledger: Ledger) -> Sequence[str]:
        """Return up to ``depth`` eligible chassis names, best first."""
        del ledger  # chance does not look
        names = (chassis.name for chassis in request.eligible)
        lots = sorted(names, key=lambda name: draw(request.unit, name))
        return lots[: request.depth]
