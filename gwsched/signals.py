# SPDX-License-Identifier: Apache-2.0
"""Signals as flags: the handlers only raise them, the loop heeds them."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import threading


class Signals:
    """What signals have asked for and nobody has heeded yet.

    ``reader`` is the socket that Python writes to on every signal, and
    ``attention`` is set while there is anything to heed.
    """

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)
        self.attention = _Attention(self)
        self._end: signal.Signals | None = None
        self._hangup = False

    def handle(self) -> None:
        """Take the signals from here on."""
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_end)
        signal.signal(signal.SIGHUP, self._note_hangup)

    @property
    def end(self) -> signal.Signals | None:
        """The signal that asked for the end, if one has."""
        return self._end

    @property
    def any(self) -> bool:
        """Whether there is anything to heed."""
        return self._hangup or self._end is not None

    def take_hangup(self) -> bool:
        """Whether there was a SIGHUP since the last call; many are one."""
        if not self._hangup:
            return False
        # One that comes after this line is for the next call.
        self._hangup = False
        return True

    def _note_end(self, number: int, _frame: object) -> None:
        self._end = signal.Signals(number)

    def _note_hangup(self, _number: int, _frame: object) -> None:
        self._hangup = True


class _Attention(threading.Event):
    """An event that a signal handler may set, for it takes no lock."""

    def __init__(self, signals: Signals) -> None:
        super().__init__()
        self._signals = signals

    def is_set(self) -> bool:
        """Whether there is anything to heed."""
        return self._signals.any

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a signal, any signal, or the timeout (seconds)."""
        if not self.is_set():
            select.select([self._signals.reader], [], [], timeout)
            with contextlib.suppress(BlockingIOError):
                # Else the next wait would not wait.
                self._signals.reader.recv(1024)
        return self.is_set()
