# SPDX-License-Identifier: Apache-2.0
"""Intents, capacities and patterns, from databases and configuration."""

from __future__ import annotations

import pytest

from gwsched.model import Chassis, Intents, frozen_map
from tests.functional.looking import looking
from tests.functional.ovn import Ovn


def intend(ovn: Ovn, **intents: str) -> None:
    """Set intents (with _ for -), or withdraw those whose value is empty."""
    for intent, value in intents.items():
        key = f"gwsched-{intent.replace('_', '-')}"
        if value:
            ovn.nbctl("set", "NB_Global", ".", f"external_ids:{key}={value}")
        else:
            ovn.nbctl("remove", "NB_Global", ".", "external_ids", key)


def test_intents_are_part_of_a_snapshot(ovn: Ovn) -> None:
    with looking(ovn) as look:
        assert look.snapshot().intents == Intents()
        intend(
            ovn,
            adopt_lrp="true",
            cordon_gw1="true",
            drain_gw2="true",
            pin_lrp="gw1",
            weight_lrp="7",
            pause="true",
            rebalance="true",
        )
        assert look.snapshot().intents == Intents(
            adopted=frozenset({"lrp"}),
            cordoned=frozenset({"gw1"}),
            draining=frozenset({"gw2"}),
            pins=frozen_map({"lrp": "gw1"}),
            weights=frozen_map({"lrp": 7}),
            paused=True,
            rebalance=True,
        )
        intend(ovn, pause="", drain_gw2="false", weight_lrp="heavy")
        seen = look.snapshot()
        assert not seen.intents.paused
        assert not seen.intents.draining
        assert not seen.intents.weights
        assert [str(problem) for problem in seen.problems] == [
            "NB NB_Global: cannot read gwsched-weight-lrp=heavy: it wants a "
            "whole number from 1 to 1000000"
        ]
        intend(ovn, weight_lrp="")
        assert look.snapshot().problems == ()


@pytest.mark.parametrize("load", ["ports", "nat"])
def test_a_weight_that_is_asked_for_wins(ovn: Ovn, load: str) -> None:
    ovn.add_chassis("gw1")
    port = ovn.add_router("r1", "gw1", marker="none")
    ovn.add_nat("r1", "snat", "172.16.0.50")
    other = ovn.add_router("r2", "gw1", marker="none")
    with looking(ovn, f"load = {load}") as look:
        intend(ovn, weight_lrp_r1="40")
        assert look.weights() == {port: 40, other: 1}
        intend(ovn, weight_lrp_r1="1")
        assert look.weights() == {port: 1, other: 1}
        intend(ovn, weight_lrp_r1="")
        assert look.weights() == {port: 2 if load == "nat" else 1, other: 1}


def test_units_are_read_again_for_what_they_are_made_of(ovn: Ovn) -> None:
    ovn.add_chassis("gw1")
    ovn.add_router("r1", "gw1")
    ovn.add_router("r2", marker="none")
    with looking(ovn) as look:
        before = look.snapshot()
        assert {unit.name for unit in before.units} == {"lrp-r1"}
        intend(
            ovn,
            cordon_gw1="true",
            drain_gw1="true",
            pin_lrp="gw1",
            pause="true",
            rebalance="true",
            fly="high",
        )
        after = look.snapshot()
        assert after.intents != before.intents
        assert after.units is before.units
        assert after.chassis is before.chassis
        intend(ovn, adopt_lrp_r2="true")
        assert set(look.units()) == {"lrp-r1", "lrp-r2"}
        intend(ovn, weight_lrp_r1="3")
        assert look.units()["lrp-r1"].weight == 3


def chassis(ovn: Ovn, scheduler: str = "") -> dict[str, Chassis]:
    with looking(ovn, scheduler) as look:
        return dict(look.snapshot().chassis)


def test_a_capacity_among_the_options_of_a_chassis(ovn: Ovn) -> None:
    ovn.add_chassis("gw1", options="enable-chassis-as-gw,gwsched-capacity=4")
    ovn.add_chassis("gw2")
    found = chassis(ovn)
    assert found["gw1"].capacity == 4
    assert found["gw1"].is_gateway
    assert found["gw2"].capacity == 1


