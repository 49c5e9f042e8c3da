# SPDX-License-Identifier: Apache-2.0
"""Where ports go whose uplink is dead, and where they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Reason, State
from gwsched.health.claims import CLAIM_TIME
from gwsched.model import frozen_map
from gwsched.placement.pace import VOLUNTARY, Pace
from gwsched.placement.scene import Past
from tests.unit.placing import HOP, NOW, PUBLIC, Gateways, listing

FULL = "gw1 gw2 gw3"


def lost(
    gateways: int = 3,
    order: str = FULL,
    holder: str = "gw1",
    *,
    bad: str = "gw1",
    tried: str = "gw1",
    reached: str = "",
    good: str = "",
) -> Gateways:
    """The port's next hop is lost, and its holder's uplink with it."""
    world = Gateways(gateways, listing(order, holder))
    world.mark(bad, good, tried=tried, reached=reached)
    return world


def beside(gateways: int = 3, *, good: str = "", bad: str = "gw1") -> Gateways:
    """The uplink of the holder is dead, as another port's sessions say."""
    world = Gateways(gateways, listing(FULL, "gw1"))
    world.mark(bad, good)
    return world


# -- whose own next hop is lost --


def test_who_reaches_the_next_hop_comes_before_who_may() -> None:
    world = lost(reached="gw3")
    assert world.after == "gw3 gw2 gw1"
    change = world.change
    assert change.reason is Reason.UPLINK
    assert change.why == f"gw1 does not reach {HOP}"


def test_of_several_that_reach_it_the_best_of_the_list_is_taken() -> None:
    assert lost(reached="gw2 gw3").after == "gw2 gw3 gw1"


def test_where_nobody_is_known_to_reach_it_the_next_is_tried() -> None:
    """It has nothing to lose."""
    assert lost().after == "gw2 gw3 gw1"


def test_that_the_uplink_is_good_does_not_mean_that_the_hop_answers() -> None:
    assert lost(good="gw3").after == "gw2 gw3 gw1"


@pytest.mark.parametrize(
    "worse", [{"tried": "gw1 gw2"}, {"bad": "gw1 gw2"}], ids=str
)
def test_who_is_known_to_be_worse_is_passed_over(
    worse: dict[str, str],
) -> None:
    first, *others = lost(**worse).after.split()  # type: ignore[arg-type]
    assert first == "gw3"
    assert others[-1] == "gw1"


@pytest.mark.parametrize("state", [s for s in State if s is not State.LIVE])
def test_only_who_is_live_is_tried(state: State) -> None:
    world = lost(reached="gw2")
    world.judge("gw2", state, age=1)
    assert world.after.startswith("gw3")


def test_where_nobody_live_is_left_who_answers_is_tried() -> None:
    """It is not trusted yet, but nothing can be lost by it."""
    world = lost(4, tried=FULL)
    world.come_back("gw4", 29)
    assert world.after.startswith("gw1")
    assert world.plan.wake_at == NOW + 1
    world.come_back("gw4", 30)
    assert world.after.startswith("gw4")


def test_without_its_own_session_lost_a_port_waits_for_who_is_live() -> None:
    world = lost(4, bad=FULL)
    world.uplinks = replace(world.uplinks, lost=frozen_map({}))
    world.come_back("gw4", 60)
    assert world.after.startswith("gw1")


def test_a_stranger_is_tried_where_all_of_the_list_look_bad() -> None:
    world = lost(4, tried=FULL)
    first, *others = world.after.split()
    assert first == "gw4"
    assert len(others) == 2
    assert others[-1] == "gw1"


def test_of_the_strangers_who_reaches_it_comes_first() -> None:
    for name in ("gw4", "gw5", "gw6"):
        assert lost(6, tried=FULL, reached=name).after.startswith(name)


def test_a_member_that_may_reach_it_comes_before_a_stranger_that_does() -> (
    None
):
    """The stranger is cold."""
    assert lost(4, reached="gw4").after.startswith("gw2")


ALL_BAD = pytest.mark.parametrize(
    "worse",
    [{"tried": FULL}, {"bad": FULL}, {"tried": FULL, "bad": FULL}],
    ids=str,
)


@ALL_BAD
@pytest.mark.parametrize("order", ["gw1 gw2", "gw1 gw2 gw3"])
def test_where_all_look_bad_it_stays(
    worse: dict[str, str], order: str
) -> None:
    assert lost(order=order, **worse).after.startswith("gw1")  # type: ignore[arg-type]


@pytest.mark.parametrize("gateways", [3, 4])
def test_where_all_look_bad_nobody_leaves_the_list(gateways: int) -> None:
    everybody = " ".join(f"gw{i + 1}" for i in range(gateways))
    assert lost(gateways, bad=everybody).plan.changes == ()


@pytest.mark.parametrize(
    ("reached", "after"), [("", FULL), ("gw3", "gw3 gw2 gw1")]
)
def test_where_others_of_the_uplink_are_up_only_who_reaches_it_is_better(
    reached: str, after: str
) -> None:
    assert lost(bad="", reached=reached).after == after


