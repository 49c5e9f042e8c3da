# SPDX-License-Identifier: Apache-2.0
"""Every kind of gateway port: placed, failed over and moved back.

Real OVN, real packets.  Each test builds the kinds that get along with each
other, and takes all of them through one power loss at once.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from gwsched.sandbox import Ping, Sandbox
from tests.functional import kinds
from tests.functional.daemon import Daemon
from tests.functional.failures import BUSY
from tests.functional.kinds import INTERVAL, Flow, Kind
from tests.functional.ovn import wait_for
from tests.functional.test_failover import warm

pytestmark = pytest.mark.packets

NUMBERS = itertools.count()
# The gateway that everything is moved to, loses its power and comes back.
FIRST = "gw1"
OPTIONS = {"rebalance": {"mode": "off", "moves_per_minute": 600}}

BuildBox = Callable[..., Sandbox]


@pytest.fixture
def up() -> Iterator[BuildBox]:
    """Build sandboxes of four gateways and a compute node."""
    with ExitStack() as stack:

        def build(**networks: Sequence[str]) -> Sandbox:
            name = f"k{os.getpid()}-{next(NUMBERS)}"
            box = Sandbox.up(name, 4, 1, networks=networks)
            stack.callback(box.down)
            return box

        yield build


def test_addresses_of_every_kind(up: BuildBox, tmp_path: Path) -> None:
    # Distributed floating IPs leave by the compute's own uplink.
    box = up(hv1=["public"])
    found = [
        kinds.snat(box),
        kinds.floating(box),
        kinds.routed(box),
        kinds.dual_stack(box),
        kinds.ipv6(box),
    ]
    with Daemon(tmp_path, box.nb, box.sb, OPTIONS) as daemon:
        place(box, found)
        go_and_come_back(box, found, daemon)


def test_physical_networks_with_gateways_of_their_own(
    up: BuildBox, tmp_path: Path
) -> None:
    box = up(
        gw1=["public", "second"],
        gw2=["public"],
        gw3=["second"],
        gw4=["public", "second"],
    )
    found = [
        kinds.snat(box),
        kinds.second_network(box),
        kinds.two_networks(box),
    ]
    with Daemon(tmp_path, box.nb, box.sb, OPTIONS) as daemon:
        place(box, found)
        go_and_come_back(box, found, daemon)


def test_tenant_networks_on_vlans(up: BuildBox, tmp_path: Path) -> None:
    box = up(hv1=["public"])
    found = [kinds.bridged(box), kinds.centralised(box)]
    with Daemon(tmp_path, box.nb, box.sb, OPTIONS) as daemon:
        place(box, found)
        do_without_tunnels(box, found)
        go_and_come_back(box, found, daemon)


def place(box: Sandbox, found: Sequence[Kind]) -> None:
    """Let the daemon place all ports, then gather them on one chassis."""
    ports = [port for kind in found for port in kind.ports]
    placed(box, found)
    for port in ports:
        pin(box, port, FIRST)
    wait_for(lambda: set(box.holders().values()) == {FIRST}, f"all on {FIRST}")
    for port in ports:
        unpin(box, port)
    warm(box)


def do_without_tunnels(box: Sandbox, found: Sequence[Kind]) -> None:
    """A compute's tunnels carry BFD, and traffic does without them."""
    [compute] = box.computes
    with traffic([flow for kind in found for flow in kind.through]) as runs:
        box.fault(compute, "tunnel")
        wait_for(lambda: not hears_anyone(box, compute), "BFD to be down")
        wait_replies(runs)
    # A port that goes down makes ovs-vswitchd drop what it just handles.
    assert all(n <= 1 + BUSY for n in lost(runs).values()), lost(runs)
    box.heal(compute)
    warm(box)


def hears_anyone(box: Sandbox, chassis: str) -> bool:
    """Whether BFD is up on any tunnel of a chassis."""
    found = box.execute(
        *(chassis, "ovs-vsctl", "--bare", "--columns=bfd_status"),
        *("list", "Interface"),
    )
    return "forwarding=true" in found


def go_and_come_back(
    box: Sandbox, found: Sequence[Kind], daemon: Daemon
) -> None:
    """Take all ports through a power loss of the gateway that has them."""
    fail_over(box, found)
    bring_back(box, found, daemon)
    move_back(box, found)


