# SPDX-License-Identifier: Apache-2.0
"""Every option there is, with its help, unit and bounds, by section."""

from __future__ import annotations

from oslo_config import cfg

from gwsched.conf.options import (
    failover,
    health,
    metrics,
    ovn,
    rebalance,
    scheduler,
)

GROUPS: dict[str, list[cfg.Opt]] = {
    "ovn": ovn.OPTIONS,
    "scheduler": scheduler.OPTIONS,
    "health": health.OPTIONS,
    "failover": failover.OPTIONS,
    "rebalance": rebalance.OPTIONS,
    "metrics": metrics.OPTIONS,
}
for _options in GROUPS.values():
    for _option in _options:
        _option.mutable = True  # by SIGHUP; the sample says so
