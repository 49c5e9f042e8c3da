# SPDX-License-Identifier: Apache-2.0
"""In a large fleet lists stay among neighbours, whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Change, Policy, Reason, State
from gwsched.model import frozen_map
from gwsched.schedulers import Pool
from gwsched.sharing.layered import Layered
from tests.unit.placing import mates
from tests.world import World, fleet

WIDTH = 8


def bounded(ports: int = 80, **options: object) -> World:
    """Forty gateways, of which each may share lists with eight, at rest."""
    known = {"moves_per_minute": 600, "scatter_width": WIDTH, **options}
    world = fleet(40, ports, policy=Policy(**known))  # type: ignore[arg-type]
    world.settle()
    assert widest(world) <= WIDTH
    return world


def widest(world: World) -> int:
    """Return with how many others the widest spread one shares lists."""
    return max(len(them) for them in mates(world.orders).values())


def far(world: World, name: str) -> str:
    """Return the chassis on the other side of the ring from a primary."""
    ring = Pool(world.chassis.values()).ring
    primary = world.units[name].order[0]
    return ring[(ring.index(primary) + 20) % 40]


def strayed(world: World, name: str) -> str:
    """Let one backup of a list of ours be far away."""
    stranger = far(world, name)
    *order, _ = world.units[name].order
    world.write(name, *order, stranger)
    world.look()
    lists = {n: unit.candidates for n, unit in world.units.items()}
    rivals = replace(world.past.rivals, ours=Layered(lists), feuds={})
    world.past = replace(world.past, rivals=rivals)
    return stranger


def gathered(world: World, name: str) -> list[Change]:
    return [c for c in world.look().changes if c.unit.name == name]


def test_a_backup_that_is_far_away_is_replaced_by_a_neighbour() -> None:
    world = bounded()
    stranger = strayed(world, "lrp00000")
    (change,) = gathered(world, "lrp00000")
    assert change.reason is Reason.REBALANCE
    assert change.after[:4] == change.unit.order[:4]
    assert stranger not in change.after
    assert change.why.startswith(f"{stranger} would widen the BFD mesh")
    world.settle()
    assert widest(world) <= WIDTH
    assert not world.interrupted


def test_a_list_that_somebody_else_has_made_is_left_as_it_is() -> None:
    world = bounded()
    strayed(world, "lrp00000")
    world.past = replace(
        world.past, rivals=replace(world.past.rivals, ours=Layered())
    )
    assert not gathered(world, "lrp00000")


@pytest.mark.parametrize(
    "facts", [{"in_force": False}, {"excluded": "by pattern"}]
)
def test_some_lists_are_left_alone(facts: dict[str, object]) -> None:
    world = bounded()
    strayed(world, "lrp00000")
    world.units["lrp00000"] = replace(
        world.units["lrp00000"],
        **facts,  # type: ignore[arg-type]
    )
    assert not gathered(world, "lrp00000")


def test_who_holds_the_port_is_not_replaced() -> None:
    world = bounded()
    stranger = strayed(world, "lrp00000")
    unit = world.units["lrp00000"]
    (port,) = unit.ports
    world.units["lrp00000"] = replace(
        unit, ports=(replace(port, holder=stranger),)
    )
    assert not gathered(world, "lrp00000")


@pytest.mark.parametrize(
    "state", [State.SUSPECT, State.UNKNOWN, State.RETURNING]
)
def test_who_is_near_stays_though_it_may_get_nothing_new(state: State) -> None:
    world = bounded()
    chassis = world.units["lrp00000"].order[2]
    world.judge(chassis, state)
    before = dict(world.units)
    world.run(30)
    assert world.units == before


def test_who_is_near_stays_though_it_is_cordoned() -> None:
    world = bounded()
    chassis = world.units["lrp00000"].order[2]
    world.intents = replace(world.intents, cordoned=frozenset({chassis}))
    before = dict(world.units)
    world.run(30)
    assert world.units == before


def test_in_a_small_fleet_nothing_is_far_away() -> None:
    world = fleet(20, 40, policy=Policy(scatter_width=-1))
    world.settle()
    assert widest(world) > WIDTH
    assert not world.look().changes


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_where_lists_are_too_deep_for_the_width_there_is_an_end(
    width: int,
) -> None:
    world = fleet(12, 24, policy=Policy(scatter_width=width))
    world.settle(most=30)
    assert {len(order) for order in world.orders} == {5}
    world.add("gw999")
    world.settle(most=300)
    assert not world.look().changes


def test_a_pin_to_who_is_far_away_is_followed() -> None:
    """It is brought in first, where it must be let grow warm."""
    world = bounded()
    wanted = far(world, "lrp00000")
    world.intents = replace(
        world.intents, pins=frozen_map({"lrp00000": wanted})
    )
    world.run(120)
    assert world.units["lrp00000"].holder == wanted
    world.settle(most=300)
    assert widest(world) <= WIDTH
    assert world.interrupted["lrp00000"] == 1


def test_a_gateway_that_is_added_is_filled_and_the_mesh_stays_small() -> None:
    world = bounded(160)
    world.add("new")
    world.settle(most=300)
    assert world.loads()["new"] == 3  # 160 on 41
    assert len(world.moves) == 3
    assert widest(world) <= WIDTH


def test_an_uneven_fleet_is_evened_out_and_the_mesh_stays_small() -> None:
    world = bounded()
    for name in ("lrp00000", "lrp00001", "lrp00002", "lrp00003"):
        world.kill(world.units[name].order[0])
        world.run(60)
    world.settle(most=300)
    assert widest(world) <= WIDTH
    loads = world.loads().values()
    assert max(loads) <= 4


def test_a_drained_chassis_leaves_a_small_mesh() -> None:
    world = bounded()
    drained = world.units["lrp00000"].order[0]
    world.intents = replace(world.intents, draining=frozenset({drained}))
    world.settle(most=300)
    assert drained not in mates(world.orders)
    assert widest(world) <= WIDTH
