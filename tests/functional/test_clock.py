# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps by years: nothing is decided by it."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

CYCLES = "gwsched_cycle_duration_seconds_count"


def library() -> str:
    """Return where Debian has libfaketime; the path names the machine."""
    listed = subprocess.run(
        ["dpkg", "-L", "libfaketime"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return next(
        path for path in listed.split() if path.endswith("libfaketimeMT.so.1")
    )


class Clock:
    """The wall clock of one daemon; its monotonic clock is the real one."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock"
        self.set(0)
        self.environment = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, days: int) -> None:
        """Be off by so many days, at once."""
        self._file.write_text(f"{days:+}d\n")


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


def go_round(daemon: Daemon) -> None:
    """Wait for a few cycles."""
    seen = daemon.metric(CYCLES) or 0
    wait_for(lambda: (daemon.metric(CYCLES) or 0) > seen + 1, "cycles")


def days_off(daemon: Daemon) -> float:
    """How far the clock is off by which a daemon tells the time."""
    told = json.loads(daemon.get("/api/status")[1])["time"]
    now = datetime.now(UTC)
    return (datetime.fromisoformat(told) - now).total_seconds() / 86400


def test_jumps_back_and_forth(
    ovn: Ovn, gateways: Controllers, clock: Clock, tmp_path: Path
) -> None:
    with Daemon(
        tmp_path, ovn.nb, ovn.sb, environment=clock.environment
    ) as daemon:
        port = ovn.add_router("r1")
        wait_for(lambda: len(ovn.order(port)) == 4, "a list")
        daemon.wait_log("has claimed it")
        before, written = ovn.candidates(port), len(ovn.plans_written())
        for days in (-3650, 3650, 0):
            clock.set(days)
            go_round(daemon)
            assert abs(days_off(daemon) - days) < 1
        assert ovn.candidates(port) == before
        assert len(ovn.plans_written()) == written
        assert "-> suspect" not in daemon.log
        clock.set(-7300)
        first = before[0][0]
        gateways.silence([first])
        wait_for(lambda: first not in ovn.order(port), "the dead to leave")
        assert daemon.metric("gwsched_errors_total", where="cycle") == 0
        assert daemon.get("/livez")[0] == 200
        assert daemon.terminate() == 0
