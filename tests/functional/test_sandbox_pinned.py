# SPDX-License-Identifier: Apache-2.0
"""L3 gateway routers of the sandbox: pinned to a chassis, and moved."""

import os
from collections.abc import Iterator

import pytest

from gwsched.sandbox import Sandbox, SandboxError
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

PORTS = {"lrp-p1", "public-lrp-p1", "p1-down", "p1-join-p1-down"}


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """Two gateways; a pinned router among others."""
    sandbox = Sandbox.up(f"l{os.getpid()}", gateways=2)
    try:
        sandbox.add_router("other", pinned_to="gw1", marker="none", vms=())
        sandbox.add_router("p1", pinned_to="gw1")
        yield sandbox
    finally:
        sandbox.down()


def is_held_by(box: Sandbox, chassis: str) -> None:
    expected = dict.fromkeys(PORTS, chassis)
    wait_for(
        lambda: box.pinned_holders("p1") == expected,
        f"{chassis} to hold all ports of the router",
    )


def test_carries_packets_and_moves(box: Sandbox) -> None:
    is_held_by(box, "gw1")
    with box.ping("p1", interval=0.02) as run:
        run.wait_replies(20, 20)
        for target in ("gw2", "gw1"):
            option = f"options:chassis={target}"
            box.nbctl("set", "Logical_Router", "p1", option)
            assert box.pinned("p1") == target
            is_held_by(box, target)
            run.wait_replies(20, 20)
    assert run.report.received >= 60
    assert set(box.pinned_holders("other").values()) == {"gw1"}


def test_nobody_takes_over(box: Sandbox) -> None:
    box.add_router("watch", candidates=("gw1", "gw2"), vms=())
    wait_for(lambda: box.holder("watch") == "gw1", "gw1 to hold a port")
    box.fault("gw1", "power")
    wait_for(lambda: box.holder("watch") == "gw2", "gw2 to take a port over")
    is_held_by(box, "gw1")
    box.nbctl("set", "Logical_Router", "p1", "options:chassis=gw2")
    is_held_by(box, "gw2")
    with box.ping("p1") as run:
        run.wait_replies(3, 20)
    box.heal("gw1")
    wait_for(lambda: box.holder("watch") == "gw1", "gw1 to be back")
    is_held_by(box, "gw2")


def test_its_next_hop_has_bfd(box: Sandbox) -> None:
    box.add_router("p2", pinned_to="gw2", bfd=True, vms=())
    wait_for(lambda: box.next_hop("p2") == "up", "BFD")
    box.next_hop_down()
    wait_for(lambda: box.next_hop("p2") == "down", "BFD to notice")
    box.next_hop_up()
    wait_for(lambda: box.next_hop("p2") == "up", "BFD")


def test_marker(box: Sandbox) -> None:
    intents = box.nbctl("get", "NB_Global", ".", "external_ids")
    assert 'gwsched-failover-p1="true"' in intents
    assert "lrp-p1" not in intents
    assert "other" not in intents


def test_is_no_distributed_router(box: Sandbox) -> None:
    assert box.holder("p1") is None
    box.add_router("plain", candidates=("gw1",), vms=())
    assert box.pinned("plain") is None
    assert box.pinned_holders("plain") == {}
    with pytest.raises(SandboxError, match="no router 'nobody'"):
        box.pinned("nobody")
