# SPDX-License-Identifier: Apache-2.0
"""Who is near whom on the ring, and how few that changes for."""

from __future__ import annotations

from itertools import combinations

import pytest

from gwsched.model import Chassis
from gwsched.schedulers import Pool
from tests.unit.placing import names, pool, zoned


def apart(among: Pool, one: str, other: str) -> int:
    """Return how many steps two are from each other on the ring."""
    steps = abs(among.ring.index(one) - among.ring.index(other))
    return min(steps, len(among.ring) - steps)


def neighbours(among: Pool) -> dict[str, set[str]]:
    return {name: {*among.near((name,))} - {name} for name in among.names}


def test_a_pool_is_sorted_whatever_it_is_made_of() -> None:
    assert pool(["c", "a", "b"]).names == ("a", "b", "c")
    assert pool(["b", "c", "a"]).ring == pool(["a", "b", "c"]).ring


def test_the_ring_has_everybody_once_and_in_no_obvious_order() -> None:
    among = pool(names(40))
    assert sorted(among.ring) == sorted(names(40))
    assert list(among.ring) != sorted(among.ring)


def test_without_a_bound_everybody_is_near() -> None:
    among = pool(names(10))
    for above in ((), ("gw1",), ("gw1", "gw2", "gw3")):
        assert among.near(above) == among.ring
        assert among.members_near(above) == {*names(10)} - {*above}


@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_only_so_many_are_near_as_the_width_says(width: int) -> None:
    among = pool(names(40), width)
    for name in among.names:
        near = among.members_near((name,))
        assert len(near) == width
        assert name not in near
        assert all(apart(among, name, n) <= width // 2 for n in near)


@pytest.mark.parametrize("width", [1, 3, 7, 9, 15])
def test_an_odd_width_is_not_exceeded_either(width: int) -> None:
    among = pool(names(40), width)
    for name in among.names:
        assert len(among.members_near((name,))) <= max(width, 2)


def test_who_comes_next_is_near_all_above() -> None:
    among = pool(names(40), 8)
    for place, name in enumerate(among.ring):
        far = among.ring[(place + 4) % 40]
        near = among.members_near((name, far))
        assert near == {among.ring[(place + i) % 40] for i in (1, 2, 3)}
        assert all(
            apart(among, one, other) <= 4
            for one, other in combinations((*near, name, far), 2)
        )


def test_to_be_near_goes_both_ways() -> None:
    among = neighbours(pool(names(40), 8))
    assert all(a in among[b] for a, found in among.items() for b in found)


def test_where_nobody_is_near_all_above_depth_comes_first() -> None:
    among = pool(names(40), 2)
    one, other = among.ring[0], among.ring[1]
    assert among.near((one, other)) == among.ring
    assert among.members_near((one, other)) == {*names(40)} - {one, other}


@pytest.mark.parametrize("size", [3, 8, 9])
def test_a_bound_that_all_keep_anyway_changes_nothing(size: int) -> None:
    assert pool(names(size), 8).near(("gw0",)) == pool(names(size)).ring


@pytest.mark.parametrize(("size", "near"), [(32, 31), (33, 16), (100, 16)])
def test_by_itself_the_width_is_bounded_above_32_gateways(
    size: int, near: int
) -> None:
    assert len(pool(names(size), -1).members_near(("gw0",))) == near


def test_who_is_above_but_not_in_the_pool_has_its_place_all_the_same() -> None:
    whole = pool(names(40), 8)
    one, gone = whole.ring[3], whole.ring[5]
    left = pool([name for name in names(40) if name != gone], 8)
    near = left.members_near((one, gone))
    assert whole.members_near((one, gone)) <= near < left.members_near((one,))


def test_the_width_is_kept_beside_a_primary_that_gets_nothing_new() -> None:
    """A cordoned primary is not in the pool; its lists are filled up too."""
    whole = pool(names(40), 8)
    for gone in names(40):
        left = pool([name for name in names(40) if name != gone], 8)
        assert left.members_near((gone,)) == whole.members_near((gone,))


@pytest.mark.parametrize("width", [4, 8, 16])
def test_who_comes_or_goes_changes_the_neighbours_of_few(width: int) -> None:
    """Each change of a neighbour is a list to rewrite and BFD to set up."""
    whole = neighbours(pool(names(50), width))
    for gone in names(50):
        left = neighbours(pool([n for n in names(50) if n != gone], width))
        changed = {n for n in left if left[n] != whole[n]}
        assert changed == whole[gone]
        for name in changed:
            assert whole[name] - left[name] == {gone}
            assert len(left[name] - whole[name]) == 1


# -- zones --


def test_a_pool_is_zoned_where_not_all_are_in_the_same() -> None:
    assert not pool("ab").zoned
    assert not zoned(a="east", b="east").zoned
    assert zoned(a="east", b="west").zoned
    assert zoned(a="east", b="").zoned


def test_the_zones_above_are_of_all_who_are_known() -> None:
    among = zoned(a="east", b="west south", c="")
    assert among.zones(()) == frozenset()
    assert among.zones(("a", "b", "c", "gone")) == {"east", "west", "south"}


@pytest.mark.parametrize(
    ("name", "used", "same"),
    [
        ("a", "east", True),
        ("a", "west", False),
        ("b", "west", False),
        ("b", "west south", True),
        ("c", "", True),
    ],
)
def test_a_chassis_that_adds_no_zone_is_in_the_same(
    name: str, used: str, same: bool
) -> None:
    among = zoned(a="east", b="west south", c="")
    assert among.same_zone(name, frozenset(used.split())) is same


def test_without_zones_nobody_is_in_the_same() -> None:
    assert not pool("ab").same_zone("a", frozenset())


def test_a_pool_knows_its_chassis() -> None:
    row = Chassis("a", capacity=3)
    assert Pool([row]).chassis == {"a": row}
    assert Pool([row]).members == {"a"}
