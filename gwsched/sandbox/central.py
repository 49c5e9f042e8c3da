# SPDX-License-Identifier: Apache-2.0
"""The centre of a deployment: both databases and ovn-northd."""

from collections.abc import Iterable
from pathlib import Path

from gwsched.sandbox.daemon import Daemon
from gwsched.sandbox.fabric import MANAGEMENT
from gwsched.sandbox.machine import NB_SCHEMA, SB_SCHEMA
from gwsched.sandbox.namespaces import Namespace
from gwsched.sandbox.shell import SandboxError, run

NB_PORT = 6641
SB_PORT = 6642
SB_REMOTE = f"tcp:{MANAGEMENT.centre}:{SB_PORT}"


class Central:
    """The databases and northd in the central namespace."""

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        self.namespace = namespace
        self.nb = f"unix:{directory}/nb.sock"
        self.sb = f"unix:{directory}/sb.sock"
        self._directory = directory / "central"
        self.daemons = {
            "nb": self._database("nb", self.nb, NB_PORT),
            "sb": self._database("sb", self.sb, SB_PORT),
            "ovn-northd": Daemon(
                namespace,
                self._directory,
                "ovn-northd",
                (f"--ovnnb-db={self.nb}", f"--ovnsb-db={self.sb}"),
                "ovn-northd",
            ),
        }

    def build(self, networks: Iterable[str]) -> None:
        """Create the databases and a switch per physical network; start."""
        self._directory.mkdir()
        for name, schema in (("nb", NB_SCHEMA), ("sb", SB_SCHEMA)):
            database = self._directory / f"{name}.db"
            run("ovsdb-tool", "create", str(database), str(schema))
            self.daemons[name].start()
        self.sbctl("init")
        self.nbctl("init")
        for network in networks:
            self._add_switch(network)
        self.daemons["ovn-northd"].start()

    def daemon(self, name: str) -> Daemon:
        """Return one of the daemons by its name."""
        try:
            return self.daemons[name]
        except KeyError:
            known = ", ".join(self.daemons)
            raise SandboxError(f"no daemon {name!r}: one of {known}") from None

    def nbctl(self, *arguments: str) -> str:
        """Run ovn-nbctl on the NB database."""
        return run("ovn-nbctl", "--timeout=15", f"--db={self.nb}", *arguments)

    def sbctl(self, *arguments: str) -> str:
        """Run ovn-sbctl on the SB database."""
        return run("ovn-sbctl", "--timeout=15", f"--db={self.sb}", *arguments)

    def _add_switch(self, network: str) -> None:
        port = f"{network}-localnet"
        # fmt: off
        self.nbctl(
            "ls-add", network,
            "--", "lsp-add", network, port,
            "--", "lsp-set-type", port, "localnet",
            "--", "lsp-set-addresses", port, "unknown",
            "--", "lsp-set-options", port, f"network_name={network}",
        )
        # fmt: on

    def _database(self, name: str, socket: str, port: int) -> Daemon:
        arguments = (
            f"--remote=p{socket}",
            f"--remote=ptcp:{port}:{MANAGEMENT.centre}",
            f"--unixctl={self._directory}/{name}.ctl",
            f"{self._directory}/{name}.db",
        )
        return Daemon(
            self.namespace, self._directory, "ovsdb-server", arguments, name
        )
