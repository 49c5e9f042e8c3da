# SPDX-License-Identifier: Apache-2.0
"""``chance``: every order of the eligible chassis is equally likely.

Where there are availability zones, each next one is drawn among those that
add a zone to the list, as long as there are any.
"""

from __future__ import annotations

from gwsched.schedulers.contract import Request
from gwsched.schedulers.draw import draw
from gwsched.schedulers.ledger import Ledger


class Chance:
    """The scheduler of the name."""

    def choose(self, request: Request, ledger: Ledger) -> str | None:
        """Return the name of one eligible chassis; None ends the list."""
        del ledger  # chance does not look
        pool, above = request.pool, request.above
        used = pool.zones(above)

        def merit(name: str) -> tuple[bool, int]:
            spread = bool(above) and pool.same_zone(name, used)
            return spread, draw(request.unit, name)

        free = (name for name in pool.near(above) if name not in above)
        return min(free, key=merit, default=None)
