# SPDX-License-Identifier: Apache-2.0
"""What is planned in the situations that matter, as literals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.model import (
    Candidate,
    Change,
    Chassis,
    Claim,
    Form,
    GatewayPort,
    Health,
    Plan,
    Policy,
    Reason,
    Snapshot,
    State,
    Unit,
    Verdict,
    frozen_map,
)
from gwsched.planner import plan
from gwsched.schedulers.leastloaded import LeastLoaded

NOW = 1000.0
POLICY = Policy(max_candidates=3, hold_down=30.0)
PUBLIC = frozenset({"public"})


def port(name: str, holder: str | None = None) -> GatewayPort:
    return GatewayPort(name, physical_networks=PUBLIC, holder=holder)


def unit(name: str, *order: str, holder: str | None = None) -> Unit:
    top = len(order)
    return Unit(
        name,
        Form.GATEWAY_CHASSIS if order else None,
        (port(name, holder),),
        tuple(Candidate(c, top - i) for i, c in enumerate(order)),
        references=frozenset({"hv1"}),
    )


class World:
    """Live gateways gw1..gwN, until a test says otherwise."""

    def __init__(self, gateways: int, *units: Unit) -> None:
        self.units = units
        self.chassis = {
            f"gw{i}": Chassis(f"gw{i}", physical_networks=PUBLIC)
            for i in range(1, gateways + 1)
        }
        self.chassis["hv1"] = Chassis("hv1", is_gateway=False)
        self.verdicts = {
            name: Verdict(State.LIVE, 0.0, "answers") for name in self.chassis
        }
        self.claimed_since = 0.0
        self.listed_since = 0.0

    def judge(self, name: str, state: State, age: float = 60.0) -> World:
        self.verdicts[name] = Verdict(state, NOW - age, f"is {state}")
        return self

    def gone(self, name: str, age: float = 60.0) -> World:
        self.chassis.pop(name, None)
        return self.judge(name, State.DEAD, age)

    @property
    def plan(self) -> Plan:
        claims = {
            u.name: Claim(
                u.holder, u.order, self.claimed_since, self.listed_since
            )
            for u in self.units
        }
        return plan(
            Snapshot(frozen_map(self.chassis), self.units),
            Health(frozen_map(self.verdicts), frozen_map(claims)),
            LeastLoaded(),
            POLICY,
            NOW,
        )

    @property
    def only_change(self) -> Change:
        (change,) = self.plan.changes
        return change


def test_a_full_list_of_live_chassis_is_left_alone() -> None:
    world = World(5, unit("p", "gw1", "gw2", "gw3", holder="gw1"))
    assert world.plan == Plan(wake_at=float("inf"))


def test_a_port_without_candidates_is_placed() -> None:
    change = World(5, unit("p")).only_change
    assert change.reason is Reason.NEW
    assert len(change.after) == 3
    assert change.form is Form.HA_CHASSIS_GROUP
    assert change.is_move


def test_ports_are_spread_evenly() -> None:
    world = World(3, *(unit(f"p{i}") for i in range(9)))
    primaries = sorted(c.after[0] for c in world.plan.changes)
    assert primaries == sorted(["gw1", "gw2", "gw3"] * 3)


def test_a_short_list_is_filled_up_from_below() -> None:
    change = World(3, unit("p", "gw2", holder="gw2")).only_change
    assert change.after[0] == "gw2"
    assert len(change.after) == 3
    assert change.reason is Reason.REPAIR
    assert not change.is_move


# -- after OVN's own fail-over --


def test_the_elected_holder_becomes_primary_and_the_old_one_last() -> None:
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw2"))
    world.claimed_since = NOW - 10
    change = world.only_change
    assert change.after == ("gw2", "gw3", "gw1")
    assert change.reason is Reason.FAILOVER


def test_a_claim_that_has_just_changed_is_waited_for() -> None:
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw2"))
    world.claimed_since = NOW - 1
    assert not world.plan.changes


def test_a_list_that_has_just_changed_is_waited_for() -> None:
    """The new primary may only be waiting for its BFD sessions."""
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw2"))
    world.listed_since = NOW - 4
    assert not world.plan.changes


def test_a_list_northd_has_not_carried_over_is_waited_for() -> None:
    waiting = replace(unit("p", "gw1", holder="gw2"), in_force=False)
    assert not World(4, waiting).plan.changes


# -- the dead --


def test_the_newly_dead_goes_last_and_out_after_the_hold_down() -> None:
    dying = unit("p", "gw1", "gw2", "gw3", holder="gw1")
    world = World(4, dying).judge("gw2", State.DEAD, age=1)
    assert world.only_change.after == ("gw1", "gw3", "gw2")
    world.judge("gw2", State.DEAD, age=60)
    assert world.only_change.after == ("gw1", "gw3", "gw4")


def test_a_removed_row_leaves_after_the_hold_down_too() -> None:
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw1"))
    assert world.gone("gw3", age=1).plan.changes == ()
    assert world.gone("gw3", age=60).only_change.after == (
        "gw1",
        "gw2",
        "gw4",
    )


def test_all_candidates_dead_is_a_rescue_that_does_not_wait() -> None:
    world = World(4, unit("p", "gw1", "gw2", holder="gw1"))
    world.judge("gw1", State.DEAD, age=0).judge("gw2", State.DEAD, age=0)
    change = world.only_change
    assert sorted(change.after) == ["gw3", "gw4"]
    assert change.reason is Reason.FAILOVER


def test_the_last_live_one_may_even_be_the_only_one() -> None:
    world = World(2, unit("p", "gw1", "gw2", holder="gw2"))
    world.judge("gw1", State.DEAD)
    assert world.only_change.after == ("gw2",)


def test_with_nobody_to_replace_them_the_dead_stay() -> None:
    world = World(2, unit("p", "gw1", "gw2", holder="gw2"))
    world.judge("gw1", State.DEAD).judge("gw2", State.DEAD)
    assert not world.plan.changes
    (refusal,) = world.plan.refusals
    assert refusal.reason == "verdict"
    assert "gw1: it is dead" in refusal.why


def test_a_lone_survivor_without_witness_gets_rid_of_the_dead_at_once() -> (
    None
):
    """Gap B: a pair with an empty ref_chassis whose active has died."""
    pair = replace(
        unit("p", "gw1", "gw2", holder="gw1"), references=frozenset()
    )
    world = World(2, pair).judge("gw1", State.DEAD, age=0)
    assert world.only_change.after == ("gw2",)


def test_a_lone_survivor_with_a_witness_keeps_the_dead_for_the_hold_down() -> (
    None
):
    pair = unit("p", "gw1", "gw2", holder="gw2")
    world = World(2, pair).judge("gw1", State.DEAD, age=0)
    assert world.only_change.after == ("gw2", "gw1")


def test_a_suspect_keeps_its_place_but_gets_nothing_new() -> None:
    world = World(
        3, unit("kept", "gw1", "gw2", "gw3", holder="gw1"), unit("new")
    ).judge("gw1", State.SUSPECT)
    change = world.only_change
    assert change.unit.name == "new"
    assert "gw1" not in change.after


@pytest.mark.parametrize(
    "state", [State.UNKNOWN, State.RETURNING, State.SUSPECT, State.DEAD]
)
def test_only_the_live_get_something_new(state: State) -> None:
    world = World(2, unit("p")).judge("gw1", state)
    assert world.only_change.after == ("gw2",)


# -- the unfit --


def test_an_unfit_holder_goes_last_first_and_out_when_ovn_has_moved() -> None:
    held = unit("p", "gw1", "gw2", "gw3", holder="gw1")
    world = World(4, held)
    world.chassis["gw1"] = Chassis("gw1")  # no bridge mapping any more
    assert world.only_change.after == ("gw2", "gw3", "gw1")
    world.units = (unit("p", "gw2", "gw3", "gw1", holder="gw2"),)
    assert world.only_change.after == ("gw2", "gw3", "gw4")


def test_unreadable_mappings_cost_nobody_its_ports() -> None:
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw1"))
    world.chassis["gw1"] = Chassis("gw1", uncertain=True)
    assert not world.plan.changes


def test_a_port_nobody_can_host_says_what_is_missing() -> None:
    world = World(2, unit("p"))
    for name in ("gw1", "gw2"):
        world.chassis[name] = Chassis(name)
    (refusal,) = world.plan.refusals
    assert refusal.reason == "physical_network"
    assert "public" in refusal.why


# -- beside Neutron --


def test_neutrons_short_lists_keep_the_dead_last() -> None:
    """Neutron takes a chassis with a row for valid, and would add it."""
    neutrons = replace(
        unit("p", "gw1", "gw2", "gw3", holder="gw1"), neutron=True
    )
    world = World(3, neutrons).judge("gw2", State.DEAD)
    assert world.only_change.after == ("gw1", "gw3", "gw2")
    world.units = (
        replace(unit("p", "gw1", "gw3", "gw2", holder="gw1"), neutron=True),
    )
    assert not world.plan.changes


def test_neutrons_full_lists_do_not() -> None:
    neutrons = replace(
        unit("p", "gw1", "gw2", "gw3", holder="gw1"), neutron=True
    )
    world = World(4, neutrons).judge("gw2", State.DEAD)
    assert world.only_change.after == ("gw1", "gw3", "gw4")


# -- lists that are not as they should be --


def listed(*candidates: tuple[str, int]) -> Unit:
    found = tuple(Candidate(c, p) for c, p in candidates)
    return replace(unit("p", "x", holder="gw1"), candidates=found)


def test_a_chassis_named_twice_is_named_once() -> None:
    world = World(3, listed(("gw1", 5), ("gw2", 4), ("gw1", 3), ("gw3", 1)))
    change = world.only_change
    assert change.after == ("gw1", "gw2", "gw3")
    assert "twice" in change.why


def test_a_tie_is_broken_as_ovn_breaks_it() -> None:
    world = World(3, listed(("gw1", 5), ("gw3", 0), ("gw2", 0)))
    assert world.only_change.after == ("gw1", "gw3", "gw2")


def test_odd_but_distinct_priorities_are_somebodys_choice() -> None:
    world = World(3, listed(("gw1", 900), ("gw3", 20), ("gw2", 0)))
    assert not world.plan.changes


@pytest.mark.parametrize(("neutron", "changes"), [(False, 1), (True, 0)])
def test_a_shadowed_list_is_cleared_where_it_is_not_neutrons(
    neutron: bool, changes: int
) -> None:
    shadowed = replace(
        unit("p", "gw1", "gw2", "gw3", holder="gw1"),
        form=Form.HA_CHASSIS_GROUP,
        shadowed=True,
        neutron=neutron,
    )
    assert len(World(3, shadowed).plan.changes) == changes
