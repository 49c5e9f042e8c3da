# SPDX-License-Identifier: Apache-2.0
"""What was freed below something that is in use does not stay ours."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from gwsched.memory import heap
from tests.bench.processes import memory

# As many blocks as the parts of a message, of 40 MiB in all.
BLOCKS, BLOCK = 640, 1 << 16
LACKING = not hasattr(ctypes.CDLL(None), "malloc_trim")


MESSAGE = BLOCKS * BLOCK // 2


def freed_by(what: str) -> int:
    """Return how many MiB a process of its own has given back.

    Here others have free memory as well.
    """
    command = [sys.executable, "-m", "tests.unit.test_heap", what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    full, freed = map(int, done.stdout.split())
    return full - freed


@pytest.mark.skipif(LACKING, reason="the C library has no malloc_trim")
def test_what_is_free_is_given_back() -> None:
    assert freed_by("parts") > BLOCKS * BLOCK / 2**20 / 2


@pytest.mark.skipif(LACKING, reason="it is not glibc")
def test_a_message_leaves_no_hole_though_one_came_before_it() -> None:
    assert freed_by("messages") > MESSAGE / 2**20 / 2


def parts() -> None:
    """Free many small blocks below one that stays."""
    blocks = [b"x" * BLOCK for _ in range(BLOCKS)]
    report()
    del blocks[:-1]
    heap.give_back()
    report()


def messages() -> None:
    """Free a large block below small ones, and not the first such."""
    heap.set_apart()
    message = b"x" * MESSAGE
    del message
    message = b"x" * MESSAGE
    rows = [b"x" * BLOCK for _ in range(10)]
    report()
    del message
    report()
    del rows


def report() -> None:
    sys.stdout.write(f"{memory(os.getpid())} ")


if __name__ == "__main__":
    {"parts": parts, "messages": messages}[sys.argv[1]]()
