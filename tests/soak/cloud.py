# SPDX-License-Identifier: Apache-2.0
"""A cloud of six chassis with traffic, and the daemon that looks after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from gwsched.sandbox import Sandbox, names
from gwsched.sandbox.fabric import UPLINK
from gwsched.sandbox.routers import inside
from gwsched.sandbox.state import StateFile
from tests.functional.daemon import Daemon
from tests.functional.failures import settled, warm
from tests.functional.ovn import wait_for
from tests.soak.limits import TIMERS
from tests.soak.records import Records
from tests.soak.streams import Stream

GATEWAYS = 5
# Every second one has BFD with its next hop.
PLAIN = tuple(f"plain{i}" for i in range(5))
WATCHED = tuple(f"watched{i}" for i in range(5))
ROUTERS = (*PLAIN, *WATCHED)


@dataclass(frozen=True)
class Traits:
    """What differs from one soak to the next."""

    depth: int
    is_seeing: bool

    @classmethod
    def draw(cls, chance: Random) -> Traits:
        """Draw how long lists are, and whether there is a vantage point."""
        return cls(chance.choice((2, 3, 5)), chance.random() < 0.5)

    def __str__(self) -> str:
        sight = "a vantage point" if self.is_seeing else "no vantage point"
        return f"lists of {self.depth}, {sight}"


@dataclass(frozen=True)
class Cloud:
    """All of it, running."""

    box: Sandbox
    daemon: Daemon
    records: Records
    streams: tuple[Stream, ...]


@contextmanager
def cloud(traits: Traits, directory: Path) -> Iterator[Cloud]:
    """Build it, and wait until all is well."""
    box = Sandbox.up(name=f"s{os.getpid()}", gateways=GATEWAYS, computes=1)
    with ExitStack() as stack:
        stack.callback(box.down)
        daemon = stack.enter_context(_daemon(box, traits, directory))
        _add_routers(box, traits)
        records = stack.enter_context(Records(box.sb))
        streams = tuple(
            stack.enter_context(_stream(box, router)) for router in ROUTERS
        )
        wait_for(
            lambda: all(stream.received > 50 for stream in streams), "replies"
        )
        yield Cloud(box, daemon, records, streams)


def _daemon(box: Sandbox, traits: Traits, directory: Path) -> Daemon:
    vantage = box.ovs_remote("hv1") if traits.is_seeing else ""
    options: dict[str, dict[str, object]] = {
        **TIMERS,
        "ovn": {"ovs_connections": vantage},
        "scheduler": {"max_candidates": traits.depth},
        "rebalance": {"moves_per_minute": 60},
    }
    return Daemon(directory, box.nb, box.sb, options)


def _add_routers(box: Sandbox, traits: Traits) -> None:
    """Those with next-hop BFD once tunnels are warm.

    While they are cold several candidates claim a new port, and SB goes on
    saying of a next hop what the first of them has found.
    """
    for router in PLAIN:
        _add_router(box, router, bfd=False)
    settled(box, *PLAIN, depth=traits.depth)
    warm(box)
    for router in WATCHED:
        _add_router(box, router, bfd=True)
    settled(box, *WATCHED, depth=traits.depth)
    wait_for(
        lambda: all(box.next_hop(router) == "up" for router in WATCHED),
        "next-hop BFD",
    )


def _add_router(box: Sandbox, router: str, *, bfd: bool) -> None:
    """Add one without NAT; the upstream knows the way back.

    A userspace datapath keeps remains of a connection that has expired for a
    while, in which a gateway that gets a router back drops all packets of
    it: that says nothing of who is scheduled where.
    """
    box.add_router(router, bfd=bfd)
    box.nbctl("lr-nat-del", router)
    number = StateFile(box.directory).read().routers[router].number
    box.central.namespace.ip(
        f"route add {inside(number)} via {UPLINK.address(number)}"
    )


def _stream(box: Sandbox, router: str) -> Stream:
    source = names.vm(box.name, f"{router}-vm1")
    return Stream(router, source, str(UPLINK.centre))
