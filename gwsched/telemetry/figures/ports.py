# SPDX-License-Identifier: Apache-2.0
"""How the gateway ports fare, by numbers; none of them by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from gwsched.decisions import Health, Plan, State
from gwsched.model import Snapshot
from gwsched.telemetry.figures.families import many, one
from gwsched.telemetry.shortfalls import (
    in_care,
    mismatched,
    unclaimed,
    underreplicated,
)


def ports(
    snapshot: Snapshot, health: Health, plan: Plan, max_candidates: int
) -> Iterator[Metric]:
    """Yield the gauges of gateway ports in gwsched's care."""
    cared = in_care(snapshot)
    yield one(
        "ports",
        "Gateway ports in gwsched's care, which all gwsched_ports gauges are "
        "of: without those that allow_routers or deny_routers leave alone.",
        sum(len(unit.ports) for unit in cared),
    )
    yield many(
        "ports_unscheduled",
        "Gateway ports that nobody serves and nobody can be found for, by "
        "the filter that is nearest to letting somebody through.",
        ("reason",),
        _unscheduled(plan),
    )
    short = underreplicated(snapshot, health, max_candidates)
    yield one(
        "ports_underreplicated",
        "Gateway ports with fewer live candidates than there could be.",
        sum(len(unit.ports) for unit, _, _ in short),
    )
    yield one(
        "ports_mismatched",
        "Gateway ports held by another chassis than their primary.",
        len(list(mismatched(cared))),
    )
    yield one(
        "ports_unclaimed",
        "Gateway ports with candidates that no chassis holds.",
        len(list(unclaimed(cared))),
    )
    yield one(
        "survivable_failures",
        "How many gateways, whichever, may fail at once so that every "
        "gateway port still has a live candidate.",
        _survivable(snapshot, health),
    )


def _unscheduled(plan: Plan) -> Counter[tuple[str, ...]]:
    reasons: Counter[tuple[str, ...]] = Counter()
    for refusal in plan.refusals:
        if not refusal.served:
            reasons[(refusal.reason,)] += len(refusal.unit.ports)
    return reasons


def _survivable(snapshot: Snapshot, health: Health) -> int:
    """Return how many live candidates the worst port could do without."""
    live = {
        name for name in snapshot.chassis if health.state(name) is State.LIVE
    }
    least = min(
        (
            len(live.intersection(unit.order))
            for unit in in_care(snapshot)
            if unit.ports
        ),
        default=len(live & snapshot.gateways),
    )
    return max(least - 1, 0)
