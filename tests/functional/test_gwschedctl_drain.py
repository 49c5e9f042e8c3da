# SPDX-License-Identifier: Apache-2.0
"""The real gwschedctl waiting for real daemons to empty a chassis."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Self

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon, write_conf
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_gwschedctl import GWSCHEDCTL, ctl

FAST = {"rebalance": {"moves_per_minute": 600, "mode": "manual"}}
SLOW = {"rebalance": {"moves_per_minute": 60, "mode": "manual"}}
PORTS = 8
OTHERS = ("gw2", "gw3", "gw4")


class Waiting:
    """A gwschedctl that waits, and what it has said by now."""

    def __init__(self, conf: Path, *args: str) -> None:
        # A shell that runs the tests in the background has SIGINT ignored,
        # which children inherit.
        restored = ("env", "--default-signal=INT", str(GWSCHEDCTL))
        self._process = subprocess.Popen(
            [*restored, "--config-file", str(conf), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._out = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.ended()

    def _read(self) -> None:
        assert self._process.stdout
        assert self._process.stderr
        with self._process.stderr as lines, self._process.stdout as out:
            for line in lines:
                said = line.removeprefix("gwschedctl: ").rstrip("\n")
                self.lines.append(said)
            self._out = out.read()

    def says(self, text: str) -> None:
        """Wait until it has said something on stderr."""

        def said() -> bool:
            if any(text in line for line in self.lines):
                return True
            assert self.is_running, self.lines
            return False

        wait_for(said, f"{text!r}")

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and what it printed."""
        code = self._process.wait(timeout=60)
        self._reader.join()
        return code, self._out

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)


@pytest.fixture
def ports(ovn: Ovn, gateways: Controllers) -> list[str]:
    """Ports that gw1 holds, backed up by all others, warm at once."""
    ovn.quicken_bfd()
    found = [ovn.add_router(f"r{i}", "gw1", *OTHERS) for i in range(PORTS)]
    ovn.nbctl("--wait=sb", "sync")
    wait_for(lambda: held(ovn, found) == PORTS, "gw1 to hold all")
    return found


def held(ovn: Ovn, ports: list[str], chassis: str = "gw1") -> int:
    return sum(ovn.holder(port) == chassis for port in ports)


@pytest.fixture
def conf(ovn: Ovn, tmp_path: Path) -> Path:
    return write_conf(tmp_path / "ctl.conf", ovn.nb, ovn.sb, FAST)


def emptied(ovn: Ovn, ports: list[str]) -> None:
    """Nothing is held by gw1, and nothing lists it first."""
    assert held(ovn, ports) == 0
    assert "gw1" not in [ovn.order(port)[0] for port in ports]


DONE = (0, "gw1 holds nothing, and is nobody's primary\n")


def test_drain_to_the_end(
    ovn: Ovn, ports: list[str], start: StartDaemon, conf: Path
) -> None:
    start(FAST).wait_log("guard startup is over")
    with Waiting(conf, "drain", "gw1", "--wait") as drain:
        code, out = drain.ended()
    emptied(ovn, ports)
    assert (code, out.split(";")[0].rstrip("\n")) == (0, DONE[1].rstrip("\n"))
    first, *progress = drain.lines
    assert first.startswith(f"gw1 is draining now: {PORTS} moves to make")
    # Ever fewer, and no line that is said again.
    said = [re.match(r"gw1 holds (\d) ports?\b", line) for line in progress]
    left = [int(found[1]) for found in said if found]
    assert len(left) == len(progress) == len(set(progress)) > 1
    assert left == sorted(left, reverse=True)
    wait_for(
        lambda: not any("gw1" in ovn.order(port) for port in ports),
        "gw1 to leave all lists",
    )
    again = ctl("--config-file", conf, "drain", "gw1", "--wait")
    assert (again.returncode, again.stdout) == DONE


def test_backups_leave_first_where_there_are_others(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, conf: Path
) -> None:
    """What Neutron would put back stays last, and that is said."""
    ovn.quicken_bfd()
    found = [ovn.add_router(f"n{i}", marker="neutron") for i in range(4)]
    start(FAST)
    wait_for(lambda: all(len(ovn.order(p)) == 4 for p in found), "all lists")
    done = ctl("--config-file", conf, "drain", "gw1", "--wait")
    assert (done.returncode, done.stdout) == (
        0,
        "gw1 holds nothing, and is nobody's primary; a backup yet in 4 "
        "lists\n",
    )
    emptied(ovn, found)


def test_without_a_daemon_it_says_so_and_ends_in_time(
    ovn: Ovn, ports: list[str], conf: Path
) -> None:
    args = ("drain", "gw1", "--wait", "--timeout", "8")
    with Waiting(conf, *args) as drain:
        drain.says("no heartbeat for 3 s either: does any gwsched run")
        code, out = drain.ended()
    assert (code, out) == (1, "")
    assert drain.lines[-1] == (
        f"not done after 8 s: gw1 holds {PORTS} ports; "
        f"left: {', '.join(ports)}"
    )
    assert held(ovn, ports) == PORTS


