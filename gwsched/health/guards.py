# SPDX-License-Identifier: Apache-2.0
"""What speaks against believing, or doing, anything at this moment.

A guard holds back everything.  A caution only makes the silence of one zone
count later: a zone that is cut off from SB looks like one that is dead.
"""

from __future__ import annotations

from collections.abc import Collection

from gwsched.decisions import Guard, Policy
from gwsched.health import silence
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.losses import Losses
from gwsched.health.silence import ZONE_PATIENCE
from gwsched.model import Snapshot

# How long the answers to a first heartbeat may trickle in (seconds).
START_GRACE = 3.0
# Fewer losses than this are never a mass failure; of more, this part is
# (the figures of the Kubernetes node life-cycle controller).
MASS_COUNT = 3
MASS_PERCENT = 55


def is_mass_failure(gone: int, fleet: int) -> bool:
    """Whether so many gateways of a fleet are too many to be believed."""
    most = gone >= MASS_COUNT and 100 * gone >= MASS_PERCENT * fleet
    return most or (gone > 1 and gone == fleet)


def standing(
    snapshot: Snapshot,
    beats: Heartbeats,
    policy: Policy,
    now: float,
    losses: Losses,
) -> dict[Guard, str]:
    """Return what holds everything back, and why."""
    guards = {}
    if snapshot.heartbeat and not _started(snapshot, beats, now):
        guards[Guard.STARTUP] = (
            f"{len(beats.proven)} of {len(snapshot.chassis)} chassis have "
            f"answered a heartbeat so far"
        )
    stuck = silence.stuck(beats, policy, now)
    if stuck:
        guards[Guard.ISOLATION] = stuck
    if _are_many(losses):
        guards[Guard.MASS_FAILURE] = (
            f"{len(losses.lost)} of {len(losses.fleet)} gateways lost at "
            f"once: more likely a network or database fault than so many "
            f"deaths"
        )
    return guards


def wary_zones(snapshot: Snapshot, losses: Losses) -> dict[str, str]:
    """Return the zones that are mostly lost, each with a sentence."""
    return {
        zone: f"{len(found.lost)} of {len(found.fleet)} gateways of zone "
        f"{zone} lost at once: there, silence must last "
        f"{ZONE_PATIENCE:.0f} times as long"
        for zone, found in sorted(losses.zones(snapshot).items())
        if _are_many(found)
    }


def _are_many(losses: Losses) -> bool:
    return is_mass_failure(len(losses.lost), len(losses.fleet))


def wary_of(snapshot: Snapshot, zones: Collection[str]) -> frozenset[str]:
    """Return the chassis of some zones."""
    return frozenset(
        name
        for name, row in snapshot.chassis.items()
        if not row.zones.isdisjoint(zones)
    )


def _started(snapshot: Snapshot, beats: Heartbeats, now: float) -> bool:
    """Whether the first round of answers is in, but for who stays silent.

    A list made of who answered first would be filled up a moment later, and
    a second member with cold BFD costs the first one a second of traffic.
    """
    if len(beats.proven) == len(snapshot.chassis):
        return True
    return now >= beats.first_answer + START_GRACE
