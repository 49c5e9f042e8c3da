# SPDX-License-Identifier: Apache-2.0
"""A raft cluster of NB servers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import fixtures

from tests.functional import schemas
from tests.functional.ovn import wait_for

DATABASE = "OVN_Northbound"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster(fixtures.Fixture):
    """Three servers, each with a unix socket and a raft port of its own."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self._size = size

    def _setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="gws-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.pids: dict[int, int] = {}
        self.addCleanup(self._kill_all)
        self._prepare()
        raft = [self._raft(server) for server in range(self._size)]
        schema = str(schemas.write(self.directory, schemas.chosen())["nb"])
        self._tool("create-cluster", self._db(0), schema, raft[0])
        for server in range(1, self._size):
            self._tool(
                "join-cluster",
                self._db(server),
                DATABASE,
                raft[server],
                raft[0],
            )
        for server in range(self._size):
            self.start(server)
        for server in range(self._size):
            wait_for(partial(self._joined, server), f"{server} to join")

    def _prepare(self) -> None:
        """Make what the servers need before they start."""

    def _raft(self, server: int) -> str:
        """The address at which the others find a server."""
        return f"tcp:127.0.0.1:{free_port()}"

    def _inside(self, server: int) -> tuple[str, ...]:
        """What a server's command line begins with."""
        return ("ovsdb-server",)

    @property
    def remotes(self) -> str:
        return ",".join(self.remote(s) for s in range(self._size))

    def remote(self, server: int) -> str:
        return f"unix:{self.directory}/{server}.sock"

    def file(self, server: int) -> Path:
        """The database file of a server."""
        return self.directory / f"{server}.db"

    def start(self, server: int) -> None:
        subprocess.run(
            [
                *self._inside(server),
                "--detach",
                "--no-chdir",
                "-vconsole:off",
                f"--log-file={self.directory}/{server}.log",
                f"--pidfile={self.directory}/{server}.pid",
                f"--unixctl={self.directory}/{server}.ctl",
                f"--remote=punix:{self.directory}/{server}.sock",
                self._db(server),
            ],
            check=True,
            env={**os.environ, "OVS_RUNDIR": str(self.directory)},
        )
        pidfile = self.directory / f"{server}.pid"
        self.pids[server] = int(pidfile.read_text())

    def kill(self, server: int) -> None:
        pid = self.pids.pop(server)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the end")

    def stop(self, server: int) -> None:
        """End a server in good order: who leads hands that over."""
        pid = self.pids.pop(server)
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the end")

    def pause(self, server: int) -> None:
        os.kill(self.pids[server], signal.SIGSTOP)

    def resume(self, server: int) -> None:
        os.kill(self.pids[server], signal.SIGCONT)

    def leader(self, *but: int) -> int:
        """Wait for a leader, other than some; return which server it is.

        Who is cut off goes on for a while to take itself for the leader.
        """

        def leading() -> list[int]:
            others = [s for s in self.pids if s not in but]
            return [s for s in others if "Role: leader" in self.status(s)]

        return int(wait_for(leading, "a leader")[0])

    def is_in_step(self, server: int) -> bool:
        """Whether a server has a leader, and nothing left to catch up with."""
        said = self.status(server)
        known = "Status: cluster member" in said and "Leader: " in said
        return (
            known
            and "Leader: unknown" not in said
            and "Entries not yet committed: 0" in said
            and "Entries not yet applied: 0" in said
        )

    def _joined(self, server: int) -> bool:
        return "Status: cluster member" in self.status(server)

    def status(self, server: int) -> str:
        """What a server says of itself and the cluster."""
        return subprocess.run(
            [
                "ovs-appctl",
                "--timeout=5",
                "-t",
                f"{self.directory}/{server}.ctl",
                "cluster/status",
                DATABASE,
            ],
            text=True,
            capture_output=True,
            check=False,
        ).stdout

    def _db(self, server: int) -> str:
        return str(self.file(server))

    def _tool(self, *args: str) -> None:
        subprocess.run(["ovsdb-tool", *args], check=True)

    def _kill_all(self) -> None:
        for pid in self.pids.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
