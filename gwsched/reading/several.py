# SPDX-License-Identifier: Apache-2.0
"""Sets by key; most have few members, or one, and need no set for that."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)

FEW = 4


class Several(Generic[K, V]):
    """What is under each key; a member is neither a tuple nor a set.

    A set of Python takes 216 bytes at least, a tuple of one 64, and there are
    dozens of them for each gateway port.
    """

    def __init__(self) -> None:
        self._found: dict[K, Any] = {}

    def get(self, key: K) -> Collection[V]:
        """Return what is under a key."""
        known: Collection[V] = self._found.get(key, ())
        return known if isinstance(known, tuple | set) else (known,)

    def add(self, key: K, member: V) -> None:
        """Put something under a key."""
        known = self.get(key)
        if member in known:
            return
        if isinstance(known, set):
            known.add(member)
        elif len(known) == FEW:
            self._found[key] = {*known, member}
        else:
            self._found[key] = (*known, member) if known else member

    def discard(self, key: K, member: V) -> None:
        """Take something away from under a key, if it is there."""
        known = self.get(key)
        if member not in known:
            return
        if isinstance(known, set):
            known.discard(member)
            left: Collection[V] = known
        else:
            left = tuple(m for m in known if m != member)
        if not left:
            del self._found[key]
        elif len(left) > 1:
            self._found[key] = left
        else:
            (self._found[key],) = left
