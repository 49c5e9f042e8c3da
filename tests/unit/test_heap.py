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


@pytest.mark.skipif(LACKING, reason="the C library has no malloc_trim")
def test_what_is_free_is_given_back() -> None:
    # In a process of its own: here others have free memory as well.
    command = [sys.executable, "-m", "tests.unit.test_heap"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    full, freed = map(int, done.stdout.split())
    assert full - freed > BLOCKS * BLOCK / 2**20 / 2


def main() -> None:
    blocks = [b"x" * BLOCK for _ in range(BLOCKS)]
    full = memory(os.getpid())
    del blocks[:-1]
    heap.give_back()
    sys.stdout.write(f"{full} {memory(os.getpid())}")


if __name__ == "__main__":
    main()
