# SPDX-License-Identifier: Apache-2.0
"""Memory that nothing uses any more goes back to the system.

glibc keeps what lies below something that is in use.  After a reconnect to a
large database a quarter of the process was that: parts of messages and rows
in the form they came in (mallopt(3), M_TRIM_THRESHOLD).
"""

from __future__ import annotations

import ctypes

# Of malloc.h.  What is larger has pages of its own (bytes).
M_MMAP_THRESHOLD = -3
LARGE = 1 << 20


def set_apart() -> None:
    """Keep what is large out of the heap, where the C library knows how.

    By its defaults glibc does so until the first such block was freed; from
    then on messages of up to 32 MiB leave holes of their size.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(ctypes.c_int(M_MMAP_THRESHOLD), ctypes.c_int(LARGE))


def give_back() -> None:
    """Give it back, where the C library knows how; it takes milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
