# SPDX-License-Identifier: Apache-2.0
"""The chassis that may host units of one kind, and who is near whom."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from gwsched.model import Chassis
from gwsched.schedulers.draw import point

# More gateways than this share lists only with their neighbours on a ring,
# because all that share a list run BFD with each other.
MESH_LIMIT = 32
MESH_WIDTH = 16


class Pool:
    """Live chassis that may host some units; shared by all such units.

    ``scatter_width`` bounds with how many others each may share lists: the
    nearest on a ring on which every chassis has a random but lasting place.
    So a chassis that comes or goes changes the neighbours of few.
    """

    def __init__(self, chassis: Iterable[Chassis], scatter_width: int = 0):
        found = sorted(chassis, key=lambda c: c.name)
        self.chassis = {c.name: c for c in found}
        self.names = tuple(self.chassis)
        self.members = frozenset(self.chassis)
        self.ring = tuple(sorted(self.names, key=point))
        self._place = {name: i for i, name in enumerate(self.ring)}
        self._near: dict[tuple[str, ...], frozenset[str]] = {}
        self._reach = _reach(scatter_width, len(found))
        self.is_uniform = len({c.capacity for c in found}) < 2
        self.zoned = len({c.zones for c in found}) > 1

    @property
    def is_bounded(self) -> bool:
        """Whether lists are to stay among neighbours."""
        return self._reach > 0

    def near(self, above: Sequence[str]) -> tuple[str, ...]:
        """Return who may share a list with all those above, on the ring.

        Where there is nobody, depth is worth more than a small mesh.
        """
        if not self._reach or not above:
            return self.ring
        centre = self._where(above[0])
        first = math.ceil(centre - self._reach)
        last = math.floor(centre + self._reach)
        size = len(self.ring)
        nearby = (self.ring[step % size] for step in range(first, last + 1))
        others = [self._where(name) for name in above[1:]]
        found = tuple(
            name
            for name in nearby
            if name not in above
            and all(self._is_within(name, other) for other in others)
        )
        return found or self.ring

    def members_near(self, above: tuple[str, ...]) -> frozenset[str]:
        """Return who else may share a list with those above, as a set."""
        if above not in self._near:
            near = frozenset(self.near(above)).difference(above)
            self._near[above] = near
        return self._near[above]

    def _where(self, name: str) -> float:
        """Return a chassis' place; of one not in the pool, between two."""
        if name in self._place:
            return self._place[name]
        return bisect_left(self.ring, point(name), key=point) - 0.5

    def is_near(self, name: str, above: Sequence[str]) -> bool:
        """Whether a chassis, of the pool or not, is near all those above."""
        return all(self._is_within(name, self._where(c)) for c in above)

    def _is_within(self, name: str, other: float) -> bool:
        """Whether a chassis is within reach of a place on the ring."""
        apart = abs(self._where(name) - other)
        return min(apart, len(self.ring) - apart) <= self._reach

    def zones(self, above: Iterable[str]) -> frozenset[str]:
        """Return all availability zones of some chassis of the pool."""
        known = (self.chassis[n].zones for n in above if n in self.chassis)
        return frozenset().union(*known)

    def same_zone(self, name: str, used: frozenset[str]) -> bool:
        """Whether a chassis adds no zone to those used.

        One without a zone, where others have some, proves nothing.
        """
        return self.zoned and not self.chassis[name].zones - used


def _reach(scatter_width: int, size: int) -> int:
    """How far on the ring neighbours are; 0 is any distance."""
    if scatter_width < 0:
        scatter_width = MESH_WIDTH if size > MESH_LIMIT else 0
    if not scatter_width:
        return 0
    reach = max(scatter_width // 2, 1)  # as many on either side
    return reach if 2 * reach + 1 < size else 0
