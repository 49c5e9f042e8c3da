# SPDX-License-Identifier: Apache-2.0
"""What is counted of all units, followed unit by unit.

Of thousands of units a handful changes at a time, and what is unchanged is
the very same object (snapshot.py).  So only those that are not are looked
at; what follows from the others is as it was.  A test compares with a
census from nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import compress
from operator import is_not
from typing import TypeVar

from gwsched.model import Unit, frozen_map
from gwsched.sharing import lineage
from gwsched.sharing.layered import layered
from gwsched.sharing.lineage import Pair

V = TypeVar("V")

Units = Mapping[str, Unit]


def _none() -> Mapping[str, V]:
    return frozen_map({})


@dataclass(frozen=True, slots=True)
class Census:
    """All units by what is asked of them; the empty one counts none.

    ``changed`` has each unit that is not what it was in the census before,
    as it was and as it is.  ``listed`` counts the lists that a chassis is
    in, ``held`` has the units of which it holds a port.  Those that do not
    work by their list are ``unusual``, those with next hops ``linked``;
    ``home`` is the unit that a port is in, by the name of the port.
    """

    units: tuple[Unit, ...] = ()
    changed: tuple[Pair, ...] = ()
    listed: Mapping[str, int] = field(default_factory=_none)
    held: Mapping[str, Units] = field(default_factory=_none)
    unusual: Units = field(default_factory=_none)
    linked: Units = field(default_factory=_none)
    home: Units = field(default_factory=_none)

    def concerned(self) -> list[Unit]:
        """Return, by name, those of which something may be new."""
        found = {new.name: new for _, new in self.changed if new}
        return [unit for _, unit in sorted({**self.unusual, **found}.items())]


def follow(before: Census, units: tuple[Unit, ...]) -> Census:
    """Return the census of some units, given one of a moment before."""
    changed = differing(before.units, units)
    if not changed:
        return Census(
            units,
            (),
            before.listed,
            before.held,
            before.unusual,
            before.linked,
            before.home,
        )
    return Census(
        units,
        tuple(changed),
        _listed(before.listed, changed),
        _held(before.held, changed),
        _chosen(before.unusual, changed, lambda unit: not unit.works),
        _chosen(before.linked, changed, _is_linked),
        _home(before.home, changed),
    )


def differing(before: tuple[Unit, ...], after: tuple[Unit, ...]) -> list[Pair]:
    """Return the units that are not the same objects, by name."""
    if before is after:
        return []
    known = lineage.changes(before, after)
    if known is not None:
        return list(known)
    old: Iterable[Unit] = before
    new: Iterable[Unit] = after
    if len(before) == len(after):
        different = list(map(is_not, before, after))
        old, new = compress(before, different), compress(after, different)
    gone = {unit.name: unit for unit in old}
    come = {unit.name: unit for unit in new}
    return [
        (gone.get(name), come.get(name))
        for name in sorted(gone.keys() | come.keys())
        if gone.get(name) is not come.get(name)
    ]


def _listed(
    before: Mapping[str, int], changed: Iterable[Pair]
) -> Mapping[str, int]:
    found = dict(before)
    for old, new in changed:
        for name in old.order if old else ():
            found[name] -= 1
            if not found[name]:
                del found[name]
        for name in new.order if new else ():
            found[name] = found.get(name, 0) + 1
    return frozen_map(found)


def _held(
    before: Mapping[str, Units], changed: Iterable[Pair]
) -> Mapping[str, Units]:
    fresh: dict[str, dict[str, Unit]] = {}

    def of(holder: str) -> dict[str, Unit]:
        if holder not in fresh:
            fresh[holder] = dict(before.get(holder, {}))
        return fresh[holder]

    for old, new in changed:
        for unit in filter(None, (old,)):
            for holder in _holders(unit):
                del of(holder)[unit.name]
        for unit in filter(None, (new,)):
            for holder in _holders(unit):
                of(holder)[unit.name] = unit
    return frozen_map({**before, **fresh})


def _home(before: Units, changed: Iterable[Pair]) -> Units:
    left = {port.name for old, _ in changed if old for port in old.ports}
    come = {port.name: new for _, new in changed if new for port in new.ports}
    return layered(before).updated(come, left.difference(come))


def _holders(unit: Unit) -> set[str]:
    return {port.holder for port in unit.ports if port.holder}


def _is_linked(unit: Unit) -> bool:
    return any(port.next_hops for port in unit.ports)


def _chosen(
    before: Units, changed: Iterable[Pair], belongs: Callable[[Unit], bool]
) -> Units:
    """Return the units that belong together, by name and in that order."""
    found = dict(before)
    is_sorted = True
    for old, new in changed:
        if new is not None and belongs(new):
            is_sorted &= new.name in found
            found[new.name] = new
        elif old is not None:
            found.pop(old.name, None)
    return frozen_map(found if is_sorted else dict(sorted(found.items())))
