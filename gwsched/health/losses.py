# SPDX-License-Identifier: Apache-2.0
"""How many gateways were lost at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gwsched.decisions import Policy, State, Tunnels
from gwsched.health import silence
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.memory import Memory
from gwsched.health.tunnels import Sight
from gwsched.model import Snapshot


@dataclass(frozen=True, slots=True)
class Losses:
    """The gateways lost lately, and all that are not long dead."""

    lost: frozenset[str] = frozenset()
    fleet: frozenset[str] = frozenset()

    def zones(self, snapshot: Snapshot) -> dict[str, Losses]:
        """Return the losses by availability zone, where there are several.

        A chassis whose row is gone is in none: nobody knows where it was.
        """
        found: dict[str, Losses] = {}
        rows = snapshot.chassis
        known = [rows[name] for name in self.fleet if name in rows]
        names = {zone for row in known for zone in row.zones}
        for zone in names if len(names) > 1 else ():
            inside = {c for c, row in rows.items() if zone in row.zones}
            found[zone] = Losses(self.lost & inside, self.fleet & inside)
        return found


def counted(
    names: Iterable[str],
    memory: Memory,
    snapshot: Snapshot,
    beats: Heartbeats,
    sight: Sight,
    policy: Policy,
    now: float,
) -> Losses:
    """Return the gateways lost lately, and all not long dead.

    As soon as one has been silent for long enough, those count too that fell
    silent at about the same time: it is judged with them.  Who is of a mass
    failure that stands is of it until it answers.
    """
    lost, late, fleet = set(), set(), set()
    gateways = snapshot.gateways
    for name in names:
        row = snapshot.chassis.get(name)
        if row and name not in gateways:
            continue
        before = memory.health.verdicts.get(name)
        was_lost = name in memory.lost
        is_dead = before is not None and before.state is State.DEAD
        is_old = before and now - before.since > policy.hold_down
        if is_dead and is_old and not (row and was_lost):
            continue
        fleet.add(name)
        owes = was_lost and (is_dead or name in beats.behind)
        if row is None or owes or _is_silent(name, beats, sight, policy, now):
            lost.add(name)
        elif silence.overdue(beats, name, policy, now):
            late.add(name)
    if lost:
        lost |= late
    return Losses(frozenset(lost), frozenset(fleet))


def _is_silent(
    name: str, beats: Heartbeats, sight: Sight, policy: Policy, now: float
) -> bool:
    """Whether a gateway has owed an answer for long enough."""
    if name not in beats.behind:
        return False
    if silence.silent(beats, name, policy, now):
        return True
    is_cut = sight.of(name)[0] is Tunnels.DOWN
    return is_cut and silence.missed(beats, name, now)