def test_while_paused_it_says_so(
    ovn: Ovn, ports: list[str], start: StartDaemon, conf: Path
) -> None:
    start(FAST).wait_log("guard startup is over")
    assert ctl("--config-file", conf, "pause").returncode == 0
    with Waiting(conf, "drain", "gw1", "--wait") as drain:
        drain.says(
            f"gw1 holds {PORTS} ports; gwsched is paused: nothing moves "
            "before gwschedctl resume"
        )
        assert held(ovn, ports) == PORTS
        assert ctl("--config-file", conf, "resume").returncode == 0
        assert drain.ended()[0] == 0
    emptied(ovn, ports)


def leader(*daemons: Daemon) -> Daemon:
    def leading() -> list[Daemon]:
        return [d for d in daemons if d.metric("gwsched_leader") == 1]

    found: list[Daemon] = wait_for(leading, "a leader")
    return found[0]


def test_another_daemon_takes_over_in_the_middle(
    ovn: Ovn, ports: list[str], start: StartDaemon, conf: Path
) -> None:
    daemons = [start(SLOW, name) for name in ("one", "two")]
    writer = leader(*daemons)
    writer.wait_log("guard startup is over")
    with Waiting(conf, "drain", "gw1", "--wait") as drain:
        wait_for(lambda: held(ovn, ports) < PORTS - 1, "the first moves")
        writer.kill()
        assert held(ovn, ports) > 0, "killed too late to be in the middle"
        code, _ = drain.ended()
    assert code == 0
    emptied(ovn, ports)


def test_the_databases_go_and_come_back(
    ovn: Ovn, ports: list[str], start: StartDaemon, conf: Path
) -> None:
    start(SLOW).wait_log("guard startup is over")
    with Waiting(conf, "drain", "gw1", "--wait") as drain:
        wait_for(lambda: held(ovn, ports) < PORTS, "the first move")
        ovn.stop("nb")
        drain.says("NB is out of reach; waiting for it")
        ovn.start("nb")
        assert drain.ended()[0] == 0
    emptied(ovn, ports)


def test_undrained_meanwhile(ovn: Ovn, ports: list[str], conf: Path) -> None:
    with Waiting(conf, "drain", "gw1", "--wait") as drain:
        drain.says(f"gw1 holds {PORTS} ports")
        assert ctl("--config-file", conf, "undrain", "gw1").returncode == 0
        assert drain.ended() == (1, "")
    assert "somebody has undrained gw1 meanwhile" in drain.lines[-1]


def test_interrupted_it_only_stops_waiting(
    ovn: Ovn, ports: list[str], conf: Path
) -> None:
    with Waiting(conf, "drain", "gw1", "--wait") as drain:
        drain.says(f"gw1 holds {PORTS} ports")
        drain.interrupt()
        assert drain.ended() == (130, "")
    assert drain.lines[-1] == "not waiting any more; the drain goes on"
    key = "external_ids:gwsched-drain-gw1"
    assert ovn.nbctl("get", "NB_Global", ".", key) == '"true"'


def test_by_force_it_ends_when_nothing_more_can_leave(
    ovn: Ovn, ports: list[str], start: StartDaemon, conf: Path
) -> None:
    ovn.sbctl(
        *("set", "Chassis", "gw1"),
        'other_config:ovn-bridge-mappings="public:br-ex,dmz:br-dmz"',
    )
    alone = ovn.add_router("alone", "gw1", network="dmz")
    ovn.nbctl("--wait=sb", "sync")
    start(FAST).wait_log("guard startup is over")
    done = ctl("--config-file", conf, "drain", "gw1", "--wait", "--force")
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert "what is left on gw1 has nowhere to go: gw1 holds 1 port" in last
    assert last.endswith(f"; left: {alone}")
    emptied(ovn, ports)


def test_where_the_chassis_is_silent_that_is_said(
    ovn: Ovn, start: StartDaemon, conf: Path
) -> None:
    """Its data plane lives: it keeps the port, though others could have it."""
    ovn.add_chassis("gw1", *OTHERS)
    port = ovn.add_router("r1", "gw1", *OTHERS)
    with Controllers(ovn.sb, claiming=False) as controllers:
        ovn.nbctl("--wait=sb", "sync")
        ovn.claim(port, "gw1")
        daemon = start(FAST)
        daemon.wait_log("guard startup is over")
        controllers.silence(["gw1"])
        daemon.wait_log("chassis gw1: live -> suspect")
        with Waiting(conf, "drain", "gw1", "--wait") as drain:
            drain.says("gw1 does not answer heartbeats: nothing is moved")
            drain.says("guards may hold it back")
            assert ovn.holder(port) == "gw1"


def test_rebalance_to_the_end(
    ovn: Ovn, ports: list[str], start: StartDaemon, conf: Path
) -> None:
    start(FAST).wait_log("guard startup is over")
    done = ctl("--config-file", conf, "rebalance", "--wait")
    assert (done.returncode, done.stdout) == (0, "the rebalance is over\n")
    assert [held(ovn, ports, c) for c in ("gw1", *OTHERS)] == [2, 2, 2, 2]
