# SPDX-License-Identifier: Apache-2.0
"""Real OVN, real packets: what it costs to drain a gateway, and to lose it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gwsched.sandbox import Ping, Sandbox
from gwsched.sandbox.fabric import UPLINKS
from gwsched.sandbox.names import vm
from tests.functional.daemon import write_conf
from tests.functional.failures import (
    BUSY,
    flowing,
    held,
    order,
    sandbox,
    settled,
    start,
    streams,
    warm,
)
from tests.functional.session import Session, server
from tests.functional.test_gwschedctl import ctl

pytestmark = pytest.mark.packets

ROUTERS = [f"r{i}" for i in range(20)]
GATEWAYS = ("gw1", "gw2", "gw3")
OPTIONS = {"rebalance": {"moves_per_minute": 120, "mode": "manual"}}
UPSTREAM = str(UPLINKS["public"].centre)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Three gateways and a compute; the first one has all the routers."""
    with sandbox(gateways=len(GATEWAYS)) as found:
        for router in ROUTERS:
            found.add_router(router, candidates=GATEWAYS)
        settled(found, *ROUTERS, depth=len(GATEWAYS))
        warm(found)
        yield found


@contextmanager
def sessions(box: Sandbox) -> Iterator[list[Session]]:
    """A TCP session through the SNAT of each router."""
    with ExitStack() as stack:
        serving = server(box.central.namespace, UPSTREAM)
        port = stack.enter_context(serving)
        found = [
            Session(vm(box.name, f"{router}-vm1"), UPSTREAM, port)
            for router in ROUTERS
        ]
        for session in found:
            stack.enter_context(session)
        yield found


def going_on(found: list[Session]) -> None:
    for session in found:
        session.exchange()


def lost(runs: Mapping[str, Ping]) -> dict[str, int]:
    return {router: run.report.lost for router, run in runs.items()}


def raise_by_hand(box: Sandbox, chassis: str, priority: int) -> None:
    """Let a chassis have all routers, by nothing but its priority."""
    for router in ROUTERS:
        port = f"lrp-{router}"
        wanted = (port, chassis, str(priority))
        box.nbctl("lrp-set-gateway-chassis", *wanted)
        held(box, router, chassis)


def bare(box: Sandbox) -> dict[str, int]:
    """What it costs to move all routers by hand, one after another."""
    with streams(box, *ROUTERS) as runs:
        raise_by_hand(box, "gw2", 10)
        flowing(*runs.values())
    raise_by_hand(box, "gw1", 20)
    return lost(runs)


def test_a_drain_costs_a_router_what_a_priority_does(
    box: Sandbox, tmp_path: Path
) -> None:
    """A packet, and no session; the gateway may then be switched off."""
    by_hand = bare(box)
    conf = write_conf(tmp_path / "ctl.conf", box.nb, box.sb, OPTIONS)
    with start(box, tmp_path, OPTIONS), sessions(box) as tcp:
        going_on(tcp)
        with streams(box, *ROUTERS) as runs:
            done = ctl("--config-file", conf, "drain", "gw1", "--wait")
            assert done.returncode == 0, done.stderr
            assert "gw1" not in box.holders().values()
            assert "gw1" not in [order(box, router)[0] for router in ROUTERS]
            flowing(*runs.values())
        drained = lost(runs)
        going_on(tcp)
        with streams(box, *ROUTERS) as runs:
            box.fault("gw1", "power")
            flowing(*runs.values(), packets=200)
        switched_off = lost(runs)
        going_on(tcp)
    print(f"drained {drained}, by hand {by_hand}")  # noqa: T201
    # A move may cost a packet, whatever it has cost by hand; half a packet a
    # router is what busy processors have cost beside.
    allowed = max(len(ROUTERS), sum(by_hand.values())) + len(ROUTERS) // 2
    assert sum(drained.values()) <= allowed, (drained, by_hand)
    assert max(drained.values()) <= max(1, *by_hand.values()) + BUSY
    assert max(switched_off.values()) <= BUSY, switched_off
