# SPDX-License-Identifier: Apache-2.0
"""What each failure costs in packets: OVN alone, and with gwsched.

Real OVN and real packets, one after the other in one run; the daemon as
shipped but for its timers.  Run: python -m tests.bench.failover
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from gwsched.sandbox import PingReport, Sandbox, SandboxError
from tests.functional.daemon import Daemon
from tests.functional.ovn import wait_for

INTERVAL = 0.02
# What never comes back is given up after this long (s).
FOREVER = 15.0

Break = Callable[[Sandbox], None]


def active_power(box: Sandbox) -> None:
    box.fault("gw1", "power")


def active_graceful(box: Sandbox) -> None:
    box.fault("gw1", "graceful")


def both_power(box: Sandbox) -> None:
    for name in ("gw1", "gw2"):
        box.fault(name, "power")


def both_graceful(box: Sandbox) -> None:
    for name in ("gw1", "gw2"):
        box.fault(name, "graceful")


def controller_hung(box: Sandbox) -> None:
    box.fault("gw1", "hang")


THREE = ("gw1", "gw2", "gw3")
TWO = ("gw1", "gw2")
CASES: list[tuple[str, Break, tuple[str, ...]]] = [
    ("power loss of the active, two backups", active_power, THREE),
    ("graceful stop of the active", active_graceful, THREE),
    ("power loss of both candidates", both_power, TWO),
    ("graceful stop of both candidates", both_graceful, TWO),
    ("ovn-controller of the active hung", controller_hung, THREE),
]


def cost(
    breaking: Break, order: tuple[str, ...], directory: Path | None
) -> tuple[PingReport, PingReport | None]:
    """Break one thing, then heal it; directory is where the daemon logs."""
    box = Sandbox.up(name=f"b{os.getpid()}", gateways=4, computes=1)
    try:
        box.add_router("r1", candidates=order)
        box.add_router("warm", candidates=("gw4", "gw3", "gw2", "gw1"))
        wait_for(lambda: box.holder("r1") == "gw1", "the claim")
        with ExitStack() as stack:
            if directory:
                options = {"scheduler": {"max_candidates": len(order)}}
                daemon = stack.enter_context(
                    Daemon(directory, box.nb, box.sb, options)
                )
                daemon.wait_log("guard startup is over")
            broken = pinged(box, lambda: breaking(box))
            back = None
            if broken.longest_gap < FOREVER - 2:
                back = pinged(box, lambda: heal_all(box))
        return broken, back
    finally:
        box.down()


def heal_all(box: Sandbox) -> None:
    for name in box.gateways:
        box.heal(name)


def pinged(box: Sandbox, act: Callable[[], object]) -> PingReport:
    """Act under traffic, and watch for as long as anything may happen."""
    with box.ping("r1", interval=INTERVAL) as run:
        run.wait_replies(25, timeout=20)
        act()
        # What never came back is what the report shows.
        with contextlib.suppress(SandboxError):
            run.wait_replies(int(FOREVER / INTERVAL), timeout=FOREVER + 5)
    return run.report


def text(report: PingReport | None) -> str:
    if report is None:
        return "-"
    if report.longest_gap >= FOREVER - 2:
        return "for ever"
    return f"{report.longest_gap:.2f} s, {report.lost} packets"


def main() -> None:
    """Measure every case both ways."""
    print(
        "| failure | OVN alone | its return | with gwsched | its return |\n"
        "|---|---|---|---|---|"
    )
    for name, breaking, order in CASES:
        native = cost(breaking, order, None)
        with tempfile.TemporaryDirectory() as directory:
            ours = cost(breaking, order, Path(directory))
        cells = [name, *map(text, (*native, *ours))]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
