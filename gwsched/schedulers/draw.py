# SPDX-License-Identifier: Apache-2.0
"""The lots that break ties: random to look at, the same in every process."""

from __future__ import annotations

import hashlib
from functools import lru_cache

_MASK = (1 << 64) - 1


@lru_cache(maxsize=1 << 16)
def point(name: str) -> int:
    """Return the place of a name on a ring of 64 bits (a keyed digest)."""
    digest = hashlib.blake2b(name.encode(), digest_size=8, key=b"gwsched")
    return int.from_bytes(digest.digest())


def mix(one: int, other: int) -> int:
    """Mix two points into a third as if all three were random.

    The finaliser of splitmix64: a digest for each pair of thousands of
    ports and hundreds of chassis would take seconds.
    """
    mixed = (one + other * 0x9E3779B97F4A7C15) & _MASK
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & _MASK
    return mixed ^ (mixed >> 31)


def draw(unit: str, chassis: str) -> int:
    """Return the lot a chassis draws for a unit (rendezvous hashing).

    Whoever sorts by it gets an order that is random across units, the same
    in every process, and hardly changed by chassis that come or go.
    """
    return mix(point(unit), point(chassis))
