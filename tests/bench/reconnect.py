# SPDX-License-Identifier: Apache-2.0
"""What it takes to get all of both databases once more.

The servers of coldstart.py drop their connections while the daemon rests.
They are standalone: they do not know what they have sent, and send
everything again, while what came before may still be there.

Run: python -m tests.bench.reconnect [PORTS/GATEWAYS/CHASSIS/OTHERS ...]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.coldfleet import Fleet, Size
from tests.bench.coldstart import DATABASES, OPTIONS, PATIENCE, SIZES, served
from tests.bench.processes import cpu_seconds, memory
from tests.bench.steady import samples
from tests.functional.daemon import Daemon
from tests.functional.ovn import wait_for

PLANNED = "gwsched_last_successful_plan_timestamp_seconds"
HEADER = (
    "| ports / gateways / chassis / other bindings | memory before "
    "| at the most | after | CPU | out of sync |\n|---|---|---|---|---|---|"
)


def measure(size: Size) -> str:
    """Measure one size; return a row of the table."""
    with tempfile.TemporaryDirectory(prefix="gws-") as name:
        directory = Path(name)
        with (
            served(directory, Fleet(size)) as remotes,
            Daemon(directory, *remotes, OPTIONS) as daemon,
        ):
            while daemon.get("/readyz")[0] != 200:
                time.sleep(0.5)
            return f"| {size} | {_again(daemon, directory)} |"


def _again(daemon: Daemon, directory: Path) -> str:
    pid = daemon.process.pid
    before, spent, at = memory(pid), cpu_seconds(pid), time.time()
    # Forgets the highest so far (proc(5), clear_refs).
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    for server in ("nb", "sb"):
        control = ["ovs-appctl", "-t", str(directory / f"{server}.ctl")]
        subprocess.run([*control, "ovsdb-server/reconnect"], check=True)
    wait_for(
        lambda: all(
            daemon.log.count(f"{d}: connected to") == 2 for d in DATABASES
        ),
        "both databases",
        PATIENCE,
    )
    away = time.time() - at
    wait_for(lambda: samples(daemon)[PLANNED] > at + away, "a plan", PATIENCE)
    highest, took = memory(pid, "VmHWM"), cpu_seconds(pid) - spent
    return (
        f"{before} MiB | {highest} MiB | {memory(pid)} MiB "
        f"| {took:.1f} s | {away:.1f} s"
    )


def main() -> None:
    """Measure every size."""
    print(HEADER, flush=True)
    for size in sys.argv[1:] or SIZES:
        print(measure(Size.parse(size)), flush=True)


if __name__ == "__main__":
    main()
