# SPDX-License-Identifier: Apache-2.0
"""Real ovsdb-servers and a real northd, with chassis made by hand.

The parts are ovsdbapp's; the chassis have rows and nothing behind them, so
what an ovn-controller would write is written here by ovn-sbctl.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fixtures
from ovsdbapp import venv

from tests.functional import schemas
from tests.pki import Authority, Files

SCHEMAS = Path("/usr/share/ovn")
PATIENCE = 60.0


def wait_for(
    condition: Callable[[], Any], what: str, timeout: float = PATIENCE
) -> Any:
    """Poll a condition until it holds, and return what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.02)


class RowGoneError(Exception):
    """A row was deleted while a list was being read."""


class Ovn(fixtures.Fixture):
    """NB, SB and northd in a directory of their own."""

    def __init__(
        self,
        protocol: str | None = None,
        nb: str | None = None,
        identities: Mapping[str, Files] | None = None,
        release: str | None = None,
    ):
        """NB may be somebody else's, given by its remotes.

        :param release: whose schemas the databases have, see schemas.py
        :param identities: the TLS files of ``nb`` and ``sb``, where they are
            not to have the same ``identity``
        """
        super().__init__()
        self._protocol = protocol
        self._foreign_nb = nb
        self._identities = identities or {}
        self._release = release or schemas.chosen()
        self.identity: Files | None = None

    def _setUp(self) -> None:
        directory = tempfile.mkdtemp(prefix="gws-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        self.directory = Path(directory)
        self.venv = self.useFixture(venv.VenvFixture(directory))
        self.venv.set_path(os.environ["PATH"])
        self.venv.env["OVN_RUNDIR"] = directory
        if self._protocol == "ssl":
            self.identity = Authority(self.directory, "ca").sign("ovn")
        files = schemas.write(self.directory, self._release)
        self._servers = {"sb": self._server("sb", files["sb"])}
        if not self._foreign_nb:
            self._servers["nb"] = self._server("nb", files["nb"])
        for server in self._servers.values():
            self.useFixture(server)
        # Every server is ended by its process id, even a stopped one.
        self.addCleanup(self._kill_all)
        self.nbctl("init")
        self.sbctl("init")
        self._start_northd()

    def _start_northd(self) -> None:
        northd = venv.NorthdFixture(
            self.venv, self.unix("nb"), self.unix("sb"), "northd"
        )
        self.useFixture(northd)
        self.pids["northd"] = northd.pid_from_pidfile

    def _server(self, name: str, schema: Path) -> venv.OvsdbServerFixture:
        return venv.OvsdbServerFixture(
            self.venv,
            name,
            str(schema),
            ssl_config=self._identities.get(name, self.identity),
            remote_proto=self._protocol,
        )

    pids: dict[str, int]

    def setUp(self) -> None:
        self.pids = {}
        super().setUp()

    @property
    def nb(self) -> str:
        """The remote of NB."""
        if self._foreign_nb:
            return self._foreign_nb
        return str(self._servers["nb"].connection)

    @property
    def sb(self) -> str:
        """The remote of SB."""
        return str(self._servers["sb"].connection)

    def unix(self, name: str) -> str:
        """The unix socket of a database, whatever its remote is."""
        if name == "nb" and self._foreign_nb:
            return self._foreign_nb
        return f"unix:{self.directory}/{name}.sock"

    def nbctl(self, *args: str) -> str:
        return self._ctl("ovn-nbctl", "nb", args)

    def sbctl(self, *args: str) -> str:
        return self._ctl("ovn-sbctl", "sb", args)

    def transact(self, name: str, *operations: Mapping[str, Any]) -> None:
        """Write to what the tools of Debian's release do not know."""
        database = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}[name]
        text = json.dumps([database, *operations])
        done = subprocess.run(
            ["ovsdb-client", "transact", self.unix(name), text],
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "error" not in done.stdout, done.stdout

    def _ctl(self, tool: str, name: str, args: tuple[str, ...]) -> str:
        command = [tool, f"--db={self.unix(name)}"]
        done = subprocess.run(
            [*command, "--timeout=10", *args],
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{args}: {done.stderr}"
        return done.stdout.strip()

    def appctl(self, name: str, *args: str) -> None:
        """Tell a database server something."""
        socket = f"{self.directory}/ovsdb-server.{self.pid(name)}.ctl"
        self.venv.call(["ovs-appctl", "-t", socket, *args])

    # -- processes ---------------------------------------------------------

    def pid(self, name: str) -> int:
        """The process id of ``nb``, ``sb`` or ``northd``."""
        if name in self.pids:
            return self.pids[name]
        return int(self._servers[name].pid_from_pidfile)

    def pause(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGCONT)

    def stop(self, name: str) -> None:
        """End a database server; its file stays."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), f"{name} to end")

    def start(self, name: str) -> None:
        """Start a database server again on its file."""
        self._servers[name].start()

    def _kill_all(self) -> None:
        for name in self._servers:
            try:
                os.kill(self.pid(name), signal.SIGKILL)
            except (ProcessLookupError, FileNotFoundError):
                continue

    # -- content -----------------------------------------------------------

    def add_chassis(
        self,
        *names: str,
        options: str = "enable-chassis-as-gw",
        mappings: str = "public:br-ex",
        nb_cfg: int = 0,
    ) -> None:
        """Add chassis that answer heartbeats only by :meth:`answer`."""
        args: list[str] = []
        for name in names:
            index = int("".join(filter(str.isdigit, name)) or 0)
            address = f"10.{index // 250}.9.{index % 250 + 1}"
            args += ["--", "chassis-add", name, "geneve", address]
            args += ["--", "set", "Chassis", name]
            args += [f'other_config:ovn-cms-options="{options}"']
            args += [f'other_config:ovn-bridge-mappings="{mappings}"']
            args += ["--", "create", "Chassis_Private", f"name={name}"]
            args += [f"nb_cfg={nb_cfg}"]
        self.sbctl(*args[1:])

    def answer(self, *names: str) -> None:
        """Let chassis answer the heartbeat that SB shows."""
        value = self.sbctl("get", "SB_Global", ".", "nb_cfg")
        args: list[str] = []
        for name in names:
            args += ["--", "set", "Chassis_Private", name, f"nb_cfg={value}"]
        self.sbctl(*args[1:])

    def add_router(
        self,
        name: str,
        *candidates: str,
        marker: str = "intent",
        network: str = "public",
        form: str = "gateway_chassis",
    ) -> str:
        """Add a router with a gateway port; return the port's name."""
        port, switch = f"lrp-{name}", f"ls-{network}"
        number = self.nbctl(
            "--bare", "--columns=_uuid", "list", "Logical_Router"
        )
        index = len(number.split())
        mac = f"02:00:00:00:{index // 250:02x}:{index % 250:02x}"
        args = ["--may-exist", "ls-add", switch]
        args += ["--", "--may-exist", "lsp-add", switch, f"ln-{network}"]
        args += ["--", "lsp-set-type", f"ln-{network}", "localnet"]
        args += ["--", "lsp-set-options", f"ln-{network}"]
        args += [f"network_name={network}"]
        args += ["--", "lr-add", name, "--", "lrp-add", name, port, mac]
        args += [f"172.16.{index // 250}.{index % 250 + 1}/16"]
        args += ["--", "lsp-add", switch, f"{port}-peer"]
        args += ["--", "lsp-set-type", f"{port}-peer", "router"]
        args += ["--", "lsp-set-options", f"{port}-peer"]
        args += [f"router-port={port}"]
        if marker == "intent":
            args += ["--", "set", "NB_Global", "."]
            args += [f"external_ids:gwsched-adopt-{port}=true"]
        elif marker == "neutron":
            args += ["--", "set", "Logical_Router_Port", port]
            args += ['external_ids:"neutron:is_ext_gw"="True"']
        self.nbctl(*args)
        if candidates:
            self.set_candidates(port, candidates, form)
        return port

    def set_candidates(
        self, port: str, names: tuple[str, ...], form: str
    ) -> None:
        """Write a candidate list, best first."""
        top = len(names)
        ranked = [(name, top - i) for i, name in enumerate(names)]
        args: list[str] = []
        if form == "gateway_chassis":
            for name, priority in ranked:
                args += ["--", "lrp-set-gateway-chassis", port, name]
                args += [str(priority)]
        else:
            group = f"group-{port}"
            args = ["--", "ha-chassis-group-add", group]
            for name, priority in ranked:
                args += ["--", "ha-chassis-group-add-chassis", group, name]
                args += [str(priority)]
        self.nbctl(*args[1:])
        if form != "gateway_chassis":
            uuid = self.nbctl(
                "--bare",
                "--columns=_uuid",
                "find",
                "HA_Chassis_Group",
                f"name=group-{port}",
            )
            self.nbctl(
                "set",
                "Logical_Router_Port",
                port,
                f"ha_chassis_group={uuid}",
            )

    def candidates(self, port: str) -> list[tuple[str, int]]:
        """The candidate list of a port, best first, from either table."""
        while True:
            try:
                return self._candidates(port)
            except RowGoneError:
                continue  # rewritten between two of our looks

    def _candidates(self, port: str) -> list[tuple[str, int]]:
        group = self.nbctl(
            "--bare", "get", "Logical_Router_Port", port, "ha_chassis_group"
        )
        owner = ["Logical_Router_Port", port, "gateway_chassis"]
        table = "Gateway_Chassis"
        if group != "[]":
            owner = ["HA_Chassis_Group", group, "ha_chassis"]
            table = "HA_Chassis"
        uuids = self.nbctl("get", *owner)
        found = []
        for uuid in filter(None, uuids.strip("[]").split(", ")):
            row = self.nbctl(
                *("--if-exists", "get", table, uuid),
                *("chassis_name", "priority"),
            )
            if not row.strip():
                raise RowGoneError(uuid)
            name, priority = row.split("\n")
            found.append((name.strip('"'), int(priority)))
        return sorted(found, key=lambda c: -c[1])

    def order(self, port: str) -> list[str]:
        return [name for name, _ in self.candidates(port)]

    def claim(self, port: str, chassis: str) -> None:
        """Let a chassis claim a gateway port, as ovn-controller would."""
        uuid = self.sbctl(
            "--bare", "--columns=_uuid", "find", "Chassis", f"name={chassis}"
        )
        self.sbctl("set", "Port_Binding", f"cr-{port}", f"chassis={uuid}")

    def holder(self, port: str) -> str | None:
        """The chassis that SB says holds a gateway port."""
        uuid = self.sbctl("get", "Port_Binding", f"cr-{port}", "chassis")
        if uuid == "[]":
            return None
        name = self.sbctl("--if-exists", "get", "Chassis", uuid, "name")
        return name.strip('"') or None

    def transactions(self) -> list[str]:
        """What was written to NB so far, one text per transaction."""
        text = subprocess.run(
            ["ovsdb-tool", "show-log", str(self.directory / "nb.db")],
            text=True,
            capture_output=True,
            check=True,
        ).stdout
        return [f"record {t}" for t in text.split("record ")[1:]]

    def plans_written(self) -> list[str]:
        """The transactions of gwsched that were no heartbeats."""
        return [
            t
            for t in self.transactions()
            if "gwsched:" in t and "gwsched: heartbeat" not in t
        ]

    # -- what load and groups are made of ----------------------------------

    def add_gateway_port(self, router: str, port: str, network: str) -> None:
        """Add one more port to a router, with one candidate, gw1."""
        mac = f"02:00:00:01:00:{len(port):02x}"
        self.nbctl("lrp-add", router, port, mac, network)
        self.set_candidates(port, ("gw1",), "gateway_chassis")

    def add_nat(
        self, router: str, kind: str, outside: str, **more: str
    ) -> str:
        """Add a NAT row with any further columns; return its UUID."""
        columns = {"logical_ip": "10.0.0.9", **more}
        if kind == "snat":
            columns["logical_ip"] = "10.0.0.0/24"
        return self.nbctl(
            *("--id=@nat", "create", "NAT", f"type={kind}"),
            *(f'external_ip="{outside}"',),
            *(f'{name}="{value}"' for name, value in columns.items()),
            *("--", "add", "Logical_Router", router, "nat", "@nat"),
        )

    def add_switch_port(
        self, name: str, group: str = "", kind: str = "external"
    ) -> None:
        """Add a port that has an HA chassis group to a switch of its own."""
        self.nbctl(
            *("ls-add", f"ls-{name}", "--", "lsp-add", f"ls-{name}", name),
            *("--", "lsp-set-type", name, kind),
        )
        self.refer("Logical_Switch_Port", name, group)

    def refer(self, table: str, port: str, group: str) -> None:
        """Let a port refer to a group by name, or to none."""
        if not group:
            self.nbctl("clear", table, port, "ha_chassis_group")
            return
        found = ["find", "HA_Chassis_Group", f"name={group}"]
        uuid = self.nbctl("--bare", "--columns=_uuid", *found)
        self.nbctl("set", table, port, f"ha_chassis_group={uuid}")

    # -- what others do to lists and chassis -------------------------------

    def quicken_bfd(self) -> None:
        """Let BFD need 0.1 s, so that candidates are warm at once."""
        self.nbctl(
            *("set", "NB_Global", ".", "options:bfd-min-rx=100"),
            *("options:bfd-min-tx=100", "options:bfd-mult=1"),
        )

    def intend(self, intent: str, value: str = "true") -> None:
        """Ask for something, as gwschedctl does."""
        self.nbctl(
            "set", "NB_Global", ".", f"external_ids:gwsched-{intent}={value}"
        )

    def remove_chassis(self, *names: str) -> None:
        """Delete chassis, as ovn-controllers do that are stopped in order."""
        args: list[str] = []
        for name in names:
            args += ["--", "chassis-del", name]
            args += ["--", "--if-exists", "destroy", "Chassis_Private", name]
        self.sbctl(*args[1:])

    def rewrite(self, group: str, *names: str) -> None:
        """Give a group another list, best first, in one transaction."""
        args = ["clear", "HA_Chassis_Group", group, "ha_chassis"]
        for rank, name in enumerate(names):
            args += ["--", "ha-chassis-group-add-chassis", group, name]
            args += [str(len(names) - rank)]
        self.nbctl(*args)

    def lists(self) -> dict[str, list[tuple[str, int]]]:
        """The lists of all router ports at one moment, best first."""
        tables = {
            "Logical_Router_Port": "name,gateway_chassis,ha_chassis_group",
            "HA_Chassis_Group": "_uuid,ha_chassis",
            "HA_Chassis": "_uuid,chassis_name,priority",
            "Gateway_Chassis": "_uuid,chassis_name,priority",
        }
        args = ["--format=json"]
        for table, columns in tables.items():
            args += ["--", f"--columns={columns}", "list", table]
        ports, groups, *members = (
            json.loads(line)["data"] for line in self.nbctl(*args).split("\n")
        )
        group = {_uuids(uuid)[0]: _uuids(rows) for uuid, rows in groups}
        member = {
            _uuids(uuid)[0]: (name, priority)
            for uuid, name, priority in [*members[0], *members[1]]
        }
        found = {}
        for name, alone, shared in ports:
            uuids = _uuids(alone)
            for uuid in _uuids(shared):
                uuids = group[uuid]
            ranked = [member[uuid] for uuid in uuids]
            # Of a tie the larger name is better, as for OVN.
            found[name] = sorted(ranked, key=lambda m: m[::-1], reverse=True)
        return found


def _uuids(value: list[Any]) -> list[str]:
    """Return the UUIDs in a value of JSON: one, or a set of them."""
    if value[0] == "set":
        return [uuid for _, uuid in value[1]]
    return [value[1]]
