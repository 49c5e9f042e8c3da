# SPDX-License-Identifier: Apache-2.0
"""What the daemon costs where nothing happens, at full scale.

Real ovsdb-servers, the real daemon.  Each heartbeat is carried to SB at
once, and answered by every chassis in a transaction of its own, one after
the other for three seconds.  Bindings that are nothing to gwsched fill SB.

Run: python -m tests.bench.idle [PORTS/GATEWAYS/CHASSIS/OTHERS ...]
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from tests.bench import reaction
from tests.bench.handmade import (
    Operation,
    gateway_names,
    insert,
    placed,
    port_names,
    select,
    update,
)
from tests.bench.processes import cpu_seconds
from tests.bench.steady import samples
from tests.functional.daemon import Daemon

SIZES = (
    "1000/20/60/3000",
    "2500/30/100/7500",
    "5000/40/200/15000",
    "10000/50/300/30000",
    "20000/100/500/100000",
)
WATCHED = 120.0
# How often there is a heartbeat, and for how long the answers to one trickle
# in: who needs a quarter of dead_after is suspect (seconds).
INTERVAL = 10.0
SPREAD = 3.0
BATCH = 2000


class Trickling:
    """Carries each heartbeat to SB; all answer it, one by one."""

    def __init__(self, fleet: reaction.Fleet, names: Sequence[str]) -> None:
        self._nb = fleet.connect(reaction.NB)
        self._sb = fleet.connect(reaction.SB)
        self._names = names
        self._pause = SPREAD / len(names)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        answered = None
        while not self._stopping.wait(0.05):
            found = self._nb.transact([select("NB_Global", "nb_cfg")])
            (asked,) = found[0]["rows"]
            if asked != answered:
                self._sb.transact([update("SB_Global", asked)])
                answered = asked
                self._answer(asked)

    def _answer(self, asked: dict[str, int]) -> None:
        for name in self._names:
            if self._stopping.wait(self._pause):
                return
            self._sb.transact([update("Chassis_Private", asked, name=name)])
            self.answers += 1


def others(count: int) -> Iterator[list[Operation]]:
    """Yield the bindings of VMs, some thousand at a time."""
    for first in range(0, count, BATCH):
        rows = [insert("Datapath_Binding", "d", tunnel_key=900_000 + first)]
        rows += [
            insert(
                "Port_Binding",
                f"o{i}",
                logical_port=f"vm{first + i}",
                datapath=["named-uuid", "d"],
                tunnel_key=i + 1,
            )
            for i in range(min(BATCH, count - first))
        ]
        yield rows


def scrape(daemon: Daemon) -> float:
    """Return the CPU seconds of one look at the metrics."""
    pid = daemon.process.pid
    spent = cpu_seconds(pid)
    daemon.get("/metrics")
    return cpu_seconds(pid) - spent


def measure(size: str) -> str:
    """Measure one size; return a row of the table."""
    ports, gateways, chassis, rest = map(int, size.split("/"))
    with ExitStack() as stack:
        fleet = reaction.Fleet(stack, gateways)
        computes = [f"hv{i:04}" for i in range(chassis - gateways)]
        fleet.hand.add_chassis(computes, gateways=False)
        for rows in others(rest):
            fleet.sb.transact(rows)
        fleet.hand.add_ports(placed(port_names(ports), fleet.gateways))
        fleet.start()
        fleet.stop_answering()
        names = [*gateway_names(gateways), *computes]
        with Trickling(fleet, names) as trickling:
            time.sleep(2 * INTERVAL)
            pid = fleet.daemon.process.pid
            first = scrape(fleet.daemon)
            again = scrape(fleet.daemon)
            before, known = samples(fleet.daemon), trickling.answers
            # To show the metrics is not part of being idle.
            began, started = cpu_seconds(pid), time.monotonic()
            time.sleep(WATCHED)
            share = cpu_seconds(pid) - began
            took = time.monotonic() - started
            answers = (trickling.answers - known) / took
            after = samples(fleet.daemon)
        spent = {key: after[key] - before.get(key, 0.0) for key in after}
        cycles = spent["gwsched_cycle_duration_seconds_count"] / took
        each = spent["gwsched_cycle_duration_seconds_sum"] / took / cycles
        writes = spent["gwsched_transactions_total"]
        resident = after["process_resident_memory_bytes"] / 2**20
        return (
            f"| {size} | {share / took:.2%} | {answers:.0f} | {cycles:.1f} "
            f"| {each * 1000:.2f} ms | {writes:.0f} | {resident:.0f} MiB "
            f"| {first * 1000:.0f} ms | {again * 1000:.0f} ms |"
        )


def main() -> None:
    """Measure every size."""
    print(
        "| ports/gateways/chassis/others | of a core | answers a second "
        "| passes a second | each | transactions in two minutes | RSS "
        "| the first scrape | the next |\n" + "|---" * 9 + "|",
        flush=True,
    )
    for size in sys.argv[1:] or SIZES:
        print(measure(size), flush=True)


if __name__ == "__main__":
    main()
