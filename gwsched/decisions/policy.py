# SPDX-License-Identifier: Apache-2.0
"""The settings that the pure half decides by."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gwsched.model import Form


class Rebalance(enum.StrEnum):
    """When primaries are moved only to even out the load."""

    AUTO = "auto"
    MANUAL = "manual"
    OFF = "off"


class Failback(enum.StrEnum):
    """Whether a port goes back to who lost it, once that has returned."""

    NEVER = "never"
    DELAYED = "delayed"


class ControllerDead(enum.StrEnum):
    """What becomes of ports whose chassis works without its controller."""

    KEEP = "keep"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that the pure half decides by; times in seconds.

    ``threshold`` is a part of the even share.  ``scatter_width`` is how many
    others a gateway may share lists with: 0 is any number, -1 any number up
    to 32 gateways and 16 above.  ``table`` is the form lists are to have, if
    configuration names one.  ``failback_delay`` is how long a returned
    chassis has been live before it gets back what a failure took from it.
    """

    max_candidates: int = 5
    probe_interval: float = 10.0
    dead_after: float = 20.0
    hold_down: float = 30.0
    rebalance: Rebalance = Rebalance.AUTO
    threshold: float = 0.1
    moves_per_minute: int = 10
    scatter_width: int = -1
    table: Form | None = None
    failback: Failback = Failback.NEVER
    failback_delay: float = 300.0
    controller_dead: ControllerDead = ControllerDead.KEEP
