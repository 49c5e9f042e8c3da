# SPDX-License-Identifier: Apache-2.0
"""What one health step hands to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gwsched.decisions import Health, Policy
from gwsched.health import uplinks
from gwsched.health.census import Census
from gwsched.health.damping import Records
from gwsched.health.fights import Fights
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.tunnels import Sight
from gwsched.model import Snapshot, frozen_map


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What was judged whole, and until when only heartbeats can add to it.

    ``keeps`` has how much others could claim of what a chassis holds, for
    those of whom it was asked (rest.py).
    """

    snapshot: Snapshot
    census: Census
    policy: Policy
    until: float
    keeps: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is known by now; the empty one knows nothing.

    ``left`` is when OVN has left a chassis, ``wary`` has the chassis whose
    silence must last longer, ``lost`` those of the mass failure that stands.
    ``rest`` is there while everybody is well, ``census`` of the units that
    were judged last.
    """

    health: Health = field(default_factory=Health)
    beats: Heartbeats = field(default_factory=Heartbeats)
    sight: Sight = field(default_factory=Sight)
    left: Mapping[str, float] = field(default_factory=lambda: frozen_map({}))
    flaps: Records = field(default_factory=lambda: frozen_map({}))
    fights: Fights = field(default_factory=Fights)
    uplinks: uplinks.Memory = field(default_factory=uplinks.Memory)
    wary: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    first_step: bool = True
    rest: Rest | None = None
    census: Census = field(default_factory=Census)
