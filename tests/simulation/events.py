# SPDX-License-Identifier: Apache-2.0
"""What will happen, in order."""

from __future__ import annotations

import heapq
import math
from typing import Any

# When, which of those at the same moment, what, and with what.
Event = tuple[float, int, str, tuple[Any, ...]]


class Queue:
    """Events to come; those of one moment in the order they were put in.

    Events are names, not functions, so that a copy of a world can have a
    copy of its future.
    """

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[Event] = []
        self._count = 0

    def put(self, at: float, name: str, *arguments: Any) -> None:
        """Let something happen at a time."""
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, name, arguments))

    def take(self) -> Event:
        """Return what happens next, and forget it."""
        return heapq.heappop(self._heap)

    @property
    def next_at(self) -> float:
        """When something happens next."""
        return self._heap[0][0] if self._heap else math.inf

    def copy(self) -> Queue:
        """Return the same events for another world."""
        other = Queue()
        other._heap = self._heap.copy()
        other._count = self._count
        return other
