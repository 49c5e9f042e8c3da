# SPDX-License-Identifier: Apache-2.0
"""What the planner asks of a scheduler, and the draw that breaks ties."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gwsched.model import Chassis
from gwsched.schedulers.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Request:
    """One unit that needs chassis below those it keeps.

    ``kept`` are its chassis that stay, best first (empty: the first one
    chosen becomes the primary).  ``eligible`` are the live chassis that may
    host it and are not kept, sorted by name.  ``depth`` is how many to
    choose at the most.
    """

    unit: str
    kept: tuple[str, ...]
    eligible: tuple[Chassis, ...]
    depth: int


class Scheduler(Protocol):
    """The contract of a scheduler plug-in.

    The same request and ledger must get the same answer in every process:
    no ``hash()``, no order of a set, no unseeded random.
    """

    def choose(self, request: Request, ledger: Ledger) -> Sequence[str]:
        """Return up to ``depth`` eligible chassis names, best first."""
        ...


def draw(unit: str, chassis: str) -> bytes:
    """Return the lot a chassis draws for a unit (rendezvous hashing).

    Whoever sorts by it gets an order that is random across units, the same
    in every process, and hardly changed by chassis that come or go.
    """
    lot = f"{unit}\0{chassis}".encode()
    return hashlib.blake2b(lot, digest_size=8).digest()
