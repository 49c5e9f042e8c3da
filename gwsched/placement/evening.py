# SPDX-License-Identifier: Apache-2.0
"""What evening out came to the last time, and whether it would again.

To look for what is to be evened out goes through all lists: a second and
more, where there are 20,000.  Where nothing was found nothing will be, until
something it follows from changes.  Neither a claim that comes back, nor a
heartbeat that is late, is that.  A test compares with plans that look anew.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from gwsched.decisions import Change, Guard, Refusal
from gwsched.sharing.lineage import Pair

# Of a unit, what evening out depends on.
_facts = attrgetter(
    "name",
    "form",
    "candidates",
    "works",
    "in_force",
    "excluded",
    "shadowed",
    "weight",
    "routers",
    "kind",
    "externals",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to even out: steps to make now, and what holds others.

    ``uneven`` says that moves are to be made, ``is_whole`` that all was
    looked into and there is no step to be made now, ``is_settled`` that
    there will not be one either until something changes.
    """

    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    deferred: Counter[Guard] = field(default_factory=Counter)
    uneven: bool = False
    is_whole: bool = False
    is_settled: bool = False
    is_postponed: bool = False

    def postponed(self, *, running: bool) -> Found:
        """Return what is to be told until there is time to look again."""
        return Found(
            (), self.refusals, self.deferred, running, is_postponed=True
        )


@dataclass(slots=True)
class Evening:
    """What was found the last time, what it rests on, and until when.

    ``looks`` counts how often it was looked.
    """

    last: Found = field(default_factory=Found)
    looks: int = 0
    _basis: Hashable = None
    _until: float = -math.inf

    def follow(self, changed: Iterable[Pair]) -> None:
        """Take note of units that are not what they were."""
        if self._basis is not None and any(map(_is_other, changed)):
            self._basis = None

    def note(self, found: Found, basis: Hashable, until: float) -> None:
        """Remember what was found.

        :param until: when time alone would change it
        """
        self.last = found
        self.looks += 1
        self._basis = basis if found.is_settled else None
        self._until = until

    def standing_until(self, basis: Hashable, now: float) -> float | None:
        """Say until when what was found stands, if it does."""
        if self._basis is None or now >= self._until:
            return None
        return self._until if basis == self._basis else None


def _is_other(pair: Pair) -> bool:
    """Whether a unit has changed in what evening out depends on."""
    old, new = pair
    if old is None or new is None:
        return True
    names = [port.name for port in old.ports]
    if names != [port.name for port in new.ports]:
        return True
    return bool(_facts(old) != _facts(new))
