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
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gwsched.reading.several import Several

# Of what there are many, and which one: a kind of rows and a UUID, an index
# and what it is asked for, a function and its argument.
Key = tuple[Any, Any]
Owner = TypeVar("Owner")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

NOT_MADE = object()


@dataclass(slots=True, eq=False)
class _Value:
    """What was made by whom of what, and as the how manieth.

    There are eight for each gateway port, and dozens of inputs: those are
    in turn the first and the second half of a key.
    """

    make: Callable[[Any], Any]
    of: Any
    turn: int
    value: Any = NOT_MADE
    inputs: tuple[Any, ...] = ()
    is_stale: bool = True
    is_kept: bool = False

    def looked_at(self) -> Iterator[Key]:
        """Return the keys it was made from."""
        halves = iter(self.inputs)
        return zip(halves, halves, strict=True)


class Memo:
    """Values by key: the function that makes one, and its argument.

    What is recalled while nothing is being made is kept until it is
    forgotten, all else for as long as what was made from it.
    """

    def __init__(self) -> None:
        self._makers: dict[Any, Any] = {}
        self._values: defaultdict[Any, dict[Any, _Value]] = defaultdict(dict)
        self._users: defaultdict[Any, Several[Any, _Value]]
        self._users = defaultdict(Several)
        self._making: list[tuple[_Value, set[Key]]] = []
        self._queue: list[tuple[int, _Value]] = []
        self._different: set[Key] = set()
        self._turns = itertools.count()

    def look(self, space: Any, of: Any) -> None:
        """Note that what is being made depends on a key, by its halves."""
        if self._making:
            user, inputs = self._making[-1]
            inputs.add((space, of))
            self._users[space].add(of, user)

    def recall(self, make: Callable[[K], V], of: K) -> V:
        """Return what a function makes of its argument."""
        # Methods are bound anew for each call; one of them is enough.
        make = self._makers.setdefault(make, make)
        values = self._values[make]
        known = values.get(of)
        if known is None:
            known = values[of] = _Value(make, of, next(self._turns))
        if known.is_stale:
            self._make(known)
        if self._making:
            self.look(make, of)
        else:
            known.is_kept = True
        value: V = known.value
        return value

    def forget(self, make: Callable[[K], V], of: K) -> None:
        """Keep a value no longer than others need it."""
        known = self._values[make].get(of)
        if known:
            known.is_kept = False
            self._collect([(make, of)])

    def settle(self, changed: Iterable[Key]) -> set[Any]:
        """Make again what looked at these keys; return what is different.

        Inputs come before their users, for they were made before them.
        """
        self._different = set()
        for key in changed:
            self._spoil(key)
        while self._queue:
            _, known = heapq.heappop(self._queue)
            if known.is_stale:
                self._make(known)
        return self._different

    def _spoil(self, changed: Key) -> None:
        """Have all made again that looked at a key."""
        space, of = changed
        for user in self._users[space].get(of):
            if not user.is_stale:
                user.is_stale = True
                heapq.heappush(self._queue, (user.turn, user))

    def _make(self, known: _Value) -> None:
        before = list(known.looked_at())
        self._release(known)
        inputs: set[Key] = set()
        self._making.append((known, inputs))
        known.is_stale = False
        try:
            value = known.make(known.of)
        except BaseException:
            known.is_stale = True
            raise
        finally:
            self._making.pop()
            known.inputs = tuple(itertools.chain.from_iterable(inputs))
        self._take(known, value)
        self._collect(looked for looked in before if looked not in inputs)

    def _take(self, known: _Value, value: Any) -> None:
        """Note what was made, and whether it is different."""
        before, key = known.value, (known.make, known.of)
        if before is NOT_MADE or before != value:
            known.value, known.turn = value, next(self._turns)
            self._spoil(key)
            if before is not NOT_MADE:
                self._different.add(key)

    def _collect(self, keys: Iterable[Key]) -> None:
        """Drop those of the keys that nobody looks at any more."""
        unused = list(keys)
        while unused:
            space, of = unused.pop()
            known = self._values[space].get(of)
            if not known or known.is_kept or self._users[space].get(of):
                continue
            del self._values[space][of]
            known.is_stale = False
            self._release(known)
            unused += known.looked_at()

    def _release(self, known: _Value) -> None:
        """Depend on nothing any more."""
        for space, of in known.looked_at():
            self._users[space].discard(of, known)


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
