# SPDX-License-Identifier: Apache-2.0
"""Values that are made once, and again only when they may be different.

While a value is being made, every key it looks at is noted, whether or not
there was anything to see.  When a key changes, what looked at it is made
again; where that comes out as it was, nobody further up hears of it.
"""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Callable, Container, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gwsched.reading.several import Several

Key = Hashable
Owner = TypeVar("Owner")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Value:
    """What was made, from which keys, and as the how manieth."""

    value: Any
    inputs: tuple[Key, ...]
    turn: int


class Memo:
    """Values by key: the function that makes one, and its argument.

    What is recalled while nothing is being made is kept until it is
    forgotten, all else for as long as what was made from it.
    """

    def __init__(self) -> None:
        self._values: dict[Key, _Value] = {}
        self._users: Several[Key, Key] = Several()
        self._kept: set[Key] = set()
        self._making: list[tuple[Key, set[Key]]] = []
        self._stale: set[Key] = set()
        self._queue: list[tuple[int, Key]] = []
        self._different: set[Key] = set()
        self._turns = itertools.count()

    def look(self, key: Key) -> None:
        """Note that what is being made depends on a key."""
        if self._making:
            user, inputs = self._making[-1]
            inputs.add(key)
            self._users.add(key, user)

    def recall(self, make: Callable[[K], V], of: K) -> V:
        """Return what a function makes of its argument."""
        key = (make, of)
        if key not in self._values or key in self._stale:
            self._make(key)
        if self._making:
            self.look(key)
        else:
            self._kept.add(key)
        value: V = self._values[key].value
        return value

    def forget(self, make: Callable[[K], V], of: K) -> None:
        """Keep a value no longer than others need it."""
        self._kept.discard((make, of))
        self._collect([(make, of)])

    def settle(self, changed: Iterable[Key]) -> set[Any]:
        """Make again what looked at these keys; return what is different.

        Inputs come before their users, for they were made before them.
        """
        self._different = set()
        for key in changed:
            self._spoil(key)
        while self._queue:
            _, key = heapq.heappop(self._queue)
            if key in self._stale:
                self._make(key)
        return self._different

    def _spoil(self, changed: Key) -> None:
        """Have all made again that looked at a key."""
        for key in self._users.get(changed):
            if key not in self._stale:
                self._stale.add(key)
                known = self._values.get(key)
                turn = known.turn if known else next(self._turns)
                heapq.heappush(self._queue, (turn, key))

    def _make(self, key: Any) -> None:
        make, of = key
        known = self._values.get(key)
        before = known.inputs if known else ()
        for looked_at in before:
            self._users.discard(looked_at, key)
        inputs: set[Key] = set()
        self._stale.discard(key)
        self._making.append((key, inputs))
        try:
            value = make(of)
        finally:
            self._making.pop()
        if known and known.value == value:
            known.inputs = tuple(inputs)
        else:
            made = _Value(value, tuple(inputs), next(self._turns))
            self._values[key] = made
            self._different.add(key)
            self._spoil(key)
        self._collect(looked for looked in before if looked not in inputs)

    def _collect(self, keys: Iterable[Key]) -> None:
        """Drop those of the keys that nobody looks at any more."""
        unused = list(keys)
        while unused:
            key = unused.pop()
            if self._users.get(key) or key in self._kept:
                continue
            self._stale.discard(key)
            dropped = self._values.pop(key, None)
            for looked_at in dropped.inputs if dropped else ():
                self._users.discard(looked_at, key)
                unused.append(looked_at)


class Kept(Generic[K, V]):
    """One value for each of some keys, all made by one function."""

    def __init__(self, memo: Memo, make: Callable[[K], V]) -> None:
        self._memo = memo
        self._make = make
        self._values: dict[K, V] = {}

    def values(self) -> Iterable[V]:
        """Return all values."""
        return self._values.values()

    def renew(
        self,
        touched: Iterable[K],
        there: Container[K],
        different: Iterable[Any],
    ) -> dict[K, tuple[V | None, V | None]]:
        """Follow which keys came and went, and what settled differently.

        :param touched: the keys that may have come or gone
        :param there: those that are there now
        :param different: what :meth:`Memo.settle` returned
        :return: by key what was and what is now, if that is not the same
        """
        keys = {of for make, of in different if make == self._make}
        keys |= {k for k in touched if (k in there) != (k in self._values)}
        found = {}
        for key in keys:
            old = self._values.pop(key, None)
            if key in there:
                self._values[key] = self._memo.recall(self._make, key)
            else:
                self._memo.forget(self._make, key)
            found[key] = (old, self._values.get(key))
        return found


def remembered(
    make: Callable[[Owner, K], V],
) -> Callable[[Owner, K], V]:
    """Let a method of one argument remember, in its owner's ``memo``."""

    @functools.wraps(make)
    def remembering(self: Any, of: K) -> V:
        found: V = self.memo.recall(make.__get__(self), of)
        return found

    return remembering
