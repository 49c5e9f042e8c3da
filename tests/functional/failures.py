# SPDX-License-Identifier: Apache-2.0
"""What tests of failures share: a sandbox, its traffic, its lists."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gwsched.sandbox import Ping, PingReport, Sandbox, SandboxError
from tests.functional.claimlog import ClaimLog
from tests.functional.daemon import Daemon
from tests.functional.ovn import wait_for

Options = Mapping[str, Mapping[str, object]]

NUMBERS = itertools.count()
INTERVAL = 0.02
# What OVN's own fail-over may differ by from one time to the next (s): BFD
# counts three intervals of up to one second.
NOISE = 1.5
# After so long without a reply (s) there will be none from OVN alone: at the
# latest it fails over after three of those intervals.
WATCHED = 4.0
# What a move, the flows of one more router, or a chassis that comes back may
# cost on a machine with two cores that are busy with six chassis (packets).
BUSY = 2
TWO = {"scheduler": {"max_candidates": 2}}


@contextmanager
def sandbox(
    gateways: int = 4, computes: int = 1, zones: int = 1
) -> Iterator[Sandbox]:
    """A sandbox that ends with the block."""
    box = Sandbox.up(
        name=f"f{os.getpid()}-{next(NUMBERS)}",
        gateways=gateways,
        computes=computes,
        zones=zones,
    )
    try:
        yield box
    finally:
        box.down()


def start(
    box: Sandbox, tmp_path: Path, options: Options | None = None
) -> Daemon:
    """Start the daemon; the first round of answers is in."""
    daemon = Daemon(tmp_path, box.nb, box.sb, options)
    daemon.wait_log("guard startup is over")
    return daemon


def seeing(box: Sandbox) -> dict[str, object]:
    """The options of ``[ovn]`` that make the compute a vantage point."""
    return {"ovs_connections": box.ovs_remote("hv1")}


def order(box: Sandbox, router: str) -> list[str]:
    return [chassis for chassis, _ in box.candidates(router)]


def orders(box: Sandbox, *routers: str) -> dict[str, list[str]]:
    return {router: order(box, router) for router in routers}


def settled(box: Sandbox, *routers: str, depth: int = 4) -> None:
    """Wait until lists are full and each port is held by its primary."""

    def primary_holds(router: str) -> bool:
        found = order(box, router)
        return len(found) == depth and box.holder(router) == found[0]

    wait_for(
        lambda: all(primary_holds(r) for r in routers),
        f"{routers} to be held by their primaries",
    )


def held(box: Sandbox, router: str, *chassis: str) -> None:
    """Wait until one of some chassis holds a router's port."""
    wait_for(
        lambda: box.holder(router) in chassis,
        f"{router} to be held by {' or '.join(chassis)}",
    )


def hands(claims: ClaimLog, router: str) -> list[str]:
    """Return through whose hands a router's port went.

    In a move the former holder may let go after the new one has claimed,
    who then claims again.
    """
    return [name for name, _ in itertools.groupby(claims.of(f"lrp-{router}"))]


def warm(box: Sandbox, *names: str) -> None:
    """Wait until BFD is up on every tunnel of some chassis that has it.

    Before that OVN itself may lose a packet, whoever listens.
    """
    everywhere = names or (*box.gateways, *box.computes)

    def up(chassis: str) -> bool:
        found = sessions(box, chassis)
        return bool(found) and all(found)

    wait_for(lambda: all(up(chassis) for chassis in everywhere), "BFD")


def sessions(box: Sandbox, chassis: str) -> list[bool]:
    """Tell of each tunnel of a chassis that has BFD whether it is up."""
    found = box.execute(
        *(chassis, "ovs-vsctl", "--bare", "--columns=bfd_status"),
        *("find", "Interface", "type=geneve"),
    )
    return [" state=up" in s for s in found.split("\n") if "state=" in s]


def live(daemon: Daemon, *names: str) -> None:
    """Wait until the daemon has come to trust some chassis."""
    for name in names:
        daemon.wait_log(f"chassis {name}: .* -> live")


def returned(daemon: Daemon, name: str) -> None:
    """Wait until a chassis that was dead is trusted again."""
    daemon.wait_log(f"chassis {name}: .* -> returning")
    daemon.wait_log(f"chassis {name}: returning -> live")


@contextmanager
def traffic(box: Sandbox, router: str) -> Iterator[Ping]:
    """Ping through a router, with replies flowing."""
    with box.ping(router, interval=INTERVAL) as run:
        run.wait_replies(20, timeout=30)
        yield run


@contextmanager
def streams(box: Sandbox, *routers: str) -> Iterator[dict[str, Ping]]:
    """Ping through several routers at once, with replies flowing."""
    with ExitStack() as stack:
        yield {
            router: stack.enter_context(traffic(box, router))
            for router in routers
        }


def flowing(first: Ping, *others: Ping, packets: int = 50) -> None:
    """Wait for so many replies on one ping, and that others flow as well."""
    first.wait_replies(packets, timeout=30)
    for run in others:
        run.wait_replies(10, timeout=30)


def silent(run: Ping) -> None:
    """Watch that no reply comes any more, where there is none already."""
    with pytest.raises(SandboxError, match="in vain for 1 more of 1"):
        run.wait_replies(1, timeout=WATCHED)


def nothing_answers(box: Sandbox, *routers: str) -> None:
    """Watch that nothing comes back through some routers any more."""
    with ExitStack() as stack:
        runs = [
            stack.enter_context(box.ping(router, interval=INTERVAL))
            for router in routers
        ]
        silent(runs[0])
    assert not any(run.report.received for run in runs)


def falls_silent(run: Ping, seconds: float = 0.5) -> None:
    """Wait until replies cease, for so long."""

    def hushed() -> bool:
        try:
            run.wait_replies(1, timeout=seconds)
        except SandboxError:
            return True
        return False

    wait_for(hushed, "replies to cease")


def unanswered(report: PingReport) -> float:
    """Return how long it took until there was a first reply (s)."""
    return report.before_first_reply * INTERVAL
