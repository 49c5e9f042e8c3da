# SPDX-License-Identifier: Apache-2.0
"""Network namespaces and the veth pairs between them."""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gwsched.sandbox.shell import run, wait_until

NAMESPACES = Path("/run/netns")


@dataclass(frozen=True)
class Namespace:
    """One named network namespace."""

    name: str

    def add(self) -> None:
        """Create the namespace, with its loopback up."""
        run("ip", "netns", "add", self.name)
        self.ip("link set lo up")

    def delete(self) -> None:
        """Kill whatever runs in the namespace and delete it."""
        self.kill_all()
        run("ip", "netns", "delete", self.name)

    def run(
        self,
        *argv: str,
        env: Mapping[str, str] | None = None,
        timeout: float = 30,
    ) -> str:
        """Run a command inside the namespace."""
        return run(*self.inside(*argv), env=env, timeout=timeout)

    def inside(self, *argv: str) -> tuple[str, ...]:
        """Return the command line that runs a command in here."""
        return "ip", "netns", "exec", self.name, *argv

    def ip(self, *lines: str) -> None:
        """Run several ip(8) commands in the namespace, in one process."""
        run("ip", "-n", self.name, "-batch", "-", stdin="\n".join(lines))

    def pids(self) -> list[int]:
        """List the processes of the namespace."""
        return [
            int(pid) for pid in run("ip", "netns", "pids", self.name).split()
        ]

    def holds(self, pid: int) -> bool:
        """Tell whether a process is alive and in this namespace."""
        try:
            return Path(f"/proc/{pid}/ns/net").samefile(NAMESPACES / self.name)
        except OSError:
            return False

    def kill_all(self) -> None:
        """Kill -9 every process of the namespace."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: not self.pids(), 10, f"the processes of {self.name} to end"
        )

    def is_up(self, device: str) -> bool:
        """Tell whether a link of the namespace is administratively up."""
        return "UP" in (
            run("ip", "-n", self.name, "-o", "link", "show", device)
            .partition("<")[2]
            .partition(">")[0]
            .split(",")
        )


def connect(
    near: Namespace,
    near_device: str,
    far: Namespace,
    far_device: str,
    near_mac: str | None = None,
) -> None:
    """Lay a cable, a veth pair, between two namespaces."""
    # Made right where its ends belong: the root namespace never sees it.
    address = ("address", near_mac) if near_mac else ()
    # fmt: off
    run("ip", "link", "add", near_device, "netns", near.name, *address,
        "type", "veth", "peer", "name", far_device, "netns", far.name)
    # fmt: on
    for namespace, device in ((near, near_device), (far, far_device)):
        # A userspace datapath forwards checksums that the kernel only
        # promised to fill in: the receiver would drop every TCP packet.
        namespace.run("ethtool", "-K", device, "tx", "off")
        namespace.ip(f"link set {device} up")


def existing() -> list[str]:
    """List the names of all namespaces of the machine."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(path.name for path in NAMESPACES.iterdir())
