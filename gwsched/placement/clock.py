# SPDX-License-Identifier: Apache-2.0
"""One moment, and when time alone would change what was decided at it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """The time of one plan (monotonic seconds), asked only here.

    What was found to lie ahead is remembered: until the first of those
    times, the same input gets the same plan.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.wake_at = math.inf

    def past(self, moment: float) -> bool:
        """Whether a moment has come; if not, it is one to look again."""
        if self.now >= moment:
            return True
        self.wake_at = min(self.wake_at, moment)
        return False

    def looked(self, look: Callable[[], T]) -> tuple[T, float]:
        """Return what a look finds, and when time alone would change that."""
        before, self.wake_at = self.wake_at, math.inf
        found, until = look(), self.wake_at
        self.wake_at = min(before, until)
        return found, until
