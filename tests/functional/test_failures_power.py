# SPDX-License-Identifier: Apache-2.0
"""Gateways that lose power, stop and return, with real packets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import Ping, PingReport, Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.failures import (
    INTERVAL,
    NOISE,
    TWO,
    WATCHED,
    Options,
    falls_silent,
    flowing,
    hands,
    held,
    live,
    nothing_answers,
    order,
    returned,
    sandbox,
    seeing,
    sessions,
    settled,
    silent,
    start,
    traffic,
    warm,
)
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

BOTH = ("gw1", "gw2")
THREE = ("gw1", "gw2", "gw3")
# In what time traffic returns where OVN alone never brings it back (s),
# with dead_after = 2, or with a vantage point.
RESCUE = {"blind": 2 + 5.0, "seeing": 6.0}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Four gateways and a compute node."""
    with sandbox() as found:
        yield found


@pytest.mark.parametrize("way", RESCUE)
def test_all_candidates_without_power(
    box: Sandbox, tmp_path: Path, way: str
) -> None:
    """Even though SB goes on saying that their next hop is ``up``.

    With a vantage point silence has no part in it: the heartbeat is given
    a minute, but one that is missed confirms what the tunnels say.
    """
    box.add_router("r1", candidates=BOTH, bfd=True)
    box.add_router("other", candidates=("gw4", "gw3"))
    settled(box, "r1", "other", depth=2)
    warm(box)
    wait_for(lambda: box.next_hop("r1") == "up", "next-hop BFD")
    for chassis in BOTH:
        box.fault(chassis, "power")
    nothing_answers(box, "r1")
    assert box.next_hop("r1") == "up", "then this is no trap at all"
    assert order(box, "r1") == [*BOTH]
    for chassis in BOTH:
        box.heal(chassis)
    warm(box)

    options: Options = TWO
    if way == "seeing":
        slow = {"dead_after": 60}
        options = {**TWO, "ovn": seeing(box), "health": slow}
    with start(box, tmp_path, options) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        with traffic(box, "r1") as run:
            for chassis in BOTH:
                box.fault(chassis, "power")
            held(box, "r1", "gw3", "gw4")
            flowing(run)
        for chassis in BOTH:
            daemon.wait_log(f"chassis {chassis}: .* -> dead")
        assert set(order(box, "r1")) == {"gw3", "gw4"}
        assert len(hands(claims, "r1")) == 2
        assert hands(claims, "other") == ["gw4"]
    assert run.report.longest_gap <= RESCUE[way] + NOISE


def outside(box: Sandbox) -> Ping:
    """Ping a router without VMs from outside."""
    network = box.nbctl(
        *("--bare", "--columns=networks"),
        *("find", "Logical_Router_Port", "name=lrp-r1"),
    )
    target = network.strip().partition("/")[0]
    return Ping(box.central.namespace, target, INTERVAL)


def test_a_survivor_nobody_vouches_for(box: Sandbox, tmp_path: Path) -> None:
    """Gap B: with no VM there is no ref_chassis, and it never claims."""
    box.add_router("r1", vms=(), candidates=BOTH)
    box.add_router("other", vms=(), candidates=("gw4", "gw3"))
    settled(box, "r1", "other", depth=2)
    warm(box, *box.gateways)
    box.fault("gw1", "power")
    with outside(box) as native:
        silent(native)
    assert box.holder("r1") == "gw1"
    box.heal("gw1")
    warm(box, *box.gateways)

    with start(box, tmp_path, TWO) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        with outside(box) as run:
            flowing(run, packets=20)
            box.fault("gw1", "power")
            wait_for(lambda: "gw1" not in order(box, "r1"), "gw1 to leave")
            flowing(run)
        assert hands(claims, "r1") == ["gw1", "gw2"]
        assert hands(claims, "other") == ["gw4"]
        gone = {"reason": "failover", "result": "claimed"}
        wait_for(
            lambda: daemon.metric("gwsched_moves_total", **gone) == 1,
            "the claim to be counted",
        )
    assert run.report.longest_gap <= RESCUE["blind"] + NOISE


def test_a_gateway_that_boots_ovs_first(box: Sandbox, tmp_path: Path) -> None:
    """Gap A: BFD of the tunnels in its database is up before it has a flow.

    OVN then sends everything there until ovn-controller has started too.
    Neutron's list keeps even the dead, so its tunnels do come up.  Nothing
    goes back to it when it is live at last: failback is ``never``.
    """
    box.add_router("r1", candidates=box.gateways, marker="neutron")
    box.add_router("other", candidates=("gw4", "gw3", "gw2", "gw1"))
    settled(box, "r1", "other")
    warm(box)
    box.fault("gw1", "power")
    held(box, "r1", "gw2")
    box.heal("gw1", ovs_only=True)
    with box.ping("r1", interval=INTERVAL) as native:
        falls_silent(native, WATCHED)
    box.heal("gw1")
    settled(box, "r1", "other")
    warm(box)

    options: Options = {
        "scheduler": {"ovn_l3_scheduler": "chance"},
        "ovn": seeing(box),
        "failover": {"failback": "never", "failback_delay": 0},
        "rebalance": {"mode": "off"},
    }
    with start(box, tmp_path, options) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        box.fault("gw1", "power")
        demoted = ["gw2", "gw3", "gw4", "gw1"]
        wait_for(lambda: order(box, "r1") == demoted, "gw1 to be last")
        with traffic(box, "r1") as run:
            box.heal("gw1", ovs_only=True)
            wait_for(lambda: any(sessions(box, "gw1")), "its tunnels")
            flowing(run, packets=150)
            box.heal("gw1")
            returned(daemon, "gw1")
            flowing(run, packets=150)
        # A cold gateway may claim for an instant: the holder, not claims.
        assert box.holder("r1") == "gw2"
        assert order(box, "r1") == demoted
        assert hands(claims, "other") == ["gw4"]
    assert run.report.lost == 0


def stop(box: Sandbox) -> PingReport:
    """Stop gw1 in good order under traffic, until another serves."""
    with traffic(box, "r1") as run:
        box.fault("gw1", "graceful")
        held(box, "r1", "gw2")
        flowing(run)
    return run.report


def test_a_gateway_stopped_in_good_order_and_started(
    box: Sandbox, tmp_path: Path
) -> None:
    """OVN alone cuts traffic a second time when it is back."""
    box.add_router("r1", candidates=THREE)
    box.add_router("other", candidates=("gw4", "gw3", "gw2"))
    settled(box, "r1", "other", depth=3)
    warm(box)
    native = stop(box)
    box.heal("gw1")
    settled(box, "r1", "other", depth=3)
    warm(box)

    keep = {"scheduler": {"ovn_l3_scheduler": "chance", "max_candidates": 3}}
    with start(box, tmp_path, keep) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        found = stop(box)
        daemon.wait_log("chassis gw1: live -> dead: its SB Chassis row is")
        wait_for(lambda: "gw1" not in order(box, "r1"), "gw1 to leave")
        with traffic(box, "r1") as run:
            box.heal("gw1")
            returned(daemon, "gw1")
            flowing(run, packets=100)
        assert order(box, "r1")[0] == "gw2"
        assert hands(claims, "r1") == ["gw1", "gw2"]
        assert hands(claims, "other") == ["gw4"]
    assert run.report.lost == 0
    assert found.longest_gap <= native.longest_gap + NOISE
