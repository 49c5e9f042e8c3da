# SPDX-License-Identifier: Apache-2.0
"""The sandbox's next hop: FRR's bfdd answers OVN, and can fall silent."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox, SandboxError, machine
from gwsched.sandbox.fabric import UPLINK
from tests.functional.failures import warm
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

NUMBERS = itertools.count()
GATEWAYS = ("gw1", "gw2")
BOTH = ("public", "second")


def fresh() -> Sandbox:
    name = f"n{os.getpid()}-{next(NUMBERS)}"
    wired = dict.fromkeys(GATEWAYS, BOTH)
    return Sandbox.up(name, gateways=2, networks=wired)


def warmed(box: Sandbox) -> None:
    """Wait for tunnels between gateways.

    While they are cold several of them claim a new port, and SB goes on
    saying of a next hop what the first one has found.
    """
    box.add_router("warm", candidates=GATEWAYS)
    warm(box)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """A router on each network, both with a live next hop."""
    box = fresh()
    try:
        warmed(box)
        box.add_router("r1", candidates=GATEWAYS, bfd=True)
        box.add_router("r2", candidates=GATEWAYS, bfd=True, network="second")
        yield box
    finally:
        box.down()


def becomes(box: Sandbox, router: str, status: str) -> None:
    wait_for(
        lambda: box.next_hop(router) == status,
        f"the next hop of {router} to be {status}",
    )


def claimed(box: Sandbox, router: str, chassis: str) -> None:
    wait_for(
        lambda: box.holder(router) == chassis, f"{chassis} to hold {router}"
    )


@pytest.fixture
def box(shared: Sandbox) -> Sandbox:
    """The same, all well."""
    becomes(shared, "r1", "up")
    becomes(shared, "r2", "up")
    return shared


def test_no_bfd_unless_asked_for(box: Sandbox) -> None:
    box.add_router("plain", vms=(), candidates=GATEWAYS)
    assert box.next_hop("plain") is None


def test_uplink_of_the_holder_is_cut(box: Sandbox) -> None:
    holder = box.holder("r1")
    assert holder is not None
    box.fault(holder, "uplink")
    becomes(box, "r1", "down")
    becomes(box, "r2", "down")
    assert box.holder("r1") == holder  # OVN alone does not move it
    box.heal(holder)
    becomes(box, "r1", "up")


@pytest.mark.parametrize(
    ("network", "router", "other"),
    [("public", "r1", "r2"), ("second", "r2", "r1")],
)
def test_next_hop_dies_on_one_network(
    box: Sandbox, network: str, router: str, other: str
) -> None:
    box.next_hop_down(network)
    becomes(box, router, "down")
    assert box.next_hop(other) == "up"
    with box.ping(router, interval=0.02, count=20) as unanswered:
        unanswered.wait()
    assert unanswered.report.received == 0
    with box.ping(other) as run:
        run.wait_replies(3, 20)
    assert has_carriers(box)

    box.next_hop_up(network)
    becomes(box, router, "up")
    with box.ping(router) as run:
        run.wait_replies(3, 20)


def has_carriers(box: Sandbox) -> bool:
    """Tell whether the gateways have their uplinks."""
    return all(
        "LOWER_UP" in box.execute(gateway, "ip", "link", "show", device)
        for gateway in GATEWAYS
        for device in ("ext", "ext2")
    )


def neighbour(box: Sandbox, router: str) -> str:
    """Return the MAC address of the next hop as a router knows it."""
    # fmt: off
    known = box.sbctl(
        "--bare", "--columns=mac", "find", "MAC_Binding",
        f"ip={UPLINK.centre}", f"logical_port=lrp-{router}",
    )
    # fmt: on
    return known.strip()


def test_nobody_answers_for_a_dead_next_hop(box: Sandbox) -> None:
    assert neighbour(box, "r1") == UPLINK.mac
    box.next_hop_down()
    box.sbctl("--all", "destroy", "MAC_Binding")
    with box.ping("r1", interval=0.02, count=50) as run:
        run.wait()
    assert neighbour(box, "r1") == ""
    box.next_hop_up()
    wait_for(lambda: neighbour(box, "r1") == UPLINK.mac, "its MAC address")
    becomes(box, "r1", "up")


def test_its_daemon_alone_dies(box: Sandbox) -> None:
    box.upstream.bfdd.kill()
    becomes(box, "r1", "down")
    box.upstream.bfdd.start()
    becomes(box, "r1", "up")
    becomes(box, "r2", "up")


def test_timers(box: Sandbox) -> None:
    timers = {"min_rx": 300, "min_tx": 400, "detect_mult": 4}
    box.add_router("timed", vms=(), candidates=GATEWAYS, bfd=timers)
    becomes(box, "timed", "up")
    columns = f"--columns={','.join(timers)}"
    row = box.nbctl("--bare", columns, "find", "BFD", "logical_port=lrp-timed")
    assert row.split() == ["300", "400", "4"]


def test_unknown_network(box: Sandbox) -> None:
    with pytest.raises(SandboxError, match="no network 'third'"):
        box.next_hop_down("third")


def test_without_bfdd(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "BFDD", Path("/nowhere/bfdd"))
    with pytest.raises(SandboxError, match="package frr"):
        box.add_router("r3", bfd=True)
    box.add_router("r3", vms=())  # has left no trace, and needs none


def frr_files() -> list[Path]:
    places = (Path("/var/tmp/frr"), Path("/run/frr"), Path("/etc/frr"))
    return sorted(p for place in places for p in place.rglob("*"))


def test_two_side_by_side() -> None:
    before = frr_files()
    boxes = [fresh(), fresh()]
    one, two = boxes
    try:
        for each in boxes:
            warmed(each)
            each.add_router("r1", candidates=GATEWAYS, bfd=True)
        for each in boxes:
            claimed(each, "r1", GATEWAYS[0])
            becomes(each, "r1", "up")
        assert frr_files() == before
        pid = one.upstream.bfdd.pid()
        one.next_hop_down()
        becomes(one, "r1", "down")
        assert two.next_hop("r1") == "up"
        one.down()
        assert not Path(f"/proc/{pid}/exe").exists()
        assert two.upstream.bfdd.state() == "running"
        assert two.next_hop("r1") == "up"
    finally:
        for each in boxes:
            each.down()
    assert frr_files() == before
