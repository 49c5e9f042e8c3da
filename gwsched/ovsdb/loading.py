# SPDX-License-Identifier: Apache-2.0
"""How far a database has been loaded, told while it takes long."""

from __future__ import annotations

import logging

LOG = logging.getLogger(__name__)

# How often it is told (seconds); what is quicker is not worth a line.
EVERY = 3.0


class Loading:
    """One database, from when there is nothing of it until it is whole.

    ``state`` says in words how far it is.
    """

    def __init__(self, label: str) -> None:
        self.state = "no connection yet"
        self._label = label
        self._since: float | None = None
        self._told_at = 0.0
        self._told = 0
        self._whole = 0

    def goes_on(self, received: int, now: float) -> None:
        """Note how much came over the connection, zero where there is none.

        What has not come further is told by others, or was told already.
        """
        if self._since is None or received < self._told:
            self._since = self._told_at = now
            self._told = 0
        self.state = self._so_far(received)
        if now - self._told_at >= EVERY and received > self._told:
            self._told, self._told_at = received, now
            LOG.info(
                "%s: loading for %.0f s, %s",
                self._label,
                now - self._since,
                self.state,
            )

    def ends(self, received: int, now: float) -> None:
        """Note that it is whole."""
        took = 0.0 if self._since is None else now - self._since
        if took >= EVERY:
            size = _size(received)
            LOG.info("%s: loaded, %s in %.0f s", self._label, size, took)
        self._since = None
        self._told, self._whole = 0, received
        self.state = "loaded"

    def _so_far(self, received: int) -> str:
        if not received:
            return "no answer yet"
        of = f" of about {_size(self._whole)}" if self._whole else ""
        return f"{_size(received)}{of} received so far"


def _size(received: int) -> str:
    return f"{received / 2**20:.1f} MiB"
