# SPDX-License-Identifier: Apache-2.0
"""Time per port on real databases: ovsdb-servers, with northd at work.

Ports are made one by one and each is scheduled at once: by Neutron's own
command on its own connections, and by the daemon's (connection, snapshot,
plan, transaction).  The daemon's other case is a first start, all ports
there.  Not counted is until a new port is known to the scheduler, nor is,
for Neutron, SQL.  Everybody counts as healthy.

Run: python -m tests.bench.realrows [--help]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from gwsched import apply
from gwsched.acting import MOST_CHANGES
from gwsched.connection import Database
from gwsched.decisions import Health, State, Verdict
from gwsched.model import frozen_map
from gwsched.snapshot import Reader
from tests.bench.fleetmodel import Size
from tests.bench.neutron.client import Driver
from tests.bench.neutron.venvs import CACHE, python_with
from tests.bench.ours import planned
from tests.bench.scenarios import Deadline, OverrunError
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import catch_up, databases, settings_for

SIZES = ("10/250", "50/1000")
HEADER = (
    "| chassis / ports | scheduler | ms per port | of the last tenth |\n"
    "|---|---|---|---|"
)
Place = Callable[[str], float]


def router_of(port: str) -> str:
    return "neutron-" + port.removeprefix("lrp-")


def port_added(port: str) -> list[str]:
    """Return the command that adds a router with a gateway port.

    Each on a switch of its own: on one together they cost northd time in
    their square.
    """
    router, number = router_of(port), int(port.removeprefix("lrp-"))
    switch, high, low = f"ls-{port}", *divmod(number, 250)
    command = f"ls-add {switch} -- lsp-add {switch} ln-{port}".split()
    command += f"-- lsp-set-type ln-{port} localnet".split()
    command += f"-- lsp-set-options ln-{port} network_name=public".split()
    command += f"-- lr-add {router} -- lrp-add {router} {port}".split()
    command += [f"02:00:00:00:{high:02x}:{low:02x}"]
    command += [f"172.16.{high}.{low + 1}/12"]
    command += ["--", "set", "Logical_Router_Port", port]
    command += ['external_ids:"neutron:is_ext_gw"="True"']
    command += [f'external_ids:"neutron:router_name"="{router}"']
    command += f"-- lsp-add {switch} lsp-{port}".split()
    command += f"-- lsp-set-type lsp-{port} router".split()
    command += f"-- lsp-set-options lsp-{port} router-port={port}".split()
    return ["--", *command]


def one_by_one(
    ovn: Ovn, size: Size, place: Place, deadline: Deadline
) -> list[float]:
    """Add ports and have each placed; return the seconds of each."""
    times: list[float] = []
    for port in size.port_names():
        ovn.nbctl(*port_added(port)[1:])
        times.append(place(port))
        deadline.check(len(times), size.ports)
    return times


def neutron(
    ovn: Ovn, size: Size, python: Path, deadline: Deadline
) -> list[float]:
    with Driver(python, seed=1) as driver:
        driver.ask("connect", nb=ovn.nb, sb=ovn.sb, chassis=size.chassis)

        def place(port: str) -> float:
            router = router_of(port)
            answer = driver.ask("place", port=port, router=router)
            assert answer["lists"][port]
            return float(answer["seconds"])

        return one_by_one(ovn, size, place, deadline)


class Daemon:
    """The daemon's cycle on its own connections, without the daemon."""

    def __init__(self, ovn: Ovn, nb: Database, sb: Database) -> None:
        self._settings = settings_for(ovn)
        self._nb = nb
        self._sb = sb
        self._reader = Reader(nb.rows, sb.rows, self._settings)

    def place(self, port: str) -> float:
        """Place a port once it is known."""
        wait_for(lambda: self._knows(port), port)
        seconds, written = self.cycle()
        assert port in written
        return seconds

    def cycle(self) -> tuple[float, set[str]]:
        """Return what one cycle took, and the ports it wrote."""
        started = time.perf_counter()
        changed = self._nb.take_changed(), self._sb.take_changed()
        seen = self._reader.read(*changed, answered=self._sb.answers)
        live = Verdict(State.LIVE, 0.0, "")
        verdicts = Health(frozen_map(dict.fromkeys(seen.chassis, live)))
        made = planned(seen, verdicts, time.monotonic())
        changes = made.changes[:MOST_CHANGES]
        if changes:
            result, why = apply.commit(
                self._nb, changes, self._settings.timeout
            )
            assert result is apply.Result.COMMITTED, f"{result}: {why}"
        seconds = time.perf_counter() - started
        return seconds, {p.name for c in changes for p in c.unit.ports}

    def _knows(self, port: str) -> bool:
        self._sb.run()
        self._nb.run()
        rows = self._nb.rows["Logical_Router_Port"].rows.values()
        return any(row.name == port for row in rows)


