# SPDX-License-Identifier: Apache-2.0
"""What has failed, and when it may be tried again: later with each time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# How soon what has failed is tried again, at first and at last (seconds).
FIRST = 1.0
LONGEST = 10.0


@dataclass(frozen=True, slots=True)
class _Failure:
    why: str
    pause: float
    until: float


class Retries:
    """The failures of some things to do, each by its name.

    Times are monotonic seconds, given in.
    """

    def __init__(self) -> None:
        self._failures: dict[str, _Failure] = {}

    def may(self, what: str, now: float) -> bool:
        """Whether something may be tried."""
        failure = self._failures.get(what)
        return failure is None or now >= failure.until

    def failed(self, what: str, why: str, now: float) -> bool:
        """Note a failure; return whether it is another than the last."""
        last = self._failures.get(what)
        pause = min(last.pause * 2, LONGEST) if last else FIRST
        self._failures[what] = _Failure(why, pause, now + pause)
        return last is None or last.why != why

    def worked(self, what: str) -> bool:
        """Note a success; return whether that is news."""
        return self._failures.pop(what, None) is not None

    def keep(self, wanted: Iterable[str]) -> None:
        """Forget what nobody wants any more."""
        for what in self._failures.keys() - set(wanted):
            del self._failures[what]

    def next(self, now: float) -> float:
        """Return when the next of them may be tried; never if none is due."""
        due = [f.until for f in self._failures.values() if f.until > now]
        return min(due, default=math.inf)
