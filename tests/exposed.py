# SPDX-License-Identifier: Apache-2.0
"""A view in which every gauge has something to say, and how it is exported."""

from __future__ import annotations

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gwsched.conf.validity import Certificates
from gwsched.decisions import (
    Evidence,
    Guard,
    Health,
    Plan,
    Refusal,
    State,
    Uplinks,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Intents,
    Problem,
    Snapshot,
    Unit,
    Vantage,
    frozen_map,
)
from gwsched.telemetry.gauges import View
from gwsched.telemetry.metrics import Metrics

NETS = frozenset({"public"})


def unit(name: str, order: str, *holders: str | None) -> Unit:
    """Return a unit with a port for each holder."""
    names = order.split()
    ports = tuple(
        GatewayPort(f"lrp-{name}-{i}", f"router-{name}", NETS, holder=holder)
        for i, holder in enumerate(holders)
    )
    return Unit(
        name,
        Form.HA_CHASSIS_GROUP,
        ports,
        tuple(Candidate(c, len(names) - i) for i, c in enumerate(names)),
    )


FLEET = {
    "gw1": State.LIVE,
    "gw2": State.LIVE,
    "gw3": State.LIVE,
    "gw4": State.DEAD,
}
NOWHERE = unit("nowhere", "", None)
SHARED = unit("shared", "gw1 gw2 gw3", "gw1", "gw1")
SNAPSHOT = Snapshot(
    frozen_map(
        {name: Chassis(name, physical_networks=NETS) for name in FLEET}
        | {
            "gw1": Chassis(
                "gw1", "host1", True, NETS, zones=frozenset({"b", "a"})
            ),
            "compute": Chassis("compute", is_gateway=False),
        }
    ),
    (
        SHARED,
        unit("mismatched", "gw2 gw1 gw3", "gw1"),
        unit("unclaimed", "gw1 gw3 gw2", None),
        unit("short", "gw3 gw4", "gw3"),
        NOWHERE,
    ),
    problems=(Problem("NB", "r1", "is odd"), Problem("NB", "r2", "is odd")),
    intents=Intents(
        cordoned=frozenset({"gw2", "gw9"}), draining=frozenset({"gw3"})
    ),
    vantages=(
        Vantage(
            "tcp:127.0.0.1:6640",
            "compute",
            frozen_map({"gw1": True, "gw4": False}),
        ),
    ),
)
VIEW = View(
    nb_connected=True,
    vantages={"tcp:127.0.0.1:6640": True},
    leader=True,
    max_candidates=3,
    snapshot=SNAPSHOT,
    health=Health(
        verdicts=frozen_map(
            {
                name: Verdict(state, 0, "")
                for name, state in {**FLEET, "compute": State.LIVE}.items()
            }
        ),
        evidence=frozen_map(
            {
                "gw1": Evidence(heard=90.0),
                "gw2": Evidence(),
                "gone": Evidence(heard=10.0),
                "compute": Evidence(heard=90.0),
            }
        ),
        apart=frozen_map({frozenset({"gw1", "gw2"}): 500.0}),
        penalties=frozen_map({"gw4": 1900.0}),
        uplinks=Uplinks(frozen_map({("gw3", "public"): "it is dead"})),
    ),
    plan=Plan(
        refusals=(
            Refusal(NOWHERE, "zone", "no such zone"),
            Refusal(SHARED, "pin", "pinned to gw9", served=True),
        ),
        guards=frozen_map({Guard.ISOLATION: "northd is away"}),
    ),
    certificates=(
        Certificates("nb", "certificate", "[ovn] x", "/nonexistent.pem"),
    ),
)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


NOW = 100.0


def exported(view: View = VIEW) -> Metrics:
    metrics = Metrics(lambda: NOW)
    metrics.view = view
    return metrics


def exposition(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def samples(metrics: Metrics) -> Samples:
    """Return every sample by its name and labels."""
    families = text_string_to_metric_families(exposition(metrics))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"gwsched_{name}", frozenset(labels.items())))
