# SPDX-License-Identifier: Apache-2.0
"""The disk of NB's server is full: said once, tried on, nothing is lost."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

SIZE = 4 << 20
SAID = "nothing was written to NB: "


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk, and whatever is temporary is on it."""
    place = tmp_path / "disk"
    place.mkdir()
    size = f"size={SIZE}"
    mount = ["mount", "-t", "tmpfs", "-o", size, "gwsched-test", str(place)]
    subprocess.run(mount, check=True)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room at all; return what takes it up."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return ballast


@pytest.mark.packets  # needs root
def test_a_full_disk(disk: Path, tmp_path: Path) -> None:
    with Ovn() as ovn:
        names = ("gw1", "gw2", "gw3", "gw4")
        ovn.add_chassis(*names)
        with (
            Controllers(ovn.sb) as controllers,
            Daemon(tmp_path, ovn.nb, ovn.sb) as daemon,
        ):
            port = ovn.add_router("r1")
            wait_for(lambda: len(ovn.order(port)) == 4, "a list")
            daemon.wait_log("has claimed it")
            ballast = fill(disk)
            controllers.silence([ovn.order(port)[0]])
            daemon.wait_log(SAID)
            seen = failed(daemon)
            wait_for(lambda: failed(daemon) > seen + 1, "it to be tried on")
            said = re.findall(SAID + r"(.*?): (.*)", daemon.log)
            assert "I/O error" in said[0][1]
            assert len({what for what, _ in said}) == len(said)
            assert daemon.get("/livez")[0] == 200
            ballast.unlink()
            daemon.wait_log("written again")
            wait_for(
                lambda: set(ovn.order(port)) < set(names), "the repair", 60
            )
            assert daemon.metric("gwsched_errors_total", where="cycle") == 0
            assert "Traceback" not in daemon.log


def failed(daemon: Daemon) -> float:
    return daemon.metric("gwsched_transactions_total", result="failed") or 0
