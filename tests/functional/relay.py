# SPDX-License-Identifier: Apache-2.0
"""A server that relays the database of another."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Self

from tests.functional.ovn import Ovn


class Relay:
    """Runs for as long as the ``with`` block."""

    def __init__(self, ovn: Ovn, database: str, source: str) -> None:
        self._base = f"{ovn.directory}/relay-{database}"
        self._serves = f"relay:{database}:{source}"

    @property
    def remote(self) -> str:
        return f"unix:{self._base}.sock"

    def __enter__(self) -> Self:
        subprocess.run(
            [
                *("ovsdb-server", "--detach", "--no-chdir", "-vconsole:off"),
                f"--log-file={self._base}.log",
                f"--pidfile={self._base}.pid",
                f"--unixctl={self._base}.ctl",
                f"--remote=p{self.remote}",
                self._serves,
            ],
            check=True,
            env={**os.environ, "OVS_RUNDIR": str(Path(self._base).parent)},
        )
        self._pid = int(Path(f"{self._base}.pid").read_text())
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGKILL)
