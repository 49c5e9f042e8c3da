# SPDX-License-Identifier: Apache-2.0
"""The promises at the top of gwsched/health/step.py, fault by fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Guard, Policy, State
from gwsched.health.claims import settles_at
from tests.unit.fleet import STEP, Fleet


@pytest.fixture
def fleet() -> Fleet:
    """Four live gateways and a compute node."""
    found = Fleet()
    found.run(3)
    assert {found.state(c) for c in found.chassis} == {State.LIVE}
    return found


def test_nobody_is_live_before_it_answered_a_heartbeat() -> None:
    fleet = Fleet()
    fleet.silent = {"gw1"}
    fleet.step()
    assert fleet.state("gw2") is State.UNKNOWN
    assert Guard.STARTUP in fleet.health.guards
    fleet.run(1)
    assert fleet.state("gw2") is State.LIVE


def test_the_start_waits_a_little_for_the_last_answer() -> None:
    fleet = Fleet()
    fleet.silent = {"gw1"}
    fleet.run(2)
    assert Guard.STARTUP in fleet.health.guards
    fleet.run(2)
    assert not fleet.health.guards


def test_the_start_is_over_when_all_have_answered() -> None:
    fleet = Fleet()
    fleet.run(2 * STEP)
    assert not fleet.health.guards


def test_a_chassis_whose_row_is_gone_is_dead_at_once(fleet: Fleet) -> None:
    fleet.unit("p", "gw1", "gw2", holder="gw2")
    fleet.remove("gw1")
    fleet.run(STEP)
    assert fleet.state("gw1") is State.DEAD
    assert "row is gone" in fleet.why("gw1")


def test_a_candidate_that_never_existed_is_dead(fleet: Fleet) -> None:
    fleet.unit("p", "nobody", "gw2", holder="gw2")
    fleet.run(STEP)
    assert fleet.state("nobody") is State.DEAD


def test_silence_makes_a_suspect_and_then_a_death(fleet: Fleet) -> None:
    fleet.silent = {"gw1"}
    suspected = fleet.until("gw1", State.SUSPECT)
    died = suspected + fleet.until("gw1", State.DEAD)
    dead_after, probe = fleet.policy.dead_after, fleet.policy.probe_interval
    assert suspected >= dead_after / 2
    assert dead_after <= died <= dead_after * 1.25 + probe + 4 * STEP


def test_a_suspect_is_asked_once_more_half_way(fleet: Fleet) -> None:
    fleet.policy = Policy(probe_interval=60, dead_after=4)
    fleet.run(70)
    fleet.silent = {"gw1"}
    fleet.run(60)
    before = len(fleet.beats)
    fleet.until("gw1", State.DEAD)
    assert len(fleet.beats) - before <= 2


@pytest.mark.parametrize("dead_after", [1.0, 2.0, 8.0])
def test_a_late_answer_in_time_is_no_death(dead_after: float) -> None:
    fleet = Fleet(policy=Policy(probe_interval=2, dead_after=dead_after))
    fleet.run(5)
    fleet.silent = {"gw1"}
    fleet.run(dead_after - 2 * STEP)
    fleet.silent = set()
    fleet.run(20)
    assert fleet.state("gw1") is State.LIVE


def test_one_bump_that_was_missed_is_no_death(fleet: Fleet) -> None:
    """Nobody asks again, so nobody can say it would not answer."""
    fleet.leading = False
    fleet.silent = {"gw1"}
    fleet.requested += 1
    fleet.run(60)
    assert fleet.state("gw1") is State.SUSPECT


def test_others_answering_first_is_no_death(fleet: Fleet) -> None:
    """The answers to a second bump trickle in one by one."""
    fleet.leading = False
    fleet.silent = {"gw1"}
    fleet.requested += 1
    fleet.run(7)
    fleet.requested += 1
    fleet.run(fleet.policy.dead_after / 8 - STEP)
    assert fleet.state("gw1") is State.SUSPECT
    fleet.silent = set()
    fleet.run(2 * STEP)
    assert fleet.state("gw1") is State.LIVE


def test_a_bump_answered_late_by_all_still_shows_who_is_silent(
    fleet: Fleet,
) -> None:
    fleet.silent = set(fleet.chassis)
    fleet.run(fleet.policy.probe_interval + STEP)
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.DEAD)


def test_if_all_are_silent_nobody_is_dead(fleet: Fleet) -> None:
    fleet.silent = set(fleet.chassis)
    fleet.run(60)
    assert State.DEAD not in {fleet.state(c) for c in fleet.chassis}
    assert Guard.ISOLATION in fleet.health.guards


def test_if_all_gateways_are_silent_nobody_is_dead(fleet: Fleet) -> None:
    fleet.silent = {"gw1", "gw2", "gw3", "gw4"}
    fleet.run(60)
    assert State.DEAD not in {fleet.state(c) for c in fleet.chassis}
    assert Guard.MASS_FAILURE in fleet.health.guards


def test_after_a_mass_failure_every_clock_starts_again(
    fleet: Fleet,
) -> None:
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.run(60)
    assert Guard.MASS_FAILURE in fleet.health.guards
    fleet.silent = {"gw1"}
    fleet.run(fleet.policy.dead_after - STEP)
    assert fleet.state("gw1") is not State.DEAD
    assert not fleet.health.guards
    fleet.until("gw1", State.DEAD)


def test_two_of_four_may_die_at_once(fleet: Fleet) -> None:
    fleet.silent = {"gw1", "gw2"}
    fleet.run(10)
    assert fleet.state("gw1") is fleet.state("gw2") is State.DEAD
    assert not fleet.health.guards


def test_one_after_another_they_may_all_die(fleet: Fleet) -> None:
    for name in ("gw1", "gw2", "gw3"):
        fleet.silent.add(name)
        fleet.until(name, State.DEAD)
        fleet.run(fleet.policy.hold_down + 1)
    assert not fleet.health.guards


def test_a_bump_that_northd_does_not_carry_ages_nobody(
    fleet: Fleet,
) -> None:
    fleet.northd = False
    fleet.run(60)
    assert {fleet.state(c) for c in fleet.chassis} == {State.LIVE}
    assert "ovn-northd" in fleet.health.guards[Guard.ISOLATION]


def test_northd_back_again_lifts_the_guard(fleet: Fleet) -> None:
    fleet.northd = False
    fleet.run(60)
    fleet.northd = True
    fleet.run(1)
    assert not fleet.health.guards
    fleet.run(30)
    assert {fleet.state(c) for c in fleet.chassis} == {State.LIVE}


def test_without_heartbeats_nobody_is_known_to_live() -> None:
    fleet = Fleet()
    fleet.heartbeat = False
    fleet.run(60)
    assert fleet.state("gw1") is State.UNKNOWN
    assert not fleet.health.guards
    assert not fleet.health.beat


# -- silent, but is it dead? -------------------------------------------------


def test_who_keeps_what_others_could_claim_is_only_suspect(
    fleet: Fleet,
) -> None:
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    fleet.silent = {"gw1"}
    fleet.run(60)
    assert fleet.state("gw1") is State.SUSPECT
    assert "data plane lives" in fleet.health.verdicts["gw1"].advice


def test_who_has_lost_its_ports_is_dead(fleet: Fleet) -> None:
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    fleet.silent = {"gw1"}
    fleet.run(2)
    fleet.hold("p", "gw2")
    fleet.until("gw1", State.DEAD)


def test_who_holds_what_nobody_could_claim_is_dead(fleet: Fleet) -> None:
    fleet.unit("p", "gw1", holder="gw1")
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.DEAD)


def test_all_candidates_silent_are_dead(fleet: Fleet) -> None:
    fleet.unit("p", "gw1", "gw2", holder="gw1")
    fleet.silent = {"gw1", "gw2"}
    fleet.until("gw1", State.DEAD)
    fleet.until("gw2", State.DEAD)


@pytest.mark.parametrize(
    ("references", "state"),
    [
        ((), State.DEAD),
        (("gw2",), State.DEAD),  # the survivor does not vouch for itself
        (("gone",), State.DEAD),
        (("hv1",), State.SUSPECT),
    ],
)
def test_a_lone_survivor_could_claim_only_with_a_witness(
    fleet: Fleet, references: tuple[str, ...], state: State
) -> None:
    fleet.unit("p", "gw1", "gw2", holder="gw1", references=references)
    fleet.silent = {"gw1"}
    fleet.run(30)
    assert fleet.state("gw1") is state


def test_one_kept_port_is_proof_for_the_others(fleet: Fleet) -> None:
    fleet.unit("alone", "gw1", holder="gw1")
    fleet.unit("kept", "gw1", "gw2", "gw3", holder="gw1")
    fleet.silent = {"gw1"}
    fleet.run(60)
    assert fleet.state("gw1") is State.SUSPECT


@pytest.mark.parametrize(
    ("order", "state"),
    [
        (("gw1", "gw2", "gw3"), State.SUSPECT),
        # Who is above it would have claimed whatever has become of it.
        (("gw2", "gw1", "gw3"), State.DEAD),
    ],
)
def test_a_port_given_up_for_a_moment_is_proof_if_nobody_below_claims_it(
    fleet: Fleet, order: tuple[str, ...], state: State
) -> None:
    """It may be carried by one that was cut off before it claimed again."""
    fleet.unit("alone", "gw1", holder="gw1")
    fleet.unit("given up", *order, holder="gw1")
    fleet.run(5)
    fleet.hold("given up", None)
    fleet.silent = {"gw1"}
    fleet.run(60)
    assert fleet.state("gw1") is state


# -- coming back --


def test_who_comes_back_is_live_only_after_the_hold_down(
    fleet: Fleet,
) -> None:
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.DEAD)
    fleet.silent = set()
    fleet.until("gw1", State.RETURNING)
    assert fleet.until("gw1", State.LIVE) >= fleet.policy.hold_down


def test_the_hold_down_starts_over_with_every_silence(
    fleet: Fleet,
) -> None:
    fleet.policy = Policy(probe_interval=1, dead_after=4, hold_down=6)
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.DEAD)
    fleet.silent = set()
    fleet.until("gw1", State.RETURNING)
    fleet.run(3)
    fleet.silent = {"gw1"}
    fleet.run(3.5)
    fleet.silent = set()
    assert fleet.until("gw1", State.LIVE) > 4


def test_a_new_chassis_is_on_probation(fleet: Fleet) -> None:
    fleet.add("gw5")
    fleet.run(STEP)
    assert fleet.state("gw5") is State.RETURNING
    assert fleet.until("gw5", State.LIVE) >= fleet.policy.hold_down - STEP


def test_a_new_chassis_that_never_answers_is_never_live(
    fleet: Fleet,
) -> None:
    fleet.add("gw5")
    fleet.silent = {"gw5"}
    for _ in range(100):
        fleet.run(STEP)
        assert fleet.state("gw5") is not State.LIVE


# -- when we were not there --


def test_a_lost_database_ages_nobody(fleet: Fleet) -> None:
    """SB comes back, and the answers to old bumps only trickle in."""
    fleet.silent = {"gw1"}
    fleet.run(fleet.policy.dead_after - STEP)
    fleet.now += 600
    fleet.step(interrupted=True)
    fleet.run(fleet.policy.dead_after / 2)
    assert fleet.state("gw1") is not State.DEAD


def test_a_stopped_process_ages_nobody(fleet: Fleet) -> None:
    fleet.silent = {"gw1"}
    fleet.run(fleet.policy.dead_after - STEP)
    fleet.now += 600
    fleet.run(fleet.policy.dead_after / 2)
    assert fleet.state("gw1") is not State.DEAD


def test_a_frozen_database_ages_nobody(fleet: Fleet) -> None:
    """Nobody is heard for long; then one answers before the other."""
    fleet.silent = {"gw1"}
    fleet.run(1)
    fleet.silent = set(fleet.chassis)
    fleet.run(60)
    fleet.silent = {"gw1"}
    fleet.run(1.5)
    assert fleet.state("gw1") is not State.DEAD


def test_while_nobody_could_be_asked_it_is_not_known_who_answers(
    fleet: Fleet,
) -> None:
    """NB was away; then who is silent shows after the next bump only."""
    fleet.leading = False
    fleet.run(1.5 * fleet.policy.probe_interval)
    assert not fleet.health.stale
    fleet.silent = {"gw1"}
    fleet.wait_for(lambda: fleet.health.stale)
    fleet.run(10)
    assert fleet.health.stale
    assert fleet.state("gw1") is State.LIVE
    fleet.leading = True
    fleet.wait_for(lambda: not fleet.health.stale)
    assert fleet.state("gw1") is State.SUSPECT


def test_without_heartbeats_nothing_is_stale() -> None:
    fleet = Fleet()
    fleet.heartbeat = False
    fleet.run(60)
    assert not fleet.health.stale


def test_databases_made_anew_start_everything_again(fleet: Fleet) -> None:
    fleet.requested = fleet.published = 0
    for name in fleet.chassis:
        fleet.add(name)
    fleet.step()
    assert State.DEAD not in {fleet.state(c) for c in fleet.chassis}
    fleet.run(30)
    assert not fleet.health.guards


def test_somebody_elses_bumps_are_enough(fleet: Fleet) -> None:
    before = len(fleet.beats)
    for _ in range(20):
        fleet.requested += 1
        fleet.run(1)
    assert len(fleet.beats) == before


def test_a_standby_hears_the_leaders_heartbeats() -> None:
    fleet = Fleet()
    fleet.leading = False
    fleet.step()
    for _ in range(10):
        fleet.requested += 1
        fleet.run(2)
    assert {fleet.state(c) for c in fleet.chassis} == {State.LIVE}


def test_in_peace_the_loop_sleeps_until_the_next_beat(fleet: Fleet) -> None:
    fleet.run(20)
    assert fleet.health.wake_at - fleet.now > 0
    assert fleet.health.wake_at <= fleet.beats[-1] + 2.0 + STEP


# -- claims --


def test_a_claim_is_as_old_as_its_holder(fleet: Fleet) -> None:
    fleet.unit("p", "gw1", "gw2", holder="gw1")
    fleet.run(5)
    fleet.hold("p", "gw2")
    fleet.run(STEP)
    moved = fleet.now
    fleet.run(5)
    assert fleet.health.claims["p"].since == moved


def has_settled(fleet: Fleet) -> bool:
    return fleet.now >= settles_at(fleet.health.claims["p"], 3.0)


def test_a_list_counts_from_when_northd_has_carried_it_over(
    fleet: Fleet,
) -> None:
    fleet.unit("p", "gw1", "gw2", holder="gw2")
    fleet.run(20)
    assert has_settled(fleet)
    fleet.units["p"] = replace(fleet.units["p"], in_force=False)
    fleet.run(20)
    fleet.units["p"] = replace(fleet.units["p"], in_force=True)
    fleet.run(5)
    assert not has_settled(fleet)
    fleet.run(2)
    assert has_settled(fleet)


def test_a_flapping_claim_never_settles(fleet: Fleet) -> None:
    fleet.unit("p", "gw1", "gw2", holder="gw1")
    for turn in range(40):
        fleet.hold("p", f"gw{turn % 2 + 1}")
        fleet.run(0.5)
        if turn:
            assert not has_settled(fleet)


def test_a_number_below_zero_is_no_answer() -> None:
    """The schema of Chassis_Private allows it; found by the fuzzer."""
    fleet = Fleet()
    fleet.add("gw1", "gw2")
    fleet.silent = {"gw1", "gw2", "hv1"}
    fleet.requested = fleet.published = 3
    fleet.answered |= {"gw1": -5, "gw2": -1}
    fleet.step()
    assert fleet.state("gw1") is fleet.state("gw2") is State.UNKNOWN
    fleet.revive("gw2")
    fleet.run(120)
    assert fleet.state("gw2") is State.LIVE
