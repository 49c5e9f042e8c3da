# SPDX-License-Identifier: Apache-2.0
"""Every row of the table of verdicts, reached by what befalls a fleet."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gwsched.decisions import ControllerDead, Evidence, Guard, Policy, State
from gwsched.health import judging
from gwsched.health.judging import Judging
from gwsched.health.verdicts import TABLE, Facts, judge
from tests.unit.fleet import STEP, Fleet

DESIGN = Path(__file__).parents[2] / "docs" / "design.md"


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """By chassis, the row of the table that decided on it last."""
    rows: dict[str, str] = {}
    asked: list[str] = []
    verdict = Judging.verdict

    def noted(self: Judging, name: str, evidence: Evidence) -> object:
        asked[:] = [name]
        return verdict(self, name, evidence)

    def judged(facts: Facts) -> tuple[State, str, str]:
        holding = (rule.what for rule in TABLE if rule.when(facts))
        rows[asked[0]] = next(holding)
        return judge(facts)

    monkeypatch.setattr(Judging, "verdict", noted)
    monkeypatch.setattr(judging, "judge", judged)
    return rows


def fleet() -> Fleet:
    """Four live gateways, the first of which holds what others could."""
    found = Fleet()
    found.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    found.run(3)
    return found


def watched() -> Fleet:
    """The same, with the tunnels in sight of a compute node."""
    found = fleet()
    found.watchers = ["hv1"]
    found.run(1)
    return found


def row_gone() -> Fleet:
    found = fleet()
    found.remove("gw1")
    found.run(STEP)
    return found


def still_dead() -> Fleet:
    found = silent_and_left()
    found.run(10)
    return found


def answers_again() -> Fleet:
    found = silent_and_alone()
    found.silent = set()
    found.until("gw1", State.RETURNING)
    return found


def cut_and_missed() -> Fleet:
    found = watched()
    found.kill("gw1")
    found.until("gw1", State.DEAD)
    return found


def cut_and_left() -> Fleet:
    found = watched()
    found.dark = {"gw1"}
    found.hold("p", "gw2")
    found.until("gw1", State.DEAD)
    return found


def silent_and_left() -> Fleet:
    found = fleet()
    found.silent = {"gw1"}
    found.hold("p", "gw2")
    found.until("gw1", State.DEAD)
    return found


def silent_and_alone() -> Fleet:
    found = fleet()
    found.write("p", "gw1")
    found.silent = {"gw1"}
    found.until("gw1", State.DEAD)
    return found


def silent_for_less_than_bfd_needs() -> Fleet:
    found = Fleet(policy=Policy(probe_interval=0.5, dead_after=1.0))
    found.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    found.run(4)
    found.silent = {"gw1"}
    found.run(2.25)
    return found


def silent_and_to_be_moved() -> Fleet:
    found = fleet()
    move = ControllerDead.MOVE
    found.policy = replace(found.policy, controller_dead=move)
    found.silent = {"gw1"}
    found.until("gw1", State.DEAD)
    return found


def silent_and_keeping() -> Fleet:
    found = fleet()
    found.silent = {"gw1"}
    found.run(20)
    return found


def silent_as_all_are() -> Fleet:
    found = fleet()
    found.silent = {"gw1", "gw2", "gw3", "gw4"}
    found.run(20)
    return found


def missed_one() -> Fleet:
    found = fleet()
    found.silent = {"gw1"}
    found.until("gw1", State.SUSPECT)
    return found


def asked_anew() -> Fleet:
    found = missed_one()
    found.step(interrupted=True)
    return found


def cut_but_answers() -> Fleet:
    found = watched()
    found.dark = {"gw1"}
    found.run(20)
    return found


def left_but_answers() -> Fleet:
    found = fleet()
    found.hold("p", "gw2")
    found.run(20)
    return found


def without_heartbeats() -> Fleet:
    found = Fleet()
    found.heartbeat = False
    found.run(20)
    return found


def first_look() -> Fleet:
    found = Fleet()
    found.step()
    return found


def newcomer() -> Fleet:
    found = fleet()
    found.remove("gw1")
    found.write("p", "gw2", "gw3")
    found.run(1)
    found.add("gw1")
    found.run(STEP)
    return found


def tunnels_back() -> Fleet:
    found = cut_but_answers()
    found.dark = set()
    found.run(STEP)
    return found


def unheard() -> Fleet:
    found = Fleet()
    found.silent = {"gw1"}
    found.run(2 * STEP)
    return found


def on_probation() -> Fleet:
    found = answers_again()
    found.run(found.policy.hold_down / 2)
    return found


def thrice_dead() -> Fleet:
    found = fleet()
    found.write("p", "gw2", "gw1")
    for _ in range(3):
        found.remove("gw1")
        found.run(1)
        found.add("gw1")
        found.run(1)
    found.run(2 * found.policy.hold_down)
    return found


# What leads to the rows of the table, in their order, and what comes of it.
WAYS: tuple[tuple[Callable[[], Fleet], State], ...] = (
    (row_gone, State.DEAD),
    (still_dead, State.DEAD),
    (answers_again, State.RETURNING),
    (cut_and_missed, State.DEAD),
    (cut_and_left, State.DEAD),
    (silent_and_left, State.DEAD),
    (silent_and_alone, State.DEAD),
    (silent_for_less_than_bfd_needs, State.SUSPECT),
    (silent_and_to_be_moved, State.DEAD),
    (silent_and_keeping, State.SUSPECT),
    (silent_as_all_are, State.SUSPECT),
    (missed_one, State.SUSPECT),
    (asked_anew, State.SUSPECT),
    (cut_but_answers, State.SUSPECT),
    (left_but_answers, State.SUSPECT),
    (without_heartbeats, State.UNKNOWN),
    (first_look, State.UNKNOWN),
    (newcomer, State.RETURNING),
    (tunnels_back, State.RETURNING),
    (unheard, State.UNKNOWN),
    (on_probation, State.RETURNING),
    (thrice_dead, State.RETURNING),
    (fleet, State.LIVE),
)


@pytest.mark.parametrize(
    ("row", "way", "state"),
    [(row, *way) for row, way in enumerate(WAYS)],
    ids=[way.__name__ for way, _ in WAYS],
)
def test_a_row_of_the_table(
    decided: dict[str, str], row: int, way: Callable[[], Fleet], state: State
) -> None:
    found = way()
    assert found.state("gw1") is state, found.why("gw1")
    assert decided["gw1"] == TABLE[row].what
    assert found.why("gw1")


def test_there_is_a_way_to_every_row() -> None:
    assert len(WAYS) == len(TABLE)


def test_the_design_has_the_same_table() -> None:
    found = re.findall(r"(?m)(?:^\|.*\|\n)+", DESIGN.read_text())
    wanted = [f"| {rule.what} | {rule.to or 'in doubt'} |\n" for rule in TABLE]
    tables = [table.splitlines(keepends=True)[2:] for table in found]
    assert wanted in tables


@pytest.mark.parametrize(
    ("before", "doubted"),
    [
        (None, State.RETURNING),
        (State.UNKNOWN, State.UNKNOWN),
        (State.RETURNING, State.RETURNING),
        (State.LIVE, State.SUSPECT),
        (State.SUSPECT, State.SUSPECT),
    ],
)
def test_doubt_makes_nobody_better_than_before(
    before: State | None, doubted: State
) -> None:
    facts = Facts(Evidence(), before, overdue=True)
    assert judge(facts)[0] is doubted


def test_whom_to_see_to_is_said_with_the_verdict() -> None:
    advice = silent_and_keeping().verdict("gw1").advice
    assert "ovn-controller" in advice
    for tunnels in (cut_but_answers(), left_but_answers()):
        assert "ovs-vswitchd" in tunnels.verdict("gw1").advice
    assert not fleet().verdict("gw1").advice


def test_why_says_how_long_and_what_it_keeps() -> None:
    found = silent_and_keeping()
    age = found.now - (found.health.evidence["gw1"].heard or 0)
    assert f"{age:.0f} s" in found.why("gw1")
    assert "keeps 1 ports" in found.why("gw1")
    found.watchers = ["hv1"]
    found.write("p", "gw1")
    found.run(STEP)
    assert "its tunnels are up" in found.why("gw1")


def test_a_verdict_is_as_old_as_its_state_not_as_its_reason() -> None:
    found = missed_one()
    since = found.verdict("gw1").since
    why = found.why("gw1")
    found.run(20)
    assert found.verdict("gw1").since == since
    assert found.why("gw1") != why


def test_who_was_dead_is_back_since_then_whatever_is_held_against_it() -> None:
    """A hold-down starts over where something speaks against a chassis."""
    found = watched()
    found.kill("gw1")
    found.until("gw1", State.DEAD)
    assert found.verdict("gw1").back < found.now - 10
    found.revive("gw1")
    found.until("gw1", State.RETURNING)
    back = found.now
    found.dark.add("gw1")
    found.run(found.policy.hold_down / 2)
    assert found.state("gw1") is State.RETURNING
    assert found.verdict("gw1").since > back
    assert found.verdict("gw1").back == back


def test_who_is_new_is_there_since_now() -> None:
    found = fleet()
    found.add("gw9")
    found.run(STEP)
    assert found.verdict("gw9").back == found.now
    assert found.verdict("gw1").back < found.now - 10


def test_too_many_others_is_a_guard_as_well() -> None:
    found = silent_as_all_are()
    assert Guard.MASS_FAILURE in found.health.guards
    assert "too many others" in found.why("gw1")
