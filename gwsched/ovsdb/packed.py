# SPDX-License-Identifier: Apache-2.0
"""The rows of a table as they came, until python-ovs' object is asked for.

An object of python-ovs takes 60 us to make and 4 KiB to keep, and of 100,000
rows some dozens are ever written to: what the reader needs of a row is in
the message already.  What it has made of a row then takes the row's place,
for that has all there is to know, and would have to be kept anyway.
"""

from __future__ import annotations

import contextlib
import marshal
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from ovs import ovsuuid
from ovs.db import custom_index

# A column's value as it came in JSON, by column.
Columns = dict[str, Any]
# Of what is there at the beginning a server says that it is "initial"
# (ovsdb-server(7), 4.1.13); all else is an insertion or a change.
INITIAL = "initial"


def pack(found: dict[str, Any]) -> dict[str, Any] | bytes:
    """Pack a row while the message that it came in is being parsed.

    As objects of Python the whole of a message takes ten times its length.
    The form is marshal's for it is the fastest, and nothing else reads it.
    """
    if len(found) == 1 and isinstance(found.get(INITIAL), dict):
        return marshal.dumps(found[INITIAL], 2)
    return found


def unpack(row: bytes) -> Columns:
    """Return what was packed."""
    columns: Columns = marshal.loads(row)  # noqa: S302, it is our own
    return columns


class PackedRows(custom_index.IndexedRows):  # type: ignore[misc]
    """What python-ovs keeps rows in; ``make`` makes an object of one."""

    def __init__(
        self, table: Any, make: Callable[[Any, UUID, Columns], Any]
    ) -> None:
        super().__init__(table)
        self._make = make
        self._columns_of: Callable[[Any], Columns] = unpack
        self._record_of: Callable[[Columns], Any] = _unread
        # By UUID the bytes that came, or what was read of them.
        self._packed: dict[int, Any] = {}
        # The same, until all rows that are still there have come once more.
        self._before: dict[int, Any] = {}

    def take(self, updates: dict[str, Any]) -> dict[str, Any]:
        """Keep rows that were packed; return the updates of all others."""
        rest = {}
        for name, update in updates.items():
            if isinstance(update, bytes) and ovsuuid.is_valid_string(name):
                ref = int(name.replace("-", ""), 16)
                self._packed[ref] = self._same(ref, update)
                if self.data:
                    self.data.pop(_uuid(ref), None)
            else:
                rest[name] = unpacked(update)
        return rest

    def _same(self, ref: int, row: bytes) -> Any:
        """Return what a row was before, if it has come as it was."""
        before = self._before.pop(ref, None)
        if before is None or type(before) is bytes:
            return row
        # What is not as the schema wants it is left to python-ovs.
        with contextlib.suppress(TypeError, ValueError):
            return before if self._record_of(unpack(row)) == before else row
        return row

    def settle(self) -> None:
        """Forget what has not come again: it is not there any more."""
        self._before.clear()

    def refs(self) -> Iterator[int]:
        """Return the UUIDs as numbers."""
        return chain(self._packed, (uuid.int for uuid in self.data))

    def read_by(
        self,
        record_of: Callable[[Columns], Any],
        columns_of: Callable[[Any], Columns],
    ) -> None:
        """Have rows replaced by records; say how they are made, and back.

        The first raises TypeError or ValueError for what is no such row.
        """
        self._record_of, self._columns_of = record_of, columns_of

    def replace(self, ref: int, record: Any) -> None:
        """Keep a record in place of the row that it was read from."""
        self._packed[ref] = record

    def record(self, ref: int) -> Any:
        """Return what was put in the place of a row, or its bytes."""
        return self._packed.get(ref)

    def name(self, ref: int) -> str:
        """Return the name of a row that is there."""
        row = self._packed.get(ref)
        if row is None or type(row) is bytes:
            row = self[_uuid(ref)]
        name: str = row.name
        return name

    def referring(self, column: str) -> Iterator[tuple[int, int]]:
        """Return each row that refers to another in a column, and to which.

        A column with one reference at most; none where it is not there.
        """
        for ref in [*self.refs()]:
            row = self._packed.get(ref)
            if row is None or type(row) is bytes:
                found = getattr(self[_uuid(ref)], column, [])
                yield from ((ref, other.uuid.int) for other in found)
            elif getattr(row, column) is not None:
                yield ref, getattr(row, column)

    def columns(self, ref: int) -> Columns | None:
        """Return what came of a row, if there is no object of it yet."""
        row = self._packed.get(ref)
        return None if row is None else self._unpack(row)

    def _unpack(self, row: Any) -> Columns:
        return unpack(row) if type(row) is bytes else self._columns_of(row)

    def __getitem__(self, key: UUID) -> Any:
        row = self._packed.pop(key.int, None)
        if row is not None:
            self[key] = self._make(self.table, key, self._unpack(row))
        return super().__getitem__(key)

    def __delitem__(self, key: UUID) -> None:
        if self._packed.pop(key.int, None) is None:
            super().__delitem__(key)

    def __contains__(self, key: object) -> bool:
        is_packed = isinstance(key, UUID) and key.int in self._packed
        return is_packed or key in self.data

    def __len__(self) -> int:
        return len(self._packed) + len(self.data)

    def __iter__(self) -> Iterator[UUID]:
        # To look at a row may move it from one to the other.
        return iter([*map(_uuid, self._packed), *self.data])

    def clear(self) -> None:
        """Have no rows any more: all that there are come once more.

        To keep the old beside the new takes twice the memory, and to read
        what is as it was makes everything that rests on it anew.
        """
        self._before, self._packed = self._packed, {}
        super().clear()


def unpacked(update: Any) -> Any:
    """Return the update of a row as python-ovs knows it."""
    return {INITIAL: unpack(update)} if isinstance(update, bytes) else update


def _unread(_: Columns) -> Any:
    raise ValueError("nobody reads records of these rows")


def _uuid(ref: int) -> UUID:
    return UUID(int=ref)
