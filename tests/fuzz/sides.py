# SPDX-License-Identifier: Apache-2.0
"""The databases that are written to, and what gwsched sees of each."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping

from gwsched.ovsdb import vswitch
from gwsched.ovsdb.schema import SOUTHBOUND, northbound
from tests.functional.ovn import SCHEMAS
from tests.functional.vswitch import SCHEMA
from tests.fuzz.client import Client, Content, Server, content, selects
from tests.fuzz.ours import FUZZ
from tests.fuzz.rows import Rows
from tests.fuzz.values import Row

SCHEMA_OF = {
    "nb": SCHEMAS / "ovn-nb.ovsschema",
    "sb": SCHEMAS / "ovn-sb.ovsschema",
    "ovs": SCHEMA,
}
Columns = Mapping[str, Collection[str]]
MONITORED: dict[str, tuple[str, Columns]] = {
    "nb": (
        "OVN_Northbound",
        {name: table.columns for name, table in northbound(nat=True).items()},
    ),
    "sb": (
        "OVN_Southbound",
        {name: table.columns for name, table in SOUTHBOUND.items()},
    ),
    "ovs": (
        "Open_vSwitch",
        {
            **{
                name: (*table["columns"], "bridges")
                for name, table in vswitch.SCHEMA["tables"].items()
            },
            "Bridge": ("ports",),
        },
    ),
}


class Side:
    """One database and who writes to it."""

    def __init__(
        self,
        server: Server,
        name: str,
        tables: Columns,
        draw: random.Random,
    ) -> None:
        self.client = Client(server, name)
        known = self.client.schema["tables"]
        columns = {
            table: frozenset(wanted) & known[table]["columns"].keys()
            for table, wanted in tables.items()
        }
        self.rows = Rows(self.client.schema, columns, draw)
        self._selects = selects(self.client.schema)

    def look(self) -> Content:
        """Read everything."""
        found = self.client.transact(*self._selects)
        self.rows.known = content(self.client.schema, found)
        return self.rows.known

    def write(self, operations: list[Row]) -> str:
        """Write; return what the server says against it, or ""."""
        note = {"op": "comment", "comment": FUZZ}
        results = self.client.transact(*operations, note)
        wrong = [r["error"] for r in results if r and "error" in r]
        return wrong[0] if wrong else ""
