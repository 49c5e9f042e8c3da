# SPDX-License-Identifier: Apache-2.0
"""The gauges: computed from the last view whenever somebody asks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gwsched.conf.validity import Certificates
from gwsched.decisions import Guard, Health, Plan
from gwsched.model import Snapshot
from gwsched.telemetry import figures
from gwsched.telemetry.journal import Decision


@dataclass(frozen=True, slots=True)
class Configuration:
    """When the configuration in use was read, and what the last one was.

    ``read_at`` is wall clock.  A bad one changes nothing: ``error`` is what
    is wrong with it.
    """

    read_at: float = 0.0
    good: bool = True
    error: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What the loop last saw and decided; None where it saw nothing yet.

    ``now`` is when, on the clock of the verdicts, and ``time`` by the wall.
    """

    nb_connected: bool = False
    sb_connected: bool = False
    vantages: Mapping[str, bool] = field(default_factory=dict)
    leader: bool = False
    max_candidates: int = 5
    snapshot: Snapshot | None = None
    health: Health = field(default_factory=Health)
    plan: Plan = field(default_factory=Plan)
    now: float = 0.0
    time: float = 0.0
    host: str = ""
    enforce: bool = True
    scheduler: str = ""
    decisions: tuple[Decision, ...] = ()
    configuration: Configuration = field(default_factory=Configuration)
    certificates: tuple[Certificates, ...] = ()


class Gauges(Collector):
    """A collector over the view that a function returns.

    ``now`` tells the time of the verdicts: an age grows between two passes.
    """

    def __init__(
        self,
        view: Callable[[], View],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._view = view
        self._now = now
        self._counting = figures.Counting()

    def describe(self) -> Iterable[Metric]:
        """Describe nothing: collecting before the first view is pointless."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every gauge."""
        view = self._view()
        yield figures.one(
            "leader", "Whether this gwsched may write.", view.leader
        )
        yield figures.many(
            "ovsdb_connected",
            "Whether the replica of a database is in sync.",
            ("db",),
            {("nb",): view.nb_connected, ("sb",): view.sb_connected},
        )
        yield figures.many(
            "vantage_connected",
            "Whether a vantage point has a view of tunnels to rely on.",
            ("remote",),
            {(remote,): there for remote, there in view.vantages.items()},
        )
        yield figures.one(
            "config_last_reload_successful",
            "Whether the configuration last read is the one in use.",
            view.configuration.good,
        )
        yield figures.one(
            "config_last_reload_success_timestamp_seconds",
            "When the configuration in use was read.",
            view.configuration.read_at,
        )
        yield figures.many(
            "certificate_expiry_timestamp_seconds",
            "When the certificate, or the authority, in a configured file "
            "expires, as the file is now; 0 where it cannot be read.",
            ("used_by", "file"),
            {(c.used_by, c.part): c.expires() for c in view.certificates},
        )
        yield figures.many(
            "guard_active",
            "Whether a guard holds changes back.",
            ("guard",),
            {(g,): g in view.plan.guards for g in Guard},
        )
        if view.snapshot is not None:
            count = self._counting.of(
                view.snapshot, view.health, view.plan, view.max_candidates
            )
            yield from _seen(view, view.snapshot, count, self._now())


def _seen(
    view: View, snapshot: Snapshot, count: figures.Count, now: float
) -> Iterator[Metric]:
    """Yield what needs a look at the databases."""
    yield figures.many(
        "mode",
        "1 for the mode that the configuration asks for, 0 for the other.",
        ("mode",),
        {("enforce",): view.enforce, ("observe",): not view.enforce},
    )
    yield figures.many(
        "problems",
        "What is contradictory or unreadable in a database now; the log and "
        "gwschedctl audit name each.",
        ("db",),
        _problems(snapshot),
    )
    yield from count.metrics
    yield from figures.chassis(snapshot, view.health, count.cared, now)


def _problems(snapshot: Snapshot) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter({("nb",): 0, ("sb",): 0})
    found.update((p.database.lower(),) for p in snapshot.problems)
    return found
