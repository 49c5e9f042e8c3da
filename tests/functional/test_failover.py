# SPDX-License-Identifier: Apache-2.0
"""Real OVN, real packets: what fails, and what the daemon makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import PingReport, Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.failures import (
    INTERVAL,
    NOISE,
    TWO,
    sandbox,
    start,
)

# Others import these from here.
from tests.functional.failures import order as order
from tests.functional.failures import settled as settled
from tests.functional.failures import traffic as traffic
from tests.functional.failures import warm as warm
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Four gateways and a compute node."""
    with sandbox() as found:
        yield found


def failing(box: Sandbox, router: str, chassis: str) -> PingReport:
    """Kill a chassis under traffic; report when there are replies again."""
    with traffic(box, router) as run:
        box.fault(chassis, "power")
        wait_for(lambda: box.holder(router) != chassis, "a new holder")
        run.wait_replies(100, timeout=30)
    return run.report


def test_ports_are_placed_evenly_and_carry_traffic(
    box: Sandbox, tmp_path: Path
) -> None:
    routers = [f"r{i}" for i in range(8)]
    for router in routers:
        box.add_router(router)
    with start(box, tmp_path):
        settled(box, *routers)
        primaries = Counter(order(box, router)[0] for router in routers)
        assert set(primaries.values()) == {2}
        wait_for(
            lambda: Counter(box.holders().values()) == primaries,
            "every primary to hold its ports at once",
        )
        with box.ping("r0", interval=INTERVAL) as run:
            run.wait_replies(50, timeout=30)


def test_a_power_loss_costs_what_it_costs_without_us_and_is_repaired(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("r1", candidates=("gw1", "gw2", "gw3"))
    # Another router's list keeps the tunnels of gw4 to the others warm; a
    # cold one claims what it is added to for an instant (docs/design.md).
    box.add_router("r2", candidates=("gw4", "gw3", "gw2"))
    settled(box, "r1", "r2", depth=3)
    warm(box)
    native = failing(box, "r1", "gw1")
    assert order(box, "r1")[0] == "gw1", "native OVN changes no list"
    box.heal("gw1")
    settled(box, "r1", depth=3)
    warm(box)

    # Chance, for it does not even out: the returned gw1, cold, would be made
    # a third for what two failures would leave, and claim for an instant.
    options = {"max_candidates": 3, "ovn_l3_scheduler": "chance"}
    with (
        start(box, tmp_path, {"scheduler": options}) as daemon,
        ClaimLog(box.sb) as claims,
        box.ping("r1", interval=INTERVAL) as run,
    ):
        daemon.wait_log("chassis gw1: .* -> live")
        before = claims.of("lrp-r1")
        run.wait_replies(20, timeout=30)
        box.fault("gw1", "power")
        wait_for(lambda: "gw1" not in order(box, "r1"), "gw1 to leave")
        settled(box, "r1", depth=3)
        run.wait_replies(100, timeout=30)
        holder = order(box, "r1")[0]
        assert claims.of("lrp-r1") == [*before, holder], "a second switch"
        came_back(box, "gw1", claims)
    assert run.report.longest_gap <= native.longest_gap + NOISE
    in_the_gap = run.report.longest_gap / INTERVAL
    assert run.report.lost <= in_the_gap + 2, "there was a second gap"


def came_back(box: Sandbox, chassis: str, claims: ClaimLog) -> None:
    """A crashed gateway that returns takes nothing, and costs nothing."""
    before = claims.of("lrp-r1")
    with traffic(box, "r1") as run:
        box.heal(chassis)
        held = f'Chassis_Private name="{chassis}"'
        wait_for(
            lambda: box.sbctl("--bare", "find", *held.split()),
            f"{chassis} to register",
        )
        run.wait_replies(200, timeout=30)
    assert run.report.lost == 0
    assert claims.of("lrp-r1") == before


@pytest.mark.parametrize("fault", ["power", "graceful"])
def test_with_all_candidates_lost_traffic_returns(
    box: Sandbox, tmp_path: Path, fault: str
) -> None:
    box.add_router("r1")
    with start(box, tmp_path, TWO) as daemon:
        settled(box, "r1", depth=2)
        first = order(box, "r1")
        daemon.kill()
        with traffic(box, "r1") as run:
            for chassis in first:
                box.fault(chassis, fault)
            # Natively nothing would ever come; once they are lost for good
            # it is for the daemon to find out, all by itself.
            wait_for(lambda: box.holder("r1") in (None, *first), "the loss")
            assert order(box, "r1") == first
            daemon.start()
            wait_for(
                lambda: not set(order(box, "r1")) & set(first),
                "two other candidates",
            )
            run.wait_replies(50, timeout=30)
        settled(box, "r1", depth=2)


def test_all_gateways_silent_at_once_changes_nothing(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("r1")
    with start(box, tmp_path) as daemon:
        settled(box, "r1")
        warm(box)
        before = box.candidates("r1")
        with traffic(box, "r1") as run:
            for chassis in box.gateways:
                box.fault(chassis, "hang")
            daemon.wait_log("guard mass_failure: ")
            run.wait_replies(50, timeout=30)
            for chassis in box.gateways:
                box.heal(chassis)
            daemon.wait_log("guard mass_failure is over")
        assert run.report.lost == 0
        assert box.candidates("r1") == before
        assert "-> dead" not in daemon.log


def test_a_hung_controller_keeps_its_ports_and_raises_an_alarm(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("r1")
    with start(box, tmp_path) as daemon:
        settled(box, "r1")
        warm(box)
        before = box.candidates("r1")
        holder = before[0][0]
        with traffic(box, "r1") as run:
            box.fault(holder, "hang")
            daemon.wait_log(f"ERROR .*chassis {holder} .*its data plane lives")
            run.wait_replies(50, timeout=30)
        assert run.report.lost == 0
        assert box.candidates("r1") == before
        suspect = {"chassis": holder, "state": "suspect"}
        assert daemon.metric("gwsched_chassis_state", **suspect) == 1


def test_a_dead_vswitchd_makes_the_elected_holder_primary(
    box: Sandbox, tmp_path: Path
) -> None:
    """No verdict is near, so it is the claim alone that tells."""
    box.add_router("r1")
    with start(box, tmp_path, {"health": {"dead_after": 60}}) as daemon:
        settled(box, "r1")
        first = order(box, "r1")[0]
        with traffic(box, "r1") as run:
            box.fault(first, "vswitchd")
            daemon.wait_log(rf"OVN has elected \w+ over {first}")
            run.wait_replies(50, timeout=30)
        settled(box, "r1")
        assert order(box, "r1")[-1] == first


def test_a_survivor_nobody_vouches_for_claims_after_the_verdict(
    box: Sandbox, tmp_path: Path
) -> None:
    """Gap B: no port bound anywhere, so ref_chassis is empty."""
    box.add_router("r1", vms=(), candidates=("gw1", "gw2"))
    settled(box, "r1", depth=2)
    box.fault("gw1", "power")
    with start(box, tmp_path, TWO):
        wait_for(
            lambda: box.holder("r1") not in (None, "gw1"), "another holder"
        )
        wait_for(lambda: "gw1" not in order(box, "r1"), "gw1 to leave")


def test_the_daemon_killed_under_traffic_costs_nothing(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("r1")
    with start(box, tmp_path) as daemon:
        settled(box, "r1")
        warm(box)
        before = box.candidates("r1")
        with traffic(box, "r1") as run:
            daemon.kill()
            daemon.start()
            daemon.wait_log("guard startup is over")
            run.wait_replies(50, timeout=30)
        assert run.report.lost == 0
        assert box.candidates("r1") == before
