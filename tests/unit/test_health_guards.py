# SPDX-License-Identifier: Apache-2.0
"""What holds everything back, whom it doubts, and what a fresh clock is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gwsched.decisions import Guard, Policy, State
from gwsched.health import heartbeat, silence
from gwsched.health.guards import START_GRACE, is_mass_failure
from gwsched.health.heartbeat import ANSWER_RATE, Heartbeats, interval
from gwsched.health.silence import CONFIRM, ZONE_PATIENCE
from gwsched.model import frozen_map
from tests.unit.fleet import STEP, Fleet

POLICY = Policy(probe_interval=2.0, dead_after=4.0, hold_down=6.0)


@pytest.fixture
def fleet() -> Fleet:
    """Six live gateways: three of zone x, three of zone y."""
    found = Fleet(6)
    found.zone("x", "gw1", "gw2", "gw3")
    found.zone("y", "gw4", "gw5", "gw6")
    found.run(3)
    assert not found.health.guards
    assert not found.health.cautions
    return found


def states(fleet: Fleet) -> set[State]:
    return {verdict.state for verdict in fleet.health.verdicts.values()}


# -- each of the guards --


@pytest.mark.parametrize(
    ("gone", "of", "expected"),
    [
        (0, 0, False),
        (1, 1, False),  # one alone is a death like any other
        (2, 2, True),
        (2, 3, False),
        (3, 3, True),
        (3, 5, True),
        (3, 6, False),
        (11, 20, True),
        (10, 20, False),
        (54, 100, False),
        (55, 100, True),
        (56, 100, True),
    ],
)
def test_three_and_55_percent_or_all_of_two_or_more(
    gone: int, of: int, expected: bool
) -> None:
    assert is_mass_failure(gone, of) is expected


def test_at_the_start_nobody_is_newly_dead() -> None:
    fleet = Fleet(policy=replace(POLICY, dead_after=1.0))
    fleet.silent = {"gw1"}
    fleet.run(START_GRACE)
    assert fleet.health.guards.keys() == {Guard.STARTUP}
    assert fleet.state("gw1") is not State.DEAD
    fleet.run(1)
    assert not fleet.health.guards
    assert fleet.state("gw1") is State.DEAD


def test_no_answers_at_all_are_no_deaths_though_some_were_late() -> None:
    """The guard is on before silence alone would be enough."""
    fleet = Fleet(policy=replace(POLICY, probe_interval=1.0))
    fleet.run(3)
    fleet.silent = {"gw1"}
    fleet.run(2)
    fleet.silent = set(fleet.chassis)
    fleet.wait_for(lambda: Guard.ISOLATION in fleet.health.guards)
    fleet.run(30)
    assert "no chassis at all" in fleet.health.guards[Guard.ISOLATION]
    fleet.silent = set()
    fleet.run(1)
    assert not fleet.health.guards
    assert State.DEAD not in states(fleet)


def test_most_at_once_are_not_believed_but_a_row_is(fleet: Fleet) -> None:
    fleet.unit("p", "gw6", "gw5", holder="gw6")
    fleet.silent = {"gw1", "gw2", "gw3", "gw4"}
    fleet.run(20)
    assert "4 of 6" in fleet.health.guards[Guard.MASS_FAILURE]
    assert State.DEAD not in states(fleet)
    fleet.remove("gw5")
    fleet.run(STEP)
    assert fleet.state("gw5") is State.DEAD


def test_after_a_mass_failure_the_clocks_start_again() -> None:
    fleet = Fleet()
    fleet.run(3)
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.run(20)
    fleet.silent = {"gw1"}
    fleet.wait_for(lambda: not fleet.health.guards)
    assert fleet.until("gw1", State.DEAD) >= fleet.policy.dead_after - STEP


def test_so_they_do_where_another_guard_outlasts_it() -> None:
    fleet = Fleet()
    fleet.run(3)
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.run(20)
    fleet.northd = False
    fleet.run(6.5)
    fleet.silent = {"gw1"}
    fleet.run(2 * STEP)
    assert fleet.health.guards.keys() == {Guard.ISOLATION}
    fleet.northd = True
    fleet.wait_for(lambda: not fleet.health.guards)
    assert fleet.until("gw1", State.DEAD) >= fleet.policy.dead_after / 2


def test_dying_too_often_is_a_caution_about_one(fleet: Fleet) -> None:
    fleet.unit("p", "gw2", "gw1", holder="gw2")
    for _ in range(3):
        assert Guard.FLAP not in fleet.health.cautions
        fleet.remove("gw1")
        fleet.run(1)
        fleet.add("gw1")
        fleet.run(1)
    assert fleet.health.cautions.keys() == {Guard.FLAP}
    assert not fleet.health.guards
    fleet.run(2 * fleet.policy.hold_down)
    assert fleet.state("gw1") is State.RETURNING
    assert fleet.state("gw2") is State.LIVE


# -- a zone --


def test_in_a_zone_that_is_mostly_lost_silence_must_last(
    fleet: Fleet,
) -> None:
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.wait_for(lambda: fleet.health.cautions)
    assert "zone x" in fleet.health.cautions[Guard.MASS_FAILURE]
    assert not fleet.health.guards
    dead_after = fleet.policy.dead_after
    heard = fleet.memory.beats.heard_at["gw1"]
    while fleet.now < heard + ZONE_PATIENCE * dead_after - STEP:
        fleet.run(STEP)
        assert State.DEAD not in states(fleet)
    fleet.until("gw1", State.DEAD, dead_after)


def test_the_other_zone_is_judged_as_ever(fleet: Fleet) -> None:
    for name in ("gw7", "gw8", "gw9"):
        fleet.add(name)
        fleet.zone("y", name)
    fleet.run(10)
    fleet.silent = {"gw1", "gw2", "gw3", "gw4"}
    fleet.until("gw4", State.DEAD)
    assert not fleet.health.guards
    assert fleet.state("gw1") is State.SUSPECT


def test_a_zone_that_recovers_starts_the_others_clocks(fleet: Fleet) -> None:
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.run(10)
    assert fleet.health.cautions
    fleet.silent = {"gw1"}
    fleet.wait_for(lambda: not fleet.health.cautions)
    assert fleet.state("gw1") is State.SUSPECT
    assert fleet.until("gw1", State.DEAD) >= fleet.policy.dead_after / 2


def test_cautions_do_not_hold_for_a_removed_row(fleet: Fleet) -> None:
    fleet.unit("p", "gw4", "gw1", holder="gw4")
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.run(8)
    assert fleet.health.cautions
    fleet.remove("gw1")
    fleet.run(STEP)
    assert fleet.state("gw1") is State.DEAD


# -- fresh clocks --


@pytest.mark.parametrize(
    "fresh",
    [
        lambda beats, now: heartbeat.restart(beats, now),
        lambda beats, now: heartbeat.forgive(beats, beats.heard, now),
    ],
    ids=["restart", "forgive"],
)
@pytest.mark.parametrize("state", [State.SUSPECT, State.DEAD])
def test_a_fresh_clock_is_no_answer(
    fleet: Fleet,
    fresh: Callable[[Heartbeats, float], Heartbeats],
    state: State,
) -> None:
    fleet.silent = {"gw1"}
    fleet.until("gw1", state)
    for _ in range(20):
        beats = fresh(fleet.memory.beats, fleet.now)
        assert beats.behind == {"gw1": fleet.now}
        fleet.memory = replace(fleet.memory, beats=beats)
        fleet.run(STEP)
        assert fleet.state("gw1") is state
    fleet.silent = set()
    fleet.run(5)
    assert fleet.state("gw1") not in (State.SUSPECT, State.DEAD)


def test_forgiving_some_leaves_the_others_alone(fleet: Fleet) -> None:
    fleet.silent = {"gw1", "gw2"}
    fleet.until("gw1", State.SUSPECT)
    before = fleet.memory.beats
    after = heartbeat.forgive(before, {"gw1", "gw3"}, fleet.now)
    assert after.behind == {**before.behind, "gw1": fleet.now}
    assert after.heard_at == {**before.heard_at, "gw1": fleet.now}


def test_newcomers_are_asked_from_now_on(fleet: Fleet) -> None:
    """Their rows begin at 0: all bumps there were are not theirs."""
    fleet.run(20)
    fleet.add("gw7")
    fleet.answered["gw7"] = 0
    fleet.silent = {"gw7"}
    fleet.run(STEP)
    beats = fleet.memory.beats
    assert beats.behind["gw7"] == beats.heard_at["gw7"] == fleet.now
    assert not silence.overdue(beats, "gw7", fleet.policy, fleet.now)
    assert fleet.until("gw7", State.DEAD) >= fleet.policy.dead_after - STEP


def test_who_is_behind_at_the_first_look_is_asked_from_then_on() -> None:
    fleet = Fleet()
    fleet.requested = fleet.published = 50
    fleet.answered = dict.fromkeys(fleet.chassis, 50) | {"gw1": 7}
    fleet.silent = {"gw1"}
    fleet.step()
    beats = fleet.memory.beats
    assert beats.behind == {"gw1": fleet.now}
    assert not silence.overdue(beats, "gw1", fleet.policy, fleet.now)


def test_a_count_that_starts_anew_is_no_answer(fleet: Fleet) -> None:
    """NB was made anew: SB goes back with it, but not a dead chassis."""
    fleet.requested = fleet.published = 500
    fleet.run(5)
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.DEAD)
    fleet.requested = fleet.published = 0
    fleet.answered = dict.fromkeys(fleet.chassis, 0) | {"gw1": 500}
    fleet.run(10)
    assert fleet.state("gw1") is State.DEAD


# -- when to ask, and who is late --


def test_large_fleets_are_asked_less_often() -> None:
    names = [f"hv{i}" for i in range(1000)]
    beats = Heartbeats(heard=frozen_map(dict.fromkeys(names, 0)))
    assert interval(beats, POLICY) == 1000 / ANSWER_RATE
    assert interval(Heartbeats(), POLICY) == POLICY.probe_interval


def test_missed_is_what_most_have_answered(fleet: Fleet) -> None:
    fleet.silent = set(fleet.chassis) - {"gw6", "hv1"}
    fleet.wait_for(lambda: "gw1" in fleet.memory.beats.behind)
    since = fleet.memory.beats.behind["gw1"]
    fleet.leading = False
    fleet.run(CONFIRM)
    missed = silence.missed
    assert not missed(fleet.memory.beats, "gw1", fleet.now)  # 2 of 6 have
    fleet.silent = {"gw1"}
    fleet.run(2 * STEP)
    assert missed(fleet.memory.beats, "gw1", since + CONFIRM)
    assert not missed(fleet.memory.beats, "gw1", since + CONFIRM - 0.1)
    assert not missed(fleet.memory.beats, "gw5", fleet.now)
