# SPDX-License-Identifier: Apache-2.0
"""``leastloaded``: even now, and even after the primary failed.

Rank 1 is who carries least per unit of capacity; rank 2 who would if rank 1
failed; rank 3 who would if both failed; those below go to whoever is in the
fewest lists.  From rank 2 on another availability zone is preferred.

Without limits on who may host what, and with ports of one weight, the load
after any single failure is at most ceil(P / (C - 1)), which nobody can
better: each port of the failed one went to who was least loaded then.
"""

from __future__ import annotations

from collections.abc import Sequence

from gwsched.schedulers.contract import Request
from gwsched.schedulers.draw import draw, point
from gwsched.schedulers.ledger import Ledger

# From rank 3 on only so many are looked at: of so many drawn by lot one is
# as good as the best, and the cost does not grow with the fleet.
SAMPLE = 16


class LeastLoaded:
    """The scheduler of the name."""

    balances = True

    def choose(self, request: Request, ledger: Ledger) -> str | None:
        """Return the name of one eligible chassis; None ends the list."""
        above, pool = request.above, request.pool
        # Sorted levels know what one port more would make of each chassis.
        simple = request.weight == 1 or pool.is_uniform
        if len(above) < 2 and simple:
            return ledger.lowest(pool, above, point(request.unit))
        names = _sample(request) if simple else pool.near(above)
        names = [name for name in names if name not in above]
        listed = [float(ledger.listed(name)) for name in names]
        if len(above) <= 2:
            shares = ledger.shares(pool, names, above, request.weight)
            merits = list(zip(shares, listed, strict=True))
        else:
            merits = _deeper(request, names, listed)
        return _least(request.unit, names, merits)


def _deeper(
    request: Request, names: Sequence[str], listed: Sequence[float]
) -> list[tuple[float, float]]:
    """Rank who is far down: other zones first, then the fewest lists."""
    pool = request.pool
    used = pool.zones(request.above)
    return [
        (pool.same_zone(name, used), number / pool.chassis[name].capacity)
        for name, number in zip(names, listed, strict=True)
    ]


def _least(
    unit: str, names: Sequence[str], merits: Sequence[tuple[float, float]]
) -> str | None:
    """Return the name with the least merit; the lot breaks ties."""
    least = min(merits, default=None)
    tied = [
        n for n, merit in zip(names, merits, strict=True) if merit == least
    ]
    return min(tied, key=lambda name: draw(unit, name), default=None)


def _sample(request: Request) -> Sequence[str]:
    """Return who may come next, of many some: from a lot on, by the ring."""
    near, above = request.pool.near(request.above), request.above
    most = SAMPLE + len(above)
    if len(near) > most:
        start = point(request.unit) % len(near)
        near = (near[start:] + near[:start])[:most]
    return near