def test_a_malformed_capacity_leaves_nothing_uncertain(ovn: Ovn) -> None:
    ovn.add_chassis("gw1", options="enable-chassis-as-gw,gwsched-capacity=x")
    ovn.add_chassis("gw2", options="availability-zones=,gwsched-capacity=3")
    with looking(ovn) as look:
        seen = look.snapshot()
        assert seen.chassis["gw1"].capacity == 1
        assert not seen.chassis["gw1"].uncertain
        assert seen.chassis["gw2"].capacity == 3
        assert seen.chassis["gw2"].uncertain
        assert [str(problem) for problem in seen.problems] == [
            "SB Chassis gw1: ovn-cms-options: cannot read "
            "'gwsched-capacity=x'",
            "SB Chassis gw2: ovn-cms-options: cannot read "
            "'availability-zones='",
        ]
        ovn.sbctl(
            "set", "Chassis", "gw1", "other_config:ovn-cms-options=nothing"
        )
        assert len(look.problems()) == 1


def test_a_configured_capacity_wins(ovn: Ovn) -> None:
    options = "enable-chassis-as-gw,gwsched-capacity=9"
    ovn.add_chassis("gw1", "gw2", "gw3", options=options)
    ovn.add_chassis("gw4")
    for name in ("gw1", "gw2", "gw4"):
        ovn.sbctl("set", "Chassis", name, "hostname=rack")
    found = chassis(ovn, "chassis_capacity = gw1:2, rack:5, nobody:7")
    assert {name: c.capacity for name, c in found.items()} == {
        "gw1": 2,
        "gw2": 5,
        "gw3": 9,
        "gw4": 5,
    }


def test_chassis_that_configuration_denies(ovn: Ovn) -> None:
    ovn.add_chassis("gw1", "gw2", "gw3", "gw4")
    ovn.sbctl("set", "Chassis", "gw4", "hostname=edge.example")
    assert {c.denied for c in chassis(ovn).values()} == {""}
    found = chassis(ovn, "allow_chassis = gw[12],edge.*\ndeny_chassis = *2")
    assert {name: c.denied for name, c in found.items()} == {
        "gw1": "",
        "gw2": "deny_chassis of the configuration names it (*2)",
        "gw3": "allow_chassis of the configuration does not name it",
        "gw4": "",
    }
    found = chassis(ovn, "deny_chassis = EDGE*,edge*")
    assert [name for name, c in found.items() if c.denied] == ["gw4"]


def test_routers_that_configuration_denies(ovn: Ovn) -> None:
    ovn.add_chassis("gw1")
    for name in ("lab1", "lab2", "prod"):
        ovn.add_router(name, "gw1")
    with looking(ovn) as look:
        assert {unit.excluded for unit in look.units().values()} == {""}
    with looking(ovn, "allow_routers = lab*\ndeny_routers = lab2") as look:
        units = look.units()
    assert {name: unit.excluded for name, unit in units.items()} == {
        "lrp-lab1": "",
        "lrp-lab2": (
            "deny_routers of the configuration names router lab2 (lab2)"
        ),
        "lrp-prod": (
            "allow_routers of the configuration does not name router prod"
        ),
    }


def test_a_unit_is_denied_with_any_of_its_routers(ovn: Ovn) -> None:
    ovn.add_chassis("gw1")
    ovn.add_router("r1", "gw1", form="ha_chassis_group")
    port = ovn.add_router("r2")
    ovn.refer("Logical_Router_Port", port, "group-lrp-r1")
    with looking(ovn, "deny_routers = r2") as look:
        (unit,) = look.snapshot().units
        assert {p.name for p in unit.ports} == {"lrp-r1", "lrp-r2"}
        assert "router r2" in unit.excluded
        ovn.refer("Logical_Router_Port", port, "")
        assert look.units()["group-lrp-r1"].excluded == ""
