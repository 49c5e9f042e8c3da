# SPDX-License-Identifier: Apache-2.0
"""A server that goes on answering, but not what it was asked for."""

from __future__ import annotations


class Stall:
    """Since when nothing has come that brings us nearer to being in sync.

    python-ovs would wait for the content for ever.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
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
            return True
        return False
