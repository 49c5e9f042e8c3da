# SPDX-License-Identifier: Apache-2.0
"""A thread that waits for more than its end, and is woken for that."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Self


class Woken:
    """Runs as long as it is entered; ``_wake`` can be polled for the end."""

    def _prepare(self, run: Callable[[], None]) -> None:
        """Have this run from entering on, until ``_stopping``."""
        self._wake, self._waker = os.pipe()
        self._stopping = False
        self._thread = threading.Thread(target=run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        os.write(self._waker, b"x")
        self._thread.join()
        os.close(self._wake)
        os.close(self._waker)
