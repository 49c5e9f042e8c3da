# SPDX-License-Identifier: Apache-2.0
"""What was written to a database, read from its file.

Every transaction is a record there, with its comment; from them the content
at any moment can be told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz.client import Content, mapped
from tests.fuzz.values import Row

MAGIC = b"OVSDB JSON "


class Record(NamedTuple):
    """One transaction: who says that it is his, and what it changes.

    A row that is deleted is None; ``diff`` says that sets and maps are told
    by what is different in them.
    """

    comment: str
    tables: dict[str, dict[str, Row | None]]
    diff: bool


def records(database: Path) -> Iterator[Record]:
    """Yield all transactions, the first first; the schema is none."""
    data = database.read_bytes()
    at, first = 0, True
    while at < len(data):
        line = data[at : data.index(b"\n", at)]
        assert line.startswith(MAGIC), line
        length = int(line.split()[2])
        start = at + len(line) + 1
        body = json.loads(data[start : start + length])
        at = start + length
        if not first:
            notes = {k: body.pop(k) for k in list(body) if k[0] == "_"}
            comment = notes.get("_comment", "")
            yield Record(comment, body, notes.get("_is_diff", False))
        first = False


def apply(content: Content, record: Record, schema: Row) -> None:
    """Change a content as a transaction did."""
    for table, rows in record.tables.items():
        columns = schema["tables"][table]["columns"]
        there = content.setdefault(table, {})
        for uuid, row in rows.items():
            if row is None:
                there.pop(uuid, None)
                continue
            known = there.setdefault(uuid, {})
            for column, value in row.items():
                kind = columns[column]["type"]
                many = isinstance(kind, dict) and "max" in kind
                if record.diff and many and column in known:
                    value = _differing(known[column], value, kind)
                known[column] = value


def _differing(old: Any, diff: Any, kind: Row) -> Any:
    """Return a set or a map to which a difference was applied."""
    if "value" in kind:
        texts = mapped(old)
        for key, value in diff[1]:
            if texts.get(key) == value:
                del texts[key]
            else:
                texts[key] = value
        return ["map", [[k, v] for k, v in texts.items()]]
    if kind["max"] == 1:
        return diff
    before, changed = _atoms(old), _atoms(diff)
    kept = [atom for atom in before if atom not in changed]
    return ["set", kept + [atom for atom in changed if atom not in before]]


def _atoms(value: Any) -> list[Any]:
    if isinstance(value, list) and value[0] == "set":
        return list(value[1])
    return [value]