def test_no_list_becomes_longer_for_a_stranger() -> None:
    world = lost(4, tried=FULL)
    world.policy = replace(world.policy, max_candidates=1)
    world.units = (listing("gw1", "gw1"),)
    assert world.after == "gw4"


def test_nothing_is_moved_off_a_holder_that_is_suspect() -> None:
    world = lost(reached="gw2")
    world.suspect("gw1", age=1)
    assert world.after == FULL


@pytest.mark.parametrize("age", [1, 60])
def test_a_holder_that_is_not_trusted_yet_is_left_as_any(age: float) -> None:
    """It may have died too often, and wait for long."""
    world = lost(reached="gw2")
    world.come_back("gw1", age)
    assert world.after == "gw2 gw3 gw1"


# -- who did not take it --


def test_who_was_made_primary_and_has_not_claimed_is_not_tried_again() -> None:
    world = lost(order="gw2 gw3 gw1", reached="gw2")
    world.claimed_at = world.listed_at = NOW - CLAIM_TIME
    assert world.after == "gw3 gw2 gw1"


@pytest.mark.parametrize("age", [0, 5, 10, CLAIM_TIME - 1])
def test_until_a_claim_is_due_it_is_waited_for(age: float) -> None:
    world = lost(order="gw2 gw3 gw1", reached="gw2 gw3")
    world.claimed_at = world.listed_at = NOW - age
    assert world.plan.changes == ()


def test_who_declines_is_bad_even_where_nobody_else_is_left() -> None:
    world = lost(order="gw2 gw1", gateways=2, reached="gw2")
    world.claimed_at = world.listed_at = NOW - CLAIM_TIME
    assert world.after == "gw1 gw2"


# -- the other ports of the uplink --


def test_the_others_go_to_who_is_known_to_be_better() -> None:
    world = beside(good="gw3")
    assert world.after == "gw3 gw2 gw1"
    assert world.change.reason is Reason.UPLINK
    assert world.change.why.startswith("gw1: bad")


def test_the_others_stay_where_nobody_is_known_to_be_better() -> None:
    assert beside().after == FULL


def test_better_is_who_is_good_though_not_trusted_yet() -> None:
    world = beside(good="gw3")
    world.judge("gw2", State.DEAD, age=1)
    world.come_back("gw3", 29)
    assert world.after.startswith("gw1")
    world.come_back("gw3", 30)
    assert world.after.startswith("gw3 gw1")


def test_who_is_bad_in_spite_of_a_good_session_is_not_better() -> None:
    world = beside(good="gw2", bad="gw1 gw2")
    assert world.after.startswith("gw1")


def test_they_go_to_a_stranger_too() -> None:
    assert beside(4, good="gw4").after == "gw4 gw2 gw1"


def test_better_is_who_is_good_on_every_network_of_the_ports() -> None:
    world = beside(good="gw2 gw3")
    other = replace(
        world.units[0].ports[0], name="q", physical_networks=frozenset({"dc"})
    )
    world.units = (
        replace(world.units[0], ports=(*world.units[0].ports, other)),
    )
    for name, row in list(world.chassis.items()):
        both = replace(row, physical_networks=PUBLIC | {"dc"})
        world.chassis[name] = both
    assert world.after == FULL
    good = world.uplinks.good | {("gw3", "dc")}
    world.uplinks = replace(world.uplinks, good=good)
    assert world.after == "gw3 gw2 gw1"


def test_a_port_on_another_network_is_not_touched() -> None:
    world = beside(good="gw3")
    pairs = frozen_map({("gw1", "dc"): "bad"})
    world.uplinks = replace(world.uplinks, bad=pairs)
    assert world.plan.changes == ()


# -- it is a rescue --


def test_neither_a_budget_nor_a_move_that_failed_holds_it_up() -> None:
    assert Reason.UPLINK not in VOLUNTARY
    world = lost(reached="gw3")
    halted = Pace(next_at=NOW + 60, halted_until=NOW + 600)
    world.past = Past(halted)
    assert world.after == "gw3 gw2 gw1"


def test_who_is_marked_gets_nothing_where_there_are_others() -> None:
    world = Gateways(3, listing())
    world.mark(bad="gw1")
    assert sorted(world.after.split()) == ["gw2", "gw3"]
    world.mark(bad=FULL)
    assert len(world.after.split()) == 3


def test_the_list_stays_as_it_is_once_the_port_has_gone() -> None:
    """But for who is marked: that one leaves where two others stay."""
    world = Gateways(4, listing("gw3 gw2 gw1", "gw3"))
    world.mark(bad="gw1", good="gw3")
    assert world.after == "gw3 gw2 gw4"
    world = Gateways(2, listing("gw2 gw1", "gw2"))
    world.mark(bad="gw1", good="gw2")
    assert world.plan.changes == ()
