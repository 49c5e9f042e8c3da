# SPDX-License-Identifier: Apache-2.0
"""Of lists of one only the first is filled up at once, the others later.

For a list of one nobody runs BFD: computes send to its only member without
asking.  With a second member they go by BFD, which starts cold, and until it
is up (1 to 1.5 s, measured) nothing passes.  Where another list has the same
chassis, and the same computes behind it, their tunnels are warm already, and
it costs nothing.  So one list pays for all.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from gwsched.decisions import Claim
from gwsched.model import Unit
from gwsched.placement.scene import Scene

# A router with nothing behind it: a session with any other member will do.
NOBODY = frozenset({""})
NEVER = float("inf")


class Tunnel(enum.Enum):
    """How far BFD is between two chassis, for all we know."""

    COLD = enum.auto()
    STARTING = enum.auto()
    WARM = enum.auto()


class Warming:
    """Which lists of one may be filled up now; ``waiting`` are not."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._tunnels: dict[str, Mapping[str, float]] = {}
        self._begun: set[tuple[str, str]] = set()
        self.waiting: set[str] = set()

    def may_grow(self, unit: Unit, member: str) -> bool:
        """Whether a unit's list may get a second member.

        It waits while another list is warming up the same tunnels, and
        while nobody knows whether its two would hear of it.
        """
        if unit.order != (member,) or unit.holder != member:
            return True  # its member has sessions, or carries nothing
        if self._scene.health.stale:
            self.waiting.add(unit.name)
            return False
        found = {self._tunnel(member, end) for end in _ends(unit)}
        if Tunnel.COLD in found or found == {Tunnel.WARM}:
            return True
        self.waiting.add(unit.name)
        return False

    def grows(self, unit: Unit, member: str) -> None:
        """Note that a unit's list gets a second member.

        Nobody is to wait for one that others write too: it may be held back.
        """
        feuds = self._scene.past.rivals.feuds
        if unit.order == (member,) and unit.name not in feuds:
            self._begun |= {(member, end) for end in _ends(unit)}

    def _tunnel(self, member: str, end: str) -> Tunnel:
        since = self._of(member).get(end)
        if since is None:
            begun = (member, end) in self._begun
            return Tunnel.STARTING if begun else Tunnel.COLD
        ready = since + 2 * self._scene.snapshot.bfd_time
        is_warm = self._scene.clock.past(ready)
        return Tunnel.WARM if is_warm else Tunnel.STARTING

    def _of(self, member: str) -> Mapping[str, float]:
        """Return since when a chassis has BFD with whom."""
        if member not in self._tunnels:
            self._tunnels[member] = self._since(member)
        return self._tunnels[member]

    def _since(self, member: str) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for unit in self._scene.units:
            claim = self._scene.health.claims.get(unit.name)
            if claim is None or member not in unit.order:
                continue
            since = _paired(claim, member)
            for end in (*_ends(unit), *NOBODY):
                found[end] = min(found.get(end, since), since)
        return {end: since for end, since in found.items() if since != NEVER}


def _ends(unit: Unit) -> frozenset[str]:
    """Return who is at the other end of the tunnels that count."""
    return unit.references or NOBODY


def _paired(claim: Claim, member: str) -> float:
    """Return since when a list has had a member and another one."""
    joined = claim.joined
    others = (at for name, at in joined.items() if name != member)
    return max(joined.get(member, NEVER), min(others, default=NEVER))
