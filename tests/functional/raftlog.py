# SPDX-License-Identifier: Apache-2.0
"""What a cluster has committed, in order, read from its servers' files.

This is what really happened, whatever daemons and servers say of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwsched.ovsdb.tenure import KEY

_BY = re.compile(r"^gwsched: .*, by (\S+)$")


@dataclass(frozen=True)
class Entry:
    """One committed transaction; ``at`` is the wall clock's (seconds)."""

    index: int
    at: float
    comment: str
    tables: Mapping[str, Any]

    @property
    def author(self) -> str | None:
        """Which tenure of which gwsched wrote it; None: somebody else."""
        found = _BY.match(self.comment)
        return found.group(1) if found else None

    @property
    def taken(self) -> str | None:
        """Who has become the one that writes by this."""
        for row in (self.tables.get("NB_Global") or {}).values():
            kind, pairs = (row or {}).get("external_ids", ("map", ()))
            assert kind == "map", kind
            # Of a key with another value the file has the new one.
            return dict(pairs).get(KEY)
        return None


def committed(files: Iterable[Path]) -> list[Entry]:
    """Return all that any server knows to be committed, in order."""
    found: dict[int, Entry] = {}
    for file in files:
        found.update(_committed(file))
    return [found[index] for index in sorted(found)]


def intruders(entries: Sequence[Entry]) -> list[Entry]:
    """Return what was written by who had been replaced by then.

    From somebody's first transaction on, which says so itself, nobody who
    wrote before may write any more.
    """
    replaced: set[str] = set()
    holder: str | None = None
    found = []
    for entry in entries:
        author = entry.author
        if author is None:
            continue
        if author in replaced:
            found.append(entry)
        elif author != holder:
            if holder:
                replaced.add(holder)
            holder = author
    return found


def unannounced(entries: Sequence[Entry]) -> list[Entry]:
    """Return what was written by who was not named in NB at that moment."""
    named: str | None = None
    found = []
    for entry in entries:
        named = entry.taken or named
        if entry.author not in (None, named):
            found.append(entry)
    return found


def _committed(file: Path) -> dict[int, Entry]:
    found: dict[int, Entry] = {}
    last = 0
    for record in _records(file.read_bytes()):
        last = record.get("commit_index", last)
        if "index" in record and record.get("data"):
            # One that was never committed gives way to another.
            found[record["index"]] = _entry(record)
    return {index: entry for index, entry in found.items() if index <= last}


def _entry(record: Mapping[str, Any]) -> Entry:
    tables = record["data"][1] or {}
    at = tables.get("_date", 0) / 1000
    return Entry(record["index"], at, tables.get("_comment", ""), tables)


def _records(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the records of a file, but for one that is being written."""
    position = 0
    while head := re.compile(rb"OVSDB CLUSTER (\d+) \w+\n").match(
        content, position
    ):
        end = head.end() + int(head.group(1))
        if end > len(content):
            return
        yield json.loads(content[head.end() : end])
        position = end
