# SPDX-License-Identifier: Apache-2.0
"""Primaries that are moved though nothing is broken, on real databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

FAST = {"rebalance": {"moves_per_minute": 6000}}


@pytest.fixture
def quick_bfd(ovn: Ovn) -> None:
    """A chassis is warm in its lists after 0.2 s."""
    options = ("bfd-min-rx=100", "bfd-min-tx=100", "bfd-mult=1")
    ovn.nbctl("set", "NB_Global", ".", *(f"options:{o}" for o in options))


def lopsided(ovn: Ovn, number: int) -> list[str]:
    """Ports that all have the same chassis first."""
    return [
        ovn.add_router(f"r{i}", "gw1", "gw2", "gw3", "gw4")
        for i in range(number)
    ]


def primaries(ovn: Ovn, ports: Sequence[str]) -> Counter[str]:
    found = [ovn.order(port)[:1] for port in ports]
    return Counter(first for order in found for first in order)


def moved(daemon: Daemon, reason: str) -> float:
    labels = {"reason": reason, "result": "claimed"}
    return daemon.metric("gwsched_moves_total", **labels) or 0


def even(
    ovn: Ovn, ports: Sequence[str], share: int, gateways: int = 4
) -> None:
    wanted = Counter({f"gw{i + 1}": share for i in range(gateways)})
    wait_for(
        lambda: primaries(ovn, ports) == wanted, f"{share} primaries each"
    )


@pytest.mark.usefixtures("quick_bfd")
def test_a_lopsided_fleet_is_evened_out_by_the_fewest_moves(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = lopsided(ovn, 12)
    daemon = start(FAST)
    even(ovn, ports, 3)
    daemon.wait_log("evening out the load of the gateways is over")
    assert moved(daemon, "rebalance") == 9
    assert daemon.metric("gwsched_imbalance_ratio", scope="n") == 1
    scope = "n_minus_1_worst"
    wait_for(
        lambda: daemon.metric("gwsched_imbalance_ratio", scope=scope) == 1,
        "the backups to be even as well",
    )


@pytest.mark.usefixtures("quick_bfd")
def test_an_added_gateway_gets_its_share_and_no_more_is_moved(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(20)]
    daemon = start(FAST)
    even(ovn, ports, 5)
    assert moved(daemon, "rebalance") == 0
    ovn.add_chassis("gw5")
    even(ovn, ports, 4, gateways=5)
    daemon.wait_log("evening out the load of the gateways is over")
    assert moved(daemon, "rebalance") == 4


@pytest.mark.usefixtures("quick_bfd")
def test_moves_wait_for_their_turn(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    lopsided(ovn, 12)
    daemon = start({"rebalance": {"moves_per_minute": 1}})
    wait_for(lambda: moved(daemon, "rebalance") == 1, "the first move")
    budget = {"guard": "budget"}
    wait_for(
        lambda: daemon.metric("gwsched_guard_active", **budget) == 1,
        "the budget to be spent",
    )
    assert daemon.metric("gwsched_moves_deferred_total", **budget)
    cycles = "gwsched_cycle_duration_seconds_count"
    seen = daemon.metric(cycles) or 0
    wait_for(lambda: (daemon.metric(cycles) or 0) > seen + 5, "more cycles")
    assert moved(daemon, "rebalance") == 1


@pytest.mark.usefixtures("quick_bfd")
def test_by_hand_nothing_is_moved_until_asked_and_the_wish_is_cleared(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = lopsided(ovn, 8)
    daemon = start({"rebalance": {"mode": "manual", "moves_per_minute": 6000}})
    daemon.wait_log("guard startup is over")
    cycles = "gwsched_cycle_duration_seconds_count"
    seen = daemon.metric(cycles) or 0
    wait_for(lambda: (daemon.metric(cycles) or 0) > seen + 5, "some cycles")
    assert primaries(ovn, ports) == {"gw1": 8}
    ovn.nbctl("set", "NB_Global", ".", "external_ids:gwsched-rebalance=true")
    even(ovn, ports, 2)
    wait_for(
        lambda: (
            "gwsched-rebalance"
            not in ovn.nbctl("get", "NB_Global", ".", "external_ids")
        ),
        "the intent to be cleared",
    )


@pytest.mark.usefixtures("quick_bfd")
def test_a_move_that_is_not_claimed_stops_all_others(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = lopsided(ovn, 8)
    gateways.refuse(["gw2", "gw3", "gw4"])
    daemon = start(FAST)
    daemon.wait_log("ERROR .*guard unverified: .*no more such moves for")
    guard = {"guard": "unverified"}
    assert daemon.metric("gwsched_guard_active", **guard) == 1
    # What OVN did not follow is taken back: the list says who holds it.
    wait_for(lambda: primaries(ovn, ports) == {"gw1": 8}, "the old primary")
    moves = [
        line for line in daemon.log.split("\n") if "(rebalance: gw1" in line
    ]
    assert len(moves) == 1
    assert {ovn.holder(port) for port in ports} == {"gw1"}


@pytest.mark.usefixtures("quick_bfd")
def test_a_drained_chassis_is_emptied_and_nothing_goes_back_by_itself(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(8)]
    daemon = start(FAST)
    even(ovn, ports, 2)
    ovn.nbctl("set", "NB_Global", ".", "external_ids:gwsched-drain-gw2=true")
    wait_for(
        lambda: all("gw2" not in ovn.order(port) for port in ports),
        "gw2 to be in no list",
    )
    wait_for(lambda: moved(daemon, "drain") == 2, "two moves to be counted")
    assert "gw2" not in {ovn.holder(port) for port in ports}


@pytest.mark.usefixtures("quick_bfd")
def test_a_pinned_port_goes_to_its_chassis_and_stays(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(4)]
    daemon = start(FAST)
    even(ovn, ports, 1)
    port = ports[0]
    other = ovn.order(port)[-1]
    pin = f"external_ids:gwsched-pin-{port}={other}"
    ovn.nbctl("set", "NB_Global", ".", pin)
    wait_for(
        lambda: ovn.holder(port) == other, "the pinned chassis to hold it"
    )
    wait_for(lambda: moved(daemon, "pin") == 1, "the move to be counted")
    ovn.nbctl("set", "NB_Global", ".", f"external_ids:gwsched-pin-{port}=gw9")
    daemon.wait_log(f"{port}: asked in vain: pinned to gw9, but: there is no")
    assert ovn.order(port)[0] == other


@pytest.mark.usefixtures("quick_bfd")
def test_two_gateway_ports_of_a_router_are_taken_apart(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1", "gw1", "gw2", "gw3", "gw4")
    ovn.nbctl(
        *("lrp-add", "r1", "lrp-second", "02:00:00:00:01:01", "172.17.0.1/16"),
        *("--", "lsp-add", "ls-public", "second-peer"),
        *("--", "lsp-set-type", "second-peer", "router"),
        *("--", "lsp-set-options", "second-peer", "router-port=lrp-second"),
    )
    ovn.set_candidates(
        "lrp-second", ("gw1", "gw2", "gw3", "gw4"), "gateway_chassis"
    )
    start(FAST)
    wait_for(
        lambda: ovn.order(port)[0] != ovn.order("lrp-second")[0],
        "two primaries",
    )
