# SPDX-License-Identifier: Apache-2.0
"""Values that there are tens of thousands of, kept small."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Self, TypeVar, overload

V = TypeVar("V")


class Lasting(cached_property[V]):
    """A property that is made once, and kept among the fields.

    functools' own is kept in a dictionary, which all fields then move to:
    700 bytes of each object.
    """

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: Any = None) -> V: ...

    def __get__(self, instance: object | None, owner: Any = None) -> Self | V:
        if instance is None or self.attrname is None:
            return self
        value = self.func(instance)
        object.__setattr__(instance, self.attrname, value)
        return value


def union(sets: Iterable[frozenset[V]]) -> frozenset[V]:
    """Return the union; where they are all alike, the very same object.

    An empty set takes 216 bytes, and most ports have the same few.
    """
    different = {*sets}
    if len(different) == 1:
        return different.pop()
    return frozenset().union(*different)