def fail_over(box: Sandbox, found: Sequence[Kind]) -> None:
    """Power off the holder: traffic returns, its new holder is primary."""
    past = [flow for kind in found for flow in kind.past]
    through = [flow for kind in found for flow in kind.through]
    with traffic(past) as undisturbed, traffic(through) as runs:
        box.fault(FIRST, "power")
        wait_for(lambda: FIRST not in box.holders().values(), "other holders")
        wait_replies(runs)
        placed(box, found)
    assert FIRST not in box.holders().values()
    assert all(n <= BUSY for n in lost(undisturbed).values())
    for name, run in runs.items():
        in_the_gap = round(run.report.longest_gap / INTERVAL)
        assert run.report.lost <= in_the_gap + 2, f"{name}: a second gap"


def bring_back(box: Sandbox, found: Sequence[Kind], daemon: Daemon) -> None:
    """Heal the gateway: it joins all lists and takes nothing."""
    before = box.holders()
    box.heal(FIRST)
    live = {"chassis": FIRST, "state": "live"}
    wait_for(
        lambda: daemon.metric("gwsched_chassis_state", **live) == 1,
        f"{FIRST} to be live",
    )
    placed(box, found)
    warm(box)
    assert box.holders() == before


def move_back(box: Sandbox, found: Sequence[Kind]) -> None:
    """Pin port after port to the gateway that came back."""
    with traffic([flow for kind in found for flow in kind.past]) as past:
        for kind in found:
            with traffic(kind.through) as runs:
                for port in kind.ports:
                    pin(box, port, FIRST)
                    held = partial(holds, box, FIRST, port)
                    wait_for(held, f"{port} to be held by {FIRST}")
                wait_replies(runs)
            cost = {flow.name: flow.cost for flow in kind.through}
            for name, count in lost(runs).items():
                assert count <= cost[name] + BUSY, name
    placed(box, found)
    assert set(box.holders().values()) == {FIRST}
    assert all(n <= BUSY for n in lost(past).values())


def placed(box: Sandbox, found: Sequence[Kind]) -> None:
    """Wait until all lists are as long as can be, and the primaries hold.

    A list has whoever is alive and has the port's network.
    """
    alive = {c.name for c in box.chassis if c.controller.pid() is not None}

    def is_placed(port: str, network: str, external: Sequence[str]) -> bool:
        able = {
            chassis.name
            for chassis in box.chassis
            if chassis.is_gateway and network in chassis.networks
        }
        order = [name for name, _ in box.candidates(port.removeprefix("lrp-"))]
        return (
            set(order) == able & alive
            and box.holders()[port] == order[0]
            and all(is_bound(box, name, order[0]) for name in external)
        )

    for kind in found:
        for port, network in kind.ports.items():
            wait_for(
                partial(is_placed, port, network, kind.external),
                f"{port} to be held by the first of a full list",
            )


def holds(box: Sandbox, chassis: str, port: str) -> bool:
    return box.holders()[port] == chassis


def is_bound(box: Sandbox, port: str, chassis: str) -> bool:
    """Whether SB has an external port of a switch on a chassis."""
    # fmt: off
    there = box.sbctl(
        "--bare", "--columns=_uuid", "find", "Chassis", f"name={chassis}"
    )
    bound = box.sbctl(
        "--bare", "--columns=chassis",
        "find", "Port_Binding", f"logical_port={port}",
    )
    # fmt: on
    return bound == there


def pin(box: Sandbox, port: str, chassis: str) -> None:
    box.nbctl(
        *("set", "NB_Global", "."),
        f"external_ids:gwsched-pin-{port}={chassis}",
    )


def unpin(box: Sandbox, port: str) -> None:
    box.nbctl(
        *("remove", "NB_Global", ".", "external_ids", f"gwsched-pin-{port}")
    )


@contextmanager
def traffic(flows: Sequence[Flow]) -> Iterator[Mapping[str, Ping]]:
    """Run all flows at once, each with replies coming."""
    with ExitStack() as stack:
        runs = {
            flow.name: stack.enter_context(
                Ping(flow.source, flow.target, INTERVAL)
            )
            for flow in flows
        }
        wait_replies(runs, 20)
        yield runs


def wait_replies(runs: Mapping[str, Ping], count: int = 50) -> None:
    """Wait until each flow has had so many more replies."""
    if not runs:
        return
    with ThreadPoolExecutor(len(runs)) as pool:
        for _ in pool.map(lambda r: r.wait_replies(count, 30), runs.values()):
            pass


def lost(runs: Mapping[str, Ping]) -> dict[str, int]:
    """Packets lost, by flow, where any are."""
    found = {name: run.report.lost for name, run in runs.items()}
    return {name: count for name, count in found.items() if count}
