# SPDX-License-Identifier: Apache-2.0
"""What docs tell a new operator to do, done: real OVN, real packets.

Look on in observe, enforce, reboot every gateway in turn under traffic, add
a gateway, lose one, and do what the runbook of its alert says.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gwsched.sandbox import Ping, Sandbox
from tests.functional.daemon import BIN, Daemon, write_conf
from tests.functional.failures import (
    BUSY,
    Options,
    flowing,
    order,
    orders,
    sandbox,
    settled,
    streams,
    warm,
)
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

# As many as make a gateway that has none uneven: by less than two ports of
# its share nothing is moved.
ROUTERS = tuple(f"r{i}" for i in range(8))
ALL = ("gw1", "gw2", "gw3", "gw4")
BY_THREE, BY_FOUR = [2, 3, 3], [2, 2, 2, 2]
# At first gw4 is none.
OLD = ALL[:3]
FAST: Options = {"rebalance": {"moves_per_minute": 120}}
OBSERVE = {**FAST, "scheduler": {"mode": "observe", "max_candidates": 3}}
ENFORCE = {**FAST, "scheduler": {"mode": "enforce", "max_candidates": 3}}
DOCS = Path(__file__).parents[2] / "docs"
ALERT = "GwschedChassisDead"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A cloud made by hand: all routers on gw1, and gw4 not in use."""
    with sandbox(gateways=len(ALL)) as found:
        flag(found, "gw4", "")
        for router in ROUTERS:
            found.add_router(router, candidates=OLD)
        settled(found, *ROUTERS, depth=len(OLD))
        warm(found, *OLD)
        yield found


def flag(box: Sandbox, chassis: str, options: str) -> None:
    """Let a chassis be a gateway, or none."""
    box.execute(
        *(chassis, "ovs-vsctl", "set", "Open_vSwitch", "."),
        f'external_ids:ovn-cms-options="{options}"',
    )


class Operator:
    """A shell with gwschedctl, and the file that gwsched reads."""

    def __init__(self, box: Sandbox, directory: Path) -> None:
        self._box = box
        self._conf = directory / "gwsched.conf"
        self._bin = directory / "bin"
        self._bin.mkdir()
        ctl, lab = BIN / "gwschedctl", BIN / "gwsched-sandbox"
        self._script("gwschedctl", f'{ctl} "$@" --config-file {self._conf}')
        self._script(
            "reboot",
            f'{lab} fault "$1" graceful --name {box.name}',
            f'{lab} heal "$1" --name {box.name}',
        )

    def _script(self, name: str, *lines: str) -> None:
        path = self._bin / name
        path.write_text("\n".join(["#!/bin/sh -e", *lines, ""]))
        path.chmod(0o755)

    def configures(self, options: Options) -> None:
        write_conf(self._conf, self._box.nb, self._box.sb, options)

    def runs(self, *command: str) -> str:
        """Run something that is to succeed; return what it says."""
        done = self._run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={**os.environ, "PATH": f"{self._bin}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def finds_nothing_wrong(self) -> None:
        """Wait until an audit does; what was just written is in the air."""
        audit = ("gwschedctl", "audit", "--check")
        wait_for(lambda: self._run(*audit).returncode == 0, "a clean audit")

    def asks(self, *arguments: str) -> Any:
        return json.loads(self.runs("gwschedctl", *arguments, "-f", "json"))


def shares(box: Sandbox) -> list[int]:
    return sorted(Counter(box.holders().values()).values())


def lost(runs: Mapping[str, Ping]) -> dict[str, int]:
    return {router: run.report.lost for router, run in runs.items()}


def moves(daemon: Daemon, router: str) -> int:
    """How often a port was moved, by the decision log."""
    claimed = rf"lrp-{router}: \w+ has claimed it"
    return len(re.findall(claimed, daemon.log))


def test_from_observe_to_a_gateway_lost(box: Sandbox, tmp_path: Path) -> None:
    operator = Operator(box, tmp_path)
    with Daemon(tmp_path, box.nb, box.sb, OBSERVE) as daemon:
        looks_on(box, operator, daemon)
        enforces(box, operator, daemon)
        reboots_all(box, operator, daemon)
        adds_one(box, operator, daemon)
        loses_one(box, operator, daemon)


def looks_on(box: Sandbox, operator: Operator, daemon: Daemon) -> None:
    before = orders(box, *ROUTERS)
    operator.configures(OBSERVE)
    operator.runs("gwschedctl", "check-config")
    daemon.wait_log("observe: would write")
    assert operator.asks("plan")
    assert orders(box, *ROUTERS) == before


def enforces(box: Sandbox, operator: Operator, daemon: Daemon) -> None:
    with streams(box, *ROUTERS) as runs:
        operator.configures(ENFORCE)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log("the configuration is taken over")
        wait_for(lambda: shares(box) == BY_THREE, "it is even")
        flowing(*runs.values())
    for router, packets in lost(runs).items():
        assert packets <= moves(daemon, router) + BUSY, lost(runs)
    operator.finds_nothing_wrong()


def reboots_all(box: Sandbox, operator: Operator, daemon: Daemon) -> None:
    """By the script of docs, and nothing is uneven at the end."""
    before = {router: moves(daemon, router) for router in ROUTERS}
    with streams(box, *ROUTERS) as runs:
        operator.runs(
            str(DOCS / "rolling-reboot.sh"),
            "-p",
            "1",
            "-t",
            "120",
            "reboot",
            *OLD,
        )
        flowing(*runs.values())
    assert shares(box) == BY_THREE
    for router, packets in lost(runs).items():
        moved = moves(daemon, router) - before[router]
        assert packets <= moved + BUSY, lost(runs)


def adds_one(box: Sandbox, operator: Operator, daemon: Daemon) -> None:
    flag(box, "gw4", "enable-chassis-as-gw")
    wait_for(lambda: shares(box) == BY_FOUR, "it is even")
    wait_for(
        lambda: daemon.metric("gwsched_imbalance_ratio", scope="n") == 1,
        "the daemon to have seen that",
    )
    operator.finds_nothing_wrong()


def loses_one(box: Sandbox, operator: Operator, daemon: Daemon) -> None:
    """And reads what to do, which is to look, and to repair the host."""
    box.fault("gw2", "power")
    state = {"chassis": "gw2", "state": "dead"}
    wait_for(
        lambda: daemon.metric("gwsched_chassis_state", **state) == 1,
        "gw2 to be dead",
    )
    wait_for(
        lambda: not any("gw2" in order(box, r) for r in ROUTERS),
        "gw2 to be out of all lists",
    )
    section = (DOCS / "alerts.md").read_text().partition(f"## {ALERT}\n")[2]
    section = section.partition("\n## ")[0]
    assert "gwschedctl status" in section
    port = f"lrp-{ROUTERS[0]}"
    asked = ("--daemon", f"http://127.0.0.1:{daemon.port}")
    assert "gw2" in operator.runs("gwschedctl", "status", *asked)
    assert port in operator.runs("gwschedctl", "explain", port, *asked)
    box.heal("gw2")
    daemon.wait_log("chassis gw2: returning -> live")
    wait_for(lambda: shares(box) == BY_FOUR, "it is even")
    state["state"] = "live"
    assert daemon.metric("gwsched_chassis_state", **state) == 1
    operator.finds_nothing_wrong()
