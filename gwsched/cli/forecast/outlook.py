# SPDX-License-Identifier: Apache-2.0
"""What gwsched would do from here until it is at rest; nothing is written.

The daemon's own planner works on a copy of the snapshot, its plans are
applied at once, and OVN elects after each.  The budget of moves only takes
time and is left out.  As for a daemon that has just started, the only lists
known to be its own are those in groups it has named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gwsched.cli.forecast import assumed
from gwsched.cli.forecast.election import Election
from gwsched.decisions import Change, Health, Kind, Plan, Policy, Refusal
from gwsched.model import Snapshot, Unit, frozen_map
from gwsched.placement import rivals
from gwsched.placement.pace import Pace, is_voluntary
from gwsched.placement.scene import Past
from gwsched.planner import plan
from gwsched.schedulers import Scheduler

Units = Mapping[str, Unit]

# One round is one plan, with one move at most; of a unit there are never
# more than a few.
MOST_ROUNDS = 100
ROUNDS_PER_UNIT = 10


class RestlessError(Exception):
    """Plans that do not come to an end; one clear line."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The way to rest: where from, all that is written, where to.

    ``then`` has the lists and holders at rest; ``health`` is as it was taken.
    """

    now: Snapshot
    then: Snapshot
    health: Health
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]

    @property
    def lists(self) -> int:
        """How many lists are written, once or more."""
        return len({change.unit.name for change in self.changes})

    @property
    def moves(self) -> int:
        """How often a unit gets another primary that has to claim it."""
        return sum(change.kind is Kind.MOVE for change in self.changes)

    @property
    def paced(self) -> int:
        """How many of the moves wait for their turn in the budget."""
        return sum(is_voluntary(change) for change in self.changes)


# Nobody waits for the moves of a forecast: as many at once as there are.
ALL = 1 << 30


def to_rest(
    snapshot: Snapshot,
    scheduler: Scheduler,
    policy: Policy,
    health: Health | None = None,
) -> Outlook:
    """Plan, write and elect, again and again, until nothing is left.

    An operator's pause is left out: this is what would be without it.

    :param health: the verdicts on all chassis; by default assumed
    :raises RestlessError: where it does not come to an end
    """
    health = health or assumed.health(snapshot)
    election = Election.among(health)
    intents = replace(snapshot.intents, paused=False)
    seen = replace(snapshot, intents=intents)
    # What is in NB is on its way to SB; the daemon waits until it is there.
    units = {u.name: replace(u, in_force=True) for u in snapshot.units}
    claims = {name: assumed.settled(unit) for name, unit in units.items()}
    past, now = Past(Pace(together=ALL)), 0.0
    changes: list[Change] = []
    for _ in range(MOST_ROUNDS + ROUNDS_PER_UNIT * len(units)):
        seen = replace(seen, units=tuple(units.values()))
        health = replace(health, claims=frozen_map(claims))
        made = plan(seen, health, scheduler, policy, now, past)
        changes += made.changes
        moved = _moved(units, made.changes, election)
        if not moved and made.wake_at == math.inf:
            return Outlook(
                snapshot, seen, health, tuple(changes), made.refusals
            )
        now = now if moved else made.wake_at
        units |= moved
        claims |= {n: assumed.settled(unit) for n, unit in moved.items()}
        past = _remembered(past, made)
    raise RestlessError(
        f"the plans do not come to an end; the last one was: {made}"
    )


def _remembered(past: Past, made: Plan) -> Past:
    """Remember what the daemon would, but not when the next move may be."""
    wrote = rivals.wrote(past.rivals, made.changes)
    return Past(Pace(running=made.uneven, together=ALL), wrote)


def _moved(
    units: Units, changes: Iterable[Change], election: Election
) -> dict[str, Unit]:
    """Return the units that are not as they were, once OVN has followed."""
    written = {c.unit.name: c.written for c in changes}
    found = {}
    for name, unit in units.items():
        rewritten = written.get(name)
        after = election.on(rewritten or unit, rewritten=bool(rewritten))
        if after is not unit:
            found[name] = after
    return found
