# SPDX-License-Identifier: Apache-2.0
"""What rows of an Open_vSwitch database mean, and what metrics say of it."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gwsched.model import Chassis, Snapshot, Vantage, frozen_map
from gwsched.ovsdb import vswitch
from gwsched.ovsdb.vantage import PYTHON_OVS, Hush
from gwsched.telemetry.gauges import Gauges, View

UP = {"state": "up", "forwarding": "true"}
DOWN = {"state": "down", "forwarding": "false"}
ON = {"enable": "true"}


class Database:
    """The tables as python-ovs gives them."""

    def __init__(self, **top: dict[str, str]) -> None:
        row = {"external_ids": {"system-id": "gw1"}, "other_config": {}}
        self.tables: dict[str, Any] = {
            "Open_vSwitch": SimpleNamespace(rows={0: SimpleNamespace(**row)}),
            "Port": SimpleNamespace(rows={}),
            "Interface": SimpleNamespace(rows={}),
        }
        vars(self.tables["Open_vSwitch"].rows[0]).update(top)

    def tunnel(
        self,
        mark: str,
        status: dict[str, str],
        bfd: dict[str, str] | None = None,
        *,
        at_interface: bool = False,
    ) -> Database:
        """Add a tunnel; the mark is at its port unless told otherwise."""
        ids = {"ovn-chassis-id": mark}
        number = len(self.tables["Interface"].rows)
        self.tables["Interface"].rows[number] = SimpleNamespace(
            external_ids=ids if at_interface else {},
            bfd=ON if bfd is None else bfd,
            bfd_status=status,
        )
        self.tables["Port"].rows[number] = SimpleNamespace(
            external_ids={} if at_interface else ids, interfaces=[number]
        )
        return self

    def read(self) -> Vantage | None:
        return vswitch.read("tcp:192.0.2.1:6640", self.tables)

    def tunnels(self) -> dict[str, bool]:
        seen = self.read()
        assert seen is not None
        return dict(seen.tunnels)


def test_whose_view_it_is() -> None:
    database = Database().tunnel("gw2@10.0.0.2", UP)
    assert database.read() == Vantage(
        "tcp:192.0.2.1:6640", "gw1", frozen_map({"gw2": True})
    )


@pytest.mark.parametrize("at_interface", [False, True])
@pytest.mark.parametrize("mark", ["gw2@10.0.0.2", "gw2@10.0.0.2%10.0.0.1"])
def test_where_and_how_a_tunnel_is_marked(
    mark: str, at_interface: bool
) -> None:
    database = Database().tunnel(mark, DOWN, at_interface=at_interface)
    assert database.tunnels() == {"gw2": False}


@pytest.mark.parametrize(
    ("bfd", "status", "seen"),
    [
        (ON, UP, True),
        (ON, DOWN, False),
        (ON, {"state": "init", "forwarding": "true"}, False),
        (ON, {"state": "admin_down"}, False),
        (ON, {"forwarding": "true"}, False),
        (ON, {}, None),
        ({}, UP, None),
        ({"enable": "false"}, UP, None),
    ],
)
def test_only_what_bfd_is_enabled_for_and_says_up_is_up(
    bfd: dict[str, str], status: dict[str, str], seen: bool | None
) -> None:
    found = Database().tunnel("gw2@10.0.0.2", status, bfd).tunnels()
    assert found.get("gw2") is seen


@pytest.mark.parametrize(
    ("states", "up"),
    [((DOWN, UP), True), ((UP, DOWN), True), ((DOWN,), False)],
)
def test_of_several_tunnels_to_a_chassis_one_is_enough(
    states: tuple[dict[str, str], ...], up: bool
) -> None:
    database = Database()
    for number, status in enumerate(states):
        database.tunnel(f"gw2@10.{number}.0.2", status)
    assert database.tunnels() == {"gw2": up}


@pytest.mark.parametrize("garbage", ["", "gw2", "@10.0.0.2", "@"])
def test_a_mark_that_names_nobody_is_nobodys(garbage: str) -> None:
    database = Database().tunnel(garbage, UP).tunnel("gw3@10.0.0.3", UP)
    assert database.tunnels() == {"gw3": True}


def test_an_interface_without_a_port_is_nobodys() -> None:
    database = Database().tunnel("gw2@10.0.0.2", UP)
    database.tables["Port"].rows.clear()
    assert database.tunnels() == {}


@pytest.mark.parametrize("ids", [{}, {"system-id": ""}, {"hostname": "gw1"}])
def test_who_has_no_name_is_no_chassis(ids: dict[str, str]) -> None:
    database = Database(external_ids=ids).tunnel("gw2@10.0.0.2", UP)
    assert database.read() is None
    database.tables["Open_vSwitch"].rows.clear()
    assert database.read() is None


@pytest.mark.parametrize(
    ("configured", "seconds"),
    [("", 5), ("60000", 60), ("1000", 5), ("often", 5), ("-1", 5)],
)
def test_how_often_counters_are_written(
    configured: str, seconds: float
) -> None:
    database = Database(other_config={"stats-update-interval": configured})
    assert vswitch.counting(database.tables) == seconds


# --- metrics ---------------------------------------------------------------


def exported(*views: Vantage, **connected: bool) -> CollectorRegistry:
    chassis = {name: Chassis(name) for name in ("gw1", "gw2", "gw3")}
    chassis["hv1"] = Chassis("hv1", is_gateway=False)
    view = View(
        vantages=connected,
        snapshot=Snapshot(frozen_map(chassis), (), vantages=views),
    )
    registry = CollectorRegistry()
    registry.register(Gauges(lambda: view))
    return registry


def test_each_remote_has_a_view_or_not() -> None:
    registry = exported(here=True, there=False)
    for remote, value in (("here", 1), ("there", 0), ("elsewhere", None)):
        labels = {"remote": remote}
        found = registry.get_sample_value("gwsched_vantage_connected", labels)
        assert found == value


def test_votes_are_counted_by_gateway() -> None:
    registry = exported(
        Vantage("a", "gw1", frozen_map({"gw2": True, "gw3": True})),
        Vantage("b", "gw2", frozen_map({"gw1": True, "gw3": False})),
        Vantage("c", "hv1", frozen_map({"gw3": False, "hv1": True})),
    )
    votes = {
        chassis: tuple(
            registry.get_sample_value(
                f"gwsched_chassis_tunnels_{state}", {"chassis": chassis}
            )
            for state in ("up", "down")
        )
        for chassis in ("gw1", "gw2", "gw3", "hv1")
    }
    assert votes == {
        "gw1": (1, 0),
        "gw2": (1, 0),
        "gw3": (1, 2),
        "hv1": (None, None),
    }


def test_where_nobody_looks_nothing_is_counted() -> None:
    labels = {"chassis": "gw1"}
    name = "gwsched_chassis_tunnels_up"
    assert exported(here=False).get_sample_value(name, labels) is None


# --- what python-ovs logs --------------------------------------------------


def test_python_ovs_is_hushed_about_vantage_points_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hush = Hush({"unix:/run/ovs.sock"})
    PYTHON_OVS.addFilter(hush)
    try:
        with caplog.at_level(logging.WARNING, PYTHON_OVS.name):
            PYTHON_OVS.warning("unix:/run/ovs.sock: connection reset: by him")
            PYTHON_OVS.warning("unix:/run/nb.sock: connection dropped")
            PYTHON_OVS.error("unix:/run/ovs.sock: error parsing update: no")
            PYTHON_OVS.warning("something else")
    finally:
        PYTHON_OVS.removeFilter(hush)
    assert caplog.messages == [
        "unix:/run/nb.sock: connection dropped",
        "unix:/run/ovs.sock: error parsing update: no",
        "something else",
    ]
    assert hush.said("unix:/run/ovs.sock") == "connection reset: by him"
    assert hush.said("unix:/run/nb.sock") == ""
    hush.forget("unix:/run/ovs.sock")
    assert hush.said("unix:/run/ovs.sock") == ""
