# SPDX-License-Identifier: Apache-2.0
"""Which units need nothing, remembered from one plan to the next.

Whether anything is to be said about a unit follows from what it is, and from
how all chassis stand.  As long as they stand as they did, a unit that is the
very same object needs no second look: what it came to is kept, with the load
of its list.  A test compares with plans that remember nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gwsched.decisions import Health, Policy, State
from gwsched.health.census import differing
from gwsched.model import Chassis, Snapshot, Unit
from gwsched.placement.evening import Evening
from gwsched.placement.pace import Pace
from gwsched.schedulers import Ledger
from gwsched.schedulers.pool import Pool
from gwsched.sharing.lineage import Pair

Named = dict[str, Unit]


@dataclass(slots=True)
class Answers:
    """Who may host, or go on to host, units of one kind."""

    pools: dict[tuple[str, ...], Pool] = field(default_factory=dict)
    of_kind: dict[object, Pool] = field(default_factory=dict)
    servers: dict[object, frozenset[str]] = field(default_factory=dict)


class Survey:
    """All units as the last plan has left them; the new one knows none.

    ``calm`` has the loads of those that need nothing, ``answers`` hold for
    all as long as chassis stand as they do, ``evening`` is what there was to
    even out.
    """

    def __init__(self) -> None:
        self.calm = Ledger()
        self.answers = Answers()
        self.evening = Evening()
        self.standing: Stand | None = None
        self._units: tuple[Unit, ...] = ()
        self._busy: dict[str, Unit] = {}
        # By router, by chassis in the list, and by how long that is.
        self._families: dict[str, Named] = {}
        self._listing: dict[str, Named] = {}
        self._by_length: dict[int, Named] = {}
        self._changed: list[Pair] = []
        self._moved: set[str] = set()
        self._is_judged = False

    def begin(self, standing: Stand | None, units: tuple[Unit, ...]) -> None:
        """Take in all units; forget what does not hold any more."""
        if standing is None or standing != self.standing:
            moved = standing.moved(self.standing) if standing else None
            self._is_judged &= moved is not None
            self._moved |= moved or set()
            self.standing = standing
            self.answers = Answers()
        changed = differing(self._units, units)
        self._units = units
        self._changed += changed
        self.evening.follow(changed)
        for old, new in changed:
            self._relate(old, new)

    def busy(self, is_calm: Callable[[Unit], bool]) -> list[Unit]:
        """Return, by name, the units that are not calm; count the others.

        To be asked once for each :meth:`begin`.
        """
        if not self._is_judged:
            self.calm, self._busy = Ledger(), {}
            self._changed = [(None, unit) for unit in self._units]
        elif self._moved:
            self._changed += self._affected()
        self._is_judged = False  # until all are
        for old, new in self._changed:
            if old is not None and self._busy.pop(old.name, None) is None:
                self.calm.add(old.order, -old.weight)
            if new is None:
                continue
            if is_calm(new):
                self.calm.add(new.order, new.weight)
            else:
                self._busy[new.name] = new
        self._changed, self._moved, self._is_judged = [], set(), True
        return [unit for _, unit in sorted(self._busy.items())]

    def family(self, router: str) -> Iterable[Unit]:
        """Return the units of a router, where it is known."""
        if not router:
            return ()
        return self._families.get(router, {}).values()

    def _affected(self) -> list[Pair]:
        """Return those with a chassis that stands otherwise, or few.

        To a list that is not full others may come; to the rest it is all
        one how those stand who are not in it.
        """
        most = self.standing.depth if self.standing else 0
        found: dict[str, Unit] = {}
        for length, units in self._by_length.items():
            if length < most:
                found |= units
        for chassis in self._moved:
            found |= self._listing.get(chassis, {})
        return [(unit, unit) for unit in found.values()]

    def _relate(self, old: Unit | None, new: Unit | None) -> None:
        if old is not None:
            for known, key in self._places(old):
                del known[key][old.name]
        if new is not None:
            for known, key in self._places(new):
                known.setdefault(key, {})[new.name] = new

    def _places(self, unit: Unit) -> Iterator[tuple[dict[Any, Named], Any]]:
        """Say where a unit is looked up, and by what."""
        yield self._by_length, len(unit.order)
        yield from ((self._listing, chassis) for chassis in {*unit.order})
        yield from ((self._families, router) for router in unit.routers)


@dataclass(frozen=True, slots=True)
class Stand:
    """How all chassis stand: each by itself, and what concerns all.

    ``depth`` is how long lists are to be.
    """

    depth: int
    whole: Hashable
    each: Mapping[str, tuple[Chassis | None, State | None]]

    def moved(self, before: Stand | None) -> set[str] | None:
        """Return who stands otherwise than before; None if anybody may."""
        if before is None or self.whole != before.whole:
            return None
        names = self.each.keys() | before.each.keys()
        return {n for n in names if self.each.get(n) != before.each.get(n)}


def standing(
    snapshot: Snapshot, health: Health, policy: Policy, pace: Pace
) -> Stand | None:
    """Return what it depends on whether a unit needs anything, beside it.

    Of units that nobody takes up it depends on more: None compares to none.
    """
    if health.stranded:
        return None
    rows, verdicts = snapshot.chassis, health.verdicts
    whole = (
        Same(snapshot.intents),
        Same(policy),
        snapshot.heartbeat,
        any(chassis.is_gateway for chassis in rows.values()),
        tuple(health.uplinks.bad),
        tuple(health.uplinks.lost),
        tuple(health.apart),
        # Who is dead overrules nobody.
        tuple((n, v.state) for n, v in verdicts.items() if health.apart),
        pace.undo,
    )
    each = {
        name: (
            rows.get(name),
            verdicts[name].state if name in verdicts else None,
        )
        for name in rows.keys() | verdicts.keys()
    }
    return Stand(policy.max_candidates, whole, each)


@dataclass(frozen=True, slots=True)
class Same:
    """Something that need not be hashable to be compared."""

    what: object

    def __hash__(self) -> int:
        return 0


class Identical:
    """Something that is only ever replaced, not changed: it, or another."""

    __slots__ = ("_what",)

    def __init__(self, what: object) -> None:
        self._what = what

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identical) and self._what is other._what

    def __hash__(self) -> int:
        return id(self._what)
