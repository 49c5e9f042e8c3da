# SPDX-License-Identifier: Apache-2.0
"""The daemon in a process of its own, with databases that are away."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GWSCHED = Path(sys.executable).with_name("gwsched")
# Far more than anything here needs (seconds).
PATIENCE = 20.0

AWAY = """
[ovn]
ovn_nb_connection = unix:/nonexistent/nb.sock
ovn_sb_connection = unix:/nonexistent/sb.sock
[metrics]
port = {port}
"""


class Daemon:
    """A daemon whose databases are away, and its service manager."""

    def __init__(self, directory: Path, more: str = "") -> None:
        self.conf = directory / "gwsched.conf"
        self.conf.write_text(AWAY.format(port=0) + more)
        self._log = directory / "log"
        manager = directory / "notify"
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(manager))
        self._manager.settimeout(PATIENCE)
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [GWSCHED, "--config-file", self.conf],
                stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(manager)},
            )

    def close(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._manager.close()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_told(self, assignment: str) -> list[str]:
        """Wait until it tells the service manager something (again).

        Return everything that it has told with it, at once.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            told = self._manager.recv(4096).decode().splitlines()
            if any(line.startswith(assignment) for line in told):
                return told
        raise AssertionError(f"{assignment} was not told: {self.log}")

    def wait_log(self, pattern: str, number: int = 1) -> None:
        """Wait until so many lines match.

        What it tells meanwhile is lost: it would be held up if nobody read.
        """
        deadline = time.monotonic() + PATIENCE
        while len(re.findall(pattern, self.log)) < number:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"no {pattern!r}: {self.log}"
            if select.select([self._manager], [], [], 0.02)[0]:
                self._manager.recv(4096)

    def reload(self, text: str | None = None) -> None:
        """Have the configuration read anew, and wait until it was."""
        if text is not None:
            self.conf.write_text(text)
        self.process.send_signal(signal.SIGHUP)
        self.wait_told("RELOADING=1")
        self.wait_told("READY=1")

    @property
    def address(self) -> str:
        """Where it has said last that it listens."""
        found = re.findall(r"http://127\.0\.0\.\d+:\d+", self.log)
        assert found, self.log
        return str(found[-1])

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the body of an HTTP request."""
        url = f"{self.address}{path}"
        try:
            with urllib.request.urlopen(  # noqa: S310
                url, timeout=PATIENCE
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextmanager
def running(more: str = "") -> Iterator[Daemon]:
    """Start a daemon, with more in its file, and end it at last."""
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="gw", dir="/tmp") as name:
        daemon = Daemon(Path(name), more)
        try:
            daemon.wait_told("READY=1")
            yield daemon
        finally:
            daemon.close()
