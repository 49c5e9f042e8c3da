# SPDX-License-Identifier: Apache-2.0
"""The gauges: computed from the last view whenever somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gwsched.decisions import Guard, Health, Plan, State
from gwsched.model import Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.failure import ratio
from gwsched.schedulers import Ledger


@dataclass(frozen=True, slots=True)
class View:
    """What the loop last saw and decided; None where it saw nothing yet."""

    nb_connected: bool = False
    sb_connected: bool = False
    vantages: Mapping[str, bool] = field(default_factory=dict)
    leader: bool = False
    max_candidates: int = 5
    snapshot: Snapshot | None = None
    health: Health = field(default_factory=Health)
    plan: Plan = field(default_factory=Plan)


class Gauges(Collector):
    """A collector over the view that a function returns."""

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view

    def describe(self) -> Iterable[Metric]:
        """Describe nothing: collecting before the first view is pointless."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every gauge."""
        view = self._view()
        yield _one("leader", "Whether this gwsched may write.", view.leader)
        yield _many(
            "ovsdb_connected",
            "Whether the replica of a database is in sync.",
            ("db",),
            {("nb",): view.nb_connected, ("sb",): view.sb_connected},
        )
        yield _many(
            "vantage_connected",
            "Whether a vantage point has a view of tunnels to rely on.",
            ("remote",),
            {(remote,): there for remote, there in view.vantages.items()},
        )
        yield _one(
            "config_last_reload_successful",
            "Whether the configuration last read is the one in use.",
            True,
        )
        yield _many(
            "guard_active",
            "Whether a guard holds changes back.",
            ("guard",),
            {(g,): g in view.plan.guards for g in Guard},
        )
        if view.snapshot is not None:
            yield from _ports(view, view.snapshot)
            yield from _chassis(view.snapshot, view.health)
            if view.snapshot.vantages:
                yield from _tunnels(view.snapshot)
            yield from _distrust(view.health)
            yield from _imbalance(view.snapshot, view.health)


def _ports(view: View, snapshot: Snapshot) -> Iterator[Metric]:
    ports = [(unit, port) for unit in snapshot.units for port in unit.ports]
    yield _one("ports", "Gateway ports in gwsched's care.", len(ports))
    reasons: Counter[tuple[str, ...]] = Counter()
    for refusal in view.plan.refusals:
        if not refusal.served:
            reasons[(refusal.reason,)] += len(refusal.unit.ports)
    yield _many(
        "ports_unscheduled",
        "Gateway ports that nobody serves and nobody can be found for.",
        ("reason",),
        reasons,
    )
    yield _one(
        "ports_underreplicated",
        "Gateway ports with fewer live candidates than there could be.",
        _underreplicated(view, snapshot),
    )
    yield _one(
        "ports_mismatched",
        "Gateway ports held by another chassis than their primary.",
        sum(
            bool(unit.order and port.holder not in (None, unit.order[0]))
            for unit, port in ports
        ),
    )
    yield _one(
        "ports_unclaimed",
        "Gateway ports with candidates that no chassis holds.",
        sum(bool(unit.order and not port.holder) for unit, port in ports),
    )


def _underreplicated(view: View, snapshot: Snapshot) -> int:
    """Count the ports short of what all their chassis, alive, could give."""
    who = Eligibility(snapshot, view.health)
    fleet: dict[object, int] = {}
    short = 0
    for unit in snapshot.units:
        if unit.kind not in fleet:
            fleet[unit.kind] = sum(who.fits(unit, c) for c in snapshot.chassis)
        wanted = min(view.max_candidates, fleet[unit.kind])
        if _living(unit, view.health) < wanted:
            short += len(unit.ports)
    return short


def _living(unit: Unit, health: Health) -> int:
    return sum(health.state(c) is not State.DEAD for c in unit.order)


def _chassis(snapshot: Snapshot, health: Health) -> Iterator[Metric]:
    listed: Counter[tuple[str, ...]] = Counter()
    active: Counter[tuple[str, ...]] = Counter(
        {(name,): 0 for name in sorted(snapshot.gateways)}
    )
    for unit in snapshot.units:
        for rank, chassis in enumerate(unit.order, start=1):
            listed[(chassis, str(rank))] += len(unit.ports)
        for port in unit.ports:
            if port.holder:
                active[(port.holder,)] += 1
    yield _many(
        "chassis_ports",
        "Gateway ports that list a chassis at a rank; 1 is the primary.",
        ("chassis", "rank"),
        listed,
    )
    yield _many(
        "chassis_active_ports",
        "Gateway ports that a chassis holds, by SB.",
        ("chassis",),
        active,
    )
    yield _many(
        "chassis_state",
        "1 for the verdict on a chassis, 0 for the others.",
        ("chassis", "state"),
        {
            (chassis, state): verdict.state is state
            for chassis, verdict in health.verdicts.items()
            for state in State
        },
    )


def _tunnels(snapshot: Snapshot) -> Iterator[Metric]:
    for up in (True, False):
        yield _many(
            f"chassis_tunnels_{'up' if up else 'down'}",
            "Vantage points that have tunnel BFD with a gateway and see it "
            f"{'up' if up else 'down'}.",
            ("chassis",),
            {
                (name,): sum(
                    vantage.tunnels.get(name) is up
                    for vantage in snapshot.vantages
                )
                for name in snapshot.gateways
            },
        )


def _distrust(health: Health) -> Iterator[Metric]:
    yield _many(
        "chassis_flap_penalty",
        "What dying again and again has brought a chassis: past 2000 it "
        "gets nothing until it has decayed to 750.",
        ("chassis",),
        {(name,): value for name, value in health.penalties.items()},
    )
    yield _many(
        "chassis_uplinks_bad",
        "Physical networks to which a chassis' uplink is taken for dead.",
        ("chassis",),
        Counter((chassis,) for chassis, _ in health.uplinks.bad),
    )


def _imbalance(snapshot: Snapshot, health: Health) -> Iterator[Metric]:
    """The most loaded gateway over the best possible; 1 is even."""
    live = {
        name: snapshot.chassis[name].capacity
        for name in sorted(snapshot.gateways)
        if health.state(name) is State.LIVE
    }
    ledger = Ledger()
    for unit in snapshot.units:
        ledger.add([c for c in unit.order if c in live], unit.weight)
    loads = ledger.loads()
    yield _many(
        "chassis_capacity",
        "What a gateway can carry beside others.",
        ("chassis",),
        {(name,): float(capacity) for name, capacity in live.items()},
    )
    yield _many(
        "chassis_weight_load",
        "The load of a gateway as the scheduler counts it, by the lists.",
        ("chassis",),
        {(name,): float(loads.get(name, 0)) for name in live},
    )
    yield _many(
        "imbalance_ratio",
        "Load of the most loaded gateway over the least possible, by the "
        "lists: now, and after the worst failure of one.",
        ("scope",),
        {
            ("n",): _peak(ledger, live, None),
            ("n_minus_1_worst",): max(
                (_peak(ledger, live, failed) for failed in live), default=1.0
            ),
        },
    )


def _peak(
    ledger: Ledger, live: Mapping[str, int], failed: str | None
) -> float:
    left = {name: c for name, c in live.items() if name != failed}
    return ratio(ledger.loads([failed] if failed else []), left)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"gwsched_{name}", text, value=float(value))


def _many(
    name: str,
    text: str,
    labels: tuple[str, ...],
    values: dict[tuple[str, ...], float] | Counter[tuple[str, ...]],
) -> Metric:
    family = GaugeMetricFamily(f"gwsched_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, float(value))
    return family
