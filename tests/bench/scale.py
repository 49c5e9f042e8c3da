# SPDX-License-Identifier: Apache-2.0
"""How long a plan takes, and how that grows: the pure half alone, one core.

Run: python -m tests.bench.scale [PORTS GATEWAYS CHASSIS]
"""

from __future__ import annotations

import gc
import math
import resource
import subprocess
import sys
import time

from gwsched.decisions import Plan, Policy
from gwsched.planner import plan
from tests.world import World

SIZES = [
    (1000, 100, 100),
    (2500, 100, 100),
    (5000, 100, 100),
    (10000, 100, 100),
    (20000, 100, 500),
    (20000, 25, 500),
    (20000, 50, 500),
    (20000, 200, 500),
    (20000, 400, 500),
]


class Clocked:
    """A world whose plans are timed by the CPU, not by the clock."""

    def __init__(self, ports: int, gateways: int, chassis: int) -> None:
        self.world = World(policy=Policy(scatter_width=0))
        self.world.add(*(f"gw{i:03}" for i in range(gateways)))
        computes = (f"hv{i:03}" for i in range(chassis - gateways))
        self.world.add(*computes, is_gateway=False)
        for i in range(ports):
            self.world.port(f"lrp{i:05}")
        self.world.look()
        gc.collect()
        gc.freeze()

    def timed(self) -> tuple[float, Plan]:
        """Plan once; return the CPU seconds it took."""
        world = self.world
        world.look()  # follows the claims, and fills in what units remember
        seen, health = world.snapshot, world.health
        started = time.process_time()
        made = plan(
            seen, health, world.scheduler, world.policy, world.now, world.past
        )
        return time.process_time() - started, made

    def apply(self, seconds: float) -> None:
        """Write the plan, and let time pass."""
        self.world.step()
        self.world.now += seconds


def measure(ports: int, gateways: int, chassis: int) -> str:
    """Return a row of the table."""
    clocked = Clocked(ports, gateways, chassis)
    nothing, made = clocked.timed()
    assert len(made.changes) == ports
    clocked.apply(60)
    rest, made = clocked.timed()
    assert not made.changes
    clocked.world.kill("gw000", stays=True)
    death, made = clocked.timed()
    touched = len(made.changes)
    clocked.apply(60)
    refill, _ = clocked.timed()
    clocked.apply(60)
    level, _ = clocked.timed()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    per_port = nothing / ports * 1e6
    growth = per_port / math.log2(gateways)
    return (
        f"| {ports} / {gateways} / {chassis} | {nothing:.2f} s "
        f"| {per_port:.0f} us | {growth:.1f} us "
        f"| {death * 1000:.0f} ms, {touched} lists | {refill * 1000:.0f} ms "
        f"| {level * 1000:.0f} ms | {rest * 1000:.0f} ms | {peak} MiB |"
    )


def main() -> None:
    """Measure each size in a process of its own, for its memory."""
    if len(sys.argv) == 4:
        print(measure(*map(int, sys.argv[1:])), flush=True)
        return
    print(
        "| ports / gateways / chassis | from nothing | per port | per port "
        "and log2 of gateways | a death is seen | its lists are refilled "
        "| backups levelled | nothing to do | memory |\n" + "|---" * 9 + "|"
    )
    for size in SIZES:
        command = [sys.executable, "-m", "tests.bench.scale", *map(str, size)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
