# SPDX-License-Identifier: Apache-2.0
"""Of lists of one only the first is filled up at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from gwsched.decisions import Policy, Rebalance, State
from tests.world import World

PORTS = ("p1", "p2", "p3")
HOSTS = ("hv1",)
# Twice what BFD needs: then it is up.
WARM = 6.0


@pytest.fixture
def world() -> World:
    """gw1 alone has three ports, gw2 has just come."""
    world = World(Policy(rebalance=Rebalance.OFF, scatter_width=0))
    world.add("gw1", "hv1", "hv2")
    for name in ("hv1", "hv2"):
        flag(world, name, is_gateway=False)
    flag(world, "gw1", is_gateway=True)
    for name in PORTS:
        world.port(name)
        world.write(name, "gw1", references=frozenset(HOSTS))
    world.run(2)
    world.add("gw2", is_gateway=True)
    return world


def flag(world: World, name: str, *, is_gateway: bool) -> None:
    found = replace(world.chassis[name], is_gateway=is_gateway)
    world.chassis[name] = found


def behind(world: World, name: str, hosts: Iterable[str]) -> None:
    """Let a port's computes be others."""
    unit = world.units[name]
    world.units[name] = replace(unit, references=frozenset(hosts))


def full(world: World) -> list[str]:
    return [name for name in PORTS if len(world.units[name].order) == 2]


def lists(world: World) -> set[tuple[str, ...]]:
    return {world.units[name].order for name in PORTS}


def test_one_pays_and_the_others_wait_until_tunnels_are_warm(
    world: World,
) -> None:
    world.run(WARM)
    assert full(world) == ["p1"]
    world.run(2)
    assert lists(world) == {("gw1", "gw2")}


def test_all_wait_while_nobody_knows_who_answers(world: World) -> None:
    world.stale = True
    world.run(2)
    assert full(world) == []
    world.stale = False
    world.step()
    assert full(world) == ["p1"]


def test_those_behind_other_computes_gain_nothing_by_waiting(
    world: World,
) -> None:
    behind(world, "p3", ["hv2"])
    world.step()
    assert full(world) == ["p1", "p3"]


def test_where_tunnels_are_warm_nobody_waits(world: World) -> None:
    """Another list has gw1 and the same compute, whoever is first there."""
    world.port("other")
    world.write("other", "gw2", "gw1", references=frozenset(HOSTS))
    world.judge("gw2", State.RETURNING)
    world.run(WARM + 1)
    assert full(world) == []
    world.judge("gw2", State.LIVE)
    world.step()
    assert full(world) == [*PORTS]


def test_nobody_waits_for_whom_somebody_else_holds_back(world: World) -> None:
    world.run(1)
    assert full(world) == ["p1"]
    world.write("p1", "gw1")
    world.step()
    assert full(world) == ["p2"]


def test_who_carries_nothing_goes_first(world: World) -> None:
    """It pays nothing, and warms up the tunnels of the others."""
    world.port("new")
    world.deaf.add("gw1")
    world.write("new", "gw1", references=frozenset(HOSTS))
    world.step()
    assert world.units["new"].order == ("gw1", "gw2")
    assert full(world) == []


def test_the_dead_keep_a_place_beside_a_single_one(world: World) -> None:
    """So there is no list of one, and no cold tunnel when one comes."""
    world.run(2 * WARM)
    world.kill("gw2", stays=True)
    world.run(100)
    assert lists(world) == {("gw1", "gw2")}
    world.add("gw3", is_gateway=True)
    world.step()
    assert lists(world) == {("gw1", "gw3")}


def test_but_not_where_nobody_vouches_for_who_is_left(world: World) -> None:
    for name in PORTS:
        behind(world, name, [])
    world.run(2 * WARM)
    world.kill("gw2", stays=True)
    world.run(100)
    assert lists(world) == {("gw1",)}


def test_nor_those_that_are_gone_for_good(world: World) -> None:
    world.run(2 * WARM)
    world.kill("gw2")
    world.run(100)
    assert lists(world) == {("gw1",)}
