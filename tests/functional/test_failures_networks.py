# SPDX-License-Identifier: Apache-2.0
"""Networks that fail between gateways, with real packets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import Ping, PingReport, Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.failures import (
    BUSY,
    NOISE,
    TWO,
    Options,
    flowing,
    hands,
    held,
    live,
    nothing_answers,
    order,
    sandbox,
    seeing,
    settled,
    start,
    traffic,
    warm,
)
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

BOTH = ("gw1", "gw2")
THREE = ("gw1", "gw2", "gw3")
# In what time traffic returns where OVN alone never brings it back (s).
RESCUE = {"blind": 7.0, "seeing": 6.0}


@pytest.fixture
def gateways() -> int:
    return 4


@pytest.fixture
def box(gateways: int) -> Iterator[Sandbox]:
    """Some gateways and a compute node."""
    with sandbox(gateways) as found:
        yield found


@pytest.mark.parametrize("way", RESCUE)
def test_all_candidates_without_tunnels(
    box: Sandbox, tmp_path: Path, way: str
) -> None:
    """They give up what they hold, though they go on answering."""
    box.add_router("r1", candidates=BOTH)
    box.add_router("other", candidates=("gw4", "gw3"))
    settled(box, "r1", "other", depth=2)
    warm(box)
    for chassis in BOTH:
        box.fault(chassis, "tunnel")
    nothing_answers(box, "r1")
    assert order(box, "r1") == [*BOTH]
    for chassis in BOTH:
        box.heal(chassis)
    settled(box, "r1", "other", depth=2)
    warm(box)

    options: Options = TWO
    if way == "seeing":
        options = {**TWO, "ovn": seeing(box)}
    with start(box, tmp_path, options) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        with traffic(box, "r1") as run:
            for chassis in BOTH:
                box.fault(chassis, "tunnel")
            held(box, "r1", "gw3", "gw4")
            flowing(run)
        with traffic(box, "r1") as later:
            for chassis in BOTH:
                box.heal(chassis)
            flowing(later, packets=100)
        if way == "blind":
            assert "-> dead" not in daemon.log, "each of them answers"
        assert order(box, "r1")[0] in ("gw3", "gw4")
        assert hands(claims, "r1")[0] == "gw1"
        assert hands(claims, "r1")[-1] in ("gw3", "gw4")
        assert hands(claims, "other") == ["gw4"]
    assert later.report.lost <= BUSY
    assert run.report.longest_gap <= RESCUE[way] + NOISE


def fight(box: Sandbox, claims: ClaimLog) -> PingReport:
    """Let OVN alone fight for a while: each of the two claims again."""
    before = len(claims.of("lrp-r1"))
    with traffic(box, "r1") as run:
        box.part("gw1", "gw2")
        fought = ["gw2", "gw1"] * 3
        wait_for(lambda: claims.of("lrp-r1")[before:][:6] == fought, "a fight")
        box.rejoin("gw1", "gw2")
        quiet(claims, run)
    return run.report


def quiet(claims: ClaimLog, run: Ping) -> None:
    """Wait until nobody claims though there was time for three claims."""

    def still() -> bool:
        before = len(claims.of("lrp-r1"))
        flowing(run, packets=75)
        return len(claims.of("lrp-r1")) == before

    wait_for(still, "the end of the fight")


@pytest.mark.parametrize("gateways", [3])
def test_two_gateways_that_lose_only_each_other(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("r1", candidates=THREE)
    box.add_router("other", candidates=("gw3", "gw2", "gw1"))
    settled(box, "r1", "other", depth=3)
    warm(box)
    with ClaimLog(box.sb) as claims:
        native = fight(box, claims)
    settled(box, "r1", "other", depth=3)
    warm(box)

    with start(box, tmp_path) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        with traffic(box, "r1") as run:
            box.part("gw1", "gw2")
            daemon.wait_log("ERROR .*gw1 and gw2 have lost only each other")
            wait_for(lambda: order(box, "r1") == ["gw1", "gw3"], "gw2 to go")
            quiet(claims, run)
            assert box.holder("r1") == "gw1"
            box.rejoin("gw1", "gw2")
            flowing(run)
        with traffic(box, "r1") as later:
            daemon.wait_log("chassis gw1 and gw2 may share lists again")
            settled(box, "r1", "other", depth=3)
            flowing(later, packets=100)
        assert order(box, "r1")[0] == "gw1"
        assert hands(claims, "other") == ["gw3"]
    assert run.report.longest_gap <= native.longest_gap + NOISE
    assert later.report.lost <= BUSY


def cut_management(box: Sandbox) -> None:
    """Natively it costs nothing while nothing has to change."""
    with traffic(box, "r1") as run:
        box.fault("gw1", "management")
        flowing(run, packets=100)
        box.heal("gw1")
        flowing(run)
    assert run.report.lost == 0


def test_the_management_network_of_the_active(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("r1", candidates=THREE)
    box.add_router("other", candidates=("gw4", "gw3", "gw2"))
    settled(box, "r1", "other", depth=3)
    warm(box)
    cut_management(box)
    before = box.candidates("r1"), box.candidates("other")
    keep = {"scheduler": {"max_candidates": 3}}
    with start(box, tmp_path, keep) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        with traffic(box, "r1") as run:
            box.fault("gw1", "management")
            daemon.wait_log("ERROR .*chassis gw1 .*its data plane lives")
            flowing(run, packets=100)
            box.heal("gw1")
            daemon.wait_log("chassis gw1: suspect -> live")
            flowing(run)
        assert claims.of("lrp-r1") == ["gw1"]
        assert claims.of("lrp-other") == ["gw4"]
        assert (box.candidates("r1"), box.candidates("other")) == before
    assert run.report.lost == 0


def test_a_hung_controller_whose_ports_are_to_be_moved(
    box: Sandbox, tmp_path: Path
) -> None:
    """Two gateways then answer for the port; the new one has claimed it."""
    box.add_router("r1", candidates=THREE)
    box.add_router("other", candidates=("gw4", "gw3", "gw2"))
    settled(box, "r1", "other", depth=3)
    warm(box)
    with traffic(box, "r1") as native:
        box.fault("gw1", "hang")
        flowing(native, packets=100)
    assert native.report.lost == 0
    assert box.holder("r1") == "gw1"
    box.heal("gw1")

    options: Options = {
        "scheduler": {"max_candidates": 3},
        "failover": {"hold_down": 1, "controller_dead": "move"},
    }
    with start(box, tmp_path, options) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        with traffic(box, "r1") as run:
            box.fault("gw1", "hang")
            daemon.wait_log("gw1: .* -> dead: .*moved, as configured")
            held(box, "r1", "gw2")
            flowing(run, packets=100)
        assert order(box, "r1")[0] == "gw2"
        assert hands(claims, "r1") == ["gw1", "gw2"]
        assert hands(claims, "other") == ["gw4"]
    assert run.report.longest_gap <= NOISE
