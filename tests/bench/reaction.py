# SPDX-License-Identifier: Apache-2.0
"""From an update in SB to gwsched's answer, committed in NB.

Real ovsdb-servers, the real daemon in a process of its own; what northd and
the chassis would do is written by hand (carrying.py).  Each sample is one
event that must change one list at once:

- emptied: northd carries over that somebody took all candidates from a port;
- gone: the Chassis row of the only candidate of a port is deleted.

The clock runs from before the event is sent until another connection is
told of the new list.  Beside it the same rows are written by a bare
``transact``, over an open connection and by the command ``ovsdb-client``.

Run: python -m tests.bench.reaction [PORTS,GATEWAYS[,EVENT] ...]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import clocked
from tests.bench.carrying import Answering, Carrying, Repeating
from tests.bench.handmade import (
    Connection,
    Handmade,
    Operation,
    delete,
    gateway_names,
    group_of,
    insert,
    named,
    nb_members,
    placed,
    port_names,
    select,
    update,
)
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

SIZES = ("1000,50", "10000,100", "20000,100")
WARM_UPS = 3
EVENTS = 15 + WARM_UPS
# How long the daemon must not have done anything (seconds).
IDLE = 0.4
PATIENCE = 600.0
NB, SB = "OVN_Northbound", "OVN_Southbound"


class Clocked(Daemon):
    """The daemon with a clock at each stage of a pass."""

    def start(self) -> None:
        self._passes = self._log.with_suffix(".passes")
        self._passes.touch()
        arguments = [str(self._passes), *self._command[-2:]]
        self._command = [sys.executable, "-m", clocked.__name__, *arguments]
        super().start()

    def passes(self) -> list[dict[str, float]]:
        """The seconds by stage of each pass that has ended."""
        return [
            json.loads(line) for line in self._lines() if line != clocked.BEGUN
        ]

    def _lines(self) -> list[str]:
        return self._passes.read_text().splitlines()

    def wait_idle(self, seconds: float) -> None:
        """Wait until it has neither been in a pass nor begun one."""
        known, since = -1, time.monotonic()
        while time.monotonic() - since < seconds:
            lines = self._lines()
            if lines[-1:] == [clocked.BEGUN] or known != len(lines):
                known, since = len(lines), time.monotonic()
            time.sleep(0.02)

    def settle(self) -> None:
        """Wait until it has judged all chassis, and writes no more."""
        wait_for(self._knows_all, "all chassis live", PATIENCE)
        written = -1
        while written != (
            written := sum("commit" in p for p in self.passes())
        ):
            self.wait_idle(IDLE)

    def _knows_all(self) -> bool:
        """Whether it sees ports, and no guard holds it back."""
        guards = self.metric("gwsched_guard_active", guard="startup")
        return bool(self.metric("gwsched_ports")) and guards == 0


@dataclass(frozen=True)
class Answer:
    """How long an answer took, and its rows written otherwise (seconds)."""

    took: float
    bare: float
    command: float
    stages: Mapping[str, float]


class Fleet:
    """Both databases, filled, and what happens to them."""

    def __init__(self, stack: ExitStack, gateways: int) -> None:
        self._stack = stack
        self.ovn = stack.enter_context(Ovn())
        self.ovn.stop("northd")
        self.nb, self.sb = self.connect(NB), self.connect(SB)
        self.nb.transact([insert("HA_Chassis_Group", "bare", name="bare")])
        self.hand = Handmade(self.nb, self.sb)
        self.gateways = gateway_names(gateways)
        self.hand.add_chassis(self.gateways)
        answering = Answering(self.connect(NB), self.connect(SB))
        self._answering = stack.enter_context(Repeating(answering.once))

    def stop_answering(self) -> None:
        """Leave it to somebody else to answer heartbeats."""
        self._answering.stop()

    def connect(self, database: str) -> Connection:
        """Return one more connection to NB or SB."""
        remote = self.ovn.nb if database == NB else self.ovn.sb
        return self._stack.enter_context(Connection(remote, database))

    def start(self, **scheduler: object) -> None:
        """Start the daemon with the timers as shipped; let it settle."""
        hand = self.hand.over(self.connect(NB), self.connect(SB))
        carrying = Carrying(self.connect(NB), hand)
        self._stack.enter_context(Repeating(carrying.once))
        options: dict[str, dict[str, object]] = {
            "scheduler": scheduler,
            "health": {"probe_interval": 10, "dead_after": 20},
            "failover": {"hold_down": 30},
            "rebalance": {"mode": "off"},
        }
        directory = self._stack.enter_context(tempfile.TemporaryDirectory())
        daemon = Clocked(Path(directory), self.ovn.nb, self.ovn.sb, options)
        self.daemon = self._stack.enter_context(daemon)
        self.daemon.settle()

    def answer(self, port: str, event: Operation) -> Answer:
        """Measure from an event in SB to a port's new list."""
        with Connection(self.ovn.nb, NB) as watching:
            clause = [["name", "==", group_of(port)]]
            what = {"columns": ["ha_chassis"], "where": clause}
            tables = {"HA_Chassis_Group": [what]}
            watching.ask("monitor_cond", [NB, "watching", tables])
            self.daemon.wait_idle(IDLE)
            known = len(self.daemon.passes())
            started = time.perf_counter()
            self.sb.transact([event])
            watching.receive(PATIENCE)
            took = time.perf_counter() - started
        self.daemon.wait_idle(IDLE)
        new = self.daemon.passes()[known:]
        stages = next(made for made in new if "commit" in made)
        return Answer(took, *self._bare(self.order(port)), stages)

    def _bare(self, order: Sequence[str]) -> tuple[float, float]:
        """Time the same rows, written by nobody in particular."""
        rows = nb_members(order)
        group = {"ha_chassis": named(rows)}
        same = [*rows, update("HA_Chassis_Group", group, name="bare")]
        return timed(self.nb.transact, same), timed(
            by_command, self.ovn.nb, same
        )

    def order(self, port: str) -> list[str]:
        """The list of a port, best first."""
        name = group_of(port)
        asked = [select("HA_Chassis_Group", "ha_chassis", name=name)]
        (group,) = self.nb.transact(asked)[0]["rows"]
        _, value = group["ha_chassis"]
        uuids = value if isinstance(value, list) else [["uuid", value]]
        columns = ("chassis_name", "priority")
        results = self.nb.transact(
            [select("HA_Chassis", *columns, _uuid=uuid) for uuid in uuids]
        )
        rows = [row for result in results for row in result["rows"]]
        rows.sort(key=lambda row: -row["priority"])
        return [row["chassis_name"] for row in rows]


