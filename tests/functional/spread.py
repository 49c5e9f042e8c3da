# SPDX-License-Identifier: Apache-2.0
"""Several controllers, each with a host of its own: what is cut is cut.

A namespace for each NB server and for each host that a gwsched runs on, all
with a cable to one switch, where SB (a relay of it) and northd are.  Unix
sockets know no namespaces: over them a test reaches every server, cut off
or not.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gwsched.sandbox.namespaces import Namespace, connect
from tests.functional.cluster import Cluster
from tests.functional.daemon import BIN, Daemon
from tests.functional.ovn import Ovn

CENTRE = "10.219.0.1"
NB_PORT, RAFT_PORT, SB_PORT = 6641, 6643, 6642
Program = tuple[str, ...]
Options = Mapping[str, Mapping[str, object]]


class Spread(Cluster):
    """Three NB servers and some hosts on one switch."""

    def __init__(self, hosts: int = 3) -> None:
        super().__init__()
        self._hosts = hosts
        self._name = f"gwsha-{secrets.token_hex(3)}"

    def _prepare(self) -> None:
        self.switch = self._add("switch")
        self.switch.ip(
            "link add br0 type bridge",
            f"address add {CENTRE}/24 dev br0",
            "link set br0 up",
        )
        self.servers = [self._plug("nb", i) for i in range(self._size)]
        self.hosts = [self._plug("ctl", i) for i in range(self._hosts)]

    def _add(self, name: str) -> Namespace:
        namespace = Namespace(f"{self._name}-{name}")
        namespace.add()
        self.addCleanup(namespace.delete)
        return namespace

    def _plug(self, kind: str, number: int) -> Namespace:
        namespace = self._add(f"{kind}{number}")
        port = f"{kind}{number}"
        connect(namespace, "eth0", self.switch, port)
        self.switch.ip(f"link set {port} master br0")
        address = self._address(kind, number)
        namespace.ip(f"address add {address}/24 dev eth0")
        return namespace

    def _address(self, kind: str, number: int) -> str:
        return f"10.219.0.{(10 if kind == 'nb' else 20) + number}"

    def _raft(self, server: int) -> str:
        return f"tcp:{self._address('nb', server)}:{RAFT_PORT}"

    def _inside(self, server: int) -> tuple[str, ...]:
        address = self._address("nb", server)
        listening = f"--remote=ptcp:{NB_PORT}:{address}"
        return self.servers[server].inside("ovsdb-server", listening)

    @property
    def addresses(self) -> str:
        """The remotes of NB as hosts see them."""
        return ",".join(map(self.address, range(self._size)))

    def address(self, server: int) -> str:
        return f"tcp:{self._address('nb', server)}:{NB_PORT}"

    def cut(self, kind: str, number: int) -> None:
        """Cut off a server (``nb``) or a host (``ctl``) from all others."""
        self.switch.ip(f"link set {kind}{number} down")

    def mend(self, kind: str, number: int) -> None:
        self.switch.ip(f"link set {kind}{number} up")


class Centre(Ovn):
    """SB and northd at the switch, beside the cluster's NB."""

    def __init__(self, spread: Spread) -> None:
        super().__init__(nb=spread.remotes)
        self._spread = spread

    def _setUp(self) -> None:
        super()._setUp()
        relay = (
            "ovsdb-server",
            f"--remote=ptcp:{SB_PORT}:{CENTRE}",
            f"relay:OVN_Southbound:{self.sb}",
        )
        self._start("relay", relay)
        self.nbctl("set", "nb", ".", "options:northd_probe_interval=1000")

    @property
    def address(self) -> str:
        """The remote of SB as hosts see it."""
        return f"tcp:{CENTRE}:{SB_PORT}"

    def _start_northd(self) -> None:
        """Over the network: of a unix socket northd never asks for life."""
        northd = (
            "ovn-northd",
            f"--ovnnb-db={self._spread.addresses}",
            f"--ovnsb-db={self.sb}",
        )
        self._start("northd", northd)

    def _start(self, name: str, command: tuple[str, ...]) -> None:
        stem = self.directory / name
        subprocess.run(
            [
                *self._spread.switch.inside(*command),
                "--detach",
                "--no-chdir",
                "-vconsole:off",
                f"--log-file={stem}.log",
                f"--pidfile={stem}.pid",
                f"--unixctl={stem}.ctl",
            ],
            check=True,
            env={**os.environ, "OVS_RUNDIR": str(self.directory)},
        )
        pid = int(Path(f"{stem}.pid").read_text())
        self.pids[name] = pid
        self.addCleanup(self._end, pid)

    def _end(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Remote(Daemon):
    """A gwsched on one of the hosts; it is read by its log."""

    patience = 180.0  # there are many, and some are not kindly treated

    def __init__(
        self,
        directory: Path,
        spread: Spread,
        centre: Centre,
        host: int,
        options: Options,
        program: Program = (),
    ) -> None:
        self._namespace = spread.hosts[host]
        self.program = program
        self.host = host
        super().__init__(
            directory,
            spread.addresses,
            centre.address,
            options,
            name=f"ctl{host}",
        )

    def start(self) -> None:
        program = self.program or (str(BIN / "gwsched"),)
        command = (*program, *self._command[-2:])
        self._command = list(self._namespace.inside(*command))
        super().start()

    def lose_sb(self) -> None:
        """From now on nothing goes from here to SB, or comes back."""
        self._namespace.ip(f"route add blackhole {CENTRE}/32")

    def find_sb(self) -> None:
        self._namespace.ip(f"route del blackhole {CENTRE}/32")

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @property
    def whole_log(self) -> str:
        """What all processes on this host have logged."""
        return self._log.read_text()

    @property
    def is_connected(self) -> bool:
        """Whether it has both databases, as far as it knows."""
        log = self.whole_log
        return all(
            log.rfind(f"{name}: connected to")
            > log.rfind(f"{name}: connection lost")
            for name in ("NB", "SB")
        )

    @property
    def names(self) -> list[str]:
        """By which names it has written, or was about to."""
        return re.findall(r"this gwsched writes, as (\S+)", self.whole_log)
