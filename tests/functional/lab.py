# SPDX-License-Identifier: Apache-2.0
"""A controller on which what the docs say can be typed as it stands.

Real databases, northd and gwsched.  Its /etc, /opt, /usr and /var are in a
directory, and it has stand-ins for the init system: ``systemctl`` starts,
reloads and ends the real daemon, ``journalctl`` shows its log.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.functional.cluster import free_port
from tests.functional.daemon import BIN, QUICK
from tests.functional.ovn import Ovn, wait_for
from tests.functional.vswitch import Vswitch
from tests.packaging.pages import ROOT

ABSOLUTE = re.compile(r"(?<![\w.$}/:])/(etc|opt|usr|var)(?=/)")

SYSTEMCTL = """\
running() {{
    [ -e {pid} ] && grep -q '^State:.[^Z]' "/proc/$(cat {pid})/status" 2>&-
}}
start() {{
    running && return
    gwsched </dev/null >>{log} 2>&1 &
    echo $! >{pid}
}}
stop() {{
    running || return 0
    kill "$(cat {pid})"
    while running; do sleep 0.05; done
}}
case "$*" in
"enable --now gwsched" | "start gwsched") start ;;
"disable --now gwsched" | "stop gwsched") stop ;;
"restart gwsched") stop; start ;;
"reload gwsched") running && kill -HUP "$(cat {pid})" ;;
*) echo "this systemctl cannot $*" >&2; exit 1 ;;
esac
"""
JOURNALCTL = """\
[ "$1 $2" = "-u gwsched" ] && exec cat {log}
exit 1
"""
# There is no ovs-vswitchd to wait for.
VSCTL = 'exec /usr/bin/ovs-vsctl --no-wait "$@"\n'


class Lab:
    """One controller; ended at the end of the ``with`` block."""

    def __init__(self, directory: Path, ovn: Ovn) -> None:
        self.ovn = ovn
        self.directory = directory
        self.etc = directory / "home/.gwsched"
        self.conf = self.etc / "gwsched.conf"
        self.log_file = directory / "gwsched.log"
        self._pid = directory / "gwsched.pid"
        self._vswitch = Vswitch()
        for folder in (
            "opt/gwsched",
            "usr/bin",
            "usr/local/sbin",
            "var/backups",
            "var/lib/ovn",
        ):
            (directory / folder).mkdir(parents=True)
        database = directory / "var/lib/ovn/ovnnb_db.db"
        database.symlink_to(ovn.directory / "nb.db")
        paths = {"pid": self._pid, "log": self.log_file}
        self.program("bin/systemctl", SYSTEMCTL.format(**paths))
        self.program("bin/journalctl", JOURNALCTL.format(**paths))
        self.program("bin/ovs-vsctl", VSCTL)

    def __enter__(self) -> Self:
        self._vswitch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._vswitch.__exit__()
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(self._pid.read_text()), signal.SIGKILL)

    def program(self, name: str, text: str) -> Path:
        """Write a shell script; ``name`` is where, from the lab's root."""
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{text}")
        path.chmod(0o755)
        return path

    def configure(self, options: Mapping[str, Mapping[str, object]]) -> None:
        """Write what a lab needs, apart from the operator's own file."""
        sections = {name: dict(values) for name, values in QUICK.items()}
        sections["metrics"] = {"port": free_port()}
        for name, values in options.items():
            sections.setdefault(name, {}).update(values)
        lines = []
        for name, found in sections.items():
            lines.append(f"[{name}]")
            lines += [f"{key} = {value}" for key, value in found.items()]
        more = self.etc / "gwsched.conf.d"
        more.mkdir(parents=True, exist_ok=True)
        (more / "lab.conf").write_text("\n".join(lines) + "\n")

    @property
    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def wait_log(self, pattern: str, after: int = 0) -> None:
        """Wait for a line; of the log only what follows is looked at."""
        wait_for(
            lambda: re.search(pattern, self.log[after:]),
            f"{pattern!r} in the log",
        )

    def here(self, text: str) -> str:
        """Return text with its absolute paths leading into the lab."""
        text = text.replace("/etc/gwsched/", f"{self.etc}/")
        return ABSOLUTE.sub(rf"{self.directory}/\1", text)

    def type(self, text: str) -> subprocess.CompletedProcess[str]:
        """Let bash do what an operator has typed; it stops at errors."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(text)],
            env={
                "HOME": str(self.directory / "home"),
                "LC_ALL": "C.UTF-8",
                "OVN_NB_DB": self.ovn.nb,
                "OVN_SB_DB": self.ovn.sb,
                "OVS_RUNDIR": str(self._vswitch.directory),
                "PATH": f"{self.directory}/bin:{BIN}:{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
            check=False,
            cwd=ROOT,
            timeout=240,
        )
