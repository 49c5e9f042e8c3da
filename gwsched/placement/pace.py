# SPDX-License-Identifier: Apache-2.0
"""How fast primaries may be moved that need not be moved.

One such move is under way at a time: the next starts when the last one was
claimed and the budget allows it.  A move that does not end in a claim is
taken back, and stops all others for a while, for twice as long each time in
a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gwsched.decisions import Change, Policy, Reason
from gwsched.health.claims import CLAIM_TIME
from gwsched.model import Snapshot, Unit

# What the budget paces, and what a move that failed stops.
VOLUNTARY = frozenset({Reason.DRAIN, Reason.PIN, Reason.REBALANCE})
# How long a failed move stops all others (seconds), and at the most.
HALT = 600.0
LONGEST_HALT = 9600.0


@dataclass(frozen=True, slots=True)
class Flight:
    """A move under way: of which unit, whither, since when, from what.

    Whether it was made at all is not ``sure`` where the server's answer got
    lost: the next look tells.
    """

    unit: str
    target: str
    since: float
    before: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Pace:
    """What was moved, and when the next may be.

    ``together`` is how many moves may be made at once: one, unless nobody
    is there to be interrupted.  ``undo`` is a move that nobody has claimed,
    to be taken back.  ``running`` says that evening out has begun
    and goes on until all is even, though the threshold is not passed.
    """

    flight: Flight | None = None
    undo: Flight | None = None
    next_at: float = -math.inf
    halted_until: float = -math.inf
    failures: int = 0
    why: str = ""
    running: bool = False
    together: int = 1

    def wake_at(self) -> float:
        """When a move under way runs out of time."""
        return self.flight.since + CLAIM_TIME if self.flight else math.inf


def is_voluntary(change: Change) -> bool:
    """Whether a change moves a primary that need not be moved."""
    return change.is_move and change.reason in VOLUNTARY


def follow(pace: Pace, snapshot: Snapshot, now: float) -> Pace:
    """Note what became of the move under way."""
    flight = pace.flight or pace.undo
    if flight is None:
        return pace
    unit = next((u for u in snapshot.units if u.name == flight.unit), None)
    if unit is None:
        return replace(pace, flight=None, undo=None)  # deleted meanwhile
    if pace.flight is None:
        open_still = unit.order[:1] == (flight.target,) != (unit.holder,)
        return pace if open_still else replace(pace, undo=None)
    return _followed(pace, flight, unit, now)


def _followed(pace: Pace, flight: Flight, unit: Unit, now: float) -> Pace:
    """Note whether a move was claimed, or its time is over."""
    if unit.holder == flight.target:
        return replace(pace, flight=None, failures=0, why="")
    kept = unit.order[:1] == (flight.target,)
    if not flight.sure:
        made = replace(flight, sure=True) if kept else None
        return replace(pace, flight=made)
    if kept and not unit.in_force:
        # northd has not told OVN of it yet, and may be paused: time stands.
        return replace(pace, flight=replace(flight, since=now))
    if kept and now < flight.since + CLAIM_TIME:
        return pace
    halt = min(HALT * 2**pace.failures, LONGEST_HALT)
    what = "did not claim it" if kept else "lost it before claiming it"
    return replace(
        pace,
        flight=None,
        undo=flight if kept else None,
        halted_until=now + halt,
        failures=pace.failures + 1,
        why=f"{flight.unit} was moved to {flight.target}, which {what}; "
        f"no more such moves for {halt:.0f} s",
    )


def launched(
    pace: Pace,
    change: Change,
    policy: Policy,
    now: float,
    *,
    sure: bool = True,
) -> Pace:
    """Note a voluntary move that was written just now, or may have been."""
    return replace(
        pace,
        flight=Flight(
            change.unit.name, change.after[0], now, change.unit.order, sure
        ),
        undo=None,
        next_at=now + 60.0 / policy.moves_per_minute,
    )
