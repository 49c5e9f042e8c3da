# SPDX-License-Identifier: Apache-2.0
"""Databases and northd that fail while gateways do, with real packets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import PingReport, Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.failures import (
    BUSY,
    NOISE,
    Options,
    falls_silent,
    flowing,
    hands,
    live,
    order,
    orders,
    sandbox,
    settled,
    start,
    streams,
    traffic,
    warm,
)
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

ROUTERS = ("r1", "r2", "r3")
# Moves are not to wait for each other longer than for their claims.
QUICK: Options = {"rebalance": {"mode": "off", "moves_per_minute": 6000}}
# Longer than it takes to stop a server in the middle of a drain.
SLOW: Options = {"rebalance": {"mode": "off", "moves_per_minute": 30}}
DRAIN = "external_ids:gwsched-drain-gw1=true"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Four gateways and a compute node."""
    with sandbox() as found:
        yield found


@pytest.fixture
def three(box: Sandbox) -> Sandbox:
    """The same with three routers on gw1, and one elsewhere."""
    for router in ROUTERS:
        box.add_router(router, candidates=box.gateways)
    box.add_router("other", candidates=("gw4", "gw3", "gw2"))
    settled(box, *ROUTERS)
    warm(box)
    return box


def die_unseen(box: Sandbox) -> PingReport:
    """Let the active die while SB hangs; OVN fails over without it."""
    with traffic(box, "r1") as run:
        box.pause("sb")
        box.fault("gw1", "power")
        falls_silent(run)
        flowing(run, packets=100)
        assert order(box, "r1") == ["gw1", "gw2", "gw3"], "on what grounds?"
        box.resume("sb")
        flowing(run)
    return run.report


def test_the_active_dies_while_sb_hangs(box: Sandbox, tmp_path: Path) -> None:
    box.add_router("r1", candidates=("gw1", "gw2", "gw3"))
    box.add_router("other", candidates=("gw4", "gw3", "gw2"))
    settled(box, "r1", "other", depth=3)
    warm(box)
    native = die_unseen(box)
    assert order(box, "r1") == ["gw1", "gw2", "gw3"]
    box.heal("gw1")
    settled(box, "r1", "other", depth=3)
    warm(box)

    keep = {"scheduler": {"max_candidates": 3}}
    with start(box, tmp_path, keep) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        found = die_unseen(box)
        with traffic(box, "r1") as later:
            wait_for(lambda: "gw1" not in order(box, "r1"), "gw1 to leave")
            settled(box, "r1", "other", depth=3)
            flowing(later)
        assert order(box, "r1")[0] == "gw2"
        assert hands(claims, "r1") == ["gw1", "gw2"]
        assert hands(claims, "other") == ["gw4"]
    assert found.longest_gap <= native.longest_gap + NOISE
    assert later.report.lost == 0


def drained(box: Sandbox) -> bool:
    lists = orders(box, *ROUTERS)
    held = box.holders()
    return not any("gw1" in found for found in lists.values()) and all(
        held[f"lrp-{router}"] == found[0] for router, found in lists.items()
    )


def test_a_drain_while_northd_hangs(three: Sandbox, tmp_path: Path) -> None:
    """What is not in force is not followed by more of the same.

    Nor is anything moved once no answers come, as nobody knows who is there;
    after ``dead_after`` it is known that northd is the one to blame.
    """
    box = three
    options = {**QUICK, "health": {"dead_after": 10}}
    with (
        start(box, tmp_path, options) as daemon,
        ClaimLog(box.sb) as claims,
        streams(box, *ROUTERS, "other") as runs,
    ):
        live(daemon, *box.gateways)
        box.pause("ovn-northd")
        box.nbctl("set", "NB_Global", ".", DRAIN)
        daemon.wait_log("guard isolation: no change is made: nb_cfg has not")
        assert daemon.metric("gwsched_guard_active", guard="isolation") == 1
        primaries = [order(box, router)[0] for router in ROUTERS]
        assert primaries.count("gw1") >= len(ROUTERS) - 1
        assert all(hands(claims, r) == ["gw1"] for r in ROUTERS)
        box.resume("ovn-northd")
        wait_for(lambda: drained(box), "gw1 to be empty")
        daemon.wait_log("guard isolation is over")
        flowing(*runs.values())
        assert all(len(hands(claims, r)) == 2 for r in ROUTERS)
        assert hands(claims, "other") == ["gw4"]
        assert "guard unverified" not in daemon.log
    lost = {router: run.report.lost for router, run in runs.items()}
    assert max(lost.values()) <= BUSY, lost


def test_a_drain_that_nb_does_not_survive(
    three: Sandbox, tmp_path: Path
) -> None:
    box = three
    with (
        start(box, tmp_path, SLOW) as daemon,
        ClaimLog(box.sb) as claims,
        streams(box, *ROUTERS, "other") as runs,
    ):
        live(daemon, *box.gateways)
        box.nbctl("set", "NB_Global", ".", DRAIN)
        wait_for(
            lambda: any(len(hands(claims, r)) > 1 for r in ROUTERS),
            "the first move",
        )
        box.stop("nb")
        flowing(*runs.values(), packets=100)
        assert any(hands(claims, r) == ["gw1"] for r in ROUTERS), "too late"
        box.start("nb")
        wait_for(lambda: drained(box), "gw1 to be empty")
        flowing(*runs.values())
        assert all(len(hands(claims, r)) == 2 for r in ROUTERS)
        assert hands(claims, "other") == ["gw4"]
    lost = {router: run.report.lost for router, run in runs.items()}
    assert max(lost.values()) <= BUSY, lost
