# SPDX-License-Identifier: Apache-2.0
"""What a process takes, by what Linux counts of it (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process so far; others do not disturb it much."""
    text = Path(f"/proc/{pid}/stat").read_text()
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def memory(pid: int, what: str = "VmRSS") -> int:
    """The memory of a process, or its highest (``VmHWM``), in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (x for x in status.splitlines() if x.startswith(f"{what}:"))
    return int(line.split()[1]) // 1024


def descriptors(pid: int) -> int:
    """How many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
