# SPDX-License-Identifier: Apache-2.0
"""One OVS or OVN daemon of the sandbox, known by its pid file."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from gwsched.sandbox.namespaces import Namespace
from gwsched.sandbox.shell import SandboxError, wait_until


@dataclass(frozen=True)
class Daemon:
    """A program in a namespace, with its files in a directory."""

    namespace: Namespace
    directory: Path
    program: str
    arguments: tuple[str, ...]
    # Two ovsdb-servers can share a directory: their names differ.
    name: str

    def start(self) -> None:
        """Start the daemon unless it runs; return once it is ready."""
        if self.pid() is None:
            self.namespace.run(
                *self.command(), env=environment(self.directory)
            )

    def command(self) -> tuple[str, ...]:
        """Return the command that puts it into the background."""
        stem = self.directory / self.name
        return (
            self.program,
            *self.arguments,
            "-vconsole:off",
            "--detach",
            "--no-chdir",
            f"--pidfile={stem}.pid",
            f"--log-file={stem}.log",
        )

    def pid(self) -> int | None:
        """Return the daemon's process id, None if it does not run."""
        try:
            pid = int((self.directory / f"{self.name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        # After a kill -9 the file stays and the number may be anyone's.
        return pid if self.namespace.holds(pid) else None

    def state(self) -> str:
        """Return "running", "stopped" (by a signal) or "down"."""
        pid = self.pid()
        if pid is None:
            return "down"
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return "down"
        code = stat.rpartition(")")[2].split()[0]
        return "stopped" if code == "T" else "running"

    def kill(self) -> None:
        """Kill -9 the daemon if it runs."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the daemon in good order if it runs."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Freeze the daemon."""
        self._signal_running(signal.SIGSTOP)
        wait_until(
            lambda: self.state() == "stopped", 5, f"{self.name} to freeze"
        )

    def resume(self) -> None:
        """Let the frozen daemon go on."""
        self._signal_running(signal.SIGCONT)

    def reload(self) -> None:
        """Tell the daemon to read its configuration again."""
        self._signal_running(signal.SIGHUP)

    def wait_gone(self, pid: int) -> None:
        """Wait until a process of this daemon has ended."""
        wait_until(
            lambda: not self.namespace.holds(pid), 20, f"{self.name} to end"
        )

    def _end(self, number: signal.Signals) -> None:
        pid = self.pid()
        if pid is None:
            return
        _send(pid, number)
        # A frozen process handles no signal but SIGKILL.
        _send(pid, signal.SIGCONT)
        self.wait_gone(pid)

    def _signal_running(self, number: signal.Signals) -> None:
        pid = self.pid()
        if pid is None:
            raise SandboxError(
                f"{self.name} does not run in {self.namespace.name}"
            )
        _send(pid, number)


def environment(directory: Path) -> dict[str, str]:
    """Return an environment that keeps OVS and OVN inside a directory."""
    private = {
        f"{product}_{kind}": str(directory)
        for product in ("OVS", "OVN")
        for kind in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")
    }
    return {**os.environ, **private}


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
