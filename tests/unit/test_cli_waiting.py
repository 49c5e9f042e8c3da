# SPDX-License-Identifier: Apache-2.0
"""How it stands with what is waited for, by one snapshot."""

from __future__ import annotations

import pytest

from gwsched import conf
from gwsched.cli.steering.waiting import Balanced, Emptied, Goal, Sight
from gwsched.model import Snapshot, Unit
from tests.unit.test_cli_leaving import seen, unit

DRAINING = frozenset({"gw1"})
SETTINGS = conf.load([])[1]
OVER = "gw1 holds nothing, and is nobody's primary"


def emptied(*stuck: str) -> Emptied:
    return Emptied("gw1", SETTINGS, frozenset(stuck))


def draining(*units: Unit) -> Snapshot:
    return seen(*units, draining=DRAINING)


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (unit("p", "gw1", "gw2"), "gw1 holds 1 port"),
        # It is written; who it is for has not claimed it yet.
        (unit("p", "gw2", "gw1", holder="gw1"), "gw1 holds 1 port"),
        (
            unit("p", "gw1", "gw2", holder="gw2"),
            "gw1 holds 0 ports, is primary of 1 it does not hold",
        ),
        (
            unit("p", "gw2", "gw1", in_force=False),
            "gw1 holds 0 ports, is in 1 list that SB does not carry yet",
        ),
    ],
)
def test_what_is_left_is_waited_for(left: Unit, line: str) -> None:
    other = unit("q", "gw2")
    found = emptied().look(draining(left, other))
    assert found == Sight(line, ("p",))


def test_a_backup_is_not_waited_for() -> None:
    """Neutron would put it back; where it would not, it has left by then."""
    snapshot = draining(unit("p", "gw2", "gw1"), unit("q", "gw2"))
    line = f"{OVER}; a backup yet in 1 list"
    assert emptied().look(snapshot) == Sight(line, is_over=True)
    assert emptied().look(draining()) == Sight(OVER, is_over=True)


def test_what_has_nowhere_to_go_is_not_waited_for() -> None:
    stays, goes = unit("p", "gw1"), unit("q", "gw1", "gw2")
    assert not emptied("p").look(draining(stays, goes)).is_over
    found = emptied("p").look(draining(stays))
    assert found.is_over
    assert found.failed == "what is left on gw1 has nowhere to go"
    assert found.left == ("p",)


def test_who_is_undrained_is_not_waited_for() -> None:
    found = emptied().look(seen(unit("p", "gw1")))
    assert found.is_over
    assert "undrained gw1" in found.failed
    assert emptied().look(seen(unit("p", "gw2"))).failed == ""


def test_what_may_hold_a_drain_back() -> None:
    calm = draining(unit("p", "gw1", "gw2"))
    assert list(emptied().hints(calm)) == []
    silent = seen(unit("p", "gw1", "gw2"), silent={"gw1"}, draining=DRAINING)
    assert ["does not answer" in h for h in emptied().hints(silent)] == [True]
    gone = seen(
        *(unit(f"p{i:02}", "gw1", "gw2") for i in range(12)),
        silent={"gw2"},
        draining=DRAINING,
    )
    *named, more = emptied().hints(gone)
    assert named[0] == "p00 has nowhere to go: gw2: it is suspect"
    assert (len(named), more) == (10, "so have 2 more")


@pytest.mark.parametrize("goal", [emptied(), Balanced()])
def test_a_pause_is_told_at_once(goal: Goal) -> None:
    snapshot = seen(
        unit("p", "gw1"), draining=DRAINING, rebalance=True, paused=True
    )
    assert "gwsched is paused" in goal.look(snapshot).line


def test_a_rebalance_is_over_when_its_intent_is_gone() -> None:
    assert not Balanced().look(seen(rebalance=True)).is_over
    assert Balanced().look(seen(rebalance=False)).is_over
