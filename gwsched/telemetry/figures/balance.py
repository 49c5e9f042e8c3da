# SPDX-License-Identifier: Apache-2.0
"""How even the load is, now and after the worst failure of one gateway."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from gwsched.decisions import Health
from gwsched.model import Snapshot
from gwsched.telemetry.figures.families import many
from gwsched.telemetry.shortfalls import (
    imbalance,
    ledger_of,
    live_capacities,
)


def balance(snapshot: Snapshot, health: Health) -> Iterator[Metric]:
    """Yield what live gateways carry, and what they could."""
    live = live_capacities(snapshot, health)
    ledger = ledger_of(snapshot, live)
    loads = ledger.loads()
    yield many(
        "chassis_capacity",
        "What a gateway can carry beside others.",
        ("chassis",),
        {(name,): float(capacity) for name, capacity in live.items()},
    )
    yield many(
        "chassis_weight_load",
        "The load of a gateway as the scheduler counts it, by the lists.",
        ("chassis",),
        {(name,): float(loads.get(name, 0)) for name in live},
    )
    now, worst = imbalance(ledger, live, snapshot.intents.draining)
    yield many(
        "imbalance_ratio",
        "Load of the most loaded gateway over the least possible, by the "
        "lists: now (n), and after the worst failure of one "
        "(n_minus_1_worst); 1 is even. Who is draining is left out.",
        ("scope",),
        {("n",): now, ("n_minus_1_worst",): worst},
    )
