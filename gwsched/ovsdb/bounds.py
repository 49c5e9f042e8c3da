# SPDX-License-Identifier: Apache-2.0
"""Bounds on what a server may make of us by what it sends.

python-ovs takes in a message until it is whole, however long that takes and
however long it gets.  A server that never comes to an end would have it all:
the only thread, and all memory.
"""

from __future__ import annotations

import errno
import logging
import time
from typing import Any

LOG = logging.getLogger(__name__)

# How long to take in data before the loop is to come round (seconds).
TURN = 1.0
# Far more than 20,000 gateway ports and 500 chassis take (bytes).
LONGEST = 256 * 1024 * 1024


class Turns:
    """A stream that stops for a moment when it has had the loop for long."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._since: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def recv(self, size: int) -> tuple[int, Any]:
        """Return an error and data, as python-ovs' stream does."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if now - self._since > TURN:
            self._since = None
            return errno.EAGAIN, b""
        error, data = self._stream.recv(size)
        if error:
            self._since = None
        return error, data


class Bounded:
    """Put before python-ovs' Connection: no message may be endless."""

    received_bytes: int
    name: str
    status: int

    def __init__(self, stream: Any) -> None:
        super().__init__(Turns(stream))  # type: ignore[call-arg]
        self._whole = 0

    def recv(self) -> tuple[int, Any]:
        """Return an error and a message, as python-ovs' connection does."""
        error, message = super().recv()  # type: ignore[misc]
        if message is not None:
            self._whole = self.received_bytes
        elif not self.status and self.received_bytes - self._whole > LONGEST:
            LOG.error(
                "%s: a message of more than %d MiB is no answer of an OVN "
                "database; hanging up",
                self.name,
                LONGEST >> 20,
            )
            self.error(errno.EMSGSIZE)  # type: ignore[attr-defined]
            return self.status, None
        return error, message
