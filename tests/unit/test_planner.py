# SPDX-License-Identifier: Apache-2.0
"""What is planned in the situations that matter, as literals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import (
    Change,
    Claim,
    Guard,
    Health,
    Plan,
    Policy,
    Reason,
    State,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Intents,
    Snapshot,
    Unit,
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
        self.policy = POLICY
        self.intents = Intents()

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
            Snapshot(
                frozen_map(self.chassis), self.units, intents=self.intents
            ),
            Health(frozen_map(self.verdicts), frozen_map(claims)),
            LeastLoaded(),
            self.policy,
            NOW,
        )

    @property
    def only_change(self) -> Change:
        (change,) = self.plan.changes
        return change


def test_a_full_list_of_live_chassis_is_left_alone() -> None:
    world = World(5, unit("p", "gw1", "gw2", "gw3", holder="gw1"))
    assert world.plan == Plan(is_done=True)


def test_a_port_without_candidates_is_placed() -> None:
    change = World(5, unit("p")).only_change
    assert change.reason is Reason.NEW
    assert len(change.after) == 3
    assert change.form is Form.HA_CHASSIS_GROUP
    assert change.is_move


def test_who_holds_a_port_that_has_no_list_keeps_it() -> None:
    """SB keeps the last claim when a list is emptied."""
    for holder in ("gw1", "gw2", "gw3"):
        change = World(3, unit("p", holder=holder)).only_change
        assert change.after[0] == holder


def test_a_holder_that_may_not_host_a_port_does_not_keep_it() -> None:
    world = World(3, unit("p", holder="gw1")).judge("gw1", State.SUSPECT)
    assert "gw1" not in world.only_change.after


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


def test_beside_the_last_live_one_a_dead_one_keeps_its_place() -> None:
    """Nobody runs BFD for a list of one, and it would start cold again."""
    world = World(2, unit("p", "gw1", "gw2", holder="gw2"))
    world.judge("gw1", State.DEAD)
    assert world.only_change.after == ("gw2", "gw1")


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


# -- draining, as far as it costs nothing --


def drained(world: World, *names: str) -> World:
    world.intents = Intents(draining=frozenset(names))
    return world


def test_a_draining_backup_leaves_and_another_comes_in() -> None:
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw1"))
    change = drained(world, "gw2").only_change
    assert change.after == ("gw1", "gw3", "gw4")
    assert change.reason is Reason.DRAIN
    assert "gw2 is draining: leaves" in change.why


def test_a_draining_backup_that_holds_the_port_stays() -> None:
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw2"))
    world.claimed_since = NOW - 1
    assert not drained(world, "gw2").plan.changes


def test_a_draining_primary_is_not_thrown_out() -> None:
    world = World(4, unit("p", "gw1", "gw2", "gw3", holder="gw1"))
    for change in drained(world, "gw1").plan.changes:
        assert "gw1" in change.after


def test_a_cordoned_chassis_keeps_its_places_and_gets_none() -> None:
    full = unit("p", "gw1", "gw2", "gw3", holder="gw1")
    world = World(4, full, unit("short", "gw1", holder="gw1"))
    world.intents = Intents(cordoned=frozenset({"gw1", "gw2"}))
    change = world.only_change
    assert change.unit.name == "short"
    assert change.after[0] == "gw1"
    assert set(change.after) == {"gw1", "gw3", "gw4"}


def test_the_draining_and_the_dead_do_not_take_turns_at_the_end() -> None:
    """Neutron's short list keeps both, and one of them is last."""
    order: tuple[str, ...] = ("gw1", "gw2", "gw3")
    for _ in range(3):
        held = replace(unit("p", *order, holder="gw1"), neutron=True)
        world = World(3, held).judge("gw3", State.DEAD)
        changes = drained(world, "gw2").plan.changes
        for change in changes:
            order = change.after
    assert changes == ()
    assert order[0] == "gw1"


# -- the form of lists --


@pytest.mark.parametrize("form", Form)
def test_a_list_goes_to_the_table_that_is_configured(form: Form) -> None:
    (other,) = set(Form) - {form}
    there = replace(unit("p", "gw1", "gw2", "gw3", holder="gw1"), form=other)
    world = World(3, there)
    world.policy = replace(POLICY, table=form)
    change = world.only_change
    assert change.switches_form
    assert change.form is form
    assert change.after == there.order
    assert not change.is_move
    assert change.reason is Reason.REPAIR
    assert change.why == f"its list goes to {form}, as configured"


