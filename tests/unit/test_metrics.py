# SPDX-License-Identifier: Apache-2.0
"""What is exported: the names that are fixed, and the right numbers."""

import subprocess
from dataclasses import replace

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gwsched import __version__
from gwsched.apply import Result
from gwsched.decisions import (
    Guard,
    Health,
    Plan,
    Reason,
    Refusal,
    State,
    Uplinks,
    Verdict,
)
from gwsched.gauges import View
from gwsched.metrics import Metrics
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)

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
        | {"compute": Chassis("compute", is_gateway=False)}
    ),
    (
        SHARED,
        unit("mismatched", "gw2 gw1 gw3", "gw1"),
        unit("unclaimed", "gw1 gw3 gw2", None),
        unit("short", "gw3 gw4", "gw3"),
        NOWHERE,
    ),
)
VIEW = View(
    nb_connected=True,
    leader=True,
    max_candidates=3,
    snapshot=SNAPSHOT,
    health=Health(
        verdicts=frozen_map(
            {name: Verdict(state, 0, "") for name, state in FLEET.items()}
        ),
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
)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def exported(view: View = VIEW) -> Metrics:
    metrics = Metrics()
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


@pytest.mark.parametrize("view", [View(), VIEW])
def test_promtool_finds_nothing_to_complain_of(view: View) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=exposition(exported(view)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("build_info", "gauge"),
        ("leader", "gauge"),
        ("ovsdb_connected", "gauge"),
        ("ports", "gauge"),
        ("ports_unscheduled", "gauge"),
        ("ports_underreplicated", "gauge"),
        ("ports_mismatched", "gauge"),
        ("ports_unclaimed", "gauge"),
        ("chassis_ports", "gauge"),
        ("chassis_active_ports", "gauge"),
        ("chassis_state", "gauge"),
        ("chassis_capacity", "gauge"),
        ("chassis_weight_load", "gauge"),
        ("imbalance_ratio", "gauge"),
        ("moves_total", "counter"),
        ("rank_updates_total", "counter"),
        ("moves_deferred_total", "counter"),
        ("foreign_writes_total", "counter"),
        ("guard_active", "gauge"),
        ("move_convergence_seconds", "histogram"),
        ("cycle_duration_seconds", "histogram"),
        ("transactions_total", "counter"),
        ("config_last_reload_successful", "gauge"),
        ("errors_total", "counter"),
    ],
)
def test_a_fixed_name_is_there_with_its_type_and_help(
    name: str, kind: str
) -> None:
    lines = exposition(exported()).splitlines()
    assert f"# TYPE gwsched_{name} {kind}" in lines
    helps = [x for x in lines if x.startswith(f"# HELP gwsched_{name} ")]
    assert len(helps) == 1
    assert helps[0].endswith(".")
    suffix = "_count" if kind == "histogram" else ""
    assert any(
        line.startswith((f"gwsched_{name}{suffix} ", f"gwsched_{name}{{"))
        for line in lines
    )


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("leader", {}, 1),
        ("ovsdb_connected", {"db": "nb"}, 1),
        ("ovsdb_connected", {"db": "sb"}, 0),
        ("config_last_reload_successful", {}, 1),
        ("guard_active", {"guard": "isolation"}, 1),
        ("guard_active", {"guard": "mass_failure"}, 0),
        ("guard_active", {"guard": "startup"}, 0),
        ("guard_active", {"guard": "budget"}, 0),
        ("ports", {}, 6),
        ("ports_unscheduled", {"reason": "zone"}, 1),
        # It is served where it is: only a wish is refused.
        ("ports_unscheduled", {"reason": "pin"}, None),
        # "short" has one that lives and "nowhere" none, of three wanted.
        ("ports_underreplicated", {}, 2),
        ("ports_mismatched", {}, 1),
        ("ports_unclaimed", {}, 1),
        ("chassis_ports", {"chassis": "gw1", "rank": "1"}, 3),
        ("chassis_ports", {"chassis": "gw1", "rank": "2"}, 1),
        ("chassis_ports", {"chassis": "gw2", "rank": "1"}, 1),
        ("chassis_ports", {"chassis": "gw3", "rank": "3"}, 3),
        ("chassis_ports", {"chassis": "gw4", "rank": "2"}, 1),
        ("chassis_active_ports", {"chassis": "gw1"}, 3),
        ("chassis_active_ports", {"chassis": "gw2"}, 0),
        ("chassis_active_ports", {"chassis": "gw3"}, 1),
        ("chassis_active_ports", {"chassis": "gw4"}, 0),
        ("chassis_state", {"chassis": "gw1", "state": "live"}, 1),
        ("chassis_state", {"chassis": "gw1", "state": "dead"}, 0),
        ("chassis_state", {"chassis": "gw4", "state": "dead"}, 1),
        ("chassis_state", {"chassis": "gw4", "state": "live"}, 0),
        ("chassis_capacity", {"chassis": "gw1"}, 1),
        ("chassis_capacity", {"chassis": "compute"}, None),
        ("chassis_weight_load", {"chassis": "gw1"}, 3),
        ("chassis_weight_load", {"chassis": "gw2"}, 1),
        ("chassis_weight_load", {"chassis": "gw4"}, None),
        # 3, 1 and 1 now, where 2 at the most would do.
        ("imbalance_ratio", {"scope": "n"}, 3 / 2),
        # Without gw1 3 and 2, which is even; without gw2 4 and 1, where 3
        # would do; without gw3 3 and 1 (one is lost), where 2 would do.
        ("imbalance_ratio", {"scope": "n_minus_1_worst"}, 3 / 2),
        ("chassis_flap_penalty", {"chassis": "gw4"}, 1900),
        ("chassis_uplinks_bad", {"chassis": "gw3"}, 1),
        ("chassis_uplinks_bad", {"chassis": "gw1"}, None),
    ],
)
def test_the_gauges_say_what_is_seen(
    name: str, labels: dict[str, str], expected: float | None
) -> None:
    found = value(samples(exported()), name, **labels)
    assert found == (expected if expected is None else pytest.approx(expected))


