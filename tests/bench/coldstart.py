# SPDX-License-Identifier: Apache-2.0
"""From the start of a process to the first full plan, and its memory.

Real ovsdb-servers with a cloud of Neutron's in them, in force and claimed
(coldfleet.py): the daemon restarted on it, beside stock ovsdbapp that only
loads the same tables.  What counts is CPU time, for the wall clock is the
business of whoever else is on the machine.

Run: python -m tests.bench.coldstart [--help]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench import coldplot, coldstock
from tests.bench.coldfleet import Fleet, Size
from tests.bench.coldplot import Start
from tests.bench.processes import cpu_seconds, memory
from tests.functional.daemon import Daemon
from tests.functional.ovn import SCHEMAS, wait_for

# Ports, gateways, all chassis, other port bindings.
SIZES = (
    "1000/20/60/3000",
    "2500/30/100/7500",
    "5000/40/200/15000",
    "10000/50/300/30000",
    "20000/100/500/100000",
)
# Stock ovsdbapp takes minutes for more.
STOCK_UP_TO = 10_000
PATIENCE = 3600.0
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "scheduler": {"mode": "observe"},
    "ovn": {
        "ovsdb_probe_interval": 0,
        "ovsdb_connection_timeout": 180,
        "ovs_connections": "",
    },
}
DATABASES = ("NB", "SB")
HEADER = (
    "| ports / gateways / chassis / other bindings | who | loaded "
    "| first plan | memory | at the most |\n|---|---|---|---|---|---|"
)


@contextmanager
def served(directory: Path, fleet: Fleet) -> Iterator[tuple[str, str]]:
    """Serve both databases; return their remotes."""
    remotes = []
    with ExitStack() as stack:
        for name, content in (("nb", fleet.nb), ("sb", fleet.sb)):
            path = directory / f"{name}.db"
            content.write(SCHEMAS / f"ovn-{name}.ovsschema", path)
            socket = directory / f"{name}.sock"
            remotes.append(f"unix:{socket}")
            command = [
                "ovsdb-server",
                f"--remote=p{remotes[-1]}",
                f"--unixctl={directory / name}.ctl",
                "-vconsole:err",
                str(path),
            ]
            server = stack.enter_context(subprocess.Popen(command))
            stack.callback(server.terminate)
            wait_for(socket.exists, f"the server of {name}", PATIENCE)
        yield remotes[0], remotes[1]


def _figures(pid: int, loaded: float, planned: float | None) -> Start:
    return Start(loaded, planned, memory(pid), memory(pid, "VmHWM"))


def stock(remotes: Sequence[str]) -> Start:
    """Load by stock ovsdbapp."""
    command = [sys.executable, "-m", coldstock.__name__, *remotes]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        assert process.stdout.readline() == b"loaded\n"
        return _figures(process.pid, cpu_seconds(process.pid), None)


def ours(remotes: tuple[str, str], directory: Path) -> Start:
    """Start the daemon; wait for its first plan."""
    with Daemon(directory, *remotes, OPTIONS) as daemon:
        pid = daemon.process.pid
        wait_for(
            lambda: all(f"{d}: connected to" in daemon.log for d in DATABASES),
            "both databases",
            PATIENCE,
        )
        loaded = cpu_seconds(pid)
        while daemon.get("/readyz")[0] != 200:
            time.sleep(0.5)
        return _figures(pid, loaded, cpu_seconds(pid))


def measure(
    size: Size, *, is_placed: bool, with_stock: bool
) -> dict[str, Start]:
    """Measure one size."""
    fleet = Fleet(size, is_placed=is_placed)
    with tempfile.TemporaryDirectory(prefix="gws-") as name:
        directory = Path(name)
        with served(directory, fleet) as remotes:
            del fleet
            found = {"gwsched": ours(remotes, directory)}
            if with_stock:
                found["ovsdbapp"] = stock(remotes)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.coldstart")
    add = parser.add_argument
    add("--sizes", nargs="*", default=SIZES, help="as in the first column")
    add("--stock-up-to", type=int, default=STOCK_UP_TO, metavar="PORTS")
    add("--unplaced", action="store_true", help="no port has a list yet")
    add("--plot", type=Path, help="write a picture (SVG)")
    chosen = parser.parse_args()
    print(HEADER, flush=True)
    results = {}
    for size in map(Size.parse, chosen.sizes):
        found = measure(
            size,
            is_placed=not chosen.unplaced,
            with_stock=size.ports <= chosen.stock_up_to,
        )
        results[size.ports] = found
        for who, start in found.items():
            print(f"| {size} | {who} | {start} |", flush=True)
    if chosen.plot:
        coldplot.draw(results, chosen.plot)


if __name__ == "__main__":
    main()
