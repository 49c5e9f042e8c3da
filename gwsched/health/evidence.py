# SPDX-License-Identifier: Apache-2.0
"""What speaks for and against each chassis, gathered in one place.

No one signal is proof.  Whether OVN itself has left a chassis can be seen
only in SB claims: a port that its list's primary lost, though nobody had
asked it to give it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from operator import attrgetter

from gwsched.decisions import Claim, Evidence
from gwsched.health.census import Census, Units
from gwsched.health.claims import CLAIM_SETTLE, has_witness
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.tunnels import Sight
from gwsched.model import Snapshot, Unit

# For how many hold-downs it counts that OVN has left a chassis which still
# answers: SB does not tell when its tunnels are up again.
DISTRUST = 10.0


_facts = attrgetter(*(field.name for field in fields(Evidence)))


def gather(
    before: Mapping[str, Evidence],
    names: Iterable[str],
    snapshot: Snapshot,
    held: Mapping[str, Units],
    dropped: Mapping[str, Units],
    beats: Heartbeats,
    sight: Sight,
    left: Mapping[str, float],
    up: Callable[[str], bool],
    now: float,
) -> dict[str, Evidence]:
    """Return the evidence on each of some chassis.

    :param held: the units that each chassis holds a port of
    :param dropped: those that it has given up, and nobody holds
    :param up: whether a chassis answers
    """
    found = {}
    for name in names:
        tunnels, since = sight.of(name)
        behind = beats.behind.get(name)
        keeps = 0
        if behind is not None or sight.is_remembered(name):
            keeps = kept_by(name, held, up) + kept_by(name, dropped, up)
        old = before.get(name, Evidence())
        holds = len(held.get(name, ()))
        emptied = None
        if not holds:
            emptied = now if old.holds else old.emptied
        keeping = None
        if keeps:
            keeping = now if old.keeping is None else old.keeping
        gone = None if name in snapshot.chassis else old.gone or now
        facts = (
            gone,
            beats.heard_at.get(name, old.heard),
            behind,
            left.get(name),
            tunnels,
            since,
            sight.is_watched(name),
            emptied,
            holds,
            keeps,
            keeping,
            behind is not None
            and (old.kept or _has_kept(keeping, behind, snapshot, now)),
        )
        # Of most chassis there is nothing new: they keep what there was.
        found[name] = old if facts == _facts(old) else Evidence(*facts)
    return found


def dropped(
    claims: Mapping[str, Claim], census: Census
) -> Mapping[str, Units]:
    """Return the units that the first of their lists has given up, by it.

    Who gives one up for a moment, as its list of one is filled up, and is
    cut off from SB before it claims again, carries it on.  That nobody below
    claims it shows that they see it, as if it held it.
    """
    found: dict[str, dict[str, Unit]] = {}
    for unit in census.unusual.values():
        claim = claims.get(unit.name)
        if claim is None or claim.dropped_by is None or unit.holder:
            continue
        if unit.order[:1] == (claim.dropped_by,):
            found.setdefault(claim.dropped_by, {})[unit.name] = unit
    return found


def kept_by(
    name: str, held: Mapping[str, Units], up: Callable[[str], bool]
) -> int:
    """Return how many units others could claim of those a chassis holds."""
    units = held.get(name, {}).values()
    return sum(claimable(unit, name, up) for unit in units)


def _has_kept(
    keeping: float | None, behind: float, snapshot: Snapshot, now: float
) -> bool:
    """Whether others would have claimed by now what a silent one keeps."""
    if keeping is None:
        return False
    return now >= max(keeping, behind) + snapshot.bfd_time + CLAIM_SETTLE


def claimable(unit: Unit, holder: str, up: Callable[[str], bool]) -> bool:
    """Whether live members could take the unit were its holder dead."""
    heirs = [c for c in unit.order if c != holder and up(c)]
    if len(heirs) == 1:
        return has_witness(unit, heirs[0], up)
    return bool(heirs)


def is_empty(evidence: Evidence, now: float) -> bool:
    """Whether a chassis holds nothing, and has not for a while.

    Who comes up may claim what another has for an instant, before it sees
    the other (measured).
    """
    if evidence.holds:
        return False
    return evidence.emptied is None or now >= evidence.emptied + CLAIM_SETTLE


def deserted(evidence: Evidence, now: float) -> bool:
    """Whether OVN has left a chassis and has not come back at once."""
    return evidence.left is not None and now >= evidence.left + CLAIM_SETTLE
