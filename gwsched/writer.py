# SPDX-License-Identifier: Apache-2.0
"""A plan's changes as row operations of one transaction.

Rows of Gateway_Chassis and HA_Chassis that nothing refers to any more are
ovsdb-server's to delete; an HA_Chassis_Group stays until somebody does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from ovs.db.idl import Transaction

from gwsched.connection import Database
from gwsched.decisions import Change, Relocation
from gwsched.model import OWN_GROUP, Candidate, Form
from gwsched.reading import groups
from gwsched.reading.parsing import whole_number
from gwsched.reading.records import Ref

# The key that is counted up in the options of a localnet port.
NUDGE = "gwsched-moved"
# The key that makes a router an L3 gateway router, and says where.
PIN = "chassis"


class StaleError(Exception):
    """What was planned for is not what is there any more."""


class Writer:
    """Turns changes into row operations of one transaction."""

    def __init__(self, nb: Database, transaction: Transaction) -> None:
        self._tables = nb.rows
        self._transaction = transaction
        self._ports = nb.named("Logical_Router_Port")
        self._groups = nb.named("HA_Chassis_Group")
        # Beside those that are there the ones made, or deleted, here.
        self._changed_groups: dict[str, Any] = {}
        self._names = nb.named("Gateway_Chassis")
        self._taken: set[str] = set()

    def write(self, change: Change) -> None:
        """Add one change; :raises StaleError: where it does not fit."""
        in_group = change.unit.form is Form.HA_CHASSIS_GROUP
        if change.form is Form.GATEWAY_CHASSIS:
            if in_group:
                self._leave_group(change)
            else:
                self._write_port(change)
        elif in_group:
            self._write_group(change)
        else:
            self._write_own_group(change)
        if change.nudges:
            self._nudge(change)

    def relocate(self, relocation: Relocation) -> None:
        """Pin a router elsewhere; :raises StaleError: where it has changed.

        The option is never taken away, not for a moment: without it the
        router would become a distributed one (ovn-nb(5)).
        """
        name, chassis = relocation.router.name, relocation.router.chassis
        rows = self._pinned[name, chassis]
        if len(rows) != 1:
            raise StaleError(f"no one router {name} is pinned to {chassis}")
        self._verify(rows[0], "name", "options")
        rows[0].setkey("options", PIN, relocation.target)

    @cached_property
    def _pinned(self) -> dict[tuple[str, str], list[Any]]:
        """The L3 gateway routers, by name and chassis; names may recur."""
        found: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for row in self._tables["Logical_Router"].rows.values():
            if PIN in row.options:
                found[row.name, row.options[PIN]].append(row)
        return found

    def _nudge(self, change: Change) -> None:
        """Touch the localnet ports that the unit's ports face.

        The key means nothing to OVN; that the row differs is all.
        """
        for port in change.unit.ports:
            for row in self._localnets.get(port.name, ()):
                before = whole_number(row.options.get(NUDGE), 0)
                row.setkey("options", NUDGE, str(before + 1))

    @cached_property
    def _localnets(self) -> dict[str, list[Any]]:
        """The localnet ports of the switch that each router port faces."""
        found: dict[str, list[Any]] = {}
        for switch in self._tables["Logical_Switch"].rows.values():
            rows = [row for row in switch.ports if row.type == "localnet"]
            for row in switch.ports:
                if "router-port" in row.options:
                    found[row.options["router-port"]] = rows
        return found

    def _write_port(self, change: Change) -> None:
        port = self._port_without_group(change)
        self._rewrite(port, "gateway_chassis", "Gateway_Chassis", change)

    def _write_own_group(self, change: Change) -> None:
        """Give a port a group of its own in place of what it has."""
        port = self._port_without_group(change)
        self._guarded(port, "gateway_chassis", change)
        group = self._own_group(port.name)
        group.ha_chassis = [
            self._row({}, "HA_Chassis", port.name, candidate)
            for candidate in change.candidates
        ]
        port.ha_chassis_group = group
        if port.gateway_chassis:
            port.gateway_chassis = []

    def _write_group(self, change: Change) -> None:
        group = self._group(change)
        self._rewrite(group, "ha_chassis", "HA_Chassis", change)
        for port in self._followers(group, change):
            if port.gateway_chassis and not change.unit.neutron:
                port.gateway_chassis = []

    def _leave_group(self, change: Change) -> None:
        """Give ports lists of their own; a group nobody uses then goes.

        If somebody begins to use it meanwhile, ovsdb-server refuses all of
        the transaction: it guards the references.
        """
        group = self._group(change)
        self._guarded(group, "ha_chassis", change)
        users = self._users[group.uuid.int]
        for port in self._followers(group, change):
            if port.gateway_chassis and not change.unit.shadowed:
                raise StaleError(f"{port.name} has both forms by now")
            # What OVN ignored so far may be there; its names are taken.
            kept = self._kept(port.gateway_chassis)
            port.gateway_chassis = [
                self._row(kept, "Gateway_Chassis", port.name, candidate)
                for candidate in change.candidates
            ]
            port.ha_chassis_group = []
            users.discard(port.uuid.int)
        if not users:
            group.delete()
            self._changed_groups[change.unit.name] = None

    def _rewrite(
        self, owner: Any, column: str, table: str, change: Change
    ) -> None:
        """Change in a list what differs, and keep the rows of the rest."""
        rows = self._guarded(owner, column, change)
        wanted = [
            self._row(rows, table, owner.name, candidate)
            for candidate in change.candidates
        ]
        if set(wanted) != set(getattr(owner, column)):
            setattr(owner, column, wanted)

    def _port(self, name: str) -> Any:
        port = self._ports.get(name)
        if port is None:
            raise StaleError(f"router port {name} is gone")
        self._verify(port, "ha_chassis_group", "gateway_chassis")
        return port

    def _port_without_group(self, change: Change) -> Any:
        port = self._port(change.unit.ports[0].name)
        if port.ha_chassis_group:
            raise StaleError(f"{port.name} now has an ha_chassis_group")
        return port

    def _group(self, change: Change) -> Any:
        group = self._group_named(change.unit.name)
        if group is None:
            raise StaleError(f"group {change.unit.name} is gone")
        return group

    def _group_named(self, name: str) -> Any:
        if name in self._changed_groups:
            return self._changed_groups[name]
        return self._groups.get(name)

    def _followers(self, group: Any, change: Change) -> list[Any]:
        """Return the rows of a unit's ports, all of them in the group."""
        ports = [self._port(port.name) for port in change.unit.ports]
        for port in ports:
            if port.ha_chassis_group != [group]:
                raise StaleError(f"{port.name} left group {group.name}")
        return ports

    def _own_group(self, port: str) -> Any:
        """Return a group for one port; one left from before will do.

        Unless others use it by now: then it is their list.
        """
        name = OWN_GROUP + port
        while (group := self._group_named(name)) and self._users[
            group.uuid.int
        ]:
            name += "_"
        if group is None:
            group = self._transaction.insert(self._tables["HA_Chassis_Group"])
            group.name = name
            self._changed_groups[name] = group
        else:
            self._verify(group, "ha_chassis")
        return group

    @cached_property
    def _users(self) -> dict[Ref, set[Ref]]:
        return groups.users(self._tables)

    def _guarded(
        self, owner: Any, column: str, change: Change
    ) -> dict[str, Any]:
        """Return the rows to keep, by chassis, all of them verified."""
        self._verify(owner, column)
        rows = getattr(owner, column)
        there = {(row.chassis_name, row.priority) for row in rows}
        known = {(c.chassis, c.priority) for c in change.unit.candidates}
        if there != known:
            raise StaleError(f"the list of {owner.name} has changed")
        return self._kept(rows)

    def _kept(self, rows: Iterable[Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for row in sorted(rows, key=lambda r: r.priority):
            self._verify(row, "chassis_name", "priority")
            kept[row.chassis_name] = row  # of two the better one
        return kept

    def _verify(self, row: Any, *columns: str) -> None:
        """Let the server check that columns are still as we read them.

        python-ovs (up to 4.0) sends the check only for rows that the
        transaction also writes to, unless it is told that they belong.
        """
        for column in columns:
            row.verify(column)
        self._transaction._txn_rows[row.uuid] = row

    def _row(
        self, kept: dict[str, Any], table: str, owner: str, wanted: Candidate
    ) -> Any:
        """Return the candidate's row, changed or made as need be."""
        row = kept.get(wanted.chassis)
        if row is None:
            row = self._transaction.insert(self._tables[table])
            row.chassis_name = wanted.chassis
            row.priority = wanted.priority
            if table == "Gateway_Chassis":
                row.name = self._free_name(f"{owner}_{wanted.chassis}")
        elif row.priority != wanted.priority:
            row.priority = wanted.priority
        return row

    def _free_name(self, name: str) -> str:
        """The name Neutron would give; names are unique but only a habit."""
        while name in self._names or name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
