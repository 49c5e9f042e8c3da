# SPDX-License-Identifier: Apache-2.0
"""A server that goes on answering, but not what it was asked for."""

from __future__ import annotations

# The longest that a server may take (seconds).
MOST = 600.0


class Stall:
    """Since when nothing has come that brings us nearer to being in sync.

    python-ovs would wait for the content for ever.  Who asks again too soon
    never gets it: a busy server needs long for 100,000 rows, and begins
    anew with each connection.  So the patience doubles until it is there.
    """

    def __init__(self, patience: float) -> None:
        self._least = self._patience = patience
        self._progress: object = None
        self._since = 0.0

    def lasts(self, progress: object, now: float) -> bool:
        """Whether it is time to give up; the time then starts anew.

        :param progress: something else with each step forward; None where
            there is nothing to wait for
        """
        if progress is None or progress != self._progress:
            self._progress, self._since = progress, now
        elif now - self._since > self._patience:
            self._since = now
            most = max(MOST, self._least)
            self._patience = min(self._patience * 2, most)
            return True
        return False

    def ends(self) -> None:
        """Note that everything has come."""
        self._patience = self._least