def test_a_new_list_is_in_the_table_that_is_configured() -> None:
    world = World(3, unit("p"))
    world.policy = replace(POLICY, table=Form.GATEWAY_CHASSIS)
    assert world.only_change.form is Form.GATEWAY_CHASSIS


def test_any_other_change_takes_the_list_along() -> None:
    short = replace(unit("p", "gw1", holder="gw1"), form=Form.HA_CHASSIS_GROUP)
    world = World(3, short)
    world.policy = replace(POLICY, table=Form.GATEWAY_CHASSIS)
    change = world.only_change
    assert change.form is Form.GATEWAY_CHASSIS
    assert len(change.after) == 3


@pytest.mark.parametrize(
    "facts",
    [
        {"neutron": True},
        {"ports": (port("p", "gw1"), port("q", "gw1"))},
        {"externals": ("switch-port",)},
        {"excluded": "by pattern"},
    ],
)
def test_neutrons_and_shared_groups_stay_in_their_table(
    facts: dict[str, object],
) -> None:
    there = replace(
        unit("p", "gw1", "gw2", "gw3", holder="gw1"),
        form=Form.HA_CHASSIS_GROUP,
        **facts,  # type: ignore[arg-type]
    )
    world = World(3, there)
    world.policy = replace(POLICY, table=Form.GATEWAY_CHASSIS)
    assert not world.plan.changes


def test_where_no_table_is_configured_lists_stay_in_theirs() -> None:
    lists = [
        replace(unit(f, "gw1", "gw2", "gw3", holder="gw1"), form=f)
        for f in Form
    ]
    assert not World(3, *lists).plan.changes


# -- excluded ports --


@pytest.mark.parametrize("order", [(), ("gw1",), ("gw1", "gw1"), ("gw9",)])
def test_an_excluded_port_is_left_alone_whatever_is_wrong(
    order: tuple[str, ...],
) -> None:
    world = World(3, replace(unit("p", *order), excluded="by pattern"))
    assert world.plan.changes == ()
    assert world.plan.refusals == ()


def test_the_load_of_an_excluded_port_counts() -> None:
    heavy = replace(
        unit("p", "gw1", "gw2", "gw3", holder="gw1"), excluded="by pattern"
    )
    world = World(3, heavy, unit("a"), unit("b"))
    primaries = {change.after[0] for change in world.plan.changes}
    assert primaries == {"gw2", "gw3"}


# -- guards, and when nothing is left to do --


@pytest.mark.parametrize("guard", [Guard.STARTUP, Guard.MASS_FAILURE])
def test_what_a_guard_holds_back_is_counted_under_it(guard: Guard) -> None:
    world = World(3, unit("p"), unit("q"))
    seen = Snapshot(frozen_map(world.chassis), world.units, orphans=("x",))
    health = Health(
        frozen_map(world.verdicts), guards=frozen_map({guard: "because"})
    )
    made = plan(seen, health, LeastLoaded(), POLICY, NOW)
    assert made.changes == ()
    assert made.orphans == ()
    assert made.deferred == {guard: 2}
    assert made.guards == {guard: "because"}
    assert not made.is_done


def test_a_pause_holds_back_everything() -> None:
    world = World(3, unit("p"))
    world.intents = Intents(paused=True)
    assert world.plan.changes == ()
    assert world.plan.deferred == {Guard.PAUSE: 1}
    assert "operator" in world.plan.guards[Guard.PAUSE]


def test_all_is_done_where_nothing_is_left_to_do_now_or_later() -> None:
    full = unit("p", "gw1", "gw2", "gw3", holder="gw1")
    assert World(3, full).plan.is_done
    assert not World(3, full, unit("new")).plan.is_done


def test_what_cannot_be_done_is_not_left_to_be_done() -> None:
    world = World(3, replace(unit("p"), neutron=True))
    for name in ("gw1", "gw2", "gw3"):
        world.chassis[name] = Chassis(name, is_gateway=False)
    assert world.plan.refusals
    assert world.plan.is_done
