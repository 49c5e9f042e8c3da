# SPDX-License-Identifier: Apache-2.0
"""The section ``[health]``: when a chassis is dead."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS: list[cfg.Opt] = [
    cfg.IntOpt(
        "probe_interval",
        default=10,
        min=1,
        max=600,
        help="How often every ovn-controller is asked for a sign of life by "
        "a bump of nb_cfg, in seconds. Bumps of others count.",
    ),
    cfg.IntOpt(
        "dead_after",
        default=20,
        min=1,
        max=3600,
        help="How long a chassis must leave such a bump unanswered while "
        "others answer, in seconds, before it can be dead.",
    ),
]
