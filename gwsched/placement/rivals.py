# SPDX-License-Identifier: Apache-2.0
"""Others who write the same lists: give way, and never fight.

A list that somebody else has written is left alone until it has stood for
a moment, for others write in several steps (Neutron's does when a chassis
goes).  Where we have wanted the same list twice and it was rewritten twice,
theirs stays for a while, for twice as long with every further time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from gwsched.decisions import Change, Reason
from gwsched.health import census
from gwsched.model import OWN_GROUP, Candidate, Snapshot, Unit, frozen_map
from gwsched.sharing.layered import Layered
from gwsched.sharing.lineage import Pair

# How long a list must stand after a foreign write (seconds).
SETTLE = 2.0
# After how many rewrites of one list we give way, for how long at first and
# at the most, and after how long a peace the count starts anew (seconds).
PATIENCE = 2
BACK_OFF = 60.0
LONGEST_BACK_OFF = 3600.0
PEACE = 7200.0

# What keeps the order of a list, but for who leaves it or comes in.
MENDING = frozenset({Reason.REPAIR, Reason.FAILOVER})

Lists = Layered[str, tuple[Candidate, ...]]


@dataclass(frozen=True, slots=True)
class Feud:
    """What somebody else did to a list of ours.

    ``wanted`` is the order we wrote and they rewrote ``rewrites`` times in a
    row; ``theirs`` is what they wrote last, ``until`` when it may change.
    """

    changed_at: float
    wanted: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    rewrites: int = 0
    until: float = -math.inf


@dataclass(frozen=True, slots=True)
class Rivals:
    """What we have seen and written, and what became of it.

    ``units`` are those at the last look; what was ``written`` has come
    since.  The ``mended`` lists are others' in which we have only repaired
    what was wrong: their order is not ours.  What was ``tried`` may have
    been written, for the server's answer got lost: the next look tells.
    """

    units: tuple[Unit, ...] = field(default=(), compare=False)
    seen: Lists = field(default_factory=Layered, compare=False)
    ours: Lists = field(default_factory=Layered)
    feuds: Mapping[str, Feud] = field(default_factory=lambda: frozen_map({}))
    mended: frozenset[str] = frozenset()
    foreign_writes: int = 0
    tried: tuple[Change, ...] = ()
    written: frozenset[str] = field(default=frozenset(), compare=False)

    def is_ours(self, unit: Unit) -> bool:
        """Whether a unit's list is as we have written it.

        Of a group of our own that nobody was seen to write, we take it so.
        """
        own = self.ours.get(unit.name)
        if unit.name in self.mended:
            return False
        if own is not None:
            return own == unit.candidates
        return unit.name.startswith(OWN_GROUP) and unit.name not in self.feuds

    def waits(self, unit: Unit, wanted: tuple[str, ...]) -> float:
        """Until when a unit must not be given a list."""
        feud = self.feuds.get(unit.name)
        if feud is None:
            return -math.inf
        settled = feud.changed_at + SETTLE
        return max(settled, feud.until if feud.wanted == wanted else settled)


def follow(rivals: Rivals, snapshot: Snapshot, now: float) -> Rivals:
    """Note which lists others have written since the last time."""
    changed = census.differing(rivals.units, snapshot.units)
    pairs = [*changed, *_unseen(rivals, changed, snapshot)]
    come = {new.name: new.candidates for _, new in pairs if new}
    gone = {old.name for old, new in pairs if old and not new}
    rivals = _found_out(rivals, snapshot)
    feuds = {
        name: feud
        for name, feud in rivals.feuds.items()
        if name not in gone and now < max(feud.changed_at + PEACE, feud.until)
    }
    writes = rivals.foreign_writes
    for name, candidates in come.items():
        before, ours = rivals.seen.get(name), rivals.ours.get(name)
        if before in (None, candidates) or ours == candidates:
            continue
        writes += 1
        old = feuds.get(name) or Feud(now)
        feuds[name] = replace(old, changed_at=now, theirs=_names(candidates))
        known = snapshot.chassis.keys()
        if ours == before and _is_overruled(ours, candidates, known):
            feuds[name] = _rewritten(feuds[name], _names(ours))
    return replace(
        rivals,
        units=snapshot.units,
        seen=rivals.seen.updated(come, gone),
        ours=rivals.ours.updated({}, gone & rivals.ours.keys()),
        feuds=frozen_map(feuds),
        foreign_writes=writes,
        written=frozenset(),
    )


def _unseen(
    rivals: Rivals, changed: Iterable[Pair], snapshot: Snapshot
) -> list[Pair]:
    """Return the units that we have written and that did not change.

    The server tells of a write before it says that it was made: mostly there
    are none.
    """
    known = {unit.name for pair in changed for unit in pair if unit}
    left = rivals.written - known
    if not left:
        return []
    return [(unit, unit) for unit in snapshot.units if unit.name in left]


def _found_out(rivals: Rivals, snapshot: Snapshot) -> Rivals:
    """Note what has become of what was tried, as far as it shows."""
    if not rivals.tried:
        return rivals
    seen = {unit.name: unit.candidates for unit in snapshot.units}
    made = [c for c in rivals.tried if seen.get(c.unit.name) == c.candidates]
    open_yet = [
        change
        for change in rivals.tried
        if change not in made
        and seen.get(change.unit.name) == change.unit.candidates
    ]
    return replace(wrote(rivals, tuple(made)), tried=tuple(open_yet))


def _rewritten(feud: Feud, wanted: tuple[str, ...]) -> Feud:
    """Count one more rewrite of what we wanted; of another, the first."""
    rewrites = feud.rewrites + 1 if feud.wanted == wanted else 1
    until = -math.inf
    if rewrites >= PATIENCE:
        back_off = BACK_OFF * 2 ** (rewrites - PATIENCE)
        until = feud.changed_at + min(back_off, LONGEST_BACK_OFF)
    return replace(feud, wanted=wanted, rewrites=rewrites, until=until)


def _is_overruled(
    ours: tuple[Candidate, ...],
    theirs: tuple[Candidate, ...],
    known: Set[str],
) -> bool:
    """Whether a list says something else than ours did.

    Not if a chassis that is gone was taken out, or one appended with
    priority 0, as Neutron does when one leaves and returns.
    """
    left = tuple(name for name in _names(ours) if name in known)
    found = tuple(
        candidate.chassis
        for candidate in theirs
        if candidate.chassis in known
        and (candidate.priority or candidate.chassis in left)
    )
    return found != left


def _names(candidates: tuple[Candidate, ...]) -> tuple[str, ...]:
    return tuple(candidate.chassis for candidate in candidates)


def wrote(rivals: Rivals, changes: tuple[Change, ...]) -> Rivals:
    """Note what we have written.

    It counts as seen: whatever else the next look shows has come after it.
    """
    fresh = {change.unit.name: change.candidates for change in changes}
    mended = {
        change.unit.name
        for change in changes
        if change.reason in MENDING
        and change.unit.order
        and not rivals.is_ours(change.unit)
    }
    return replace(
        rivals,
        ours=rivals.ours.updated(fresh),
        seen=rivals.seen.updated(fresh),
        written=rivals.written.union(fresh),
        mended=(rivals.mended - fresh.keys()) | mended,
        tried=tuple(c for c in rivals.tried if c.unit.name not in fresh),
    )


def attempted(rivals: Rivals, changes: tuple[Change, ...]) -> Rivals:
    """Note what we may have written."""
    return replace(rivals, tried=changes)
