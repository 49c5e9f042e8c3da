# SPDX-License-Identifier: Apache-2.0
"""A fleet at rest: heartbeats go on, and what ripens is not slept over."""

from __future__ import annotations

from gwsched.decisions import Policy, State
from gwsched.health.claims import settles_at
from tests.unit.fleet import Fleet


def resting() -> Fleet:
    """All are well, and a port's second has held it for a moment."""
    fleet = Fleet(
        policy=Policy(probe_interval=10.0, dead_after=20.0, hold_down=6.0)
    )
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw2")
    fleet.wait_for(lambda: fleet.memory.rest)
    return fleet


def test_it_is_looked_at_whole_when_a_claim_has_settled() -> None:
    fleet = resting()
    settled = settles_at(fleet.health.claims["p"], fleet.bfd_time)
    before, looks = fleet.memory.rest, 0
    while fleet.now + fleet.pace < settled:
        fleet.run(fleet.pace)
        assert fleet.memory.rest is before
        assert fleet.health.wake_at <= settled
        looks += 1
    assert looks > 2
    fleet.run(fleet.pace)
    assert fleet.memory.rest is not before


def test_answers_alone_leave_it_at_rest() -> None:
    fleet = resting()
    fleet.run(10)
    before, beats = fleet.memory.rest, len(fleet.beats)
    assert before is not None
    fleet.run(35)
    assert fleet.memory.rest is before
    assert len(fleet.beats) > beats + 2


def test_who_falls_silent_ends_it() -> None:
    fleet = resting()
    fleet.run(10)
    fleet.silent = {"gw3"}
    fleet.until("gw3", State.SUSPECT, most=20)
    assert fleet.memory.rest is None
