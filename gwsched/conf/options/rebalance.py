# SPDX-License-Identifier: Apache-2.0
"""The section ``[rebalance]``: evening out the load."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS: list[cfg.Opt] = [
    cfg.StrOpt(
        "mode",
        default="auto",
        choices=[
            ("auto", "Whenever the load is uneven past the threshold."),
            (
                "manual",
                "Only when an operator asks for it (gwschedctl rebalance).",
            ),
            ("off", "Never."),
        ],
        help="When primaries are moved only to even out the load.",
    ),
    cfg.IntOpt(
        "threshold",
        default=10,
        min=0,
        max=1000,
        help="How far above or below the even share the load of a gateway "
        "must be before evening out starts, in percent of that share. It "
        "must differ by at least 2 ports in any case.",
    ),
    cfg.IntOpt(
        "moves_per_minute",
        default=10,
        min=1,
        max=6000,
        help="How many moves may be made in a minute where nothing is "
        "broken. A move that rescues a port is not held up by this.",
    ),
]
