# SPDX-License-Identifier: Apache-2.0
"""Two that have lost each other are never put into one list again.

They would both claim the port, and overrule each other, where one of them is
the primary.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Failback, Reason, State
from gwsched.model import frozen_map
from gwsched.placement.scene import Past
from tests.unit.placing import NOW, Gateways, listing

PAIR = {"gw1", "gw2"}


def parted(gateways: int, order: str = "", holder: str = "") -> Gateways:
    """gw1 and gw2 have lost each other."""
    world = Gateways(gateways, listing(order, holder or None))
    world.part("gw1 gw2")
    return world


def fights(world: Gateways) -> bool:
    """Whether a primary is to be in a list with who has lost it."""
    primary, *backups = world.after.split()
    return primary in PAIR and not PAIR.isdisjoint(backups)


# -- nobody comes in --


@pytest.mark.parametrize("gateways", [2, 3, 4, 5])
def test_no_new_list_joins_them(gateways: int) -> None:
    world = parted(gateways)
    for name in ("a", "b", "c", "d", "e"):
        world.units = (listing(name=name),)
        assert world.after
        assert not fights(world)


@pytest.mark.parametrize("primary", ["gw1", "gw2"])
def test_a_short_list_is_filled_up_without_who_has_lost_the_primary(
    primary: str,
) -> None:
    world = parted(3, primary, primary)
    assert world.after == f"{primary} gw3"
    del world.chassis["gw3"]
    assert world.plan.changes == ()


def test_two_backups_may_have_lost_each_other() -> None:
    """While the primary is there neither of them claims."""
    world = parted(3, "gw3", "gw3")
    assert sorted(world.after.split()[1:]) == ["gw1", "gw2"]


def test_in_place_of_the_dead_comes_none_that_has_lost_the_primary() -> None:
    world = parted(4, "gw1 gw3 gw4", "gw1")
    world.judge("gw3", State.DEAD)
    assert world.after == "gw1 gw4"


def test_a_primary_in_place_of_the_dead_is_put_there_without_the_other() -> (
    None
):
    world = parted(3, "gw3", "gw3")
    world.judge("gw3", State.DEAD)
    assert world.after in {"gw1", "gw2"}


# -- who is there leaves --


@pytest.mark.parametrize("holder", ["gw1", "gw2"])
def test_the_lower_leaves_even_where_it_holds_the_port(holder: str) -> None:
    """Which of them holds it when we look is chance."""
    world = parted(4, "gw1 gw2 gw3", holder)
    world.claimed_at = NOW - 1
    assert world.after == "gw1 gw3 gw4"
    assert world.change.reason is Reason.REPAIR
    assert not world.change.is_move
    assert "gw2 and gw1 have lost each other" in world.change.why


def test_of_two_alone_the_lower_leaves_as_well() -> None:
    world = parted(2, "gw1 gw2", "gw2")
    world.claimed_at = NOW - 1
    assert world.after == "gw1"


@pytest.mark.parametrize(
    ("age", "after"), [(29, "gw1"), (30, "gw1 gw3")], ids=str
)
def test_in_its_place_comes_who_is_not_trusted_rather_than_nobody(
    age: float, after: str
) -> None:
    """Nobody would see the end of one that is alone in its list."""
    world = parted(3, "gw1 gw2", "gw1")
    world.come_back("gw3", age)
    assert world.after == after


def test_who_has_lost_the_primary_does_not_come_back_in_that_way() -> None:
    world = parted(3, "gw1 gw3", "gw1")
    world.judge("gw3", State.DEAD, age=60)
    world.come_back("gw2", 60)
    assert "gw2" not in world.after


def test_who_was_alone_before_waits_for_who_is_trusted() -> None:
    """To fill its list up would cost it a second for who may flap."""
    world = parted(3, "gw1", "gw1")
    world.come_back("gw3", 60)
    assert world.after == "gw1"


def test_a_fight_with_the_last_one_that_serves_does_not_empty_a_list() -> None:
    world = parted(2, "gw1 gw2", "gw2")
    world.claimed_at = NOW - 1
    world.judge("gw1", State.DEAD, age=1)
    assert world.after == "gw2 gw1"


def test_each_that_has_lost_the_primary_leaves() -> None:
    world = parted(4, "gw1 gw2 gw3", "gw1")
    world.part("gw1 gw3")
    assert world.after == "gw1 gw4"


def test_neutrons_short_list_keeps_it_last() -> None:
    """Neutron would put it back."""
    world = parted(3)
    world.units = (listing("gw1 gw2 gw3", "gw1", neutron=True),)
    assert world.after == "gw1 gw3 gw2"
    world.units = (listing("gw1 gw2", "gw1", neutron=True),)
    del world.chassis["gw3"]
    assert world.after == "gw1"


def test_a_pair_that_is_not_apart_any_more_may_meet_again() -> None:
    world = parted(2, "gw1", "gw1")
    assert world.after == "gw1"
    world.lost_each_other.clear()
    assert world.after == "gw1 gw2"


# -- moves --


def test_a_port_is_moved_without_who_has_lost_its_new_primary() -> None:
    world = parted(4, "gw3 gw1 gw2", "gw3")
    world.intents = replace(world.intents, pins=frozen_map({"p": "gw1"}))
    assert world.after == "gw1 gw3"


def test_a_port_is_not_moved_to_who_has_lost_its_primary() -> None:
    """It would have to be brought in beside it first."""
    world = parted(3, "gw1 gw3", "gw1")
    world.intents = replace(world.intents, pins=frozen_map({"p": "gw2"}))
    assert world.plan.changes == ()
    (refusal,) = world.plan.refusals
    assert "it and gw1 have lost each other" in refusal.why
    world = parted(2, "gw1", "gw1")
    world.drain("gw1")
    assert world.plan.changes == ()
    assert world.plan.refusals[0].reason == "drain"


def test_a_drained_primary_is_followed_by_no_pair() -> None:
    world = parted(3, "gw3 gw2 gw1", "gw3")
    world.drain("gw3")
    first, *rest = world.after.split()
    assert first in PAIR
    assert rest == ["gw3"]


def test_nothing_goes_back_to_who_has_lost_the_primary() -> None:
    world = parted(3, "gw2 gw3", "gw2")
    world.policy = replace(world.policy, failback=Failback.DELAYED)
    world.past = Past(origins=frozen_map({"p": "gw1"}))
    world.judge("gw1", State.LIVE, 1000)
    assert world.plan.changes == ()


def test_off_a_bad_uplink_it_goes_without_who_has_lost_the_new_one() -> None:
    world = parted(4, "gw3 gw2 gw1", "gw3")
    world.mark(bad="gw3", tried="gw3", reached="gw1")
    first, *rest = world.after.split()
    assert first == "gw1"
    assert "gw2" not in rest
    assert world.change.reason is Reason.UPLINK


def test_the_elected_holder_is_followed_without_who_has_lost_it() -> None:
    world = parted(4, "gw3 gw1 gw2", "gw1")
    assert world.after.startswith("gw1")
    assert "gw2" not in world.after


def test_backups_are_evened_out_without_joining_them() -> None:
    """If gw1 failed gw3 would carry it all; gw2 may take none of it."""
    world = parted(4)
    world.policy = replace(world.policy, max_candidates=2)
    orders = [f"gw{i} gw{(i + 1) % 4 + 1}" for i in (1, 2, 3, 4)] * 6
    world.units = tuple(
        listing(order, order.split()[0], f"gwsched-{number}")
        for number, order in enumerate(orders)
    )
    lists = [change.after for change in world.plan.changes]
    assert ("gw1", "gw4") in lists
    assert all(set(order) != PAIR for order in lists)
    world.lost_each_other.clear()
    lists = [change.after for change in world.plan.changes]
    assert any(set(order) == PAIR for order in lists)
