# SPDX-License-Identifier: Apache-2.0
"""The upstream router: the next hop of all others, on every uplink.

It is the central namespace itself, its BFD speaker is bfdd of FRR.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from gwsched.sandbox import machine
from gwsched.sandbox.daemon import Daemon
from gwsched.sandbox.fabric import UPLINKS, UPSTREAM, Segment
from gwsched.sandbox.namespaces import Namespace
from gwsched.sandbox.shell import SandboxError

LOG = logging.getLogger(__name__)

# Three packets a second at the most: OVN asks for one (min_rx 1000 ms), and
# so takes a silent peer for down after 3 s.
_PEER = """\
bfd
 peer {peer} local-address {local}
  detect-multiplier 3
  receive-interval 300
  transmit-interval 300
 exit
exit
"""

# Where it keeps its crash logs, which no option changes.  For its eyes alone
# this is its own directory: "ip netns exec" gave it a mount namespace.
_COMPILED_IN = "/var/tmp"  # noqa: S108


@dataclass(frozen=True)
class Bfdd(Daemon):
    """FRR's BFD daemon, alone, with no file outside its directory."""

    def command(self) -> tuple[str, ...]:
        """Return the command that puts it into the background."""
        stem = f"{_COMPILED_IN}/{self.name}"
        disguise = f'mount --bind "$0" {_COMPILED_IN} && exec "$@"'
        # fmt: off
        return (
            "sh", "-c", disguise, str(self.directory),
            self.program,
            "--daemon",
            "--user", "root",
            # The group of its sockets is compiled in as well.
            "--group", "frrvty",
            "--config_file", f"{stem}.conf",
            "--pid_file", f"{stem}.pid",
            "--log", f"file:{stem}.log",
            "--vty_socket", _COMPILED_IN,
            "--vty_port", "0",
            "--bfdctl", f"{stem}.ctl",
            "--socket", f"{stem}.no-zebra",
        )
        # fmt: on


class Upstream:
    """The next hop, which can die on one network and live on another."""

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        self._namespace = namespace
        self._directory = directory / UPSTREAM
        self.bfdd = Bfdd(
            namespace, self._directory, str(machine.BFDD), (), "bfdd"
        )

    def expect(self, network: str, peer: IPv4Address) -> None:
        """Run BFD with a router; the first one starts the daemon."""
        self._directory.mkdir(exist_ok=True)
        local = UPLINKS[network].centre
        with (self._directory / "bfdd.conf").open("a") as file:
            file.write(_PEER.format(peer=peer, local=local))
        if self.bfdd.pid() is None:
            self.bfdd.start()
        else:
            self.bfdd.reload()

    def cut(self, network: str) -> None:
        """Let it be dead on one network, and nothing else."""
        self._set_cable(network, "down")

    def restore(self, network: str) -> None:
        """Let it live again on one network."""
        self._set_cable(network, "up")

    def reachable(self) -> Mapping[str, bool]:
        """Tell on which networks it is alive."""
        return {
            network: self._namespace.is_up(segment.switch_port(UPSTREAM))
            for network, segment in UPLINKS.items()
        }

    def _set_cable(self, network: str, state: str) -> None:
        port = _segment(network).switch_port(UPSTREAM)
        self._namespace.ip(f"link set {port} {state}")
        LOG.info("the next hop on %s is %s", network, state)


def _segment(network: str) -> Segment:
    try:
        return UPLINKS[network]
    except KeyError:
        known = ", ".join(UPLINKS)
        raise SandboxError(f"no network {network!r}: one of {known}") from None
