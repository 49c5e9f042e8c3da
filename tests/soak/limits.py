# SPDX-License-Identifier: Apache-2.0
"""In what time what is to happen, by OVN or by gwsched (s)."""

from __future__ import annotations

# The timers of the daemon in a soak (s).
TIMERS: dict[str, dict[str, object]] = {
    "health": {"probe_interval": 2, "dead_after": 5},
    "failover": {"hold_down": 3},
}
DEAD_AFTER = 5.0
# OVN's own: three intervals of a second.
BFD = 3.0
# A claim, when the row of the holder is gone.
CLAIM = 0.5
# A list without anybody who serves, from the verdict on: the write, cold
# tunnels, the claim.
RESCUE = DEAD_AFTER + 5.0
# A candidate that cannot claim, and is seen by OVN, goes behind the live
# after so long.
PASSED_OVER = 1.5 * DEAD_AFTER + 5.0
# Next-hop BFD, then the move.
UPLINK = 3.3 + 1.0
# A session has so long to come up under a new holder.
SESSION = 5.0
# A gateway that starts Open vSwitch before ovn-controller, and is first yet.
BOOT = 7.3
# Two that lose only each other: BFD, a fight of 1.5 s, the write.
FIGHT = BFD + 3.0
# After the centre or the daemon was away: to connect, one round of answers.
ANEW = 4.0
# A list of one is filled up: BFD starts cold (docs/design.md, 24).
COLD = 1.5
# What a move may take where the processors are busy, and how long after the
# write.
BUSY_MOVE, HEARD = 0.5, 5.0
# An ovn-controller that starts replaces all flows.
FLOWS = 0.1
# Who gets a port back within so long, and for how long it pays
# (docs/design.md, 15).
SOON, STALE = 10.0, 0.4