WEIGHED = View(
    snapshot=Snapshot(
        frozen_map(
            {
                "big": Chassis("big", physical_networks=NETS, capacity=3),
                "small": Chassis("small", physical_networks=NETS),
            }
        ),
        (
            replace(
                unit("heavy", "big small"),
                ports=(GatewayPort("lrp", holder="big", weight=6),),
            ),
            replace(unit("two", "small big", "small"), externals=("sw",)),
        ),
    ),
    health=Health(
        verdicts=frozen_map(
            {name: Verdict(State.LIVE, 0, "") for name in ("big", "small")}
        )
    ),
)


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("chassis_capacity", {"chassis": "big"}, 3),
        ("chassis_capacity", {"chassis": "small"}, 1),
        ("chassis_weight_load", {"chassis": "big"}, 6),
        # A port and an external port of the same group.
        ("chassis_weight_load", {"chassis": "small"}, 2),
        ("chassis_active_ports", {"chassis": "big"}, 1),
        ("imbalance_ratio", {"scope": "n"}, 1),
    ],
)
def test_load_is_by_weight_and_even_is_by_capacity(
    name: str, labels: dict[str, str], expected: float
) -> None:
    found = value(samples(exported(WEIGHED)), name, **labels)
    assert found == pytest.approx(expected)


def test_each_chassis_is_in_one_state() -> None:
    found = samples(exported())
    for chassis in FLEET:
        states = [
            value(found, "chassis_state", chassis=chassis, state=state)
            for state in State
        ]
        assert sorted(map(str, states)) == ["0.0"] * 4 + ["1.0"]


