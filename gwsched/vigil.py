# SPDX-License-Identifier: Apache-2.0
"""Whether the one who holds the lock still does what a holder does.

A server takes a lock back when the session ends.  A killed holder's ends at
once; one that hangs, or is cut off, is noticed by the server's own probe:
after up to twice the ``inactivity_probe`` of its Connection row (5 s), and
on a unix socket never.  But whoever waits for the lock sees in the database
that ``nb_cfg`` is not raised any more, and may take the lock: what the old
holder writes is refused from then on, by the server and by the tenure.
"""

from __future__ import annotations

import math

# How late a heartbeat may be, on its way too (seconds).
LATE = 1.5
# The longest wait after the lock was taken in vain again and again.
LONGEST = 300.0


class Vigil:
    """What one who stands by has seen of the holder's heartbeats."""

    def __init__(self) -> None:
        self._seen: tuple[int, int] | None = None
        self._since = math.inf
        self._late = LATE
        self.wake_at = math.inf

    def is_silent(
        self, heartbeat: int, session: int, interval: float, now: float
    ) -> bool:
        """Say whether a heartbeat is overdue: once, then it begins anew.

        Where nobody's heartbeat gets through, NB is the one to blame, and
        it is said less and less often.

        :param heartbeat: the number that the holder counts up
        :param session: another number for each connection to NB
        """
        if self._seen != (heartbeat, session):
            self._seen = heartbeat, session
            self._since, self._late = now, LATE
        self.wake_at = self._since + interval + self._late
        if now < self.wake_at:
            return False
        self._since = now
        self._late = min(2 * self._late, LONGEST)
        self.wake_at = now + interval + self._late
        return True

    def rest(self) -> None:
        """Watch nobody: we hold the lock, or nobody waits for it."""
        self._seen = None
        self.wake_at = math.inf
