# SPDX-License-Identifier: Apache-2.0
"""What happens, drawn from a seed: one trouble after another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from tests.soak.kinds import CENTRE, DAEMON, DRAIN, KINDS, Kind

# How often two faults come together, and by how much at most one of them is
# later (s).
TWO_AT_ONCE = 0.3
APART = 5.0
# How long a fault lasts, and how long the cloud has after it (s).
LASTING = (2.0, 28.0)
REST = (6.0, 22.0)
# Who stops in good order writes to SB, a drain is a write to NB.
_NEEDS_THE_CENTRE = frozenset({"graceful", DRAIN})


@dataclass(frozen=True)
class Trouble:
    """One fault: after how long it begins, and how long it lasts (s)."""

    kind: Kind
    where: tuple[str, ...]
    after: float
    lasting: float


@dataclass(frozen=True)
class Episode:
    """One fault or two, and the rest after them (s)."""

    troubles: tuple[Trouble, ...]
    rest: float


def draw(
    chance: Random, gateways: Sequence[str], barred: Collection[str] = ()
) -> Episode:
    """Draw what comes next; some kinds may be barred."""
    count = 2 if chance.random() < TWO_AT_ONCE else 1
    kinds = [_kind(chance, barred)]
    while len(kinds) < count:
        other = _kind(chance, barred)
        if _get_along(kinds[0], other):
            kinds.append(other)
    free = list(gateways)
    chance.shuffle(free)
    troubles = []
    for number, kind in enumerate(kinds):
        where = tuple(free.pop() for _ in range(kind.gateways))
        after = chance.uniform(0, APART) if number else 0.0
        lasting = chance.uniform(*LASTING)
        troubles.append(Trouble(kind, where, after, lasting))
    return Episode(tuple(troubles), chance.uniform(*REST))


def _kind(chance: Random, barred: Collection[str]) -> Kind:
    kinds = [kind for kind in KINDS.values() if kind.name not in barred]
    return chance.choices(kinds, [kind.weight for kind in kinds])[0]


def _get_along(one: Kind, other: Kind) -> bool:
    """Whether both can be in force, and each ended without the other."""
    names = {one.name, other.name}
    if len(names) == 1 and not one.gateways:
        return False
    if names <= CENTRE or names <= DAEMON:
        return False
    return not (names & CENTRE and names & _NEEDS_THE_CENTRE)
