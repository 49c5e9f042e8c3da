# SPDX-License-Identifier: Apache-2.0
"""Who dies again and again: RFC 2439, with its own example figures."""

from __future__ import annotations

import math

import pytest

from gwsched.decisions import Guard, State
from gwsched.health.damping import (
    CEILING,
    HALF_LIFE,
    NEGLIGIBLE,
    PENALTY,
    REUSE,
    Record,
    Records,
    follow,
    sentence,
)
from tests.unit.fleet import Fleet

HOUR = 3600.0
MINUTE = 60.0


def dying(*moments: float) -> Records:
    """Let one chassis die at some moments."""
    found: Records = {}
    for moment in moments:
        found = follow(found, ["gw1"], moment)
    return found


def is_suppressed(records: Records, now: float) -> bool:
    found = follow(records, [], now)
    return "gw1" in found and found["gw1"].is_suppressed


def test_a_penalty_decays_by_half_in_a_quarter_of_an_hour() -> None:
    assert (PENALTY, HALF_LIFE) == (1000, 15 * MINUTE)
    records = dying(0.0)
    assert records["gw1"].now(0.0) == 1000
    for _ in range(3):
        records = follow(records, [], records["gw1"].at + 5 * MINUTE)
    assert records["gw1"].now(15 * MINUTE) == pytest.approx(500)
    assert records["gw1"].now(30 * MINUTE) == pytest.approx(250)


@pytest.mark.parametrize(
    ("moments", "damped"),
    [
        ((0.0,), False),
        ((0.0, 0.0), False),
        ((0.0, MINUTE, 2 * MINUTE), True),
        ((0.0, 5 * MINUTE, 10 * MINUTE), True),
        # Once in a half-life adds up to less than twice the penalty.
        (tuple(i * HALF_LIFE for i in range(50)), False),
    ],
)
def test_the_third_death_within_minutes_suppresses(
    moments: tuple[float, ...], damped: bool
) -> None:
    assert is_suppressed(dying(*moments), moments[-1]) is damped


def test_it_is_trusted_again_when_the_penalty_is_low_enough() -> None:
    records = dying(0.0, 0.0, 0.0)
    ends = records["gw1"].ends
    assert ends == 2 * HALF_LIFE  # from 3,000 to 750
    assert REUSE == 750
    assert records["gw1"].now(ends) == REUSE
    assert is_suppressed(records, HALF_LIFE * 1.2)  # below 2,000 by now
    assert is_suppressed(records, ends - 0.1)
    assert not is_suppressed(records, ends)


def test_who_is_trusted_again_is_not_a_blank_sheet() -> None:
    records = dying(0.0, 0.0, 0.0)
    ends = records["gw1"].ends
    records = follow(records, [], ends)
    assert records["gw1"].now(ends) == pytest.approx(REUSE)
    assert records["gw1"].ends == math.inf
    again = follow(records, ["gw1"], ends)
    assert not again["gw1"].is_suppressed
    assert follow(again, ["gw1"], ends)["gw1"].is_suppressed


def test_a_death_while_suppressed_makes_it_longer() -> None:
    records = dying(0.0, 0.0, 0.0)
    later = 1.9 * HALF_LIFE  # 804 are left: no reason to suppress by itself
    again = follow(records, ["gw1"], later)
    assert again["gw1"].penalty < 2000
    assert again["gw1"].is_suppressed
    assert again["gw1"].ends > records["gw1"].ends


def test_nobody_is_suppressed_for_more_than_an_hour() -> None:
    records = dying(*(float(i) for i in range(100)))
    assert records["gw1"].penalty == CEILING
    assert records["gw1"].ends - 99 == pytest.approx(HOUR)


def test_what_is_negligible_is_forgotten() -> None:
    gone = HALF_LIFE * math.log2(PENALTY / NEGLIGIBLE)
    assert follow(dying(0.0), [], gone - 1)
    assert not follow(dying(0.0), [], gone + 1)


def test_each_has_its_own_penalty() -> None:
    records = follow(dying(0.0, 0.0, 0.0), ["gw2"], 0.0)
    assert records["gw1"].is_suppressed
    assert records["gw2"] == Record(PENALTY, 0.0)


def test_the_sentence_names_the_suppressed_and_for_how_long() -> None:
    assert not sentence(dying(0.0, 0.0), 0.0)
    said = sentence(dying(0.0, 0.0, 0.0), 0.0)
    assert "gw1" in said
    assert "penalty 3000" in said
    assert "30 min" in said


# -- in a fleet --


def die(fleet: Fleet) -> None:
    """Let gw1's row go, and come back a while later."""
    fleet.remove("gw1")
    fleet.run(4)
    fleet.add("gw1")
    fleet.run(1)


@pytest.fixture
def fleet() -> Fleet:
    found = Fleet()
    found.unit("p", "gw2", "gw1", holder="gw2")
    found.run(3)
    return found


def test_a_death_counts_once_however_long_it_lasts(fleet: Fleet) -> None:
    fleet.remove("gw1")
    fleet.run(20)
    assert fleet.health.penalties["gw1"] == pytest.approx(1000, rel=0.02)


def test_who_comes_back_twice_is_trusted_after_the_hold_down(
    fleet: Fleet,
) -> None:
    die(fleet)
    die(fleet)
    assert Guard.FLAP not in fleet.health.cautions
    fleet.until("gw1", State.LIVE, fleet.policy.hold_down)


def test_the_third_time_it_must_wait_until_it_is_trusted(
    fleet: Fleet,
) -> None:
    for _ in range(3):
        die(fleet)
    assert fleet.health.damped == {"gw1"}
    assert "gw1" in fleet.health.cautions[Guard.FLAP]
    assert not fleet.health.guards  # nobody else is held back
    fleet.pace = 2.0
    fleet.run(1700)
    assert fleet.state("gw1") is State.RETURNING
    assert "again and again" in fleet.why("gw1")
    fleet.until("gw1", State.LIVE, 120)
    assert Guard.FLAP not in fleet.health.cautions
    assert not fleet.health.damped


def test_it_is_damped_exactly_as_long_as_it_is_said_to_be(
    fleet: Fleet,
) -> None:
    for _ in range(3):
        die(fleet)
    fleet.run(3)  # it answers a heartbeat
    fleet.now = fleet.memory.flaps["gw1"].ends
    fleet.step()
    assert not fleet.health.damped
    assert fleet.state("gw1") is State.LIVE
