# SPDX-License-Identifier: Apache-2.0
"""Databases as files that ovsdb-server opens, written in one go.

To make 100,000 rows by transactions takes minutes, and northd many more.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Datum = Any


class Content:
    """The rows of a database to be, by table and UUID."""

    def __init__(self) -> None:
        self.tables: defaultdict[str, dict[str, Any]] = defaultdict(dict)

    def add(self, table: str, **columns: Datum) -> Datum:
        """Add a row; return what refers to it."""
        known = self.tables[table]
        # The same databases for each run; ovsdb-server hashes UUIDs by their
        # first part alone (uuid.h, uuid_hash).
        kind = zlib.crc32(table.encode())
        made = f"{len(known):08x}-0000-4000-8000-{kind:012x}"
        known[made] = columns
        return ["uuid", made]

    def write(self, schema: Path, path: Path) -> None:
        """Write what a server finds at its start (ovsdb(5))."""
        records = [json.loads(schema.read_text()), {"_date": 0, **self.tables}]
        with path.open("wb") as file:
            for record in records:
                text = json.dumps(record, separators=(",", ":")) + "\n"
                line = text.encode()
                digest = hashlib.sha1(line, usedforsecurity=False).hexdigest()
                file.write(f"OVSDB JSON {len(line)} {digest}\n".encode())
                file.write(line)


def strings(**values: str) -> Datum:
    return mapped(values)


def mapped(values: Mapping[str, str]) -> Datum:
    return ["map", [list(item) for item in values.items()]]


def several(values: Iterable[Datum]) -> Datum:
    return ["set", list(values)]
