# SPDX-License-Identifier: Apache-2.0
"""When there is time for what can wait: once nothing has come for a while.

To look for what is to be evened out takes seconds in a large fleet, and what
happens meanwhile waits for its end.  One event seldom comes alone; so nothing
is evened out before it has been quiet for several times as long as that takes.
"""

from __future__ import annotations

import math

# How many times as long as the last look took it must have been quiet, and
# for how long at the most (seconds).
RATIO = 3.0
LONGEST_CALM = 5.0
# After how long it is looked though it is never quiet (seconds).
PATIENCE = 60.0


class Leisure:
    """Since when it is quiet, and how long that must last."""

    def __init__(self) -> None:
        self._took = 0.0
        self._calm_at = -math.inf
        self._put_off_since: float | None = None

    def stirred(self, now: float) -> None:
        """Note that something has happened."""
        self._calm_at = now + min(RATIO * self._took, LONGEST_CALM)

    def has_come(self, now: float) -> bool:
        """Whether there is time now."""
        return now >= self.comes_at

    @property
    def comes_at(self) -> float:
        """When there will be time, if nothing happens."""
        if self._put_off_since is None:
            return self._calm_at
        return min(self._calm_at, self._put_off_since + PATIENCE)

    def used(self, took: float) -> None:
        """Note how long it took to look for what is to be evened out."""
        self._took = took

    def follow(self, now: float, *, waits: bool) -> None:
        """Note whether something waits for a time that is quiet."""
        if not waits:
            self._put_off_since = None
        elif self._put_off_since is None:
            self._put_off_since = now
