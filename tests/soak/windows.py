# SPDX-License-Identifier: Apache-2.0
"""Times in which a rule lets a router be out, and what all of them cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# How much later than by the rule anything may be on a machine whose few
# processors run a cloud (s): six switches in userspace, a daemon, pings, and
# whatever else there is.
SLACK = 1.5
# How far a time that was noted may be behind what it is the time of (s).
EARLY = 0.5


@dataclass(frozen=True)
class Window:
    """A rule's word for some time; the slack is not in it yet."""

    rule: str
    begin: float
    end: float
    slack: float = SLACK

    @property
    def latest(self) -> float:
        """Until when a router may be out on a busy machine."""
        return self.end + self.slack


def cover(
    windows: Iterable[Window], begin: float, end: float
) -> list[str] | None:
    """Name the rules that together explain all of a time, if they do."""
    used: list[str] = []
    reached = begin
    pending = sorted(windows, key=lambda window: window.begin)
    while reached < end:
        fitting = [
            window
            for window in pending
            if window.begin - EARLY <= reached < window.latest
        ]
        if not fitting:
            return None
        best = max(fitting, key=lambda window: window.latest)
        reached = best.latest
        pending = [w for w in pending if w.latest > best.latest]
        used.append(best.rule)
    return used
