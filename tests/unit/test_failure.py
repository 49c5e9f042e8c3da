# SPDX-License-Identifier: Apache-2.0
"""What a failure leaves, and what is said of it."""

from __future__ import annotations

from tests.world import World

ONE = frozenset({"az1"})


def lists(world: World) -> None:
    """Three gateways whose ports all have the same two in the end."""
    for i in range(12):
        first, second, third = [
            ("a", "b", "c"),
            ("b", "a", "c"),
            ("c", "a", "b"),
        ][i % 3]
        world.port(f"lrp{i:02}")
        world.write(f"lrp{i:02}", first, second, third)


def whys(world: World) -> list[str]:
    return [change.why for change in world.look().changes]


def test_one_zone_and_computes_without_any_are_no_zones() -> None:
    """A compute node is in no list: its zone, or none, means nothing."""
    world = World()
    world.add("a", "b", "c", zones=ONE)
    world.add("hv1", is_gateway=False)
    lists(world)
    found = whys(world)
    assert found
    assert not [why for why in found if "zone" in why]


def test_the_reason_names_a_zone_only_where_zones_differ() -> None:
    world = World()
    world.add("a", "b", zones=ONE)
    world.add("c", zones=frozenset({"az2"}))
    lists(world)
    found = whys(world)
    assert [w for w in found if "c is in another zone and b is not" in w]
    assert not [
        w for w in found if "b is in another zone" in w and "a to" in w
    ]
