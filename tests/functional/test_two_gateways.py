# SPDX-License-Identifier: Apache-2.0
"""Two gateways, and one of them away: what it costs when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox
from tests.functional.daemon import Daemon
from tests.functional.failures import (
    BUSY,
    TWO,
    Options,
    flowing,
    held,
    live,
    orders,
    returned,
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


def test_who_comes_back_to_the_only_other_one(
    box: Sandbox, tmp_path: Path
) -> None:
    with start(box, tmp_path, OPTIONS) as daemon:
        live(daemon, *box.gateways)
        back_from_a_power_loss(box, daemon)
        back_from_a_stop(box)


def back_from_a_power_loss(box: Sandbox, daemon: Daemon) -> None:
    """It has kept its place: for a list of one nobody runs BFD."""
    box.fault("gw2", "power")
    daemon.wait_log("chassis gw2: .* -> dead")
    with streams(box, *ROUTERS) as runs:
        box.heal("gw2")
        returned(daemon, "gw2")
        listed(box, *box.gateways)
        flowing(*runs.values(), packets=100)
    assert max(run.report.lost for run in runs.values()) <= BUSY


def back_from_a_stop(box: Sandbox) -> None:
    """The first of the lists pays for cold tunnels, the others do not."""
    box.fault("gw2", "graceful")
    listed(box, "gw1")
    with streams(box, *ROUTERS) as runs:
        box.heal("gw2")
        listed(box, *box.gateways)
        for router in ROUTERS:
            held(box, router, "gw1")
        flowing(*runs.values(), packets=100)
    lost = sorted(run.report.lost for run in runs.values())
    assert lost[-2] <= BUSY, lost
