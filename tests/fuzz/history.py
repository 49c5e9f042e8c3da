# SPDX-License-Identifier: Apache-2.0
"""One history: real servers, a real daemon, and somebody who writes."""

from __future__ import annotations

import json
import random
import re
import subprocess
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema

from tests.functional.daemon import BIN, Daemon
from tests.functional.ovn import wait_for
from tests.fuzz.client import Server
from tests.fuzz.ours import judge
from tests.fuzz.scene import Others, counted
from tests.fuzz.scene import northbound as sound_nb
from tests.fuzz.scene import southbound as sound_sb
from tests.fuzz.scene import vswitch as sound_ovs
from tests.fuzz.sides import MONITORED, SCHEMA_OF, Side
from tests.fuzz.values import PORTS
from tests.packaging.pages import ROOT

CONTRACT = json.loads((ROOT / "docs/status.schema.json").read_text())
# How often ovs-vswitchd counts when it could.
COUNTING = 0.2
CYCLES = "gwsched_cycle_duration_seconds_count"
# How often the daemon is ended and started again.
RESTARTS = 0.02
# After so many transactions the daemon is waited for, and looked at.
BURST = 10
OPTIONS: dict[str, dict[str, tuple[object, ...]]] = {
    "scheduler": {
        "ovn_l3_scheduler": ("leastloaded", "leastloaded", "chance"),
        "load": ("nat", "ports"),
        "max_candidates": (1, 2, 3, 5),
        "table": ("auto", "auto", "gateway_chassis", "ha_chassis_group"),
    },
    "failover": {
        "failback": ("never", "delayed"),
        "failback_delay": (1, 5),
        "controller_dead": ("keep", "move"),
    },
    "rebalance": {
        "mode": ("auto", "manual"),
        "moves_per_minute": (60, 600),
        "threshold": (1, 10),
    },
}
VERBS = (
    ("status",),
    ("status", "-f", "json"),
    ("ports",),
    ("chassis", "-f", "json"),
    ("audit",),
    ("plan", "-f", "json"),
    ("explain", PORTS[0]),
    ("explain", PORTS[1]),
)
# How many of them are tried in one history; each takes a second to start.
ASKED = 4
# Done, failed, refused; what is explained may be gone, which is 2.
EXITS = (0, 1, 3)


class Nice(Daemon):
    """One beside which anything may be computed."""

    patience = 300.0


@dataclass
class Told:
    """What there is to say of a history."""

    written: int = 0
    refused: int = 0
    ours: int = 0
    cycles: int = 0
    verbs: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.written} transactions written, {self.refused} refused, "
            f"{self.ours} by gwsched in {self.cycles} cycles, "
            f"exits {dict(self.verbs)}"
        )


