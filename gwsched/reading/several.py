# SPDX-License-Identifier: Apache-2.0
"""Sets by key; most have few members, and need no set for that."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)

FEW = 4


class Several(Generic[K, V]):
    """What is under each key.

    A set of Python takes 216 bytes at least, a tuple of one 48, and there are
    dozens of them for each gateway port.
    """

    def __init__(self) -> None:
        self._found: dict[K, tuple[V, ...] | set[V]] = {}

    def get(self, key: K) -> Collection[V]:
        """Return what is under a key."""
        return self._found.get(key, ())

    def add(self, key: K, member: V) -> None:
        """Put something under a key."""
        known = self._found.get(key)
        if known is None:
            self._found[key] = (member,)
        elif isinstance(known, set):
            known.add(member)
        elif member not in known:
            few = len(known) < FEW
            self._found[key] = (*known, member) if few else {*known, member}

    def discard(self, key: K, member: V) -> None:
        """Take something away from under a key, if it is there."""
        known = self._found.get(key, ())
        if member not in known:
            return
        if isinstance(known, set):
            known.discard(member)
        else:
            self._found[key] = tuple(m for m in known if m != member)
        if not self._found[key]:
            del self._found[key]
