# SPDX-License-Identifier: Apache-2.0
"""Memory that nothing uses any more goes back to the system.

glibc keeps what lies below something that is in use.  After a reconnect to a
large database a quarter of the process was that: parts of messages and rows
in the form they came in (mallopt(3), M_TRIM_THRESHOLD).
"""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Give it back, where the C library knows how; it takes milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
