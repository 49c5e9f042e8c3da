# SPDX-License-Identifier: Apache-2.0
"""The reaction to one event while others write thousands of rows a second.

As tests.bench.reaction, event "emptied"; the updates beside it are of rows
that are monitored.

Run: python -m tests.bench.storm [--help]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from tests.bench.handmade import (
    Connection,
    group_of,
    placed,
    port_names,
    update,
)
from tests.bench.processes import cpu_seconds
from tests.bench.reaction import NB, PATIENCE, SB, Fleet
from tests.bench.storming import Storm

RATES = (0, 500, 2000, 4000)
EVENTS = 20
HEADER = (
    "| updates a second | reaction: median | longest | passes a second "
    "| CPU of the daemon |\n|---|---|---|---|---|"
)


def reactions(fleet: Fleet, ports: Sequence[str]) -> Iterator[float]:
    """Empty the list of each port; return how long it took to fill it."""
    empty = {"ha_chassis": ["set", []]}
    for port in ports:
        operation = update("HA_Chassis_Group", empty, name=group_of(port))
        fleet.nb.transact([operation])
        with Connection(fleet.ovn.nb, NB) as watching:
            clause = [["name", "==", group_of(port)]]
            what = {"columns": ["ha_chassis"], "where": clause}
            tables = {"HA_Chassis_Group": [what]}
            watching.ask("monitor_cond", [NB, "watching", tables])
            started = time.perf_counter()
            fleet.sb.transact([operation])
            watching.receive(PATIENCE)
            yield time.perf_counter() - started
        time.sleep(0.5)


def measure(fleet: Fleet, ports: Sequence[str], storm: Storm | None) -> str:
    """Return a row of the table."""
    pid = fleet.daemon.process.pid
    passes, spent = len(fleet.daemon.passes()), cpu_seconds(pid)
    started = time.monotonic()
    took = list(reactions(fleet, ports))
    elapsed = time.monotonic() - started
    passes = len(fleet.daemon.passes()) - passes
    share = (cpu_seconds(pid) - spent) / elapsed
    return (
        f"| {storm.rate if storm else 0:.0f} "
        f"| {statistics.median(took) * 1000:.0f} ms "
        f"| {max(took) * 1000:.0f} ms "
        f"| {passes / elapsed:.1f} | {share:.0%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.storm")
    add = parser.add_argument
    add("--rates", type=float, nargs="*", default=RATES)
    add("--ports", type=int, default=1000)
    add("--gateways", type=int, default=50)
    chosen = parser.parse_args()
    print(HEADER, flush=True)
    with ExitStack() as stack:
        fleet = Fleet(stack, chosen.gateways)
        names = port_names(chosen.ports)
        fleet.hand.add_ports(placed(names, fleet.gateways))
        fleet.start()
        for number, rate in enumerate(chosen.rates):
            ports = names[number * EVENTS : (number + 1) * EVENTS]
            rest = names[len(chosen.rates) * EVENTS :]
            if not rate:
                print(measure(fleet, ports, None), flush=True)
                continue
            others = fleet.hand.chassis[:10]
            with Storm(fleet.connect(SB), rest, others, rate) as storm:
                print(measure(fleet, ports, storm), flush=True)


if __name__ == "__main__":
    main()
