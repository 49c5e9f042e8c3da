# SPDX-License-Identifier: Apache-2.0
"""What is exported: the names that are fixed, and how they look."""

import time

import pytest

from gwsched import __version__
from gwsched.apply import Result
from gwsched.decisions import Guard, Reason
from gwsched.model import Snapshot
from gwsched.telemetry.gauges import View
from tests.exposed import (
    SNAPSHOT,
    VIEW,
    exported,
    exposition,
    samples,
    unit,
    value,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("build_info", "gauge"),
        ("leader", "gauge"),
        ("ovsdb_connected", "gauge"),
        ("vantage_connected", "gauge"),
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
        ("chassis_info", "gauge"),
        ("chassis_heartbeat_age_seconds", "gauge"),
        ("chassis_flap_penalty", "gauge"),
        ("chassis_uplinks_bad", "gauge"),
        ("chassis_apart", "gauge"),
        ("chassis_tunnels_up", "gauge"),
        ("chassis_tunnels_down", "gauge"),
        ("survivable_failures", "gauge"),
        ("imbalance_ratio", "gauge"),
        ("mode", "gauge"),
        ("problems", "gauge"),
        ("last_successful_plan_timestamp_seconds", "gauge"),
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


def test_the_last_plan_is_dated() -> None:
    metrics = exported()
    name = "last_successful_plan_timestamp_seconds"
    assert value(samples(metrics), name) == 0
    before = time.time()
    metrics.planned.set_to_current_time()
    found = value(samples(metrics), name)
    assert found is not None
    assert before <= found <= time.time()


def test_before_the_first_look_nothing_is_claimed() -> None:
    found = samples(exported(View()))
    assert value(found, "leader") == 0
    assert value(found, "ovsdb_connected", db="nb") == 0
    assert value(found, "ports") is None
    assert not any(name == "gwsched_imbalance_ratio" for name, _ in found)


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
    assert builds[0]["json_parser"] == "stdlib"


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
        "az",
        "chassis",
        "db",
        "file",
        "guard",
        "hostname",
        "json_parser",
        "le",
        "mode",
        "rank",
        "reason",
        "remote",
        "result",
        "scope",
        "state",
        "used_by",
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
