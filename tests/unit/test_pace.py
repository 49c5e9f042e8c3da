# SPDX-License-Identifier: Apache-2.0
"""One move at a time, and none for a while after one that failed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gwsched.decisions import Change, Policy, Reason
from gwsched.health.claims import CLAIM_TIME
from gwsched.model import (
    Candidate,
    Form,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.pace import (
    HALT,
    LONGEST_HALT,
    VOLUNTARY,
    Pace,
    follow,
    launched,
)

NOW = 1000.0
POLICY = Policy(moves_per_minute=10)


def unit(order: str, holder: str | None, name: str = "lrp") -> Unit:
    names = order.split()
    listed = [Candidate(c, len(names) - i) for i, c in enumerate(names)]
    port = GatewayPort(name, holder=holder)
    return Unit(name, Form.HA_CHASSIS_GROUP, (port,), tuple(listed))


def seen(*units: Unit) -> Snapshot:
    return Snapshot(frozen_map({}), units)


BEFORE = unit("gw1 gw2 gw3", "gw1")
MOVE = Change(
    BEFORE, Form.HA_CHASSIS_GROUP, ("gw2", "gw1", "gw3"), Reason.DRAIN, ""
)
UNCLAIMED = seen(unit("other", "other", "a"), unit("gw2 gw1 gw3", "gw1"))
CLAIMED = seen(unit("gw2 gw1 gw3", "gw2"))
MOVING = launched(Pace(), MOVE, POLICY, NOW)


def fail(pace: Pace, now: float) -> Pace:
    """Let one more move be launched and not be claimed."""
    moving = launched(pace, MOVE, POLICY, now)
    return follow(moving, UNCLAIMED, now + CLAIM_TIME)


def test_where_nothing_is_moved_nothing_is_remembered() -> None:
    pace = Pace()
    assert follow(pace, UNCLAIMED, NOW) is pace
    assert pace.wake_at() == math.inf
    assert pace.next_at == pace.halted_until == -math.inf


@pytest.mark.parametrize(("number", "apart"), [(1, 60), (10, 6), (60, 1)])
def test_the_budget_spaces_moves(number: int, apart: float) -> None:
    policy = Policy(moves_per_minute=number)
    assert launched(Pace(), MOVE, policy, NOW).next_at == NOW + apart


def test_a_move_is_under_way_until_it_is_claimed() -> None:
    assert MOVING.flight is not None
    assert (MOVING.flight.unit, MOVING.flight.target) == ("lrp", "gw2")
    assert MOVING.wake_at() == NOW + CLAIM_TIME
    assert follow(MOVING, UNCLAIMED, NOW + CLAIM_TIME - 0.1) is MOVING
    landed = follow(MOVING, CLAIMED, NOW + 1)
    assert landed.flight is None
    assert landed.halted_until == -math.inf
    assert landed.next_at == MOVING.next_at


def test_a_move_that_is_not_claimed_in_time_stops_all_others() -> None:
    halted = follow(MOVING, UNCLAIMED, NOW + CLAIM_TIME)
    assert halted.flight is None
    assert halted.halted_until == NOW + CLAIM_TIME + HALT
    assert "lrp was moved to gw2, which did not claim it" in halted.why
    assert "600 s" in halted.why


def test_a_claim_that_comes_late_but_before_we_look_counts() -> None:
    landed = follow(MOVING, CLAIMED, NOW + CLAIM_TIME + 5)
    assert landed.halted_until == -math.inf
    assert landed.failures == 0


def test_a_move_that_was_taken_back_unclaimed_has_failed_at_once() -> None:
    """By our own hand: OVN kept it where it was, and that is followed."""
    halted = follow(MOVING, seen(BEFORE), NOW + 6)
    assert halted.halted_until == NOW + 6 + HALT
    assert "lost it before claiming it" in halted.why


def test_a_port_that_is_deleted_meanwhile_is_no_failure() -> None:
    gone = follow(MOVING, seen(), NOW + 1)
    assert gone.flight is None
    assert gone.failures == 0
    assert gone.halted_until == -math.inf


def test_each_failure_in_a_row_stops_moves_for_twice_as_long() -> None:
    pace, halts = Pace(), []
    for number in range(7):
        now = NOW + number * 20000
        pace = fail(pace, now)
        halts.append(pace.halted_until - now - CLAIM_TIME)
    assert halts == [600, 1200, 2400, 4800, 9600, 9600, 9600]
    assert halts[0] == HALT
    assert halts[-1] == LONGEST_HALT


def test_a_claim_ends_the_row_of_failures() -> None:
    pace = fail(fail(Pace(), NOW), NOW + 5000)
    pace = launched(pace, MOVE, POLICY, NOW + 9000)
    pace = follow(pace, CLAIMED, NOW + 9001)
    assert (pace.failures, pace.why) == (0, "")
    pace = fail(pace, NOW + 9100)
    assert pace.halted_until == NOW + 9100 + CLAIM_TIME + HALT


def test_a_move_whose_answer_got_lost_spends_the_budget() -> None:
    unsure = launched(Pace(), MOVE, POLICY, NOW, sure=False)
    assert unsure.next_at == MOVING.next_at


def test_a_move_whose_answer_got_lost_is_under_way_if_it_was_made() -> None:
    unsure = launched(Pace(), MOVE, POLICY, NOW, sure=False)
    assert follow(unsure, UNCLAIMED, NOW + 1) == MOVING


def test_and_is_no_failure_if_it_was_not() -> None:
    unsure = launched(Pace(), MOVE, POLICY, NOW, sure=False)
    dropped = follow(unsure, seen(BEFORE), NOW + 1)
    assert dropped.flight is None
    assert dropped.halted_until == -math.inf


def test_evening_out_goes_on_whatever_becomes_of_a_move() -> None:
    moving = replace(MOVING, running=True)
    for what in (CLAIMED, seen(), seen(BEFORE)):
        assert follow(moving, what, NOW + 1).running
    assert launched(moving, MOVE, POLICY, NOW).running


def test_only_what_nobody_is_in_need_of_is_paced() -> None:
    assert {Reason.DRAIN, Reason.PIN, Reason.REBALANCE} == VOLUNTARY
