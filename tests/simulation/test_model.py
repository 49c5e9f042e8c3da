# SPDX-License-Identifier: Apache-2.0
"""The model does what OVN was seen to do.

Everything here was measured on OVN 23.03.1 (in namespaces, with
gwsched-sandbox) or is OVN's own source; test_against_ovn.py compares more of
it with the real thing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.model import Candidate
from tests.simulation.clouds import (
    active,
    bump,
    cloud,
    fares,
    holder,
    running,
    settle,
)
from tests.simulation.databases import Order
from tests.simulation.election import is_active
from tests.simulation.facts import Host
from tests.simulation.happenings import ChassisHappenings
from tests.simulation.ovn import Ovn

THREE = ("gw1", "gw2", "gw3")


def befall(ovn: Ovn, what: str, *facts: object, seconds: float = 12.0) -> None:
    """Let something happen, and OVN settle."""
    ChassisHappenings(ovn).do(what, *facts)
    settle(ovn, seconds)


# What is broken on the active: does its row stay, does it answer, do its
# ports move, is its next hop down in SB?
TRUTH = {
    "graceful": (False, False, True, False),
    "power": (True, False, True, False),
    "controller": (True, False, False, False),
    "hang": (True, False, False, False),
    "management": (True, False, False, False),
    "vswitchd": (True, True, True, False),
    "tunnel": (True, True, True, False),
    "uplink": (True, True, False, True),
}


@pytest.mark.parametrize("fault", TRUTH)
def test_what_can_be_seen_in_sb(fault: str) -> None:
    row, answers, moves, hop_down = TRUTH[fault]
    ovn = running(THREE, next_hop=True)
    assert (holder(ovn), ovn.sb.sessions["p1"]) == ("gw1", "up")
    befall(ovn, fault, "gw1")
    bump(ovn)
    settle(ovn)
    assert ("gw1" in ovn.sb.rows) == row
    assert (ovn.sb.answered.get("gw1", 0) == ovn.sb.cfg) == answers
    assert holder(ovn) == ("gw2" if moves else "gw1")
    assert (ovn.sb.sessions["p1"] == "down") == hop_down


@pytest.mark.parametrize("fault", TRUTH)
def test_ovn_preempts_whatever_it_was(fault: str) -> None:
    ovn = running(THREE)
    befall(ovn, fault, "gw1")
    befall(ovn, "heal", "gw1")
    assert holder(ovn) == "gw1"
    assert active(ovn) == ["gw1"]
    assert not fares(ovn).dark


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [("graceful", 0.0, 0.3), ("power", 2.0, 3.3), ("tunnel", 2.0, 3.3)],
)
def test_how_long_a_fail_over_takes(
    fault: str, least: float, most: float
) -> None:
    ovn = running(THREE)
    ChassisHappenings(ovn).do(fault, "gw1")
    settle(ovn, least)
    assert holder(ovn) != "gw2"
    settle(ovn, most - least)
    assert holder(ovn) == "gw2"
    assert not fares(ovn).dark


@pytest.mark.parametrize("fault", ["controller", "hang", "management"])
def test_a_controller_that_is_gone_is_not_missed(fault: str) -> None:
    ovn = running(THREE)
    befall(ovn, fault, "gw1")
    assert active(ovn) == ["gw1"]
    assert not fares(ovn).dark


def test_back_with_ovs_first_it_is_a_black_hole() -> None:
    ovn = running(THREE)
    befall(ovn, "power", "gw1")
    befall(ovn, "heal_ovs", "gw1", seconds=100)
    assert holder(ovn) is None
    assert fares(ovn).dark
    befall(ovn, "heal", "gw1")
    assert holder(ovn) == "gw1"
    assert not fares(ovn).dark


def test_a_lone_survivor_needs_a_witness() -> None:
    ovn = running(("gw1", "gw2"), computes=())
    befall(ovn, "power", "gw1", seconds=100)
    assert holder(ovn) == "gw1"
    assert active(ovn) == []
    ovn.write_list("p1", ("gw2",))
    settle(ovn, 1)
    assert holder(ovn) == "gw2"


def test_with_a_witness_it_takes_over() -> None:
    ovn = running(("gw1", "gw2"))
    befall(ovn, "power", "gw1")
    assert holder(ovn) == "gw2"


def test_witnesses_of_a_shared_group_are_those_of_all_its_ports() -> None:
    """northd/northd.c adds them up, group by group."""
    apart = cloud(("gw1", "gw2"), ("gw1", "gw2"), computes=())
    ports = {
        **apart.ports,
        "p2": replace(apart.ports["p2"], computes=("hv1",)),
    }
    shared = {"group": (("p1", "p2"), ("gw1", "gw2"))}
    for lists, witnesses in ((apart.lists, set()), (shared, {"hv1"})):
        ovn = Ovn.running(replace(apart, ports=ports, lists=lists))
        assert ovn.sb.references["p1"] == witnesses
        assert ovn.sb.references["p2"] == {"hv1"}


def test_who_lose_only_each_other_fight() -> None:
    ovn = running(THREE)
    before = dict(ovn.claims["p1"])
    befall(ovn, "cut", "gw1", "gw2")
    assert active(ovn) == ["gw1", "gw2"]
    assert fares(ovn).twice
    fresh = {n: c - before.get(n, 0) for n, c in ovn.claims["p1"].items()}
    assert fresh["gw1"] > 10
    assert fresh["gw2"] > 10
    befall(ovn, "mend", "gw1", "gw2")
    assert active(ovn) == ["gw1"]
    assert not fares(ovn).twice


def test_when_all_are_dead_sb_names_the_last_one_for_ever() -> None:
    ovn = running(THREE)
    for name in THREE:
        befall(ovn, "power", name)
    settle(ovn, 100)
    assert holder(ovn) == "gw3"
    befall(ovn, "heal", "gw2")
    assert holder(ovn) == "gw2"


def test_a_new_holder_without_a_next_hop_leaves_what_was_written() -> None:
    """Only transitions are written (ovn-org/ovn issue 322)."""
    ovn = running(THREE, next_hop=True)
    befall(ovn, "uplink", "gw2")
    befall(ovn, "power", "gw1", seconds=30)
    assert holder(ovn) == "gw2"
    assert fares(ovn).cut
    assert ovn.sb.sessions["p1"] == "up"


def test_a_dead_next_hop_is_dead_for_everybody() -> None:
    ovn = running(THREE, next_hop=True)
    befall(ovn, "hop", "public", False)
    assert ovn.sb.sessions["p1"] == "down"
    assert fares(ovn).cut
    befall(ovn, "hop", "public", True)
    assert ovn.sb.sessions["p1"] == "up"
    assert not fares(ovn).cut


def test_without_northd_nothing_is_carried_over() -> None:
    ovn = running(THREE)
    befall(ovn, "northd", False)
    bump(ovn)
    ovn.write_list("p1", ("gw2", "gw1", "gw3"))
    settle(ovn)
    assert (ovn.sb.cfg, holder(ovn)) == (0, "gw1")
    befall(ovn, "northd", True)
    assert (ovn.sb.cfg, holder(ovn)) == (1, "gw2")


def test_a_slow_controller_does_everything_late() -> None:
    ovn = running(THREE)
    ChassisHappenings(ovn).do("slow", "gw1", 8.0)
    bump(ovn)
    settle(ovn, 5)
    assert ovn.sb.answered["gw1"] == 0
    settle(ovn, 10)
    assert ovn.sb.answered["gw1"] == 1


def test_a_compute_without_sb_sends_where_the_port_was() -> None:
    ovn = running(THREE)
    befall(ovn, "management", "hv1")
    ovn.write_list("p1", ("gw2", "gw1", "gw3"))
    settle(ovn)
    assert holder(ovn) == "gw2"
    assert fares(ovn).lagging


def test_a_controller_that_was_only_cut_off_sees_sb_again_by_itself() -> None:
    ovn = running(THREE)
    befall(ovn, "management", "gw1")
    bump(ovn)
    settle(ovn)
    befall(ovn, "heal_ovs", "gw1")
    assert ovn.sb.answered["gw1"] == ovn.sb.cfg


# --- what a chassis says of itself ----------------------------------------


def test_a_chassis_without_the_gateway_flag_keeps_what_it_has() -> None:
    """The flag is for schedulers; OVN elects by lists."""
    ovn = running(THREE)
    ovn.configure(Host("gw1", is_gateway=False))
    settle(ovn)
    assert not ovn.sb.rows["gw1"].is_gateway
    assert (holder(ovn), active(ovn)) == ("gw1", ["gw1"])
    assert not fares(ovn).dark


def test_it_is_its_controller_that_tells_sb_of_a_configuration() -> None:
    """(controller/chassis.c, chassis_update.)"""
    ovn = running(THREE)
    befall(ovn, "hang", "gw1")
    ovn.configure(Host("gw1", is_gateway=False))
    settle(ovn, 100)
    assert ovn.sb.rows["gw1"].is_gateway
    befall(ovn, "heal", "gw1")
    assert not ovn.sb.rows["gw1"].is_gateway


# --- what membership does to those who do not know of it -------------------


def test_a_cold_pair_fights_until_bfd_is_up() -> None:
    """Measured: four claims each within a second or two."""
    ovn = running(("gw1", "gw2"), ("gw3", "gw2"))
    before = dict(ovn.claims["p1"])
    ovn.write_list("p1", ("gw1", "gw3"))
    settle(ovn)
    fresh = {n: c - before.get(n, 0) for n, c in ovn.claims["p1"].items()}
    assert fresh["gw3"] >= 1
    assert fresh["gw1"] >= 1
    assert holder(ovn) == "gw1"
    assert active(ovn) == ["gw1"]


def test_a_new_member_takes_over_from_who_is_deaf() -> None:
    """Measured: both have the router's flows; BFD never comes up."""
    ovn = running(("gw1", "gw2"), ("gw3", "gw2"))
    befall(ovn, "hang", "gw1")
    ovn.write_list("p1", ("gw1", "gw3"))
    settle(ovn)
    assert holder(ovn) == "gw3"
    assert active(ovn) == ["gw1", "gw3"]


