# SPDX-License-Identifier: Apache-2.0
"""How even the lists are, and how long a plan takes: the pure half alone.

Run: python -m tests.bench.quality
"""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from collections.abc import Iterable

from gwsched.decisions import Health, Policy, State, Verdict
from gwsched.model import Chassis, GatewayPort, Snapshot, Unit, frozen_map
from gwsched.planner import plan
from gwsched.schedulers import Scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded

SIZES = [(3, 300), (6, 300), (10, 1000), (50, 1000), (100, 5000)]
PUBLIC = frozenset({"public"})


def worst(orders: list[tuple[str, ...]], failures: Iterable[set[str]]) -> int:
    """Return the highest load of one chassis after any of the failures."""
    highest = 0
    for failed in failures:
        loads = Counter(
            next((c for c in order if c not in failed), None)
            for order in orders
        )
        highest = max(highest, *loads.values())
    return highest


def measure(scheduler: Scheduler, chassis: int, ports: int) -> str:
    """Place ports on chassis from nothing; return a row of the table."""
    names = [f"gw{i}" for i in range(chassis)]
    snapshot = Snapshot(
        frozen_map({c: Chassis(c, physical_networks=PUBLIC) for c in names}),
        tuple(
            Unit(p, None, (GatewayPort(p, physical_networks=PUBLIC),))
            for p in (f"lrp-{i}" for i in range(ports))
        ),
    )
    live = Verdict(State.LIVE, 0.0, "")
    health = Health(frozen_map(dict.fromkeys(names, live)))
    started = time.perf_counter()
    made = plan(snapshot, health, scheduler, Policy(), 0.0)
    took = time.perf_counter() - started
    orders = [change.after for change in made.changes]
    one = worst(orders, ({c} for c in names))
    pairs = itertools.islice(itertools.combinations(names, 2), 300)
    two = worst(orders, map(set, pairs))
    return (
        f"| {type(scheduler).__name__} | {chassis} / {ports} "
        f"| {worst(orders, [set()])} ({math.ceil(ports / chassis)}) "
        f"| {one} ({math.ceil(ports / (chassis - 1))}) "
        f"| {two} ({math.ceil(ports / (chassis - 2))}) "
        f"| {took * 1000:.0f} ms |"
    )


def main() -> None:
    """Measure every size with both schedulers."""
    print(
        "| scheduler | chassis / ports | most now (ideal) | after the worst "
        "failure (ideal) | after two (ideal) | plan |\n"
        "|---|---|---|---|---|---|"
    )
    for scheduler in (LeastLoaded(), Chance()):
        for chassis, ports in SIZES:
            print(measure(scheduler, chassis, ports), flush=True)


if __name__ == "__main__":
    main()
