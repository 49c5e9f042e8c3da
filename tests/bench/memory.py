# SPDX-License-Identifier: Apache-2.0
"""The daemon's memory over a million updates by others.

Real ovsdb-servers and the real daemon; SB is written to as fast as the
daemon takes it in.  A line for each tenth.

Run: python -m tests.bench.memory [--help]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.handmade import placed, port_names
from tests.bench.processes import cpu_seconds, descriptors, memory
from tests.bench.reaction import SB, Fleet
from tests.bench.storming import Storm

HEADER = "| updates | memory | descriptors | CPU each |\n|---|---|---|---|"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory")
    add = parser.add_argument
    add("--updates", type=int, default=1_000_000)
    add("--ports", type=int, default=1000)
    add("--gateways", type=int, default=50)
    add("--per-second", type=float, default=5000.0, help="at the most")
    chosen = parser.parse_args()
    print(HEADER, flush=True)
    with ExitStack() as stack:
        fleet = Fleet(stack, chosen.gateways)
        names = port_names(chosen.ports)
        fleet.hand.add_ports(placed(names, fleet.gateways))
        fleet.start()
        pid = fleet.daemon.process.pid
        print(f"| 0 | {memory(pid)} MiB | {descriptors(pid)} | |", flush=True)
        others, rate = fleet.hand.chassis[:10], chosen.per_second
        storm = stack.enter_context(
            Storm(fleet.connect(SB), names, others, rate)
        )
        for line in report(pid, storm, chosen.updates // 10):
            print(line, flush=True)


def report(pid: int, storm: Storm, share: int) -> Iterator[str]:
    """Return a row of the table whenever so many updates were written."""
    spent = cpu_seconds(pid)
    for tenth in range(1, 11):
        while storm.written < tenth * share:
            time.sleep(0.1)
        each = (cpu_seconds(pid) - spent) / storm.written
        yield (
            f"| {tenth * share} | {memory(pid)} MiB | {descriptors(pid)} "
            f"| {each * 1e6:.0f} us |"
        )


if __name__ == "__main__":
    main()
