# SPDX-License-Identifier: Apache-2.0
"""One failure in one sandbox under traffic, with or without the daemon."""

from __future__ import annotations

import contextlib
import enum
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gwsched.sandbox import Ping, PingReport, Sandbox, SandboxError
from tests.bench.faults.cases import Case
from tests.functional.daemon import Daemon
from tests.functional.ovn import wait_for

INTERVAL = 0.02
# For how long the failure and its end are watched, and what is "for ever"
# of it (s): dead_after and 5 s are the promise.
WATCHED = 15.0
WATCHED_END = 11.0
FOREVER = 10.5
# Not as shipped (10, 20, 30), but in their proportions.
TIMERS: dict[str, dict[str, object]] = {
    "health": {"probe_interval": 2, "dead_after": 5},
    "failover": {"hold_down": 3},
}


class Way(enum.Enum):
    """OVN alone, with gwsched, or with gwsched that sees tunnel BFD."""

    ALONE = "OVN alone"
    BLIND = "gwsched"
    SEEING = "gwsched, one vantage point"


@dataclass(frozen=True)
class Cost:
    """What a failure cost, and what its end."""

    broken: PingReport
    undone: PingReport


def cost(case: Case, way: Way) -> Cost:
    """Measure one failure one way."""
    box = Sandbox.up(name=f"x{os.getpid()}", gateways=4, computes=1)
    try:
        with ExitStack() as stack:
            _routers(box, case)
            if way is not Way.ALONE:
                directory = stack.enter_context(tempfile.TemporaryDirectory())
                daemon = _daemon(box, case, way, Path(directory))
                stack.enter_context(daemon)
                daemon.wait_log("guard startup is over")
                daemon.wait_log("chassis gw1: .* -> live")
            if case.bfd:
                wait_for(lambda: box.next_hop("r1") == "up", "next-hop BFD")
                time.sleep(1)  # for a session to have been up for a while
            broken = _watched(box, case, case.breaks, WATCHED)
            undone = _watched(box, case, case.undoes, WATCHED_END)
            return Cost(broken, undone)
    finally:
        box.down()


def _routers(box: Sandbox, case: Case) -> None:
    """Add the router, and one whose list keeps all tunnels warm."""
    vms = () if case.outside else None
    if case.pinned:
        box.add_router("r1", pinned_to="gw1")
    else:
        box.add_router("r1", vms=vms, candidates=case.order, bfd=case.bfd)
    if not case.outside:
        # A port anywhere behind a router makes its compute a ref_chassis.
        order = ("gw4", "gw3", "gw2", "gw1")
        box.add_router("warm", candidates=order[:: -1 if case.pinned else 1])
    if case.pinned:
        box.nbctl(
            *("set", "NB_Global", "."),
            "external_ids:gwsched-failover-r1=true",
        )
        return
    wait_for(lambda: box.holder("r1") == "gw1", "the claim")


def _daemon(box: Sandbox, case: Case, way: Way, directory: Path) -> Daemon:
    vantage = box.ovs_remote("hv1") if way is Way.SEEING else ""
    options: dict[str, dict[str, object]] = {
        **TIMERS,
        "ovn": {"ovs_connections": vantage},
        "scheduler": {"max_candidates": len(case.order)},
    }
    return Daemon(directory, box.nb, box.sb, options)


def _watched(
    box: Sandbox, case: Case, act: Callable[[Sandbox], None], watched: float
) -> PingReport:
    """Act under traffic, and watch for as long as anything may happen."""
    with _traffic(box, case) as run:
        # Where nothing comes any more, that is what the report shows.
        with contextlib.suppress(SandboxError):
            run.wait_replies(25, timeout=5)
        act(box)
        time.sleep(watched)
    return run.report


def _traffic(box: Sandbox, case: Case) -> Ping:
    if not case.outside:
        return box.ping("r1", interval=INTERVAL)
    address = box.nbctl(
        *("--bare", "--columns=networks"),
        *("find", "Logical_Router_Port", "name=lrp-r1"),
    )
    target = address.strip().partition("/")[0]
    return Ping(box.central.namespace, target, INTERVAL)