def test_a_fleet_without_the_flag_is_measured_too() -> None:
    rows = {
        n: Chassis(n, is_gateway=False, physical_networks=NETS)
        for n in ("c1", "c2")
    }
    view = View(
        snapshot=Snapshot(frozen_map(rows), (unit("a", "c1 c2", "c1", "c1"),)),
        health=Health(
            verdicts=frozen_map({n: Verdict(State.LIVE, 0, "") for n in rows})
        ),
    )
    assert value(samples(exported(view)), "imbalance_ratio", scope="n") == 2


def test_before_the_first_look_nothing_is_claimed() -> None:
    found = samples(exported(View()))
    assert value(found, "leader") == 0
    assert value(found, "ovsdb_connected", db="nb") == 0
    assert value(found, "ports") is None
    assert not any(name == "gwsched_imbalance_ratio" for name, _ in found)


def test_an_empty_cloud_is_even() -> None:
    view = View(snapshot=Snapshot(frozen_map({}), ()))
    found = samples(exported(view))
    assert value(found, "ports") == 0
    for scope in ("n", "n_minus_1_worst"):
        assert value(found, "imbalance_ratio", scope=scope) == 1


def test_gauges_follow_the_view() -> None:
    metrics = exported(View())
    assert value(samples(metrics), "leader") == 0
    metrics.view = View(leader=True)
    assert value(samples(metrics), "leader") == 1


@pytest.mark.parametrize(
    ("name", "label", "others", "values"),
    [
        ("moves_total", "reason", {"result": "claimed"}, list(Reason)),
        ("moves_total", "reason", {"result": "unclaimed"}, list(Reason)),
        ("moves_deferred_total", "guard", {}, list(Guard)),
        ("transactions_total", "result", {}, list(Result)),
        ("errors_total", "where", {}, ["cycle", "nb", "sb", "scheduler"]),
    ],
)
def test_counters_start_at_zero_so_that_a_first_one_is_seen(
    name: str, label: str, others: dict[str, str], values: list[str]
) -> None:
    found = samples(exported())
    for each in values:
        assert value(found, name, **{label: each}, **others) == 0, each


def test_the_build_is_named() -> None:
    found = samples(exported())
    builds = [dict(k) for name, k in found if name == "gwsched_build_info"]
    assert len(builds) == 1
    assert builds[0]["version"] == __version__
    assert builds[0]["json_parser"] in ("python", "c")


def test_no_series_say_when_they_were_created() -> None:
    metrics = exported()
    metrics.moves.labels(Reason.NEW, "claimed").inc()
    metrics.convergence.observe(1)
    assert "_created" not in exposition(metrics)


def test_the_process_is_measured() -> None:
    names = {name for name, _ in samples(exported())}
    assert {
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    } <= names


def test_two_in_one_process_do_not_collide() -> None:
    one, other = exported(), exported()
    one.rank_updates.inc()
    assert value(samples(one), "rank_updates_total") == 1
    assert value(samples(other), "rank_updates_total") == 0


def test_labels_name_chassis_but_never_routers_and_ports() -> None:
    bounded = {
        "chassis",
        "db",
        "guard",
        "json_parser",
        "le",
        "rank",
        "reason",
        "result",
        "scope",
        "state",
        "version",
        "where",
    }
    for name, labels in samples(exported()):
        if name.startswith("gwsched_"):
            for label, said in labels:
                assert label in bounded, name
                assert "lrp" not in said, name
                assert "router" not in said, name


def test_the_number_of_series_does_not_grow_with_the_ports() -> None:
    many = Snapshot(
        SNAPSHOT.chassis,
        tuple(unit(f"u{i}", "gw1 gw2 gw3", "gw1") for i in range(100)),
    )
    few = Snapshot(SNAPSHOT.chassis, many.units[:1])
    counts = [
        len(samples(exported(View(snapshot=s, health=VIEW.health))))
        for s in (few, many)
    ]
    assert counts[0] == counts[1]