class History:
    """What one seed makes."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.told = Told()
        self._draw = random.Random(seed)
        # Of its own: how often others act depends on the machine.
        self._aside = random.Random(seed)
        self._packets = 1
        self._directory = directory

    def run(self, steps: int) -> Told:
        """Live through it; :raises AssertionError: where something is not
        as it should be
        """
        with ExitStack() as stack:
            servers = {
                short: stack.enter_context(
                    Server(self._directory, short, schema)
                )
                for short, schema in SCHEMA_OF.items()
            }
            sides = [
                Side(servers[short], name, tables, self._draw)
                for short, (name, tables) in MONITORED.items()
            ]
            for side in sides:
                stack.callback(side.client.close)
            self._nb, self._sb, self._ovs = sides
            self._others = Others(self._aside)
            assert not self._nb.write(sound_nb())
            assert not self._sb.write(sound_sb())
            assert not self._ovs.write(sound_ovs())
            remotes = [f"unix:{s.socket}" for s in servers.values()]
            options = {
                section: {k: self._draw.choice(v) for k, v in known.items()}
                for section, known in OPTIONS.items()
            }
            options["ovn"] = {"ovs_connections": remotes[2]}
            self._daemon = stack.enter_context(
                Nice(self._directory, remotes[0], remotes[1], options)
            )
            self._live(steps)
            self._use_tools(remotes)
            self._check()
            self.told.cycles = self._cycles()
            assert self._daemon.terminate() == 0
            ours = [
                judge(self._directory / f"{short}.db", side.client.schema)
                for short, side in zip(servers, sides, strict=True)
            ]
            self.told.ours = ours[0]
            assert ours[1:] == [0, 0]
        return self.told

    def _live(self, steps: int) -> None:
        sides = (self._nb, self._sb, self._ovs)
        self._settle()
        for step in range(1, steps + 1):
            self._write(self._draw.choices(sides, (4, 4, 1))[0])
            self._answer()
            if step % BURST == 0:
                self._settle()
            if self._draw.random() < RESTARTS:
                assert self._daemon.terminate() == 0, self._tail()
                self._check_log()
                self._daemon.start()
        self._be_calm()

    def _write(self, side: Side) -> None:
        """Write something that the server lets pass."""
        side.look()
        for _ in range(10):
            if not side.write(side.rows.operations()):
                self.told.written += 1
                return
            self.told.refused += 1

    def _answer(self) -> None:
        """Let the others follow."""
        found = self._others.act(self._nb.look(), self._sb.look())
        if found:
            self._sb.write(found)
        if self._aside.random() < COUNTING:
            self._packets += 1
            self._ovs.write([counted(self._packets)])

    def _cycles(self) -> int:
        return int(self._daemon.metric(CYCLES) or 0)

    def _settle(self) -> None:
        """Wait until the daemon has seen what there is, and look at it."""
        seen = self._cycles()

        def passed() -> bool:
            self._answer()
            assert self._daemon.process.poll() is None, self._tail()
            return self._cycles() > seen + 1

        wait_for(passed, "two more cycles", 120)
        self._check()

    def _be_calm(self) -> None:
        """What does not change is not said again and again."""
        for _ in range(2):
            self._settle()
        before = len(self._daemon.log)
        for _ in range(6):
            self._settle()
        said: Counter[str] = Counter()
        for line in self._daemon.log[before:].split("\n"):
            what = re.search(r" (?:WARNING|ERROR|CRITICAL) (.*)", line)
            if what:
                said[re.sub(r"\d+", "N", what.group(1))] += 1
        often = [f"{n} x {what}" for what, n in said.items() if n > 3]
        assert not often, often

    def _check_log(self) -> None:
        for wrong in ("Traceback", "the cycle failed"):
            assert wrong not in self._daemon.log, self._tail()

    def _check(self) -> None:
        daemon = self._daemon
        self._check_log()
        errors = "gwsched_errors_total"
        for where in ("cycle", "scheduler"):
            found = daemon.metric(errors, where=where)
            assert found == 0, (where, self._tail())
        for path in ("/", "/api/status", "/livez", "/readyz"):
            status, text = daemon.get(path)
            assert status == 200, (path, status, text[:500])
            if path == "/api/status":
                jsonschema.validate(json.loads(text), CONTRACT)

    def _tail(self) -> str:
        return self._daemon.log[-6000:]

    def _use_tools(self, remotes: list[str]) -> None:
        files = ["--config-file", str(self._directory / "gwsched.conf")]
        url = f"http://127.0.0.1:{self._daemon.port}"
        for verb in self._draw.sample(VERBS, ASKED):
            more = ["--daemon", url] if verb[0] == "status" else []
            done = subprocess.run(
                [str(BIN / "gwschedctl"), *files, *verb, *more],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            said = f"{verb}: {done.returncode}: {done.stderr[-3000:]}"
            gone = verb[0] == "explain" and done.returncode == 2
            assert done.returncode in EXITS or gone, said
            assert "Traceback" not in done.stderr, said
            if "json" in verb and done.returncode != 1:
                json.loads(done.stdout)
            self.told.verbs[done.returncode] += 1


def live(seed: int, steps: int, keep: Path | None = None) -> Told:
    """Live through the history of a seed."""
    directory = Path(
        tempfile.mkdtemp(prefix=f"gwsched-fuzz-{seed}-", dir=keep)
    )
    history = History(seed, directory)
    told = history.run(steps)
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    return told
