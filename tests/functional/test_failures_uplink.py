# SPDX-License-Identifier: Apache-2.0
"""Uplinks and next hops that fail, on real OVN with real packets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.daemon import Daemon
from tests.functional.failures import (
    BUSY,
    INTERVAL,
    NOISE,
    falls_silent,
    flowing,
    hands,
    live,
    nothing_answers,
    order,
    orders,
    sandbox,
    settled,
    start,
    streams,
    unanswered,
    warm,
)
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

ROUTERS = ("watched", "plain", "good")
# Evening out would bring the healed gateway ports of its own.
OPTIONS = {"rebalance": {"mode": "off"}}


@pytest.fixture
def gateways() -> int:
    return 3


@pytest.fixture
def box(gateways: int) -> Iterator[Sandbox]:
    """Some gateways and a compute node."""
    with sandbox(gateways) as found:
        yield found


def becomes(box: Sandbox, router: str, status: str) -> None:
    wait_for(
        lambda: box.next_hop(router) == status,
        f"the next hop of {router} to be {status}",
    )


def warmed(box: Sandbox, router: str, candidates: Sequence[str]) -> None:
    """Add a router without next-hop BFD, and wait for its tunnels.

    While they are cold several candidates claim a new port, and SB goes on
    saying of a next hop what the first of them has found.
    """
    box.add_router(router, candidates=candidates)
    settled(box, router, depth=len(candidates))
    warm(box)


def native_uplink(box: Sandbox) -> None:
    """OVN alone leaves ports on a dead uplink for ever."""
    before = orders(box, "watched", "plain")
    box.fault("gw1", "uplink")
    nothing_answers(box, "watched", "plain")
    becomes(box, "watched", "down")
    assert box.holder("watched") == box.holder("plain") == "gw1"
    assert orders(box, "watched", "plain") == before
    box.heal("gw1")
    becomes(box, "watched", "up")


def test_a_dead_uplink_moves_what_is_on_it_to_a_proven_good_one(
    box: Sandbox, tmp_path: Path
) -> None:
    """One of the ports has no BFD: its uplink is judged by the other's."""
    first = ("gw1", "gw3", "gw2")
    warmed(box, "plain", first)
    box.add_router("watched", candidates=first, bfd=True)
    box.add_router("good", candidates=("gw2", "gw3", "gw1"), bfd=True)
    settled(box, "watched", "good", depth=3)
    becomes(box, "watched", "up")
    becomes(box, "good", "up")
    native_uplink(box)

    with start(box, tmp_path, OPTIONS) as daemon:
        live(daemon, *box.gateways)
        with ClaimLog(box.sb) as claims, streams(box, *ROUTERS) as runs:
            box.fault("gw1", "uplink")
            for router in ("watched", "plain"):
                daemon.wait_log(rf"lrp-{router}: .* -> \[gw2, .*\(uplink: ")
            flowing(*runs.values())
            daemon.wait_log("ERROR .*gw1 does not reach .* by its uplink")
            assert hands(claims, "watched") == ["gw1", "gw2"]
            assert hands(claims, "plain") == ["gw1", "gw2"]
            assert hands(claims, "good") == ["gw2"]
        assert runs["good"].report.lost <= BUSY
        moved = {"reason": "uplink", "result": "claimed"}
        assert daemon.metric("gwsched_moves_total", **moved) == 2
        it_is_used_again_but_nothing_goes_back(box, daemon)


def it_is_used_again_but_nothing_goes_back(
    box: Sandbox, daemon: Daemon
) -> None:
    """Nobody can see the healed uplink: the mark ends by itself."""
    assert not any("gw1" in order(box, router) for router in ROUTERS)
    with streams(box, *ROUTERS) as runs:
        box.heal("gw1")
        daemon.wait_log("chassis gw1: its uplink to public counts as good")
        wait_for(
            lambda: all("gw1" in order(box, router) for router in ROUTERS),
            "gw1 to be a candidate again",
        )
        flowing(*runs.values(), packets=75)
    assert set(box.holders().values()) == {"gw2"}
    assert {order(box, router)[0] for router in ROUTERS} == {"gw2"}
    assert all(run.report.lost <= BUSY for run in runs.values())


@pytest.mark.parametrize("gateways", [2])
def test_a_dead_next_hop_is_no_reason_to_go_on_moving(
    box: Sandbox, tmp_path: Path
) -> None:
    """Every gateway looks bad in the end; then all stays where it is."""
    warmed(box, "plain", box.gateways)
    box.add_router("r1", candidates=box.gateways, bfd=True)
    settled(box, "r1", depth=2)
    becomes(box, "r1", "up")
    native = next_hop_back(box, "r1")

    with start(box, tmp_path, OPTIONS) as daemon, ClaimLog(box.sb) as claims:
        live(daemon, *box.gateways)
        box.next_hop_down()
        for chassis in box.gateways:
            daemon.wait_log(f"{chassis} does not reach .* by its uplink")
        before = orders(box, "r1", "plain")
        # It is not tried a second time when its mark ends.
        daemon.wait_log("chassis gw1: its uplink to public counts as good")
        assert orders(box, "r1", "plain") == before
        assert before["plain"] == ["gw1", "gw2"]
        found = next_hop_back(box, "r1", "plain")
        assert hands(claims, "r1") == ["gw1", "gw2"]
        assert hands(claims, "plain") == ["gw1"]
    assert found <= native + NOISE


def next_hop_back(box: Sandbox, *routers: str) -> float:
    """Return how long traffic takes to return with the next hop (s)."""
    box.next_hop_down()
    becomes(box, "r1", "down")
    with ExitStack() as stack:
        runs = [stack.enter_context(box.ping(r, INTERVAL)) for r in routers]
        for run in runs:
            falls_silent(run)
        box.next_hop_up()
        flowing(*runs)
        becomes(box, "r1", "up")
    return max(unanswered(run.report) for run in runs)