def emptied(stack: ExitStack, ports: int, gateways: int) -> Iterator[Answer]:
    """The list of a port is empty, as SB says at last."""
    fleet = Fleet(stack, gateways)
    names = port_names(ports)
    fleet.hand.add_ports(placed(names, fleet.gateways))
    fleet.start()
    empty = {"ha_chassis": ["set", []]}
    for port in names[:EVENTS]:
        operation = update("HA_Chassis_Group", empty, name=group_of(port))
        fleet.nb.transact([operation])
        yield fleet.answer(port, operation)


def gone(stack: ExitStack, ports: int, gateways: int) -> Iterator[Answer]:
    """The Chassis row of the only candidate of a port is deleted."""
    fleet = Fleet(stack, gateways)
    mortal = [f"x{i:02}" for i in range(EVENTS)]
    fleet.hand.add_chassis(mortal)
    names = port_names(ports)
    lists = placed(names, fleet.gateways)
    theirs = {p: [c] for p, c in zip(names, mortal, strict=False)}
    single = {port: order[:1] for port, order in lists.items()}
    fleet.hand.add_ports(single | theirs)
    fleet.start(max_candidates=1)
    for port, (chassis,) in theirs.items():
        yield fleet.answer(port, delete("Chassis", name=chassis))


def by_command(remote: str, operations: Sequence[Operation]) -> None:
    text = json.dumps([NB, *operations])
    command = ["ovsdb-client", "transact", remote, text]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def timed(run: Callable[..., object], *args: object) -> float:
    started = time.perf_counter()
    run(*args)
    return time.perf_counter() - started


def row(what: str, size: str, answers: Sequence[Answer]) -> str:
    """Return a row of the table, in milliseconds."""
    took = sorted(answer.took for answer in answers)
    figures = [statistics.median(took), took[-1 - len(took) // 10]]
    figures.append(statistics.median(a.bare for a in answers))
    figures.append(statistics.median(a.command for a in answers))
    for stage in clocked.NAMES:
        spent = [answer.stages.get(stage, 0.0) for answer in answers]
        figures.append(statistics.median(spent))
    cells = " | ".join(f"{seconds * 1000:.1f}" for seconds in figures)
    return f"| {what} | {size} | {cells} |"


def main() -> None:
    """Measure every size."""
    columns = ["event", "ports / gateways", "reaction: median", "90 %"]
    columns += ["bare, open connection", "bare, command", *clocked.NAMES]
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|", flush=True)
    for size in sys.argv[1:] or SIZES:
        ports, gateways, *events = size.split(",")
        for scenario in (emptied, gone):
            if events and scenario.__name__ not in events:
                continue
            with ExitStack() as stack:
                found = scenario(stack, int(ports), int(gateways))
                answers = list(found)[WARM_UPS:]
            print(
                row(scenario.__name__, f"{ports},{gateways}", answers),
                flush=True,
            )


if __name__ == "__main__":
    main()
