# SPDX-License-Identifier: Apache-2.0
"""Tunnel BFD, put to the vote.

SB has nothing of it; each vantage point says what one chassis sees of the
others.  One that sees nobody is itself cut off and has no vote; one that
sees somebody is seen.  A tie is no death.

The sessions of a chassis that has just come into a list start down: until
they were up once, or should have been, nothing is concluded from that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from gwsched.decisions import Tunnels
from gwsched.model import Snapshot, Vantage, frozen_map

# How long first sessions may take to come up, in times of what BFD needs to
# see a death (OVS: they come up within about one transmit interval each way).
WARM_UP = 4.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of one chassis' tunnels, since when, and if ever up."""

    tunnels: Tunnels
    since: float
    first: float
    was_up: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What the vantage points see of all chassis."""

    chassis: Mapping[str, Seen] = field(default_factory=lambda: frozen_map({}))
    wake_at: float = float("inf")

    def of(self, name: str) -> tuple[Tunnels, float | None]:
        """Return what is seen of a chassis, and since when."""
        seen = self.chassis.get(name)
        return (seen.tunnels, seen.since) if seen else (Tunnels.UNSEEN, None)

    def lost_at(self) -> list[float]:
        """Return when the chassis were lost whose tunnels are down."""
        return [
            seen.since
            for seen in self.chassis.values()
            if seen.tunnels is Tunnels.DOWN
        ]


def look(before: Sight, snapshot: Snapshot, now: float) -> Sight:
    """Count the votes, and note since when they are as they are."""
    if not snapshot.vantages:
        return before if not before.chassis else Sight()
    warm_up = WARM_UP * snapshot.bfd_time
    found, waits = {}, []
    for name, up in sorted(vote(snapshot.vantages).items()):
        old = before.chassis.get(name)
        first = old.first if old else now
        was_up = up or (old is not None and old.was_up)
        due = first + warm_up
        if not up and not was_up and now < due:
            waits.append(due)
            tunnels = Tunnels.UNSEEN
        else:
            tunnels = Tunnels.UP if up else Tunnels.DOWN
        since = old.since if old and old.tunnels is tunnels else now
        found[name] = Seen(tunnels, since, first, was_up)
    return Sight(frozen_map(found), min(waits, default=float("inf")))


def vote(vantages: tuple[Vantage, ...]) -> dict[str, bool]:
    """Return of each chassis somebody looks at whether its tunnels are up."""
    ballots: defaultdict[str, list[bool]] = defaultdict(list)
    for vantage in vantages:
        if not any(vantage.tunnels.values()):
            continue
        ballots[vantage.chassis].append(True)
        for name, up in vantage.tunnels.items():
            ballots[name].append(up)
    return {name: 2 * sum(cast) >= len(cast) for name, cast in ballots.items()}
