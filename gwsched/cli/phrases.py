# SPDX-License-Identifier: Apache-2.0
"""Lists and numbers, as a sentence has them."""

from __future__ import annotations

from collections.abc import Sequence

# How many names a message has room for.
QUOTED = 10


def quoted(found: Sequence[str]) -> str:
    """Name some, and say how many there are besides."""
    left = len(found) - QUOTED
    tail = f" and {left} more" if left > 0 else ""
    return f"{', '.join(found[:QUOTED]) or 'none'}{tail}"


def counted(number: int, noun: str) -> str:
    """Say how many there are of something, in the plural if need be."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
