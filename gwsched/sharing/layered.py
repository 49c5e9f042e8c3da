# SPDX-License-Identifier: Apache-2.0
"""A frozen mapping of thousands that shares what is unchanged with the last.

Copying one item after another is what a look at a single change would take
most of its time for, where there are 20,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

# With more changes than this on top it is copied after all.
MOST_CHANGES = 256


class Layered(Mapping[K, V]):
    """Most items, and on top of them those that have changed since."""

    __slots__ = ("_changes", "_gone", "_most")

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        self._most: dict[K, V] = dict(items or {})
        self._changes: dict[K, V] = {}
        self._gone: frozenset[K] = frozenset()

    def __getitem__(self, key: K) -> V:
        if key in self._changes:
            return self._changes[key]
        if key in self._gone:
            raise KeyError(key)
        return self._most[key]

    def __iter__(self) -> Iterator[K]:
        for key in self._most:
            if key not in self._gone and key not in self._changes:
                yield key
        yield from self._changes

    def __len__(self) -> int:
        fresh = sum(key not in self._most for key in self._changes)
        return len(self._most) - len(self._gone) + fresh

    def __repr__(self) -> str:
        return f"Layered({dict(self)!r})"

    def updated(
        self, changes: Mapping[K, V], gone: Iterable[K] = ()
    ) -> Layered[K, V]:
        """Return one with other values of some keys, and without others."""
        gone = tuple(gone)
        if not (changes or gone):
            return self
        found: Layered[K, V] = Layered()
        found._most = self._most
        found._changes = {**self._changes, **changes}
        left = {*self._gone}.difference(changes)
        for key in gone:
            found._changes.pop(key, None)
            if key in self._most:
                left.add(key)
        found._gone = frozenset(left)
        if len(found._changes) + len(left) > MOST_CHANGES:
            found._copy()
        return found

    def _copy(self) -> None:
        """Make one layer of both, which nobody else has."""
        self._most = self._most | self._changes
        for key in self._gone:
            del self._most[key]
        self._changes, self._gone = {}, frozenset()


def layered(mapping: Mapping[K, V]) -> Layered[K, V]:
    """Return a mapping as one that shares."""
    if isinstance(mapping, Layered):
        return mapping
    return Layered(mapping)
