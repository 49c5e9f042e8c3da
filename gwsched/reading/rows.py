# SPDX-License-Identifier: Apache-2.0
"""Both replicas as records: those of rows that changed are made anew.

References are resolved here, by UUID, and not by python-ovs: it notifies
nobody when what a row refers to comes or goes.
"""

from __future__ import annotations

from collections import defaultdict
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
from gwsched.reading import records
from gwsched.reading.memo import Key, Memo
from gwsched.reading.records import INDEXES, Index, Ref

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
        self._stores: dict[type[Any], _Store[Any]] = {}
        self._databases = (
            self._open(nb, records.NORTHBOUND),
            self._open(sb, records.SOUTHBOUND),
        )

    def _open(
        self, tables: Tables, kinds: records.Kinds
    ) -> list[tuple[str, _Store[Any]]]:
        stores = [
            (name, _Store(tables.get(name), kind))
            for name, of_table in kinds.items()
            for kind in of_table
        ]
        self._stores |= {store.kind: store for _, store in stores}
        return stores

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
        self.memo.look((kind, ref))
        found: R | None = self._stores[kind].records.get(ref)
        return found

    def those(self, kind: type[R], refs: Iterable[Ref]) -> list[R]:
        """Return those of some rows that are there."""
        found = [self.get(kind, ref) for ref in refs]
        return [record for record in found if record is not None]

    def refs(self, index: Index[Any], key: Hashable) -> Collection[Ref]:
        """Return which rows that an index has under a key."""
        self.memo.look((index, key))
        return self._stores[index.kind].indexes[index].get(key, ())

    def under(self, index: Index[R], key: Hashable) -> list[R]:
        """Return the rows that an index has under a key."""
        return self.those(index.kind, self.refs(index, key))


class _Store(Generic[R]):
    """The records of one kind."""

    def __init__(self, table: Any, kind: type[R]) -> None:
        self.kind = kind
        self.records: dict[Ref, R] = {}
        self.indexes: dict[Index[R], defaultdict[Hashable, set[Ref]]] = {
            index: defaultdict(set) for index in INDEXES if index.kind is kind
        }
        self._table = table
        self._convert = _converter(kind, table)

    def update(self, uuids: Collection[UUID] | None) -> Iterator[Key]:
        """Convert rows again, or all; yield the keys of what is different."""
        rows = {} if self._table is None else self._table.rows
        if uuids is None:
            gone = self.records.keys() - {uuid.int for uuid in rows}
            uuids = [*rows, *(UUID(int=ref) for ref in gone)]
        for uuid in uuids:
            row = rows.get(uuid)
            new = None if row is None else self._convert(row._data)
            old = self.records.get(uuid.int)
            if new != old:
                yield from self._replace(uuid.int, old, new)

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
                by_key[key].discard(ref)
                if not by_key[key]:
                    del by_key[key]
                yield (index, key)
            for key in after - before:
                by_key[key].add(ref)
                yield (index, key)


def _converter(kind: Any, table: Any) -> Callable[[Any], Any]:
    """Return what makes a record of a row's datums.

    A row's attributes would do, but take python-ovs ten times as long.
    """
    columns = {} if table is None else table.columns
    parts = [
        _reader(columns[field])
        if field in columns
        else _constant(kind._field_defaults[field])
        for field in kind._fields
    ]
    make = kind._make
    return lambda datums: make([part(datums) for part in parts])


def _constant(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def _reader(column: Any) -> Callable[[Any], Any]:
    name = column.name
    if column.type.is_map():
        return lambda datums: {
            key.value: value.value
            for key, value in datums[name].values.items()
        }
    refers = column.type.key.ref_table_name is not None
    if column.type.n_max == 1:
        if refers:
            return lambda datums: _first_ref(datums[name].values)
        return lambda datums: datums[name].as_scalar()
    if refers:
        return lambda datums: frozenset(
            atom.value.int for atom in datums[name].values
        )
    return lambda datums: frozenset(atom.value for atom in datums[name].values)


def _first_ref(atoms: Iterable[Any]) -> Ref | None:
    return next((atom.value.int for atom in atoms), None)
