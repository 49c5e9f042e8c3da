# SPDX-License-Identifier: Apache-2.0
"""Rows by their names; python-ovs' object is made of who is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ovs.db import idl

from gwsched.ovsdb.packed import PackedRows


class Names(Mapping[str, Any]):
    """The rows of a table whose names are unique, as they come and go."""

    def __init__(self, rows: PackedRows) -> None:
        self._rows = rows
        # To ask for a name may make an object of the row.
        self._refs = {rows.name(ref): ref for ref in [*rows.refs()]}

    def __getitem__(self, name: str) -> Any:
        return self._rows[UUID(int=self._refs[name])]

    def __contains__(self, name: object) -> bool:
        return name in self._refs

    def __iter__(self) -> Iterator[str]:
        return iter(self._refs)

    def __len__(self) -> int:
        return len(self._refs)

    def follow(self, event: str, row: Any, updates: Any) -> None:
        """Follow a row; another may have taken its name meanwhile."""
        before, ref = getattr(updates, "name", row.name), row.uuid.int
        if self._refs.get(before) == ref:
            del self._refs[before]
        if event != idl.ROW_DELETE:
            self._refs[row.name] = ref
