# SPDX-License-Identifier: Apache-2.0
"""Two gateways, and one of them away: what it costs when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox
from tests.functional.failures import (
    BUSY,
    TWO,
    Options,
    flowing,
    held,
    live,
    orders,
    sandbox,
    settled,
    start,
    streams,
    warm,
)
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

ROUTERS = tuple(f"r{i}" for i in range(5))
OPTIONS: Options = {**TWO, "rebalance": {"mode": "off"}}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Two gateways and a compute node; gw1 holds everything."""
    with sandbox(gateways=2) as found:
        for router in ROUTERS:
            found.add_router(router, candidates=("gw1", "gw2"))
        settled(found, *ROUTERS, depth=2)
        warm(found)
        yield found


def listed(box: Sandbox, *chassis: str) -> None:
    """Wait until all lists are this one."""
    wait_for(
        lambda: all(
            found == [*chassis] for found in orders(box, *ROUTERS).values()
        ),
        f"all lists to be {chassis}",
    )


def test_who_lost_power_comes_back_into_warm_lists(
    box: Sandbox, tmp_path: Path
) -> None:
    """It has kept its place: for a list of one nobody runs BFD."""
    with start(box, tmp_path, OPTIONS) as daemon:
        live(daemon, "gw1", "gw2")
        box.fault("gw2", "power")
        daemon.wait_log("chassis gw2: .* -> dead")
        with streams(box, *ROUTERS) as runs:
            box.heal("gw2")
            daemon.wait_log("chassis gw2: returning -> live")
            listed(box, "gw1", "gw2")
            flowing(*runs.values(), packets=100)
    assert max(run.report.lost for run in runs.values()) <= BUSY


def test_lists_of_one_are_not_all_filled_up_at_once(
    box: Sandbox, tmp_path: Path
) -> None:
    """The first pays for cold tunnels, the others find them warm."""
    with start(box, tmp_path, OPTIONS) as daemon:
        live(daemon, "gw1", "gw2")
        box.fault("gw2", "graceful")
        listed(box, "gw1")
        with streams(box, *ROUTERS) as runs:
            box.heal("gw2")
            listed(box, "gw1", "gw2")
            for router in ROUTERS:
                held(box, router, "gw1")
            flowing(*runs.values(), packets=100)
    lost = sorted(run.report.lost for run in runs.values())
    assert lost[-2] <= BUSY, lost
