# SPDX-License-Identifier: Apache-2.0
"""The section ``[failover]``: what follows a death, and a return."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS: list[cfg.Opt] = [
    cfg.IntOpt(
        "hold_down",
        default=30,
        min=1,
        max=86400,
        help="How long a chassis must be dead before it leaves the lists it "
        "serves with others, and how long a chassis that comes back must "
        "answer before it is used again, in seconds. A port left with no "
        "live candidate does not wait.",
    ),
    cfg.StrOpt(
        "failback",
        default="never",
        choices=[
            (
                "never",
                "A returned chassis gets back what evening out the load "
                "gives it, and nothing more.",
            ),
            (
                "delayed",
                "What a failure has taken from a chassis goes back to it "
                "when it has been live for failback_delay, move by move, "
                "within the budget. A restart of gwsched forgets what that "
                "was.",
            ),
        ],
        help="Whether ports go back to a chassis that has returned. OVN's "
        "own way is at once, unless it is demoted while it is away; it "
        "always is.",
    ),
    cfg.IntOpt(
        "failback_delay",
        default=300,
        min=0,
        max=86400,
        help="How long a returned chassis must have been live before ports "
        "go back to it, in seconds, after its hold_down.",
    ),
    cfg.StrOpt(
        "controller_dead",
        default="keep",
        choices=[
            ("keep", "Raise an alarm; its ports work on as they are."),
            (
                "move",
                "Take it for dead. Two gateways then answer for each of its "
                "ports until the old one's OVS is stopped.",
            ),
        ],
        help="What to do about a chassis whose ovn-controller is dead or "
        "cut off from the Southbound database while its data plane works.",
    ),
]
