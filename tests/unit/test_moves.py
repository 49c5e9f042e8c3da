# SPDX-License-Identifier: Apache-2.0
"""How primaries move that work where they are: gently, one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from gwsched.decisions import (
    Change,
    Guard,
    Plan,
    Policy,
    Reason,
    Refusal,
    State,
)
from gwsched.model import Intents, frozen_map
from gwsched.placement.pace import VOLUNTARY, Pace
from gwsched.placement.rivals import Feud
from tests.world import World, fleet

# Twice what BFD needs to see a death: then a new member's sessions are up.
WARM = 6.0


def calm(chassis: int, ports: int, **options: object) -> World:
    """A fleet that is placed and at rest."""
    world = fleet(chassis, ports, **options)
    world.settle()
    assert not world.moves
    return world


def drain(world: World, *names: str) -> None:
    world.intents = replace(world.intents, draining=frozenset(names))


def pin(world: World, **pins: str) -> None:
    world.intents = replace(world.intents, pins=frozen_map(pins))


def held(world: World, chassis: str) -> list[str]:
    """Return the ports a chassis holds."""
    return [n for n, unit in world.units.items() if unit.holder == chassis]


def listed(world: World, chassis: str) -> list[str]:
    """Return the ports whose lists have a chassis."""
    return [n for n, unit in world.units.items() if chassis in unit.order]


def orders(plans: list[Plan], name: str) -> list[tuple[str, ...]]:
    """Return the lists that one port was given, one after another."""
    changes = [change for plan in plans for change in plan.changes]
    return [c.after for c in changes if c.unit.name == name]


def voluntary(plan: Plan) -> list[Change]:
    return [c for c in plan.changes if c.is_move and c.reason in VOLUNTARY]


def only(plan: Plan) -> Refusal:
    (refusal,) = plan.refusals
    return refusal


# -- emptying a chassis --


@pytest.mark.parametrize(("chassis", "ports"), [(2, 6), (6, 30), (10, 60)])
def test_a_drained_chassis_ends_with_nothing(chassis: int, ports: int) -> None:
    world = calm(chassis, ports)
    had = held(world, "gw000")
    drain(world, "gw000")
    world.settle()
    assert listed(world, "gw000") == []
    assert world.interrupted == dict.fromkeys(had, 1)
    assert [unit for _, unit, _ in world.moves] == sorted(had)
    loads = [world.loads()[n] for n in world.chassis if n != "gw000"]
    assert max(loads) - min(loads) <= 1
    assert world.plan.is_done


def test_its_backups_leave_before_the_first_primary() -> None:
    world = calm(6, 30)
    had = held(world, "gw000")
    drain(world, "gw000")
    first = world.step()
    assert {change.reason for change in first.changes} == {Reason.DRAIN}
    assert not any(change.is_move for change in first.changes)
    assert listed(world, "gw000") == had
    assert all(len(order) == 5 for order in world.orders)


def test_who_is_drained_is_last_after_the_move() -> None:
    world = calm(6, 30)
    drain(world, "gw000")
    moves = [move for plan in world.run(30) for move in voluntary(plan)]
    assert len(moves) == 5
    assert {move.after[-1] for move in moves} == {"gw000"}
    assert {move.why for move in moves} == {"gw000 is draining"}


def test_a_port_that_nobody_has_claimed_is_not_moved_on() -> None:
    world = calm(3, 6)
    world.deaf = set(world.chassis)
    world.port("new")
    world.run(20)
    drain(world, world.units["new"].order[0])
    pin(world, new=world.units["new"].order[1])
    plans = world.run(60)
    assert "new" not in [c.unit.name for p in plans for c in voluntary(p)]


def test_moves_are_spaced_by_the_budget() -> None:
    world = calm(6, 30, policy=Policy(moves_per_minute=6))
    drain(world, "gw000")
    world.settle()
    times = [when for when, _, _ in world.moves]
    assert len(times) == 5
    assert all(b - a >= 10 for a, b in pairwise(times))
    assert times[-1] - times[0] < 4 * 12


def test_moves_that_wait_are_counted_under_the_budget() -> None:
    world = calm(6, 30, policy=Policy(moves_per_minute=1))
    drain(world, "gw000")
    plans = world.run(30)
    assert len(world.moves) == 1
    assert plans[-1].deferred == {Guard.BUDGET: 4}
    assert "4 moves wait" in plans[-1].guards[Guard.BUDGET]
    assert "1 a minute" in plans[-1].guards[Guard.BUDGET]
    assert plans[-1].wake_at == world.moves[0][0] + 60
    assert not plans[-1].is_done


def test_one_move_is_under_way_at_a_time_and_to_a_warm_member() -> None:
    world = calm(8, 40)
    drain(world, "gw000", "gw001")
    for _ in range(200):
        plan = world.step()
        moves = voluntary(plan)
        assert len(moves) <= 1
        for move in moves:
            target = move.after[0]
            joined = world.claims[move.unit.name].joined
            assert target in move.unit.order
            assert world.now >= joined[target] + WARM
        world.now += 0.5
    assert world.loads()["gw000"] == world.loads()["gw001"] == 0


def test_where_nobody_is_interrupted_several_are_moved_at_once() -> None:
    """In a forecast, which has no packets to lose."""
    world = calm(6, 60)
    world.run(WARM)
    world.past = replace(world.past, pace=Pace(together=4))
    drain(world, "gw000")
    plans = world.run(3)
    assert max(len(voluntary(plan)) for plan in plans) == 4


def test_the_next_move_waits_until_the_last_is_claimed() -> None:
    world = calm(3, 6, policy=Policy(moves_per_minute=6000))
    world.deaf = {"gw001", "gw002"}
    drain(world, "gw000")
    plans = world.run(WARM + 5)
    assert len(world.moves) == 1
    assert plans[-1].deferred == {Guard.BUDGET: 1}


def test_where_nobody_else_can_host_a_port_it_stays_and_that_is_said() -> None:
    world = World()
    world.add("gw1", physical_networks=frozenset({"public", "dmz"}))
    world.add("gw2")
    world.port("both")
    world.port("alone", physical_networks=frozenset({"dmz"}))
    world.write("both", "gw1", "gw2")
    world.settle()
    drain(world, "gw1")
    world.settle()
    assert world.units["both"].order == ("gw2",)
    assert world.units["alone"].order == ("gw1",)
    refusal = only(world.plan)
    assert (refusal.unit.name, refusal.reason) == ("alone", "drain")
    assert refusal.served
    assert "gw1 is draining" in refusal.why


def test_the_last_one_of_a_list_does_not_leave_it() -> None:
    world = calm(2, 4)
    drain(world, "gw000", "gw001")
    world.settle()
    assert not world.moves
    assert all(world.orders)
    assert {refusal.reason for refusal in world.plan.refusals} == {"drain"}


def test_what_neutron_would_put_back_stays_last() -> None:
    world = calm(4, 8)
    for name, unit in world.units.items():
        world.units[name] = replace(unit, neutron=True)
    drain(world, "gw000")
    world.settle()
    assert {order[-1] for order in world.orders} == {"gw000"}
    assert {len(order) for order in world.orders} == {4}
    assert world.loads()["gw000"] == 0
    assert world.plan.is_done


def test_what_neutron_would_not_put_back_leaves() -> None:
    world = calm(6, 12)
    for name, unit in world.units.items():
        world.units[name] = replace(unit, neutron=True)
    drain(world, "gw000")
    world.settle()
    assert listed(world, "gw000") == []


def test_who_comes_comes_in_above_the_draining_at_once() -> None:
    world = calm(4, 8)
    for name, unit in world.units.items():
        world.units[name] = replace(unit, neutron=True)
    drain(world, "gw000")
    world.settle()
    world.add("gw999")
    plan = world.step()
    assert {change.after[-2:] for change in plan.changes} == {
        ("gw999", "gw000")
    }
    world.settle()
    assert {order[-1] for order in world.orders} == {"gw000"}


def test_a_list_of_one_is_moved_though_nobody_in_it_is_warm() -> None:
    world = calm(3, 9, policy=Policy(max_candidates=1, moves_per_minute=60))
    drain(world, "gw000")
    world.run(60)
    assert held(world, "gw000") == []


def test_a_list_that_is_longer_than_it_should_be_is_moved_gently() -> None:
    """To delete the row of the active costs half a second (measured)."""
    world = World(Policy(max_candidates=1, moves_per_minute=600))
    world.add("a", "b", "c")
    world.port("lrp")
    world.write("lrp", "a", "b", "c")
    world.settle()
    drain(world, "a")
    for plan in world.run(30):
        for change in plan.changes:
            assert change.unit.holder in change.after
    assert world.units["lrp"].holder != "a"


def test_nobody_moves_off_a_chassis_whose_controller_is_silent() -> None:
    """It would go on as a second active."""
    world = calm(6, 30)
    had = held(world, "gw000")
    world.judge("gw000", State.SUSPECT)
    drain(world, "gw000")
    world.run(120)
    assert held(world, "gw000") == had
    assert not world.moves
    world.judge("gw000", State.LIVE)
    world.settle()
    assert len(world.moves) == len(had)


@pytest.mark.parametrize(
    "state", [State.SUSPECT, State.UNKNOWN, State.DEAD, State.RETURNING]
)
def test_nobody_moves_to_a_chassis_that_is_not_live(state: State) -> None:
    world = calm(6, 30)
    world.judge("gw001", state)
    drain(world, "gw000")
    world.run(120)
    assert "gw001" not in {target for _, _, target in world.moves}


def test_who_is_not_drained_any_more_is_filled_for_the_balance_only() -> None:
    for ports, back in ((3, 0), (10, 5)):
        world = calm(2, ports)
        drain(world, "gw000")
        world.settle()
        moved = len(world.moves)
        drain(world)
        world.settle()
        assert len(world.moves) == moved + back
        assert world.loads()["gw000"] == back
        assert all(len(order) == 2 for order in world.orders)


# -- pins --


def test_a_new_port_is_placed_where_it_is_pinned() -> None:
    world = calm(6, 12)
    world.port("new")
    pin(world, new="gw004")
    world.settle()
    assert world.units["new"].order[0] == "gw004"
    assert not world.moves


def test_a_pinned_port_moves_there_over_the_end_of_its_list() -> None:
    world = calm(6, 6)
    name = "lrp00000"
    first, *rest = world.units[name].order
    (cold,) = world.chassis.keys() - world.units[name].order
    pin(world, **{name: cold})
    plans = world.run(WARM + 2)
    assert orders(plans, name)[:2] == [
        (first, *rest[:-1], cold),
        (cold, first, *rest[:-1]),
    ]
    assert world.interrupted == {name: 1}
    (move,) = [c for p in plans for c in voluntary(p) if c.unit.name == name]
    assert move.reason is Reason.PIN
    assert move.why == f"pinned to {cold}"


def test_a_pin_to_a_warm_backup_is_one_write() -> None:
    world = calm(6, 12)
    name = "lrp00003"
    world.now += WARM
    first, second, *rest = world.units[name].order
    pin(world, **{name: second})
    plan = world.step()
    assert orders([plan], name) == [(second, first, *rest)]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("nobody", "there is no chassis nobody"),
        ("hv1", "enable-chassis-as-gw"),
        ("gw001", "it is suspect"),
        ("gw002", "it is cordoned"),
        ("gw003", "it is draining"),
    ],
)
def test_a_pin_to_who_cannot_host_the_port_is_refused(
    wanted: str, words: str
) -> None:
    world = calm(6, 6)
    world.add("hv1", is_gateway=False)
    name = held(world, "gw000")[0]
    world.judge("gw001", State.SUSPECT)
    world.intents = Intents(
        cordoned=frozenset({"gw002"}), draining=frozenset({"gw003"})
    )
    pin(world, **{name: wanted})
    world.run(60)
    refusal = only(world.plan)
    assert (refusal.unit.name, refusal.reason) == (name, "pin")
    assert refusal.served
    assert f"pinned to {wanted}" in refusal.why
    assert words in refusal.why
    assert world.units[name].holder == "gw000"


def test_a_new_port_whose_pin_is_refused_is_placed_all_the_same() -> None:
    world = calm(6, 6)
    world.port("new")
    pin(world, new="nobody")
    world.settle()
    assert len(world.units["new"].order) == 5
    assert only(world.plan).served


def test_a_pinned_port_leaves_a_draining_chassis_and_comes_back() -> None:
    world = calm(3, 3)
    name = held(world, "gw000")[0]
    pin(world, **{name: "gw000"})
    world.settle()
    assert not world.moves
    drain(world, "gw000")
    world.settle()
    assert world.units[name].holder != "gw000"
    assert "it is draining" in only(world.plan).why
    drain(world)
    world.settle()
    assert world.units[name].holder == "gw000"
    assert not world.plan.refusals


def test_what_is_pinned_is_not_moved_for_the_balance() -> None:
    world = calm(3, 30)
    pins = {f"lrp{i:05}": "gw000" for i in range(20)}
    pin(world, **pins)
    world.settle()
    assert set(pins) <= set(held(world, "gw000"))
    assert sorted(world.loads().values()) == [5, 5, 20]
    assert world.plan.is_done


def test_unpinning_moves_nothing_where_it_is_even() -> None:
    world = calm(3, 9)
    name = held(world, "gw000")[0]
    pin(world, **{name: "gw001"})
    world.settle()
    moved = len(world.moves)
    pin(world)
    world.settle()
    assert len(world.moves) == moved
    assert sorted(world.loads().values()) == [2, 3, 4]


# -- a move that fails --


def test_a_move_that_is_not_claimed_is_taken_back_and_stops_the_others() -> (
    None
):
    world = calm(2, 10)
    had = held(world, "gw000")
    world.deaf = {"gw001"}
    drain(world, "gw000")
    plans = world.run(60)
    assert len(world.moves) == 1
    assert held(world, "gw000") == had
    assert not world.interrupted
    failed = world.moves[0][1]
    assert world.units[failed].order == ("gw000", "gw001")
    assert failed in plans[-1].guards[Guard.UNVERIFIED]
    assert "gw001" in plans[-1].guards[Guard.UNVERIFIED]
    assert plans[-1].deferred == {Guard.UNVERIFIED: 5}
    assert not plans[-1].is_done


def test_moves_go_on_after_a_while_and_stop_for_longer_if_in_vain() -> None:
    world = calm(2, 4)
    world.deaf = {"gw001"}
    drain(world, "gw000")
    world.run(4000)
    times = [when for when, _, _ in world.moves]
    gaps = [b - a for a, b in pairwise(times)]
    assert len(gaps) == 2
    assert 600 <= gaps[0] < 660
    assert 1200 <= gaps[1] < 1260
    world.deaf = set()
    world.settle()
    assert held(world, "gw000") == []
    assert Guard.UNVERIFIED not in world.plan.guards


def test_while_moves_are_stopped_what_is_broken_is_repaired() -> None:
    world = calm(3, 12)
    world.deaf = {"gw001", "gw002"}
    drain(world, "gw000")
    world.run(30)
    assert Guard.UNVERIFIED in world.plan.guards
    world.deaf = set()
    world.port("new")
    world.run(2)
    assert world.units["new"].order
    world.kill("gw000")
    world.run(60)
    assert all("gw000" not in order for order in world.orders)


# -- beside other writers --


def test_a_list_that_was_just_written_is_let_stand_for_a_moment() -> None:
    world = calm(3, 6)
    world.now += WARM
    name = "lrp00000"
    first, second, third = world.units[name].order
    world.write(name, first, third, second)
    pin(world, **{name: third})
    assert not orders([world.step()], name)
    world.now += 2
    assert orders([world.step()], name) == [(third, first, second)]


def test_a_pin_that_somebody_undoes_is_not_fought_for() -> None:
    """Each round would cost the port some packets."""
    world = calm(6, 12)
    name = "lrp00000"
    theirs = world.units[name].order
    pin(world, **{name: theirs[1]})
    for _ in range(600):
        written = orders([world.step()], name)
        world.now += 1
        if written:
            world.look()
            world.write(name, *theirs)
    # Twice, then after one, two and four minutes.
    assert 2 <= len(world.moves) <= 6


def test_a_quarrel_about_one_list_holds_up_no_other() -> None:
    world = calm(6, 12)
    name = "lrp00000"
    short = world.units[name].order[:4]
    world.write(name, *short)
    world.run(3)
    wanted = world.units[name].order
    world.write(name, *short)
    (idle,) = world.chassis.keys() - set(wanted)
    feud = Feud(world.now, wanted, short, 5, world.now + 3600)
    world.look()
    world.past = replace(
        world.past,
        rivals=replace(world.past.rivals, feuds=frozen_map({name: feud})),
    )
    drain(world, idle)
    plans = world.run(60)
    assert world.units[name].order == short
    assert plans[-1].deferred == {Guard.FOREIGN_WRITER: 1}
    assert "somebody else" in plans[-1].guards[Guard.FOREIGN_WRITER]
    assert listed(world, idle) == []


# -- what waits for what --


@pytest.mark.parametrize("state", [State.RETURNING, State.DEAD])
def test_a_compute_node_that_comes_or_goes_holds_up_nothing(
    state: State,
) -> None:
    """It is in no list; in a large cloud there is always one."""
    world = calm(6, 12)
    world.add("hv1", is_gateway=False)
    world.judge("hv1", state)
    drain(world, "gw000")
    world.run(25)
    assert listed(world, "gw000") == []


def test_a_gateway_that_returns_is_waited_for() -> None:
    """It would have to be evened out again."""
    world = calm(3, 30)
    world.kill("gw000")
    world.run(60)
    world.add("gw000", "gw111")
    world.judge("gw000", State.RETURNING)
    world.run(60)
    assert not world.moves
    world.judge("gw000", State.LIVE)
    world.settle()
    assert len(world.moves) == 7 + 7


def test_nothing_is_moved_while_nobody_knows_who_answers() -> None:
    """Nor are backups re-ranked: the next in line may be gone."""
    world = calm(3, 30)
    world.stale = True
    world.now += WARM
    world.add("gw111")
    drain(world, "gw000")
    plans = world.run(60)
    assert not world.moves
    reasons = {change.reason for plan in plans for change in plan.changes}
    assert Reason.REBALANCE not in reasons
    world.stale = False
    world.settle()
    assert held(world, "gw000") == []


def test_what_is_to_be_repaired_comes_first() -> None:
    world = calm(6, 12)
    world.now += WARM
    drain(world, "gw000")
    world.settle()
    drain(world)
    world.port("new")
    plan = world.step()
    assert {change.reason for change in plan.changes} <= {
        Reason.NEW,
        Reason.REPAIR,
    }


@pytest.mark.parametrize(
    "guard",
    [Guard.STARTUP, Guard.MASS_FAILURE, Guard.ISOLATION, Guard.PAUSE],
)
def test_while_a_guard_is_on_nothing_at_all_is_moved(guard: Guard) -> None:
    world = calm(6, 30)
    drain(world, "gw000")
    if guard is Guard.PAUSE:
        world.intents = replace(world.intents, paused=True)
    else:
        world.guards = {guard: "because"}
    plans = world.run(30)
    assert not any(plan.changes for plan in plans)
    assert plans[-1].guards.keys() == {guard}
    assert plans[-1].guards[guard]
    assert plans[-1].deferred.keys() == {guard}
    assert not plans[-1].is_done
    world.guards, world.intents = {}, replace(world.intents, paused=False)
    world.settle()
    assert listed(world, "gw000") == []


def test_excluded_ports_stay_whatever_is_asked() -> None:
    world = calm(3, 9)
    name = held(world, "gw000")[0]
    before = world.units[name] = replace(
        world.units[name], excluded="by configuration"
    )
    drain(world, "gw000")
    pin(world, **{name: "gw001"})
    world.settle()
    assert world.units[name] == before
    assert held(world, "gw000") == [name]
    assert world.plan.refusals == ()
