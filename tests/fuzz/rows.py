# SPDX-License-Identifier: Apache-2.0
"""Random operations that a schema allows, whatever sense they make."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

from tests.fuzz.client import Content
from tests.fuzz.values import Row, Values

# How many elements a set or a map is given.
SIZES = (0, 1, 1, 1, 2, 3, 8)
DEEPEST = 3


class Rows:
    """Draws operations on some tables of one database.

    ``known`` is the content as it was when somebody last looked.
    """

    def __init__(
        self,
        schema: Row,
        columns: Mapping[str, frozenset[str]],
        draw: random.Random,
    ) -> None:
        self.known: Content = {}
        self._tables = schema["tables"]
        self._columns = columns
        self._draw = draw
        self._values = Values(draw)
        self._numbers = itertools.count()
        self._more: list[Row] = []

    def operations(self) -> list[Row]:
        """Return one to four operations for one transaction."""
        self._more = []
        for _ in range(self._draw.choice((1, 1, 1, 2, 4))):
            table = self._draw.choice(sorted(self._columns))
            kinds = (self._insert, self._update, self._mutate, self._delete)
            (kind,) = self._draw.choices(kinds, (4, 8, 5, 1))
            kind(table)
        return self._more

    def _insert(self, table: str) -> None:
        """Insert a row, and have some other refer to it if it must be."""
        if self._tables[table].get("maxRows") == 1 and self.known.get(table):
            return self._update(table)
        name = self._row(table, 0)
        if self._tables[table].get("isRoot"):
            return None
        places = [
            (owner, column)
            for owner in sorted(self._columns)
            for column, spec in sorted(self._tables[owner]["columns"].items())
            if _refers(spec, table) and column in self._columns[owner]
        ]
        owner, column = self._draw.choice(places)
        row = self._any(owner)
        if row is None:
            return None
        there: Row = {"op": "mutate", "table": owner, "where": _is(row)}
        added = [column, "insert", ["set", [["named-uuid", name]]]]
        if _kind(self._tables[owner]["columns"][column]).get("max", 1) == 1:
            value: Row = {column: ["named-uuid", name]}
            there = {**there, "op": "update", "row": value}
            self._more.append(there)
        else:
            self._more.append({**there, "mutations": [added]})
        return None

    def _row(self, table: str, depth: int) -> str:
        """Insert a row and what it cannot be without; return its name."""
        name = f"row{next(self._numbers)}"
        wanted = self._columns.get(table, frozenset())
        row = {}
        for column, spec in sorted(self._tables[table]["columns"].items()):
            if column in wanted or _kind(spec).get("min", 1):
                row[column] = self._value(table, column, depth)
        insert = {"op": "insert", "table": table, "row": row}
        self._more.append({**insert, "uuid-name": name})
        return name

    def _update(self, table: str) -> None:
        row = self._any(table)
        if row is None:
            return self._insert(table)
        columns = sorted(self._columns[table])
        several = self._draw.sample(
            columns, min(len(columns), self._draw.choice((1, 1, 2)))
        )
        values = {c: self._value(table, c, 0) for c in several}
        self._more.append(
            {"op": "update", "table": table, "where": _is(row), "row": values}
        )
        return None

    def _mutate(self, table: str) -> None:
        """Add to a set or a map, or take away, or add to a number."""
        row = self._any(table)
        column = self._draw.choice(sorted(self._columns[table]))
        kind = _kind(self._tables[table]["columns"][column])
        if row is None or kind.get("max", 1) == 1:
            return self._update(table)
        mutator = self._draw.choice(("insert", "insert", "delete"))
        value = self._value(table, column, 0)
        if mutator == "insert" and "value" in kind:
            # An insertion leaves alone the keys that are there.
            keys = ["set", [key for key, _ in value[1]]]
            mutations = [[column, "delete", keys], [column, mutator, value]]
        else:
            mutations = [[column, mutator, value]]
        mutate = {"op": "mutate", "table": table, "where": _is(row)}
        self._more.append({**mutate, "mutations": mutations})
        return None

    def _delete(self, table: str) -> None:
        row = self._any(table)
        if row is not None and self._tables[table].get("maxRows") != 1:
            self._more.append(
                {"op": "delete", "table": table, "where": _is(row)}
            )

    def _value(self, table: str, column: str, depth: int) -> Any:
        """Return a value for a column: one, a set or a map."""
        kind = _kind(self._tables[table]["columns"][column])
        least, most = kind.get("min", 1), kind.get("max", 1)
        most = 1000 if most == "unlimited" else most
        size = min(most, max(least, self._draw.choice(SIZES)))
        if "value" in kind:
            pairs = dict(self._pair(table, column) for _ in range(size))
            return ["map", [[key, value] for key, value in pairs.items()]]
        base = kind["key"]
        base = {"type": base} if isinstance(base, str) else base
        atoms = [self._atom(table, column, base, depth) for _ in range(size)]
        if least == most == 1:
            return atoms[0]
        unique = {str(atom): atom for atom in atoms if atom is not None}
        return ["set", list(unique.values())]

    def _pair(self, table: str, column: str) -> tuple[str, Any]:
        if self._tables[table]["columns"][column]["type"]["value"] != "string":
            return self._values.ugly(), self._values.number({})
        if table == "NB_Global" and column == "external_ids":
            return self._values.intent()
        return self._values.pair(column)

    def _atom(self, table: str, column: str, base: Row, depth: int) -> Any:
        if "enum" in base:
            return self._draw.choice(base["enum"][1])
        if base["type"] == "string":
            return self._values.text(table, column)
        if base["type"] == "integer":
            return self._values.number(base)
        if base["type"] == "real":
            return self._values.real()
        if base["type"] == "boolean":
            return self._draw.random() < 0.5
        return self._reference(base.get("refTable"), depth)

    def _reference(self, table: str | None, depth: int) -> Any:
        """Refer to some row, or to a new one; None where there is none."""
        if table is None:
            return ["uuid", "00000000-0000-0000-0000-00000000000a"]
        known = self._any(table)
        new = table in self._columns or known is None
        if new and depth < DEEPEST and self._draw.random() < 0.3:
            return ["named-uuid", self._row(table, depth + 1)]
        if known is None and depth < DEEPEST:
            return ["named-uuid", self._row(table, depth + 1)]
        return known and ["uuid", known]

    def _any(self, table: str) -> str | None:
        """Choose a row, by what it says: UUIDs are others each time."""
        rows = self.known.get(table, {})
        columns = self._tables[table]["columns"]
        plain = sorted(c for c in columns if not _is_reference(columns[c]))

        def said(uuid: str) -> tuple[list[str], str]:
            return [str(rows[uuid].get(column)) for column in plain], uuid

        found = sorted(rows, key=said)
        return self._draw.choice(found) if found else None


def _kind(spec: Row) -> Row:
    """Return the type of a column in its long form."""
    kind = spec["type"]
    return {"key": kind} if isinstance(kind, str) else kind


def _refers(spec: Row, table: str) -> bool:
    key = _kind(spec)["key"]
    return isinstance(key, dict) and key.get("refTable") == table


def _is_reference(spec: Row) -> bool:
    key = _kind(spec)["key"]
    return (key if isinstance(key, str) else key["type"]) == "uuid"


def _is(uuid: str) -> list[Any]:
    return [["_uuid", "==", ["uuid", uuid]]]
