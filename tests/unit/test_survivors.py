# SPDX-License-Identifier: Apache-2.0
"""What survivors inherit, and what of it counts as uneven."""

from __future__ import annotations

import pytest

from gwsched.placement.failure import Failure, Fleet
from gwsched.placement.scene import Scene
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.world import World

LISTS = [
    ("lrp0", "abc"),
    ("lrp1", "abc"),
    ("lrp2", "acb"),
    ("lrp3", "bac"),
    ("lrp4", "cba"),
]


def world(**zones: str) -> World:
    """Three gateways and five ports; the zones are words in a string."""
    found = World()
    for name in "abc":
        words = zones.get(name, "")
        found.add(name, zones=frozenset(words.split()))
    for port, order in LISTS:
        found.port(port)
        found.write(port, *order)
    return found


def fleet(found: World) -> Fleet:
    """What its lists say, all second ranks being final."""
    scene = Scene(
        found.snapshot,
        found.health,
        LeastLoaded(),
        found.policy,
        found.past,
        found.now,
    )
    orders = {unit.name: unit.order for unit in scene.units}
    made = Fleet(scene, scene.units, orders)
    made.inherit(scene.units, orders)
    return made


def test_survivors_carry_their_own_and_what_they_inherit() -> None:
    one = Failure(fleet(world()), ("a",))
    assert one.loads({"b": 2, "c": 1}) == {"b": 3, "c": 2}
    assert one.standing("b") == 1


def test_after_two_failures_the_seconds_of_both_count() -> None:
    two = Failure(fleet(world()), ("a", "c"))
    # Its own, both of a's that have it second, and the one of c's.
    assert two.standing("b") == 1 + 2 + 1


@pytest.mark.parametrize(
    ("failed", "load", "fine"),
    [
        ("a", 2, True),  # 5 on 2 are 2.5: 3 is as even as it gets
        ("a", 3, True),
        ("a", 4, False),
        ("ab", 5, True),
        ("ab", 6, False),
    ],
)
def test_fine_is_what_nobody_can_better(
    failed: str, load: int, fine: bool
) -> None:
    failure = Failure(fleet(world()), tuple(failed))
    assert failure.is_fine("c", load) is fine


def test_fine_is_also_what_somebody_carries_in_any_case() -> None:
    found = world()
    for i in range(6):
        found.port(f"more{i}")
        found.write(f"more{i}", "b", "a", "c")
    failure = Failure(fleet(found), ("a",))
    # b carries 7 whoever inherits from a; the even share would be 5.5.
    assert failure.is_fine("c", 7)
    assert not failure.is_fine("c", 8)


def test_what_somebody_unknown_would_carry_is_not_our_business() -> None:
    failure = Failure(fleet(world()), ("a",))
    assert failure.is_fine("gone", 100)
    assert not failure.is_past("gone", 100)


def test_a_chassis_in_the_zone_of_the_failed_is_never_fine() -> None:
    failure = Failure(fleet(world(a="x", b="x", c="y")), ("a",))
    assert not failure.is_fine("b", 0)
    assert failure.is_fine("c", 3)


def test_without_several_zones_zones_do_not_count() -> None:
    failure = Failure(fleet(world(a="x", b="x", c="x")), ("a",))
    assert failure.is_fine("b", 3)


@pytest.mark.parametrize(
    ("load", "past"), [(3, False), (4, False), (5, True), (6, True)]
)
def test_past_the_threshold_is_what_is_two_and_a_part_too_much(
    load: int, past: bool
) -> None:
    failure = Failure(fleet(world()), ("a",))
    assert failure.is_past("b", load) is past


def test_a_chassis_that_may_host_nothing_is_past_nothing() -> None:
    found = world()
    found.add("hv1", is_gateway=False)
    failure = Failure(fleet(found), ("a",))
    assert not failure.is_past("hv1", 100)
    assert failure.is_fine("b", 3)  # and has no part in the even share


def test_capacity_counts_for_what_is_even() -> None:
    found = World()
    found.add("a", "b")
    found.add("big", capacity=3)
    for i in range(8):
        found.port(f"lrp{i}")
        found.write(f"lrp{i}", "a", "b", "big")
    failure = Failure(fleet(found), ("a",))
    assert failure.is_fine("b", 2)
    assert not failure.is_fine("b", 3)
    assert failure.is_fine("big", 6)
    assert not failure.is_fine("big", 7)


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        ("a", "were a to fail, b would carry 3 and c 1; now 2 and 2"),
        ("ad", "were a and d to fail, b would carry 3 and c 1; now 2 and 2"),
    ],
)
def test_what_is_gained_is_said_in_numbers(failed: str, words: str) -> None:
    failure = Failure(fleet(world()), tuple(failed))
    assert failure.gain("b", "c", {"b": 3, "c": 1}, {"b": 2, "c": 2}) == words


def test_a_better_zone_is_said_to_be_one() -> None:
    failure = Failure(fleet(world(a="x", b="x", c="y")), ("a",))
    gain = failure.gain("b", "c", {"b": 1, "c": 1}, {"b": 0, "c": 2})
    assert gain == "were a to fail, c is in another zone and b is not"


def test_one_port_weighs_less_where_there_is_more_capacity() -> None:
    found = world(a="x", b="x", c="y")
    found.add("big", capacity=4, zones=frozenset({"y"}))
    scale = Failure(fleet(found), ("a",)).scale
    assert scale["c"] == 1
    assert scale["b"] > 1
    assert scale["big"] == 1 / 4
