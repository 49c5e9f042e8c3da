# SPDX-License-Identifier: Apache-2.0
"""Real OVN, real packets: what moving and re-ranking cost."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gwsched.sandbox import Ping, Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.daemon import Daemon
from tests.functional.ovn import wait_for
from tests.functional.test_failover import order, settled, warm

pytestmark = pytest.mark.packets

NUMBERS = itertools.count()
# 50 packets a second; a moved port may lose one of them.
INTERVAL = 0.02
# What any port may lose besides when lists of many are written at once: the
# switches of six chassis on two cores then stand still for up to 40 ms.
BATCH = 2
GATEWAYS = ("gw1", "gw2", "gw3", "gw4")


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Four gateways and a compute node."""
    sandbox = Sandbox.up(
        name=f"m{os.getpid()}-{next(NUMBERS)}", gateways=4, computes=1
    )
    try:
        yield sandbox
    finally:
        sandbox.down()


@contextmanager
def traffic(box: Sandbox, routers: Sequence[str]) -> Iterator[dict[str, Ping]]:
    """Ping through many routers at once, with replies flowing."""
    with ExitStack() as stack:
        runs = {
            router: stack.enter_context(box.ping(router, interval=INTERVAL))
            for router in routers
        }
        for run in runs.values():
            run.wait_replies(20, timeout=30)
        yield runs
        for run in runs.values():
            run.wait_replies(50, timeout=30)


def shares(box: Sandbox) -> list[int]:
    return sorted(Counter(box.holders().values()).values())


def held(box: Sandbox, router: str, chassis: str) -> None:
    wait_for(lambda: box.holder(router) == chassis, f"{chassis} to hold it")


def test_evening_out_costs_a_moved_port_a_packet(
    box: Sandbox, tmp_path: Path
) -> None:
    routers = [f"r{i}" for i in range(8)]
    for router in routers:
        box.add_router(router, candidates=GATEWAYS)
    settled(box, *routers)
    warm(box)
    assert shares(box) == [8]
    options = {"rebalance": {"moves_per_minute": 60}}
    with traffic(box, routers) as runs, ClaimLog(box.sb) as claims:
        with Daemon(tmp_path, box.nb, box.sb, options) as daemon:
            daemon.wait_log("evening out the load of the gateways is over")
            wait_for(lambda: shares(box) == [2] * 4, "two ports each")
        moved = [r for r in routers if order(box, r)[0] != "gw1"]
        assert len(moved) == 6
        for router in moved:
            assert claims.of(f"lrp-{router}")[-1] == order(box, router)[0]
    lost = {router: run.report.lost for router, run in runs.items()}
    for router, packets in lost.items():
        assert packets <= (router in moved) + BATCH, lost


def test_ranking_backups_anew_moves_nothing(
    box: Sandbox, tmp_path: Path
) -> None:
    routers = [f"r{i}" for i in range(12)]
    for i, router in enumerate(routers):
        first = GATEWAYS[i % 4]
        rest = [c for c in GATEWAYS if c != first]
        # All have gw4, or gw3, as the second: after one failure it is full.
        box.add_router(router, candidates=(first, *reversed(rest)))
    settled(box, *routers)
    warm(box)
    before = {router: order(box, router) for router in routers}
    scope = "n_minus_1_worst"
    with (
        traffic(box, routers[:3]) as runs,
        Daemon(tmp_path, box.nb, box.sb) as daemon,
    ):
        daemon.wait_log(r"were \w+ to fail, \w+ would carry")
        wait_for(
            lambda: daemon.metric("gwsched_imbalance_ratio", scope=scope) == 1,
            "the backups to be even",
        )
        assert daemon.metric("gwsched_rank_updates_total")
    for router, run in runs.items():
        assert run.report.lost <= BATCH, router
        assert order(box, router)[0] == before[router][0]


def test_a_move_reaches_gateways_that_map_macs(
    box: Sandbox, tmp_path: Path
) -> None:
    """Else the router is cut off until ovn-controller recomputes."""
    for number, chassis in enumerate(GATEWAYS, 1):
        mapping = f"public:0a:0f:00:00:00:{number:02x}"
        box.execute(
            *(chassis, "ovs-vsctl", "set", "Open_vSwitch", "."),
            f'external_ids:ovn-chassis-mac-mappings="{mapping}"',
        )
    box.add_router("r1", candidates=GATEWAYS)
    settled(box, "r1")
    warm(box)
    with (
        traffic(box, ["r1"]) as runs,
        Daemon(tmp_path, box.nb, box.sb) as daemon,
    ):
        daemon.wait_log("guard startup is over")
        for wanted in ("gw3", "gw2"):
            pin = f"external_ids:gwsched-pin-lrp-r1={wanted}"
            box.nbctl("set", "NB_Global", ".", pin)
            held(box, "r1", wanted)
            runs["r1"].wait_replies(50, timeout=30)
    assert runs["r1"].report.lost <= 2 + BATCH
