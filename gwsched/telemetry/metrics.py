# SPDX-License-Identifier: Apache-2.0
"""Every metric, declared once, on a registry of our own.

Counters are counted where things happen; every gauge is computed from the
last :class:`View` when somebody asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from gwsched import __version__
from gwsched.apply import Result
from gwsched.decisions import Guard, Reason
from gwsched.ovsdb import session
from gwsched.telemetry.gauges import Gauges, View

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The registry, and the counters that the loop counts on."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.view = View()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._declare_counters()
        self._declare_times()
        Info(
            "gwsched_build",
            "The version, and the JSON parser that databases are read by: "
            "the standard library's, or python-ovs' own.",
            registry=self.registry,
        ).info({"version": __version__, "json_parser": session.parser()})
        self.registry.register(Gauges(lambda: self.view, now))

    def _declare_counters(self) -> None:
        self.moves = Counter(
            "gwsched_moves_total",
            "Changes of a primary, by reason and by whether it was claimed.",
            ["reason", "result"],
            registry=self.registry,
        )
        for reason in Reason:
            for result in ("claimed", "unclaimed"):
                self.moves.labels(reason, result)
        self.rank_updates = Counter(
            "gwsched_rank_updates_total",
            "Lists changed below their primary, which moves nothing.",
            registry=self.registry,
        )
        self.deferred = Counter(
            "gwsched_moves_deferred_total",
            "Changes that a guard held back, once per stretch of guarding.",
            ["guard"],
            registry=self.registry,
        )
        for guard in Guard:
            self.deferred.labels(guard)
        self.foreign = Counter(
            "gwsched_foreign_writes_total",
            "Lists that somebody else has written.",
            registry=self.registry,
        )
        self.transactions = Counter(
            "gwsched_transactions_total",
            "NB transactions, heartbeats included, by what became of them; "
            "stale is harmless: NB changed meanwhile.",
            ["result"],
            registry=self.registry,
        )
        for outcome in Result:
            self.transactions.labels(outcome)
        self.errors = Counter(
            "gwsched_errors_total",
            "Errors by where: cycle, nb and sb (bad content), scheduler.",
            ["where"],
            registry=self.registry,
        )
        for where in ("cycle", "nb", "sb", "scheduler"):
            self.errors.labels(where)

    def _declare_times(self) -> None:
        self.planned = Gauge(
            "gwsched_last_successful_plan_timestamp_seconds",
            "When a pass last went through from snapshot to transaction.",
            registry=self.registry,
        )
        self.convergence = Histogram(
            "gwsched_move_convergence_seconds",
            "From the write of a new primary to its claim.",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.cycles = Histogram(
            "gwsched_cycle_duration_seconds",
            "One pass from snapshot to transaction.",
            buckets=BUCKETS,
            registry=self.registry,
        )
