# SPDX-License-Identifier: Apache-2.0
"""Both replicas as records: those of rows that changed are made anew.

References are resolved here, by UUID, and not by python-ovs: it notifies
nobody when what a row refers to comes or goes.
"""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
)
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from gwsched.model import Problem
from gwsched.reading import datums, plain, records
from gwsched.reading.memo import Key, Memo
from gwsched.reading.records import INDEXES, Index, Ref
from gwsched.reading.several import Several

R = TypeVar("R")
V = TypeVar("V")

Tables = Mapping[str, Any]
# By table the rows that may have changed; None: all may have.
Changes = Mapping[str, Collection[UUID]] | None


class Reading(NamedTuple, Generic[V]):
    """What some rows come to, if to anything, and what is wrong with them."""

    value: V | None
    problems: tuple[Problem, ...] = ()


class Rows:
    """The rows of both databases; who looks at one hears if it changes."""

    def __init__(self, nb: Tables, sb: Tables) -> None:
        self.memo = Memo()
        # The UUIDs that there are, while all rows are read.
        self._known: dict[Ref, Ref] = {}
        self._stores: dict[type[Any], _Store[Any]] = {}
        self._databases = (
            self._open(nb, records.NORTHBOUND),
            self._open(sb, records.SOUTHBOUND),
        )

    def _open(
        self, tables: Tables, kinds: records.Kinds
    ) -> list[tuple[str, _Store[Any]]]:
        stores = [
            (name, _Store(tables.get(name), kind, self._known))
            for name, of_table in kinds.items()
            for kind in of_table
        ]
        self._stores |= {store.kind: store for _, store in stores}
        return stores

    def fill(self) -> None:
        """Take in all rows, for somebody who has not looked at any.

        To say what is different would take as much memory once more.
        """
        for store in self._stores.values():
            self._known.update((ref, ref) for ref in store.refs())
        for store in self._stores.values():
            deque(store.update(None), maxlen=0)
        self._known.clear()

    def update(self, nb: Changes, sb: Changes) -> set[Any]:
        """Take in rows that changed; return the keys of what is different."""
        different: set[Key] = set()
        for stores, changes in zip(self._databases, (nb, sb), strict=True):
            for table, store in stores:
                if changes is None or table in changes:
                    uuids = changes[table] if changes else None
                    different.update(store.update(uuids))
        return different

    def only(self, kind: type[R]) -> R:
        """Return the row of a table of one row; nobody is told of changes."""
        found: Iterable[R] = self._stores[kind].records.values()
        return next(iter(found), kind())

    def every(self, kind: type[R]) -> Mapping[Ref, R]:
        """Return all rows of a kind; nobody is told of changes."""
        found: Mapping[Ref, R] = self._stores[kind].records
        return found

    def get(self, kind: type[R], ref: Ref | None) -> R | None:
        """Return a row, if it is there."""
        if ref is None:
            return None
        self.memo.look(kind, ref)
        found: R | None = self._stores[kind].records.get(ref)
        return found

    def those(self, kind: type[R], refs: Iterable[Ref]) -> list[R]:
        """Return those of some rows that are there."""
        found = [self.get(kind, ref) for ref in refs]
        return [record for record in found if record is not None]

    def refs(self, index: Index[Any], key: Hashable) -> Collection[Ref]:
        """Return which rows that an index has under a key."""
        self.memo.look(index, key)
        return self._stores[index.kind].indexes[index].get(key)

    def under(self, index: Index[R], key: Hashable) -> list[R]:
        """Return the rows that an index has under a key."""
        return self.those(index.kind, self.refs(index, key))


class _Store(Generic[R]):
    """The records of one kind."""

    def __init__(
        self, table: Any, kind: type[R], known: Mapping[Ref, Ref]
    ) -> None:
        self.kind = kind
        self.records: dict[Ref, R] = {}
        self.indexes: dict[Index[R], Several[Hashable, Ref]] = {
            index: Several() for index in INDEXES if index.kind is kind
        }
        self._table = table
        read = functools.partial(plain.reader, known=known)
        self._of_columns = _converter(kind, table, read)
        self._of_datums = _converter(kind, table, datums.reader)
        self._is_whole = _is_whole(kind, table)
        if self._is_whole:
            table.rows.read_by(
                lambda columns: self._of_columns(columns.get),
                plain.writer(table.columns),
            )

    def refs(self) -> Iterable[Ref]:
        """Return the UUIDs of the rows that the table has."""
        refs: Iterable[Ref] = (
            () if self._table is None else self._table.rows.refs()
        )
        return refs

    def update(self, uuids: Collection[UUID] | None) -> Iterator[Key]:
        """Convert rows again, or all; yield the keys of what is different."""
        if self._table is None:
            return
        rows = self._table.rows
        if uuids is None:
            # In the order in which they came, so that their memory is freed
            # in blocks.
            refs: Iterable[Ref] = dict.fromkeys((*rows.refs(), *self.records))
        else:
            refs = [uuid.int for uuid in uuids]
        for ref in refs:
            old = self.records.get(ref)
            new = self._read(rows, ref, old)
            if new != old:
                yield from self._replace(ref, old, new)

    def _read(self, rows: Any, ref: Ref, old: R | None) -> R | None:
        """Return the record of a row, the old one if it is like that."""
        known = rows.record(ref)
        if type(known) is self.kind:
            return known
        columns = rows.columns(ref)
        if columns is not None:
            # What is not as the schema wants it is left to python-ovs.
            with contextlib.suppress(TypeError, ValueError):
                found: R = self._of_columns(columns.get)
                found = old if old is not None and old == found else found
                if self._is_whole:
                    rows.replace(ref, found)
                return found
        row = rows.get(UUID(int=ref))
        if row is None:
            return None
        record: R = self._of_datums(row._data.__getitem__)
        return record

    def _replace(
        self, ref: Ref, old: R | None, new: R | None
    ) -> Iterator[Key]:
        if new is None:
            del self.records[ref]
        else:
            self.records[ref] = new
        yield (self.kind, ref)
        for index, by_key in self.indexes.items():
            before = set(() if old is None else index.keys(old))
            after = set(() if new is None else index.keys(new))
            for key in before - after:
                by_key.discard(key, ref)
                yield (index, key)
            for key in after - before:
                by_key.add(key, ref)
                yield (index, key)


def _is_whole(kind: Any, table: Any) -> bool:
    """Whether records of a kind have all that is monitored of a table."""
    return table is not None and {*table.columns} <= {*kind._fields}


def _converter(
    kind: Any, table: Any, reader: Callable[[Any], Callable[[Any], Any]]
) -> Callable[[Callable[[str], Any]], Any]:
    """Return what makes a record of a row, given what looks up a column."""
    columns = {} if table is None else table.columns
    parts = [
        _at(field, reader(columns[field]))
        if field in columns
        else _constant(kind._field_defaults[field])
        for field in kind._fields
    ]
    make = kind._make
    return lambda look: make([part(look) for part in parts])


def _at(name: str, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda look: read(look(name))


def _constant(value: Any) -> Callable[[Any], Any]:
    return lambda _: value
