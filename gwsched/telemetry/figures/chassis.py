# SPDX-License-Identifier: Apache-2.0
"""What each gateway has, is said to be, and is blamed for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from prometheus_client.metrics_core import Metric

from gwsched.decisions import Health, State
from gwsched.model import Snapshot
from gwsched.telemetry.figures.families import many

Labelled = Mapping[tuple[str, ...], float]


def chassis(
    snapshot: Snapshot, health: Health, cared: Sequence[str], now: float
) -> Iterator[Metric]:
    """Yield the gauges of some chassis, but for what their lists say.

    :param cared: the names of all that are gateways or are used as one
    :param now: monotonic seconds
    """
    yield many(
        "chassis_info",
        "Always 1: what else a chassis is known by; az is all its "
        "availability zones, joined by commas.",
        ("chassis", "hostname", "az"),
        _known(snapshot, cared),
    )
    yield many(
        "chassis_state",
        "1 for the verdict on a chassis and for what an operator wants of "
        "it (cordoned, draining), 0 for the others.",
        ("chassis", "state"),
        _states(snapshot, health, cared),
    )
    yield many(
        "chassis_heartbeat_age_seconds",
        "Since a chassis last answered a heartbeat, or came into sight; "
        "absent where heartbeats are switched off.",
        ("chassis",),
        _ages(snapshot, health, cared, now),
    )
    if snapshot.vantages:
        yield from _tunnels(snapshot)
    yield from _distrust(health)


def cared_for(snapshot: Snapshot) -> set[str]:
    """Return the gateways, and who is listed, or holds a port, without it."""
    found = set(snapshot.gateways)
    found |= {router.chassis for router in snapshot.routers}
    for unit in snapshot.units:
        found.update(unit.order)
        found.update(port.holder for port in unit.ports if port.holder)
    return found


def listed(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield how many gateway ports list a chassis, and how many it holds."""
    ranks: Counter[tuple[str, ...]] = Counter()
    active: Counter[tuple[str, ...]] = Counter(
        {(name,): 0 for name in snapshot.gateways}
    )
    for unit in snapshot.units:
        for rank, name in enumerate(unit.order, start=1):
            ranks[name, str(rank)] += len(unit.ports)
        for port in unit.ports:
            if port.holder:
                active[(port.holder,)] += 1
    yield many(
        "chassis_ports",
        "Gateway ports that list a chassis at a rank; 1 is the primary.",
        ("chassis", "rank"),
        ranks,
    )
    yield many(
        "chassis_active_ports",
        "Gateway ports that a chassis holds, by SB.",
        ("chassis",),
        active,
    )


def _known(snapshot: Snapshot, cared: Collection[str]) -> Labelled:
    rows = [snapshot.chassis[n] for n in cared if n in snapshot.chassis]
    return {(r.name, r.hostname, ",".join(sorted(r.zones))): 1 for r in rows}


def _states(
    snapshot: Snapshot, health: Health, cared: Collection[str]
) -> Labelled:
    intents = {
        "cordoned": snapshot.intents.cordoned,
        "draining": snapshot.intents.draining,
    }
    found: dict[tuple[str, ...], float] = {}
    for name in cared:
        for intent, wanted in intents.items():
            found[name, intent] = name in wanted
        for state in State:
            found[name, state] = health.state(name) is state
    return found


def _ages(
    snapshot: Snapshot, health: Health, cared: Collection[str], now: float
) -> Labelled:
    if not snapshot.heartbeat:
        return {}
    heard = {
        name: health.evidence[name].heard
        for name in cared
        if name in snapshot.chassis and name in health.evidence
    }
    return {
        (name,): max(now - when, 0.0)
        for name, when in heard.items()
        if when is not None
    }


def _tunnels(snapshot: Snapshot) -> Iterator[Metric]:
    for up in (True, False):
        yield many(
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
    yield many(
        "chassis_flap_penalty",
        "What dying again and again has brought a chassis: past 2000 it "
        "gets nothing until it has decayed to 750.",
        ("chassis",),
        {(name,): value for name, value in health.penalties.items()},
    )
    yield many(
        "chassis_uplinks_bad",
        "Physical networks to which a chassis' uplink is taken for dead.",
        ("chassis",),
        Counter((name,) for name, _ in health.uplinks.bad),
    )
    yield many(
        "chassis_apart",
        "Gateways that a chassis has lost from sight though others see "
        "both; the two share no lists for a while.",
        ("chassis",),
        Counter((name,) for pair in health.apart for name in pair),
    )