def ours_one_by_one(ovn: Ovn, size: Size, deadline: Deadline) -> list[float]:
    with databases(ovn) as (nb, sb):
        daemon = Daemon(ovn, nb, sb)
        return one_by_one(ovn, size, daemon.place, deadline)


def ours_at_once(ovn: Ovn, size: Size, deadline: Deadline) -> list[float]:
    """Return the even share of each port in all the cycles it takes."""
    ports = size.port_names()
    for first in range(0, len(ports), 50):
        batch = [port_added(port) for port in ports[first : first + 50]]
        ovn.nbctl(*list(chain.from_iterable(batch))[1:])
    ovn.nbctl("--timeout=300", "--wait=sb", "sync")
    total, missing = 0.0, set(ports)
    with databases(ovn) as (nb, sb):
        daemon = Daemon(ovn, nb, sb)
        while missing:
            seconds, written = daemon.cycle()
            assert written, f"{len(missing)} ports were not placed"
            missing -= written
            total += seconds
            catch_up(nb, sb)
    return [total / size.ports] * size.ports


Measure = Callable[[Ovn, Size, Deadline], list[float]]


def contenders(pythons: Mapping[str, Path]) -> dict[str, Measure]:
    def with_python(python: Path) -> Measure:
        return lambda ovn, size, limit: neutron(ovn, size, python, limit)

    theirs = {f"Neutron {v}": with_python(p) for v, p in pythons.items()}
    return {
        **theirs,
        "gwsched, port by port": ours_one_by_one,
        "gwsched, all at once": ours_at_once,
    }


def measure(size: Size, measured: Measure, budget: float) -> str:
    """Return the two figures of one contender, as cells."""
    with Ovn() as ovn:
        ovn.add_chassis(*size.chassis_names())
        try:
            times = measured(ovn, size, Deadline(budget))
        except OverrunError as overrun:
            return f"skipped (over {overrun.estimate:.0f} s) | "
    last = times[-max(len(times) // 10, 1) :]
    return " | ".join(f"{sum(t) / len(t) * 1000:.1f}" for t in (times, last))


def report(
    pythons: Mapping[str, Path], budget: float, sizes: Sequence[str] = SIZES
) -> Iterator[str]:
    """Return the lines of the table, as they are measured."""
    yield "\n**Time per port on real databases**\n"
    yield HEADER
    for size in map(Size.parse, sizes):
        for label, measured in contenders(pythons).items():
            print(f"{label}, {size}, real rows", file=sys.stderr, flush=True)
            yield f"| {size} | {label} | {measure(size, measured, budget)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.realrows")
    add = parser.add_argument
    add("--sizes", nargs="*", default=SIZES, help="CHASSIS/PORTS")
    add("--versions", nargs="*", default=["29.0.0"], help="of Neutron")
    add("--budget", type=float, default=300.0, help="seconds for each")
    add("--cache", type=Path, default=CACHE, help="for the environments")
    chosen = parser.parse_args()
    pythons = {v: python_with(v, chosen.cache) for v in chosen.versions}
    for line in report(pythons, chosen.budget, chosen.sizes):
        print(line, flush=True)


if __name__ == "__main__":
    main()
