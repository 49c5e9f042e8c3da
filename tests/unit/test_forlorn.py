# SPDX-License-Identifier: Apache-2.0
"""Ports that nobody takes up, and who is put before those who do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gwsched.decisions import Reason, State, Tunnels
from gwsched.model import Chassis
from tests.unit.placing import NOW, Gateways, listing

FULL = "gw1 gw2 gw3"
STUCK = frozenset({"p"})


def forlorn(gateways: int) -> Gateways:
    """One of a list is dead, the others are suspect and hold nothing."""
    world = Gateways(gateways, listing(FULL, "gw1"))
    world.judge("gw1", State.DEAD)
    world.suspect("gw2 gw3", age=1)
    return world


def stranded(gateways: int, order: str = FULL) -> Gateways:
    """All of a list answer, and nobody takes the port up."""
    world = Gateways(gateways, listing(order))
    world.stranded = STUCK
    return world


def suspects(
    tunnels: Tunnels = Tunnels.UNSEEN, *, silent: bool = False
) -> Gateways:
    """A list whose only member is dead; everybody else is suspect."""
    world = Gateways(3, listing("gw1", "gw1"))
    world.judge("gw1", State.DEAD)
    world.suspect("gw2 gw3", tunnels=tunnels, silent=silent)
    return world


# -- somebody live is put first --


def test_before_who_is_doubted_comes_a_live_one() -> None:
    world = forlorn(4)
    first, *rest = world.after.split()
    assert first == "gw4"
    assert len(rest) == 2
    assert {*rest} < {"gw1", "gw2", "gw3"}
    assert world.change.reason is Reason.FAILOVER
    assert "nobody serves it; gw4 chosen" in world.change.why


def test_before_members_that_do_not_take_it_up_comes_another() -> None:
    world = stranded(4)
    assert world.after == "gw4 gw1 gw2"
    assert world.change.reason is Reason.FAILOVER


@pytest.mark.parametrize("gateways", [4, 5, 9])
@pytest.mark.parametrize("case", [forlorn, stranded])
def test_no_list_becomes_longer_than_it_may_be(
    case: Callable[[int], Gateways], gateways: int
) -> None:
    assert len(case(gateways).after.split()) == 3


def test_who_has_not_taken_it_up_makes_way_for_who_may() -> None:
    world = stranded(4, "gw1")
    assert set(world.after.split()) == {"gw2", "gw3", "gw4"}


def test_a_longer_list_stays_as_long_as_it_is() -> None:
    order = "gw1 gw2 gw3 gw4"
    assert stranded(5, order).after == "gw5 gw1 gw2 gw3"


def test_where_a_member_does_not_answer_it_may_have_taken_the_port() -> None:
    world = stranded(4)
    world.suspect("gw2", age=1)
    assert world.after == FULL


def test_where_one_that_is_left_is_not_doubted_nobody_is_put_first() -> None:
    world = forlorn(4)
    world.judge("gw1", State.DEAD, age=1)
    for state in (State.LIVE, State.UNKNOWN):
        world.judge("gw3", state)
        assert world.after == "gw3 gw2 gw1"


def test_where_nobody_is_dead_suspects_are_waited_for() -> None:
    world = forlorn(4)
    world.suspect("gw1", age=1)
    assert world.after == FULL


def test_without_anybody_better_all_stays() -> None:
    world = forlorn(3)
    assert world.plan.changes == ()
    world = stranded(3)
    assert world.plan.changes == ()


@pytest.mark.parametrize("gateways", [2, 3])
def test_a_live_one_alone_without_witness_takes_it_up_by_itself(
    gateways: int,
) -> None:
    """It has nobody to wait for then; who comes in comes in below it."""
    alone = listing("gw1 gw2", references=frozenset())
    world = Gateways(gateways, alone)
    world.stranded = STUCK
    world.suspect("gw2", silent=False, tunnels=Tunnels.DOWN)
    first, *others = world.after.split()
    assert first == "gw1"
    assert "gw2" not in others


@pytest.mark.parametrize(
    ("references", "after"), [(frozenset(), "gw1"), ({"hv1"}, "gw1 gw2")]
)
def test_a_lone_live_one_is_rid_of_suspects_where_nobody_takes_it_up(
    references: set[str], after: str
) -> None:
    stuck = listing("gw1 gw2", references=frozenset(references))
    world = Gateways(2, stuck)
    world.suspect("gw2", silent=False, tunnels=Tunnels.DOWN, age=1)
    world.stranded = STUCK
    assert world.after == after
    world.stranded = frozenset()
    assert world.after == "gw1 gw2"


@pytest.mark.parametrize(
    ("gave_up", "after"), [("gw1", "gw2"), ("gw2", "gw1"), ("gw9", "gw1 gw2")]
)
def test_of_two_without_witness_who_gave_it_up_goes(
    gave_up: str, after: str
) -> None:
    """The other waits for it, and would claim alone."""
    alone = listing("gw1 gw2", references=frozenset())
    world = Gateways(2, alone)
    world.dropped_by = gave_up
    world.suspect("gw2", silent=False)
    assert world.after == "gw1 gw2"
    world.judge("gw2", State.LIVE)
    world.stranded = STUCK
    assert world.after == after
    world.units = (listing("gw1 gw2"),)
    assert world.after == "gw1 gw2"


# -- the last resort --


@pytest.mark.parametrize("tunnels", [Tunnels.UP, Tunnels.UNSEEN])
def test_where_nobody_is_live_who_answers_has_to_do(tunnels: Tunnels) -> None:
    world = suspects(tunnels)
    first, *rest = world.after.split()
    assert first in {"gw2", "gw3"}
    assert rest == ["gw1"]
    assert world.change.reason is Reason.FAILOVER


def test_of_the_suspect_only_who_answers_has_to_do() -> None:
    world = suspects()
    world.suspect("gw2")
    assert world.after == "gw3 gw1"
    world.suspect("gw3")
    assert world.after == "gw1"
    assert world.plan.refusals[0].reason == "verdict"


def test_who_is_suspect_for_its_tunnels_does_not_do() -> None:
    world = suspects(Tunnels.DOWN)
    assert world.plan.changes == ()


def test_whose_tunnels_nobody_looks_at_any_more_does() -> None:
    """They were down when it was last in a list; that is all we know."""
    world = suspects(Tunnels.DOWN)
    world.evidence["gw3"] = replace(world.evidence["gw3"], watched=False)
    assert world.after == "gw3 gw1"


@pytest.mark.parametrize("died_too_often", [True, False])
def test_who_is_not_trusted_does_once_it_is_back_for_the_hold_down(
    died_too_often: bool,
) -> None:
    world = suspects()
    world.suspect("gw2 gw3")
    if died_too_often:
        world.damped = frozenset({"gw3"})
    world.come_back("gw3", 29)
    assert world.after == "gw1"
    assert world.plan.wake_at == NOW + 1
    world.come_back("gw3", 30)
    assert world.after == "gw3 gw1"


def test_who_has_taken_what_no_list_gave_it_and_died_has_no_say() -> None:
    """The list is of one that may not know of it, and does not answer."""
    world = Gateways(3, listing("gw1", "gw2"))
    world.judge("gw2", State.DEAD)
    world.suspect("gw1", age=1)
    assert world.after == "gw3 gw1"
    world.policy = replace(world.policy, max_candidates=1)
    assert world.after == "gw3"


def test_where_somebody_is_live_no_suspect_has_to_do() -> None:
    world = suspects()
    world.judge("gw3", State.LIVE)
    assert world.after == "gw3"


def test_the_last_resort_is_as_fit_as_any_other() -> None:
    world = suspects()
    world.chassis["gw2"] = Chassis("gw2", physical_networks=frozenset({"dc"}))
    world.intents = replace(world.intents, cordoned=frozenset({"gw3"}))
    assert world.plan.changes == ()


def test_a_new_port_does_not_go_to_the_last_resort() -> None:
    """It has no traffic to lose, and waits until somebody is live."""
    world = suspects()
    world.units = (listing(),)
    assert world.plan.changes == ()


# -- below a silent holder --


def test_nobody_comes_in_below_a_holder_that_is_silent() -> None:
    """It runs no BFD with newcomers: the first would take it for dead."""
    world = Gateways(3, listing("gw1", "gw1"))
    world.suspect("gw1", age=1)
    assert world.plan.changes == ()


@pytest.mark.parametrize("state", [State.UNKNOWN, State.RETURNING])
@pytest.mark.parametrize("silent", [True, False])
def test_nor_below_one_of_whom_silence_proves_nothing_yet(
    state: State, silent: bool
) -> None:
    """After a start of gwsched, or while it is returning."""
    world = Gateways(3, listing("gw1", "gw1"))
    world.suspect("gw1", age=1, silent=silent)
    world.judge("gw1", state)
    assert bool(world.plan.changes) is not silent


def test_nor_where_the_only_one_that_sees_the_holder_leaves() -> None:
    world = Gateways(3, listing("gw1 gw2", "gw1"))
    world.suspect("gw1", age=1)
    world.chassis["gw2"] = Chassis("gw2", is_gateway=False)
    assert "gw3" not in world.after


@pytest.mark.parametrize(
    ("second", "comes"),
    [
        (State.LIVE, True),
        (State.UNKNOWN, False),
        (State.RETURNING, False),
        (State.SUSPECT, False),
    ],
)
def test_below_a_live_member_that_sees_the_holder_they_do(
    second: State, comes: bool
) -> None:
    world = Gateways(3, listing("gw1 gw2", "gw1"))
    world.suspect("gw1", age=1)
    world.judge("gw2", second)
    assert ("gw3" in world.after) is comes


@pytest.mark.parametrize("suspect", ["gw2", "gw1 gw2"])
def test_below_another_suspect_they_come_if_the_holder_is_live(
    suspect: str,
) -> None:
    world = Gateways(3, listing("gw1 gw2", "gw1"))
    world.suspect(suspect, age=1)
    assert ("gw3" in world.after) is (suspect == "gw2")
