# SPDX-License-Identifier: Apache-2.0
"""When primaries are evened out, how far, and by how many moves."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import pytest

from gwsched.decisions import Guard, Plan, Policy, Reason, Rebalance, State
from gwsched.model import Intents, frozen_map
from gwsched.placement.balance import Balance
from gwsched.placement.scene import Scene
from gwsched.planner import plan
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.world import World, fleet

SIZES = pytest.mark.parametrize(
    ("chassis", "ports"), [(3, 60), (6, 60), (10, 200)]
)
DMZ = frozenset({"dmz"})
BOTH = DMZ | {"public"}


def policy(**options: object) -> Policy:
    known = {"moves_per_minute": 600, "scatter_width": 0, **options}
    return Policy(**known)  # type: ignore[arg-type]


def loaded(*loads: int, **options: object) -> World:
    """A world of chassis a, b, .. that hold so many ports, just now begun."""
    world = World(policy(**options))
    names = "abcdefgh"[: len(loads)]
    world.add(*names)
    number = 0
    for place, (name, load) in enumerate(zip(names, loads, strict=True)):
        others = names[place + 1 :] + names[:place]
        for turn in range(load):
            port = f"lrp{number:04}"
            shift = turn % len(others) if others else 0
            world.port(port)
            backups = (others[shift:] + others[:shift])[:4]
            world.write(port, name, *backups)
            number += 1
    return world


def even(world: World) -> bool:
    loads = world.loads().values()
    return max(loads) - min(loads) <= 1


def best(world: World) -> int:
    """Return the least possible worst load after a failure of one."""
    return math.ceil(len(world.units) / (len(world.chassis) - 1))


def surplus(world: World) -> int:
    """Return the least number of moves that make the primaries even."""
    loads = sorted(world.loads().values())
    low, more = divmod(sum(loads), len(loads))
    aims = [low] * (len(loads) - more) + [low + 1] * more
    pairs = zip(loads, aims, strict=True)
    return sum(max(0, load - aim) for load, aim in pairs)


# -- when it begins --


@pytest.mark.parametrize(
    ("loads", "moves"),
    [
        ((3, 2), 0),
        ((3, 3, 2), 0),
        ((5, 3), 0),  # 1 above 4 and 1 below
        ((6, 2), 2),
        ((3, 0), 0),
        ((4, 0), 2),
        ((22, 20, 18), 0),  # 2 of 20 are 10 %, not more
        ((23, 20, 17), 3),
        ((33, 30, 27), 0),
        ((34, 30, 26), 4),
        ((26, 20, 20, 20, 20, 20), 5),  # one is above
        ((14, 20, 20, 20, 20, 20), 5),  # one is below
        ((0, 20, 20, 20, 20, 20), 16),
        ((100, 92), 0),
    ],
)
def test_only_past_the_threshold_and_then_until_all_is_even(
    loads: tuple[int, ...], moves: int
) -> None:
    world = loaded(*loads)
    world.settle()
    assert len(world.moves) == moves
    assert sum(world.interrupted.values()) == moves
    assert even(world) or not moves
    assert world.plan.is_done


@pytest.mark.parametrize(
    ("threshold", "loads", "moves"),
    [
        (0.0, (5, 3), 0),
        (0.0, (102, 98), 2),
        (0.5, (6, 2), 0),
        (0.5, (7, 1), 3),
        (10.0, (50, 0), 0),
    ],
)
def test_the_threshold_is_a_part_of_the_even_share(
    threshold: float, loads: tuple[int, ...], moves: int
) -> None:
    world = loaded(*loads, threshold=threshold)
    world.settle()
    assert len(world.moves) == moves


def test_it_goes_on_below_the_threshold_once_it_has_begun() -> None:
    world = loaded(26, 14)
    world.settle()
    assert world.loads() == {"a": 20, "b": 20}
    assert len(world.moves) == 6


def test_it_says_that_it_is_under_way_and_what_is_even() -> None:
    world = loaded(26, 14, moves_per_minute=1)
    first = world.run(30)
    assert all(plan.uneven for plan in first)
    (move,) = [c for p in first for c in p.changes if c.is_move]
    assert move.reason is Reason.REBALANCE
    assert move.why == "a carries 26, b 14; 20 and 20 are even"
    world.settle()
    assert not world.plan.uneven


def test_ports_move_rather_that_have_the_chassis_in_their_list() -> None:
    """The others would first have to let it grow warm."""
    world = loaded(0, 2, 4, max_candidates=2)
    for i in range(6):
        world.port(f"port{i}")
        world.write(f"port{i}", "a", "b" if i in (1, 4) else "c")
    world.look()
    scene = Scene(
        world.snapshot,
        world.health,
        LeastLoaded(),
        world.policy,
        world.past,
        world.now,
    )
    targets = Balance(scene, scene.units).targets()
    assert {t.unit.name for t in targets} == {"port1", "port4"}
    assert {t.chassis for t in targets} == {"b"}


def test_below_the_threshold_it_does_not_go_on_after_a_restart() -> None:
    world = loaded(6, 2, moves_per_minute=1)
    world.run(30)
    assert len(world.moves) == 1
    world.past = type(world.past)()
    world.settle()
    assert len(world.moves) == 1
    assert world.loads() == {"a": 5, "b": 3}


# -- who may ask for it --


def test_when_asked_it_is_evened_out_below_the_threshold_too() -> None:
    world = loaded(5, 3, rebalance=Rebalance.MANUAL)
    world.settle()
    assert not world.moves
    world.intents = Intents(rebalance=True)
    world.settle()
    assert len(world.moves) == 1
    assert even(world)
    assert not world.intents.rebalance  # done, and so asked for no more


def test_in_manual_mode_it_is_evened_out_only_when_asked() -> None:
    world = loaded(12, 0, 0, rebalance=Rebalance.MANUAL)
    world.settle()
    assert not world.moves
    assert not world.plan.uneven
    world.intents = Intents(rebalance=True)
    world.settle()
    assert len(world.moves) == 8
    world.add("z")
    world.settle()
    assert len(world.moves) == 8


@pytest.mark.parametrize("asked", [False, True])
def test_switched_off_nothing_is_evened_out(asked: bool) -> None:
    world = loaded(12, 0, rebalance=Rebalance.OFF)
    world.intents = Intents(rebalance=asked)
    world.settle()
    assert not world.moves
    assert not world.intents.rebalance


def test_it_ends_when_it_is_switched_off_on_the_way() -> None:
    world = loaded(20, 0, moves_per_minute=6)
    world.run(30)
    moved = len(world.moves)
    assert moved > 1
    world.policy = replace(world.policy, rebalance=Rebalance.MANUAL)
    world.settle()
    assert len(world.moves) == moved
    assert not world.plan.uneven


def test_where_the_scheduler_does_not_balance_nothing_is_evened_out() -> None:
    world = loaded(12, 0)
    world.scheduler = Chance()
    world.intents = Intents(rebalance=True)
    world.settle()
    assert not world.moves
    assert sum(world.written) == 0


def asked_in_vain(world: World) -> Plan:
    """Ask for an evening out in a world in which it cannot begin yet."""
    world.policy = replace(world.policy, rebalance=Rebalance.MANUAL)
    world.intents = Intents(rebalance=True)
    world.run(10)
    assert not world.moves
    return world.plan


@pytest.mark.parametrize("guard", [Guard.STARTUP, Guard.ISOLATION])
def test_what_was_asked_for_is_not_done_while_a_guard_is_on(
    guard: Guard,
) -> None:
    """A daemon that starts knows of nobody whether it is alive."""
    world = loaded(20, 10, 10, 10, 10, 10)
    for name in world.chassis:
        world.judge(name, State.UNKNOWN)
    world.guards = {guard: "0 of 6 have answered"}
    assert not asked_in_vain(world).is_done
    world.guards = {}
    for name in world.chassis:
        world.judge(name, State.LIVE)
    world.settle()
    assert len(world.moves) == surplus(loaded(20, 10, 10, 10, 10, 10))


def test_what_was_asked_for_is_not_done_while_a_gateway_returns() -> None:
    world = loaded(20, 10, 10, 10, 10, 10)
    world.judge("f", State.RETURNING)
    assert not asked_in_vain(world).is_done
    world.judge("f", State.LIVE)
    world.settle()
    assert even(world)


# -- what is even where not all are alike --


def test_who_can_carry_more_gets_more() -> None:
    world = loaded(20, 20)
    world.add("big", capacity=4)
    world.settle()
    assert abs(world.loads()["big"] - 27) <= 1
    assert len(world.moves) == world.loads()["big"]


def test_heavy_ports_count_as_several() -> None:
    world = loaded(0, 12)
    for i in range(2):
        world.port(f"heavy{i}", weight=6)
        world.write(f"heavy{i}", "a", "b")
    world.settle()
    assert not world.moves
    world.add("c")
    world.settle()
    assert max(world.loads().values()) <= 10
    assert min(world.loads().values()) >= 6


def test_a_new_heavy_port_need_not_be_moved_at_once() -> None:
    world = World(policy())
    world.add("big", capacity=4)
    world.add("small")
    for i in range(9):
        world.port(f"lrp{i}")
        world.write(f"lrp{i}", *(["big", "small"] if i else ["small", "big"]))
    world.settle()
    assert not world.moves
    world.port("heavy", weight=10)
    world.settle()
    assert "heavy" not in {name for _, name, _ in world.moves}


def test_what_limits_make_uneven_is_left_alone() -> None:
    world = World(policy())
    world.add("only", physical_networks=DMZ)
    world.add("a", "b")
    for i in range(12):
        world.port(f"dmz{i}", physical_networks=DMZ)
    for i in range(4):
        world.port(f"lrp{i}")
    world.settle()
    assert world.loads() == {"only": 12, "a": 2, "b": 2}
    assert not world.moves
    assert world.plan.is_done


def test_a_port_is_passed_on_to_make_room_for_one_that_is_bound() -> None:
    world = World(policy())
    world.add("a", physical_networks=DMZ)
    world.add("b", physical_networks=BOTH)
    world.add("c")
    for i in range(12):
        world.port(f"dmz{i:02}", physical_networks=DMZ)
        world.write(f"dmz{i:02}", "a", "b")
    for i in range(6):
        world.port(f"lrp{i:02}")
        world.write(f"lrp{i:02}", "b", "c")
    world.settle()
    assert world.loads() == {"a": 6, "b": 6, "c": 6}
    assert len(world.moves) == 12


def test_under_limits_new_ports_are_placed_so_that_none_need_be_moved() -> (
    None
):
    for seed in range(60):
        lots = random.Random(seed)
        world = World(policy())
        for i in range(lots.randrange(2, 7)):
            nets = lots.sample(sorted(BOTH), lots.randrange(1, 3))
            world.add(f"gw{i}", physical_networks=frozenset(nets))
        for i in range(lots.randrange(40)):
            net = lots.choice(sorted(BOTH))
            world.port(f"lrp{i}", physical_networks=frozenset({net}))
        world.settle()
        assert not world.moves, seed
        assert world.plan.is_done, seed


def test_excluded_ports_are_counted_but_never_moved() -> None:
    world = loaded(12, 4, 2)
    mine = [name for name, u in world.units.items() if u.holder == "a"]
    for name in mine[:10]:
        world.units[name] = replace(world.units[name], excluded="by pattern")
    before = {name: world.units[name] for name in mine[:10]}
    world.settle()
    assert {name: world.units[name] for name in before} == before
    assert world.loads() == {"a": 10, "b": 4, "c": 4}
    assert world.plan.is_done


def test_a_list_that_northd_has_yet_to_carry_over_is_counted_only() -> None:
    world = loaded(12, 0, rebalance=Rebalance.MANUAL)
    world.run(10)
    for name, unit in world.units.items():
        world.units[name] = replace(unit, in_force=False)
    world.intents = Intents(rebalance=True)
    world.run(30)
    assert not world.moves


def test_what_is_held_by_a_suspect_is_counted_only() -> None:
    world = loaded(20, 4, 0)
    world.judge("a", State.SUSPECT)
    world.settle()
    assert world.loads() == {"a": 20, "b": 2, "c": 2}


def test_backups_of_one_that_may_be_deaf_stay_as_they_are() -> None:
    """A newcomer that comes next would not see it, and would claim."""
    world = World(Policy(moves_per_minute=60, scatter_width=0))
    world.add("a", "b", "c")
    for name in ("p1", "p2", "p3", "p4"):
        world.port(name)
        world.write(name, "a", "b", "c")
    world.judge("a", State.UNKNOWN)
    world.owing = {"a"}
    world.settle()
    assert {unit.order[1] for unit in world.units.values()} == {"b"}
    world.owing = set()
    world.settle()
    assert {unit.order[1] for unit in world.units.values()} == {"b", "c"}


# -- ports of one router --


def routers(world: World) -> dict[str, Counter[str]]:
    """Count, for each router, the primaries of its ports."""
    found: dict[str, Counter[str]] = {}
    for unit in world.units.values():
        router = unit.ports[0].router
        if router and unit.order:
            found.setdefault(router, Counter())[unit.order[0]] += 1
    return found


def together(world: World) -> list[str]:
    """Return the routers that have two ports on one chassis."""
    return [r for r, on in routers(world).items() if max(on.values()) > 1]


@pytest.mark.parametrize("ports", [1, 2, 3])
def test_the_ports_of_a_new_router_get_different_primaries(
    ports: int,
) -> None:
    world = World(policy())
    world.add("a", "b", "c")
    for router in range(12):
        for i in range(ports):
            world.port(f"lrp{router:02}{i}", router=f"router{router}")
    world.settle()
    assert together(world) == []
    assert not world.moves
    assert even(world)


@pytest.mark.parametrize(
    "sizes", [(3, 1, 2, 3, 3), (3, 2, 1, 3, 3), (3, 3, 1, 2, 3), (1, 2, 3, 2)]
)
def test_they_do_so_where_routers_have_few_and_many_ports(
    sizes: tuple[int, ...],
) -> None:
    world = World(policy())
    world.add("g0", "g1", "g2")
    number = 0
    for router, size in enumerate(sizes):
        for _ in range(size):
            world.port(f"p{number}", router=f"r{router}")
            number += 1
    world.settle()
    assert together(world) == []
    assert not world.moves


def test_a_further_port_of_a_router_goes_to_another_chassis() -> None:
    world = loaded(2, 3, 3)
    world.port("one", router="r")
    world.write("one", "a", "b", "c")
    world.port("other", router="r")
    world.step()
    assert world.units["other"].order[0] != "a"


def test_more_ports_than_chassis_share_where_they_must() -> None:
    world = World(policy())
    world.add("a", "b")
    for i in range(5):
        world.port(f"lrp{i}", router="r")
    world.settle()
    assert sorted(routers(world)["r"].values()) == [2, 3]
    assert not world.moves
    assert world.plan.is_done


def test_two_that_meet_by_a_failure_are_taken_apart_by_one_move() -> None:
    world = fleet(3, 0, policy=policy())
    for name, order in {
        "one": ("gw000", "gw001", "gw002"),
        "other": ("gw001", "gw000", "gw002"),
    }.items():
        world.port(name, router="r")
        world.write(name, *order)
    world.settle()
    world.kill("gw000")
    world.run(60)
    world.settle()
    assert together(world) == []
    assert len(world.moves) == 1
    assert world.plan.is_done


def test_those_of_two_ports_that_are_pinned_together_stay() -> None:
    world = fleet(3, 0, policy=policy())
    for name in ("one", "other"):
        world.port(name, router="r")
    world.intents = Intents(
        pins=frozen_map({"one": "gw000", "other": "gw000"})
    )
    world.settle()
    assert routers(world)["r"] == {"gw000": 2}
    assert not world.moves


def test_the_one_that_is_not_pinned_makes_way() -> None:
    world = fleet(3, 0, policy=policy())
    for name in ("one", "other"):
        world.port(name, router="r")
        world.write(name, "gw000", "gw001", "gw002")
    world.intents = Intents(pins=frozen_map({"one": "gw000"}))
    world.settle()
    assert world.units["one"].order[0] == "gw000"
    assert world.units["other"].order[0] != "gw000"
    assert len(world.moves) == 1


@pytest.mark.parametrize(
    ("mode", "moves"),
    [(Rebalance.AUTO, 1), (Rebalance.MANUAL, 1), (Rebalance.OFF, 0)],
)
def test_they_are_taken_apart_unless_it_is_switched_off(
    mode: Rebalance, moves: int
) -> None:
    world = fleet(3, 0, policy=policy(rebalance=mode))
    for name in ("one", "other"):
        world.port(name, router="r")
        world.write(name, "gw000", "gw001", "gw002")
    world.settle()
    assert len(world.moves) == moves


def test_one_that_is_pinned_in_vain_makes_no_way() -> None:
    world = fleet(3, 0, policy=policy())
    for name in ("one", "other"):
        world.port(name, router="r")
        world.write(name, "gw000", "gw001", "gw002")
    world.intents = Intents(pins=frozen_map({"one": "gone"}))
    world.settle()
    assert [name for _, name, _ in world.moves] == ["other"]


@pytest.mark.parametrize("number", [6, 9, 12, 15, 18])
def test_evening_out_puts_no_two_of_a_router_together(number: int) -> None:
    world = World(policy())
    world.add("a", "b", "c")
    for router in range(number):
        for i, order in enumerate([("a", "b", "c"), ("b", "a", "c")]):
            world.port(f"lrp{router}{i}", router=f"r{router}")
            world.write(f"lrp{router}{i}", *order)
    world.settle()
    assert together(world) == []
    assert even(world)
    assert len(world.moves) == number * 2 // 3


def test_a_port_that_is_pinned_in_vain_waits_where_it_is() -> None:
    world = loaded(12, 2)
    mine = [name for name, u in world.units.items() if u.holder == "a"]
    world.intents = Intents(pins=frozen_map(dict.fromkeys(mine, "gone")))
    world.settle()
    assert not world.moves
    assert len(world.plan.refusals) == 12


# -- fleets that change --


@SIZES
def test_a_lost_gateway_costs_no_move_and_leaves_all_even(
    chassis: int, ports: int
) -> None:
    world = fleet(chassis, ports, policy=policy())
    world.settle()
    lost = sorted(n for n, u in world.units.items() if u.holder == "gw001")
    world.kill("gw001")
    world.run(60)
    world.settle()
    assert sorted(world.interrupted) == lost
    assert set(world.interrupted.values()) == {1}
    assert not world.moves
    assert even(world)
    assert world.worst(1) == best(world)


@SIZES
def test_a_gateway_that_returns_is_filled_by_its_share_of_moves(
    chassis: int, ports: int
) -> None:
    world = fleet(chassis, ports, policy=policy())
    world.settle()
    world.kill("gw001")
    world.run(60)
    world.settle()
    world.interrupted.clear()
    world.revive("gw001")
    least = surplus(world)
    world.settle()
    assert len(world.moves) == least == ports // chassis
    assert sum(world.interrupted.values()) == least
    assert even(world)
    assert world.worst(1) == best(world)


@SIZES
def test_a_gateway_that_is_added_is_filled_by_its_share_of_moves(
    chassis: int, ports: int
) -> None:
    world = fleet(chassis, ports, policy=policy())
    world.settle()
    world.add("gw999")
    least = surplus(world)
    world.settle()
    assert len(world.moves) == least == ports // (chassis + 1)
    assert {target for _, _, target in world.moves} == {"gw999"}
    assert even(world)
    assert world.worst(1) == best(world)


@SIZES
def test_after_a_rolling_restart_it_is_even_by_the_fewest_moves(
    chassis: int, ports: int
) -> None:
    world = fleet(chassis, ports, policy=policy())
    world.settle()
    for name in sorted(world.chassis):
        world.kill(name)
        world.run(15)
        world.revive(name)
        world.judge(name, State.RETURNING)
        world.run(5)
        world.judge(name, State.LIVE)
    assert not world.moves  # each was back before anything could be evened
    least = surplus(world)
    world.settle()
    assert len(world.moves) == least
    assert even(world)
    assert world.worst(1) == best(world)
    assert all(len(o) == min(chassis, 5) for o in world.orders)


def test_what_is_even_stays_as_it_is() -> None:
    world = fleet(10, 200, policy=policy())
    world.settle()
    before = dict(world.units)
    written = sum(world.written)
    world.run(60)
    assert world.units == before
    assert sum(world.written) == written
    assert world.plan.is_done


def test_the_order_of_chassis_and_ports_does_not_matter() -> None:
    for seed in range(20):
        lots = random.Random(seed)
        world = loaded(*(lots.randrange(15) for _ in range(6)))
        world.intents = Intents(draining=frozenset({"b"}))
        world.run(7)
        made, seen = world.look(), world.snapshot
        rows = lots.sample(list(seen.chassis.items()), len(seen.chassis))
        units = lots.sample(seen.units, len(seen.units))
        shuffled = replace(
            seen, chassis=frozen_map(dict(rows)), units=tuple(units)
        )
        assert made == plan(
            shuffled,
            world.health,
            world.scheduler,
            world.policy,
            world.now,
            world.past,
        )