def test_who_is_deaf_takes_the_end_of_bfd_for_a_death() -> None:
    """Measured: the first of its old list has left its last one."""
    ovn = running(("gw1", "gw2", "gw4"), ("gw3", "gw2"))
    befall(ovn, "management", "gw2")
    ovn.write_list("p1", ("gw4", "gw2"))
    settle(ovn)
    assert holder(ovn) == "gw4"
    assert active(ovn) == ["gw2", "gw4"]


def test_alone_in_its_list_who_is_deaf_stops_to_carry() -> None:
    """Measured: a list of one has no BFD, and without it nobody is active."""
    ovn = running(("gw1", "gw2"))
    befall(ovn, "management", "gw1")
    assert not fares(ovn).dark
    ovn.write_list("p1", ("gw1",))
    settle(ovn)
    assert holder(ovn) == "gw1"
    assert fares(ovn).dark


# --- the rules of the election ---------------------------------------------


def listed(*names: str) -> Order:
    top = len(names)
    return tuple(Candidate(n, top - i) for i, n in enumerate(names))


ALL = frozenset({*THREE, "hv1"})


@pytest.mark.parametrize(
    ("group", "linked", "references", "tunnels", "me", "wins"),
    [
        ((), ALL, {}, {}, "gw1", False),
        (("gw1",), ALL, {}, {}, "gw1", True),
        (("gw2",), ALL, {}, {"gw2"}, "gw1", False),
        (("gw1", "gw2"), {"gw2", "hv1"}, {}, {}, "gw2", True),
        (("gw1", "gw2"), ALL, {"hv1"}, {}, "gw1", False),
        (("gw1", "gw2"), ALL, {}, {"gw2"}, "gw1", True),
        (("gw1", "gw2"), ALL, {}, {"gw1"}, "gw2", False),
        (("gw1", "gw2"), ALL, {"hv1"}, {"hv1"}, "gw2", True),
        (("gw1", "gw2"), ALL, {}, {"hv1"}, "gw2", False),
        (("gw1", "gw2"), ALL, {"gw2"}, {"hv1"}, "gw2", False),
        (("gw1", "gw2"), ALL, {"hv1"}, {"hv1"}, "gw3", False),
    ],
)
def test_election(
    group: tuple[str, ...],
    linked: frozenset[str],
    references: frozenset[str],
    tunnels: frozenset[str],
    me: str,
    wins: bool,
) -> None:
    found = is_active(
        listed(*group),
        frozenset(linked),
        frozenset(references),
        frozenset(tunnels),
        me,
    )
    assert found is wins
