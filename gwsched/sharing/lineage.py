# SPDX-License-Identifier: Apache-2.0
"""All units at a moment, and which of them are not what they were before.

Whoever has looked at the units of a moment ago need not compare all of them
with those of now: of 20,000 that alone takes longer than what follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from gwsched.model import Unit

Pair = tuple[Unit | None, Unit | None]


class Lineage(tuple[Unit, ...]):
    """Units by name; ``changed`` are those that others had in their place.

    Each of them as it was and as it is, by name.  Only the ``mark`` of those
    before is kept, for they would keep all that were before them.
    """

    mark: object
    before: object
    changed: tuple[Pair, ...]

    @classmethod
    def following(
        cls,
        before: tuple[Unit, ...],
        units: Iterable[Unit],
        changed: tuple[Pair, ...],
    ) -> Self:
        """Return units that have taken the place of others."""
        found = cls(units)
        found.mark = object()
        found.before, found.changed = None, ()
        if isinstance(before, Lineage):
            found.before, found.changed = before.mark, changed
        return found


def changes(
    before: tuple[Unit, ...], after: tuple[Unit, ...]
) -> tuple[Pair, ...] | None:
    """Return what has changed if one is known to follow on the other."""
    if not (isinstance(before, Lineage) and isinstance(after, Lineage)):
        return None
    return after.changed if after.before is before.mark else None
