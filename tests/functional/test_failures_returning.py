# SPDX-License-Identifier: Apache-2.0
"""Gateways that return, again and again, or not at all; real packets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.daemon import Daemon
from tests.functional.failures import (
    BUSY,
    Options,
    flowing,
    hands,
    held,
    live,
    order,
    orders,
    returned,
    sandbox,
    seeing,
    settled,
    start,
    streams,
    traffic,
    warm,
)
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets


@pytest.fixture
def zones() -> int:
    return 1


@pytest.fixture
def box(zones: int) -> Iterator[Sandbox]:
    """Four gateways, in some zones, and a compute node."""
    with sandbox(zones=zones) as found:
        yield found


def test_what_a_failure_took_goes_back_if_that_is_wanted(
    box: Sandbox, tmp_path: Path
) -> None:
    """Natively it does at once, whether gw1 is ready or not.

    That it stays where it is by default, test_failures_power.py has.
    """
    # Neutron's list keeps even the dead, so gw1 is seen as soon as it is up.
    box.add_router("r1", candidates=box.gateways, marker="neutron")
    box.add_router("other", candidates=("gw4", "gw3", "gw2", "gw1"))
    settled(box, "r1", "other")
    warm(box)
    options: Options = {
        "ovn": seeing(box),
        "failover": {"failback": "delayed", "failback_delay": 1},
        "rebalance": {"mode": "off"},
    }
    with start(box, tmp_path, options) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        box.fault("gw1", "power")
        wait_for(lambda: order(box, "r1")[-1] == "gw1", "gw1 to be last")
        held(box, "r1", "gw2")
        with streams(box, "r1", "other") as runs:
            box.heal("gw1")
            returned(daemon, "gw1")
            back = daemon.wait_log(
                r"lrp-r1: .* -> \[gw1, .*gw1 had it before it fail"
            )
            assert back.start() > back.string.index("gw1: returning -> live")
            settled(box, "r1")
            flowing(*runs.values())
        assert box.holder("r1") == "gw1"
        assert hands(claims, "other") == ["gw4"]
    lost = {router: run.report.lost for router, run in runs.items()}
    assert max(lost.values()) <= BUSY, lost


def test_who_dies_again_and_again_gets_nothing(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("r1", candidates=("gw1", "gw2", "gw3", "gw4"))
    settled(box, "r1")
    warm(box)
    with start(box, tmp_path) as daemon:
        live(daemon, *box.gateways)
        with traffic(box, "r1") as run:
            for times in (1, 2, 3):
                box.fault("gw4", "power")
                becomes(daemon, "gw4", "dead", times)
                box.heal("gw4")
                becomes(daemon, "gw4", "returning", times)
            daemon.wait_log("ERROR .*guard flap: waiting: gw4 has died")
            assert daemon.metric("gwsched_guard_active", guard="flap") == 1
            box.add_router("new", vms=())
            settled(box, "new", depth=3)
            flowing(run)
        assert order(box, "r1") == ["gw1", "gw2", "gw3", "gw4"]
        assert "gw4" not in order(box, "new")
        state = {"chassis": "gw4", "state": "returning"}
        assert daemon.metric("gwsched_chassis_state", **state) == 1
        # A cold gateway may claim for an instant: the holder, not claims.
        assert box.holder("r1") == "gw1"
    assert run.report.lost <= BUSY


def becomes(daemon: Daemon, chassis: str, state: str, times: int) -> None:
    """Wait until a chassis has come into a state so often."""
    change = f"chassis {chassis}: .* -> {state}: "
    wait_for(
        lambda: len(re.findall(change, daemon.log)) == times,
        f"{chassis} to be {state} {times} times",
    )


@pytest.mark.parametrize("zones", [2])
def test_a_zone_whose_gateways_all_fall_silent(
    box: Sandbox, tmp_path: Path
) -> None:
    """It is doubted, and the other zone is served all the same."""
    lists = {
        "one": ("gw1", "gw2", "gw3", "gw4"),
        "three": ("gw3", "gw4", "gw1", "gw2"),
        "two": ("gw2", "gw1", "gw4", "gw3"),
    }
    for router, candidates in lists.items():
        box.add_router(router, candidates=candidates)
    settled(box, *lists)
    warm(box)
    options: Options = {"rebalance": {"mode": "off"}}
    with start(box, tmp_path, options) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        with streams(box, *lists) as runs:
            for chassis in ("gw1", "gw3"):
                box.fault(chassis, "hang")
            daemon.wait_log("guard mass_failure: waiting: 2 of 2 .* zone az1")
            guard = {"guard": "mass_failure"}
            assert daemon.metric("gwsched_guard_active", **guard) == 1
            box.add_router("new", vms=())
            held(box, "new", "gw2", "gw4")
            flowing(*runs.values())
            assert set(order(box, "new")) == {"gw2", "gw4"}
            for chassis in ("gw1", "gw3"):
                box.heal(chassis)
            daemon.wait_log("guard mass_failure is over")
            flowing(*runs.values())
        before = {router: [*found] for router, found in lists.items()}
        assert orders(box, *lists) == before
        assert [hands(claims, r) for r in lists] == [
            [found[0]] for found in lists.values()
        ]
        assert "-> dead" not in daemon.log
    lost = {router: run.report.lost for router, run in runs.items()}
    assert max(lost.values()) <= BUSY, lost
