# SPDX-License-Identifier: Apache-2.0
"""Memory and descriptors of a process, as time goes by."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Sample:
    """What a process had at some time (MiB, descriptors)."""

    at: float
    pid: int
    resident: float
    descriptors: int


def sample(pid: int, now: float) -> Sample | None:
    """Look at a process; None where it has ended."""
    proc = Path("/proc") / str(pid)
    try:
        pages = int((proc / "statm").read_text().split()[1])
        descriptors = len(list((proc / "fd").iterdir()))
    except OSError:
        return None
    return Sample(now, pid, pages * _PAGE / 2**20, descriptors)


def longest_lived(samples: list[Sample]) -> list[Sample]:
    """Return the samples of the process there are most of."""
    by_pid: dict[int, list[Sample]] = {}
    for each in samples:
        by_pid.setdefault(each.pid, []).append(each)
    return max(by_pid.values(), key=len, default=[])
