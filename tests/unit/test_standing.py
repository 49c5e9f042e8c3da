# SPDX-License-Identifier: Apache-2.0
"""What speaks against a chassis, and what that means for a list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Reason, State
from gwsched.model import GatewayPort, Unit, frozen_map
from gwsched.placement.standing import Parting, Standing
from tests.unit.placing import Gateways, listing

FULL = "gw1 gw2 gw3"
LIST = listing(FULL, "gw1")


def facing(*networks: str) -> Unit:
    """Return a unit of ports; the networks of each are words."""
    ports = tuple(
        GatewayPort(f"p{i}", physical_networks=frozenset(words.split()))
        for i, words in enumerate(networks)
    )
    return replace(LIST, ports=ports)


# -- what state counts --


@pytest.mark.parametrize("heartbeat", [True, False])
def test_where_nobody_is_asked_a_row_has_to_do_for_life(
    heartbeat: bool,
) -> None:
    world = Gateways(2, LIST)
    world.judge("gw1 gw2 gone", State.UNKNOWN)
    world.judge("gw2", State.SUSPECT)
    seen = replace(world.snapshot, heartbeat=heartbeat)
    who = Standing(seen, world.health)
    trusted = State.UNKNOWN if heartbeat else State.LIVE
    assert who.state("gw1") is trusted
    assert who.state("gw2") is State.SUSPECT
    assert who.state("gone") is State.UNKNOWN


@pytest.mark.parametrize("state", State)
def test_who_is_in_doubt_is_no_witness_and_neither_who_has_no_row(
    state: State,
) -> None:
    world = Gateways(1, LIST)
    world.judge("gw1 gone", state)
    vouches = state in {State.LIVE, State.UNKNOWN}
    assert world.who.vouches("gw1") is vouches
    assert not world.who.vouches("gone")


# -- doubts --


@pytest.mark.parametrize("state", State)
def test_only_a_suspect_is_doubted_and_only_where_it_holds_nothing(
    state: State,
) -> None:
    world = Gateways(3, LIST)
    world.judge("gw1 gw2", state)
    suspect = state is State.SUSPECT
    assert world.who.doubts(LIST, "gw2") is suspect
    assert not world.who.doubts(LIST, "gw1")
    assert world.who.any_suspect(LIST) is suspect
    assert not world.who.any_suspect(listing("gw3"))


def test_who_holds_one_of_several_ports_is_not_doubted() -> None:
    world = Gateways(3)
    world.suspect("gw1 gw2")
    first, second = GatewayPort("a", holder="gw2"), GatewayPort("b")
    shared = replace(LIST, ports=(first, second))
    assert world.who.doubts(shared, "gw1")
    assert not world.who.doubts(shared, "gw2")


# -- nobody takes it up --


def test_stranded_is_what_the_health_step_says_if_all_members_answer() -> None:
    world = Gateways(4, LIST)
    assert not world.who.is_stranded(LIST)
    world.stranded = frozenset({"p"})
    world.suspect("gw2", silent=False)
    world.suspect("gw4")
    assert world.who.is_stranded(LIST)
    assert not world.who.is_stranded(listing(FULL, name="other"))


def test_while_a_member_does_not_answer_nothing_is_stranded() -> None:
    """It may have taken the port up, and cannot say it."""
    world = Gateways(3, LIST)
    world.stranded = frozenset({"p"})
    world.suspect("gw3")
    assert not world.who.answers("gw3")
    assert not world.who.is_stranded(LIST)


@pytest.mark.parametrize(
    ("dead", "stranded", "suspect", "is_forlorn"),
    [
        ("gw1", "", "gw2 gw3", True),
        ("", "p", "gw2 gw3", True),
        ("gw1", "", "gw2", False),
        ("", "", "gw2 gw3", False),
        ("gw4", "", "gw2 gw3", False),
        ("gw1", "p", "", False),
    ],
)
def test_forlorn_is_what_was_lost_where_all_that_are_left_are_doubted(
    dead: str, stranded: str, suspect: str, is_forlorn: bool
) -> None:
    world = Gateways(4, LIST)
    world.judge(dead, State.DEAD)
    world.suspect(suspect)
    world.stranded = frozenset(stranded.split())
    assert world.who.is_forlorn(LIST, ["gw2", "gw3"]) is is_forlorn


def test_who_holds_the_port_is_not_forlorn() -> None:
    world = Gateways(3, listing(FULL, "gw2"))
    world.judge("gw1", State.DEAD)
    world.suspect("gw2 gw3")
    assert not world.who.is_forlorn(world.units[0], ["gw2", "gw3"])


# -- who has lost whom --


def test_each_of_a_pair_is_apart_from_the_other() -> None:
    world = Gateways(4, LIST)
    world.part("gw1 gw2", "gw3 gw1")
    assert world.who.apart_from("gw1") == {"gw2", "gw3"}
    assert world.who.apart_from("gw2") == {"gw1"}
    assert world.who.apart_from("gw4") == frozenset()
    assert world.who.apart_from(None) == frozenset()


# -- bad uplinks --


@pytest.mark.parametrize(
    ("ports", "bad", "is_marked"),
    [
        (["public"], ["public"], True),
        (["public"], ["dc"], False),
        (["public dc"], ["public"], False),
        (["public dc"], ["public", "dc"], True),
        (["public", "dc"], ["dc"], True),
        ([""], ["public"], False),
        (["", "public"], ["public"], True),
    ],
)
def test_a_chassis_is_marked_where_a_port_has_no_uplink_left(
    ports: list[str], bad: list[str], is_marked: bool
) -> None:
    world = Gateways(2)
    pairs = frozen_map({("gw2", network): "bad" for network in bad})
    world.uplinks = replace(world.uplinks, bad=pairs)
    assert world.who.is_marked(facing(*ports), "gw2") is is_marked
    assert not world.who.is_marked(facing(*ports), "gw1")


# -- who is to leave --


def parting(world: Gateways, unit: Unit = LIST) -> Parting | None:
    """Return why the second of a list is to leave it."""
    found = world.who.parting(unit, "gw2", "gw1")
    assert world.who.leaves(unit, "gw2", "gw1") is (found is not None)
    assert world.who.any_leave(unit) is (found is not None)
    return found


def test_nobody_leaves_without_a_reason() -> None:
    assert parting(Gateways(3)) is None


def test_who_is_draining_leaves() -> None:
    world = Gateways(3)
    world.drain("gw2")
    assert parting(world) == Parting(Reason.DRAIN, "is draining")


@pytest.mark.parametrize("neutron", [True, False])
def test_who_is_cordoned_leaves_only_what_is_neutrons(neutron: bool) -> None:
    world = Gateways(3)
    world.intents = replace(world.intents, cordoned=frozenset({"gw2"}))
    found = parting(world, replace(LIST, neutron=neutron))
    assert found == (
        Parting(Reason.REPAIR, "is cordoned") if neutron else None
    )


def test_who_has_lost_the_primary_leaves_even_if_it_holds_the_port() -> None:
    world = Gateways(3)
    world.part("gw1 gw2")
    found = parting(world)
    assert found is not None
    assert (found.reason, found.is_fight, found.spares) == (
        Reason.REPAIR,
        True,
        1,
    )


def test_who_has_lost_another_backup_does_not_leave() -> None:
    """They never overrule each other while the primary is there."""
    world = Gateways(3)
    world.part("gw2 gw3")
    assert parting(world) is None


def test_who_is_marked_leaves_only_where_two_others_stay() -> None:
    world = Gateways(3)
    world.mark(bad="gw2")
    expected = Parting(Reason.UPLINK, "has a dead uplink", spares=2)
    assert parting(world) == expected


def test_a_drain_says_more_than_what_else_speaks_against_a_chassis() -> None:
    """What the operator has asked for leaves where one other stays."""
    world = Gateways(3)
    world.mark(bad="gw2")
    world.part("gw1 gw2")
    world.drain("gw2")
    found = parting(world)
    assert found is not None
    assert found.reason is Reason.DRAIN


# -- what a list makes of it --


def left(world: Gateways, size: int, *, neutron: bool = False) -> str:
    """Return what the list of the first ones comes to."""
    order = " ".join(FULL.split()[:size])
    world.units = (listing(order, "gw1", neutron=neutron),)
    return world.after


def test_who_is_draining_leaves_where_one_other_stays() -> None:
    world = Gateways(3)
    world.drain("gw2")
    assert left(world, 3) == "gw1 gw3"
    del world.chassis["gw3"]
    assert left(world, 2) == "gw1"
    world.chassis["gw1"] = replace(world.chassis["gw1"], is_gateway=False)
    assert left(world, 2) == "gw2 gw1"


def test_who_is_marked_is_last_where_only_one_other_stays() -> None:
    world = Gateways(3)
    world.mark(bad="gw2")
    assert left(world, 3) == "gw1 gw3"
    assert left(world, 2) == "gw1 gw3"
    del world.chassis["gw3"]
    assert left(world, 2) == "gw1 gw2"


def test_neutrons_short_list_keeps_last_who_is_to_leave() -> None:
    """Neutron would put it back."""
    world = Gateways(3)
    world.intents = replace(world.intents, cordoned=frozenset({"gw2"}))
    assert left(world, 3, neutron=True) == "gw1 gw3 gw2"
    assert left(world, 3) == FULL
    world = Gateways(4)
    world.intents = replace(world.intents, cordoned=frozenset({"gw2"}))
    assert left(world, 3, neutron=True) == "gw1 gw3 gw4"
