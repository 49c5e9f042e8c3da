# SPDX-License-Identifier: Apache-2.0
"""A chassis' own database, with rows that nothing stands behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.functional.ovn import wait_for

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")


class Vswitch:
    """An ovsdb-server; it and its directory end with the ``with`` block."""

    def __init__(self, name: str = "gw1", schema: Path = SCHEMA) -> None:
        self._name = name
        # The path of a socket must be short.
        self.directory = Path(tempfile.mkdtemp(prefix="gws-"))
        self._socket = self.directory / "db.sock"
        self._schema = schema
        self._process: subprocess.Popen[bytes] | None = None
        self.create()

    @property
    def remote(self) -> str:
        return f"unix:{self._socket}"

    @property
    def _database(self) -> str:
        return str(self.directory / "conf.db")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.directory)

    def create(self) -> None:
        """Begin with an empty database, whatever there was."""
        Path(self._database).unlink(missing_ok=True)
        self._run("ovsdb-tool", "create", self._database, str(self._schema))

    # -- the process -------------------------------------------------------

    def start(self) -> Self:
        self._process = subprocess.Popen(
            [
                "ovsdb-server",
                "-vconsole:off",
                f"--unixctl={self.directory}/ctl",
                f"--remote=p{self.remote}",
                self._database,
            ],
            env={**os.environ, "OVS_RUNDIR": str(self.directory)},
        )
        wait_for(self._socket.exists, "the server's socket")
        return self

    def stop(self) -> None:
        """Kill the server, even a stopped one; the file stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._socket.unlink(missing_ok=True)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def pause(self) -> None:
        """Let it hang: what connects is taken, and never answered."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    # -- content -----------------------------------------------------------

    def vsctl(self, *args: str) -> None:
        self._run("ovs-vsctl", f"--db={self.remote}", "--no-wait", *args)

    def begin(self) -> Self:
        """Be a chassis that has a bridge."""
        identity = f"external_ids:system-id={self._name}"
        self.vsctl("init", "--", "set", "Open_vSwitch", ".", identity)
        self.vsctl("add-br", "br-int")
        return self

    def add_tunnel(
        self, chassis: str, state: str = "up", *, mark: str | None = None
    ) -> None:
        """Add a tunnel as ovn-controller does, and its BFD state."""
        address = f"10.0.0.{len(chassis)}"
        wanted = f"{chassis}@{address}" if mark is None else mark
        self.vsctl(
            *("add-port", "br-int", f"ovn-{chassis}-0"),
            *("--", "set", "Port", f"ovn-{chassis}-0"),
            f'external_ids:ovn-chassis-id="{wanted}"',
            *("--", "set", "Interface", f"ovn-{chassis}-0", "type=geneve"),
            *(f"options:remote_ip={address}", "bfd:enable=true"),
        )
        if state:
            self.set_tunnel(chassis, f"bfd_status:state={state}")

    def add_vms(self, number: int) -> None:
        """Add ports of VMs, as os-vif does."""
        for vm in range(number):
            self.vsctl(
                *("add-port", "br-int", f"tap{vm}"),
                *("--", "set", "Interface", f"tap{vm}"),
                *(f"external_ids:iface-id=vm{vm}", "statistics:rx_packets=7"),
            )

    def set_tunnel(self, chassis: str, *values: str) -> None:
        """Write what ovs-vswitchd would write."""
        self.vsctl("set", "Interface", f"ovn-{chassis}-0", *values)

    def clear_tunnel(self, chassis: str, *columns: str) -> None:
        self.vsctl("clear", "Interface", f"ovn-{chassis}-0", *columns)

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, timeout=20)
