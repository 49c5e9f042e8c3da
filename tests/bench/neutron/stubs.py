# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="import-not-found"
"""NB and SB in memory, under Neutron's own database classes.

Only what touches a database is replaced here: tables, rows, looking up and
committing.  What a row does is what python-ovs does as far as scheduling
can tell: references are rows, what nobody refers to goes, and a priority
out of its range is not taken.  Rows found by their name cost nothing, and
so does the router of a port, for which Neutron 27 searches all routers at
each binding: the times measured on these stubs flatter Neutron.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from neutron.plugins.ml2.drivers.ovn.mech_driver.ovsdb import (
    impl_idl_ovn,
)

# By the schema of NB: what column refers to which table.
REFERENCES = {
    "gateway_chassis": "Gateway_Chassis",
    "ha_chassis": "HA_Chassis",
    "ha_chassis_group": "HA_Chassis_Group",
}
HIGHEST_PRIORITY = 32767
REQUIRED = object()


class Rows(dict[uuid.UUID, "Row"]):
    """The rows of a table, indexed by name as ovsdbapp asks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: dict[str, Row] = {}
        self.indexes = {"name": self}

    @staticmethod
    def IndexEntry(name: str) -> str:
        return name

    def irange(self, first: str, last: str) -> Iterator[Row]:
        assert first == last
        return iter([self.by_name[first]] if first in self.by_name else [])


class Table:
    """A table of NB."""

    def __init__(self, nb: Nb) -> None:
        self.nb = nb
        self.rows = Rows()


class Row:
    """A row: its columns are its attributes, written at once."""

    def __init__(self, table: Table, **columns: Any) -> None:
        self.__dict__.update(
            _table=table,
            uuid=uuid.uuid4(),
            priority=0,
            ha_chassis=[],
            ha_chassis_group=[],
            gateway_chassis=[],
        )
        table.rows[self.uuid] = self
        for column, value in columns.items():
            setattr(self, column, value)

    uuid: uuid.UUID
    name: str
    router: Row
    _table: Table

    def __setattr__(self, column: str, value: Any) -> None:
        if column == "priority" and not 0 <= value <= HIGHEST_PRIORITY:
            return  # python-ovs logs it and leaves the column alone
        if column == "name":
            self._table.rows.by_name[value] = self
        if column in REFERENCES:
            value = self._referred(column, value)
        self.__dict__[column] = value

    def _referred(self, column: str, value: Any) -> list[Row]:
        """Turn UUIDs into rows, and delete who is not referred to now."""
        rows = self._table.nb.tables[REFERENCES[column]].rows
        values = value if isinstance(value, list) else [value]
        found = [v if isinstance(v, Row) else rows[v] for v in values]
        if column == "gateway_chassis":  # not a root table
            for row in self.__dict__[column]:
                if row not in found:
                    row.delete()
        return found

    def addvalue(self, column: str, value: Row) -> None:
        self.__dict__[column].append(value)

    def delvalue(self, column: str, value: Row) -> None:
        self.__dict__[column].remove(value)

    def delete(self) -> None:
        del self._table.rows[self.uuid]
        name = self.__dict__.get("name")
        if name is not None:
            del self._table.rows.by_name[name]


def _uuids(row: Row, column: str) -> list[uuid.UUID]:
    return [other.uuid for other in getattr(row, column)]


class Answer:
    """A read-only command that has its result already."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows

    def execute(self, check_error: bool = False) -> list[Any]:
        return self.rows


class Transaction:
    """Runs its commands when it ends, one after the other."""

    def __init__(self) -> None:
        self.commands: list[Any] = []

    def add(self, command: Any) -> Any:
        self.commands.append(command)
        return command

    def insert(self, table: Table) -> Row:
        return Row(table)


class Nb(impl_idl_ovn.OvsdbNbOvnIdl):  # type: ignore[misc]
    """Neutron's NB on stub tables."""

    def __init__(self) -> None:
        names = ("Logical_Router", "Logical_Router_Port")
        self.stubs = {n: Table(self) for n in (*names, *REFERENCES.values())}

    @property
    def tables(self) -> dict[str, Table]:
        return self.stubs

    _tables = tables

    @property
    def idl(self) -> Nb:
        return self

    @property
    def ports(self) -> Iterable[Row]:
        """The router ports, all of which are gateways."""
        return self.stubs["Logical_Router_Port"].rows.values()

    def add_port(self, name: str, router: str) -> Row:
        """Add a gateway port on a router of its own."""
        marks = {"neutron:router_name": router}
        table = self.stubs["Logical_Router_Port"]
        port = Row(table, name=name, external_ids=marks)
        table = self.stubs["Logical_Router"]
        port.router = Row(table, name=router, external_ids={}, ports=[port])
        return port

    @contextmanager
    def transaction(self, *args: Any, **kwargs: Any) -> Iterator[Transaction]:
        transaction = Transaction()
        yield transaction
        for command in transaction.commands:
            command.run_idl(transaction)

    def lookup(self, table: str, record: str, default: Any = REQUIRED) -> Any:
        found = self.stubs[table].rows.by_name.get(record, default)
        if found is REQUIRED:
            raise KeyError(f"{table} {record}")
        return found

    def db_list_rows(self, table: str) -> Answer:
        return Answer(list(self.stubs[table].rows.values()))

    def db_find_rows(
        self, table: str, condition: tuple[str, str, Any]
    ) -> Answer:
        column, _, wanted = condition
        rows = list(self.stubs[table].rows.values())
        if column in REFERENCES:
            rows = [r for r in rows if wanted in _uuids(r, column)]
        else:
            rows = [r for r in rows if getattr(r, column) == wanted]
        return Answer(rows)

    def get_lrouter_by_lrouter_port(self, lrp_name: str) -> Row:
        port = self.stubs["Logical_Router_Port"].rows.by_name[lrp_name]
        return port.router


class ChassisRow:
    """A gateway's row of SB."""

    def __init__(self, name: str, network: str) -> None:
        self.name = self.hostname = name
        self.external_ids: dict[str, str] = {}
        self.other_config = {
            "ovn-cms-options": "enable-chassis-as-gw",
            "ovn-bridge-mappings": f"{network}:br-ex",
        }


class Sb(impl_idl_ovn.OvsdbSbOvnIdl):  # type: ignore[misc]
    """Neutron's SB with a table of chassis."""

    def __init__(self) -> None:
        self.chassis: dict[str, ChassisRow] = {}

    def chassis_list(self) -> Answer:
        return Answer(list(self.chassis.values()))
