# SPDX-License-Identifier: Apache-2.0
"""``leastloaded``: even, and as even as can be after any failure."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwsched.model import Chassis
from gwsched.schedulers import Ledger, Pool, Request
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.unit.placing import (
    Order,
    ask,
    filled,
    mates,
    names,
    pool,
    ports,
    survivors,
    worst,
    zoned,
)

SIZES = [(2, 5), (3, 60), (3, 61), (6, 60), (10, 200), (10, 1000), (7, 2)]


def placed(among: Pool, number: int) -> list[Order]:
    return list(filled(LeastLoaded(), among, ports(number)).values())


def choose(ledger: Ledger, among: Pool, *above: str) -> str | None:
    return LeastLoaded().choose(Request("lrp", above, among), ledger)


# -- who comes next --


def test_the_primary_is_who_carries_least() -> None:
    ledger = Ledger()
    ledger.add(("a", "b"), weight=2)
    ledger.add(("b", "c"))
    ledger.add(("c", "a"), weight=3)
    assert ask(LeastLoaded(), "abc", (), ledger) == "b"


def test_the_second_is_who_would_carry_least_if_the_primary_failed() -> None:
    ledger = Ledger()
    for order in (("a", "b"), ("a", "b"), ("c", "a")):
        ledger.add(order)
    # b carries nothing now, but would carry two if a failed; c one.
    assert ask(LeastLoaded(), "bc", ("a",), ledger) == "c"


def test_the_third_is_who_would_carry_least_if_both_failed() -> None:
    ledger = Ledger()
    for order in (("a", "b", "c"), ("b", "a", "c"), ("d", "a", "b")):
        ledger.add(order)
    # If a and b failed, c would carry two and d one.
    assert ask(LeastLoaded(), "cd", ("a", "b"), ledger) == "d"


def test_further_down_comes_who_is_in_the_fewest_lists() -> None:
    ledger = Ledger()
    ledger.add(("a", "b", "c", "d"))
    assert ask(LeastLoaded(), "de", ("a", "b", "c"), ledger) == "e"


def test_what_others_left_uneven_is_levelled() -> None:
    ledger = Ledger()
    for _ in range(5):
        ledger.add(("a", "b"))
    orders = filled(LeastLoaded(), pool("abc"), ports(10), 3, ledger)
    assert survivors(orders.values()) == {"b": 5, "c": 5}


# -- even now and after any single failure --


@pytest.mark.parametrize(("chassis", "number"), SIZES)
def test_it_is_even_now(chassis: int, number: int) -> None:
    loads = survivors(placed(pool(names(chassis)), number))
    spread = [loads[name] for name in names(chassis)]
    assert max(spread) - min(spread) <= 1
    assert sum(spread) == number


@pytest.mark.parametrize(("chassis", "number"), SIZES)
def test_after_any_single_failure_it_is_as_even_as_can_be(
    chassis: int, number: int
) -> None:
    orders = placed(pool(names(chassis)), number)
    assert worst(orders, names(chassis)) == math.ceil(number / (chassis - 1))


@given(st.integers(2, 9), st.integers(1, 80))
def test_it_is_as_even_as_can_be_at_any_size(
    chassis: int, number: int
) -> None:
    orders = placed(pool(names(chassis)), number)
    assert max(survivors(orders).values()) == math.ceil(number / chassis)
    assert worst(orders, names(chassis)) == math.ceil(number / (chassis - 1))


@pytest.mark.parametrize(("chassis", "number"), [(6, 60), (10, 200)])
def test_after_any_two_failures_it_is_nearly_even(
    chassis: int, number: int
) -> None:
    orders = placed(pool(names(chassis)), number)
    fleet = names(chassis)
    for one in fleet:
        for other in fleet[: fleet.index(one)]:
            loads = survivors(orders, (one, other))
            assert max(loads.values()) <= math.ceil(number / (chassis - 2)) + 2


@pytest.mark.parametrize("number", [60, 200])
def test_everybody_is_in_about_as_many_lists(number: int) -> None:
    listed = Counter(
        c for order in placed(pool(names(10)), number) for c in order
    )
    even = number * 5 / 10
    assert max(listed.values()) <= 1.2 * even
    assert min(listed[name] for name in names(10)) >= 0.8 * even


# -- capacity and weight --


def test_who_can_carry_more_gets_more() -> None:
    big = Pool([Chassis("a", capacity=2), Chassis("b"), Chassis("c")])
    orders = placed(big, 40)
    assert survivors(orders) == {"a": 20, "b": 10, "c": 10}
    after = survivors(orders, ["b"])
    assert after["a"] == pytest.approx(2 * after["c"], abs=1)


def test_a_heavy_port_counts_as_several() -> None:
    weights = {"lrp-heavy": 10, **ports(20)}
    orders = filled(LeastLoaded(), pool("abc"), weights)
    loads: Counter[str] = Counter()
    for unit, order in orders.items():
        loads[order[0]] += weights[unit]
    assert loads == {"a": 10, "b": 10, "c": 10}


def test_a_heavy_port_goes_where_it_weighs_least() -> None:
    """It is moved by evening out otherwise, as soon as it is placed."""
    ledger = Ledger()
    ledger.add(("big", "small"), weight=8)
    ledger.add(("small", "big"), weight=1)
    among = Pool([Chassis("big", capacity=4), Chassis("small")])
    request = Request("lrp", (), among, weight=10)
    # 18 of 4 are less than 11 of 1.
    assert LeastLoaded().choose(request, ledger) == "big"


# -- zones --


def test_the_second_is_in_another_zone_where_there_are_two() -> None:
    zones = dict.fromkeys(names(5), "east") | dict.fromkeys("abcde", "west")
    orders = placed(zoned(**zones), 200)
    assert all(zones[o[0]] != zones[o[1]] for o in orders)
    assert max(survivors(orders).values()) == 20
    # A failure is inherited by five instead of nine.
    assert worst(orders, zones) <= 24


def test_the_second_is_in_another_zone_of_three_too() -> None:
    zones = {name: "xyz"[i % 3] for i, name in enumerate(names(9))}
    orders = placed(zoned(**zones), 180)
    assert all(zones[o[0]] != zones[o[1]] for o in orders)
    assert worst(orders, zones) <= 24


def test_a_third_zone_comes_before_a_second_of_one() -> None:
    zones = {name: "xyz"[i % 3] for i, name in enumerate(names(9))}
    ledger = Ledger()
    among = zoned(**zones)
    third = choose(ledger, among, "gw0", "gw1")
    assert zones[str(third)] == "z"
    fourth = choose(ledger, among, "gw0", "gw3", "gw6", "gw2")
    assert zones[str(fourth)] == "y"


def test_one_chassis_alone_in_its_zone_is_not_everybodys_second() -> None:
    zones = dict.fromkeys(names(9), "east") | {"lone": "west"}
    orders = placed(zoned(**zones), 200)
    assert survivors(orders)["lone"] == 20
    # 20 ports on each; whoever fails, the lone one gets no 20 more, but
    # half as much again as the others at the most.
    for failed in names(9):
        loads = survivors(orders, [failed])
        assert loads["lone"] <= math.ceil(1.5 * min(loads.values())) + 1


def test_a_chassis_in_several_zones_is_another_zone_than_one_of_them() -> None:
    among = zoned(a="east", b="east", c="east west")
    for number in range(20):
        request = Request(f"lrp{number}", ("a",), among)
        assert LeastLoaded().choose(request, Ledger()) == "c"


# -- scatter width --


@pytest.mark.parametrize("width", [8, 12, 16])
def test_no_more_share_lists_than_the_width_says(width: int) -> None:
    orders = placed(pool(names(40), width), 400)
    assert {len(order) for order in orders} == {5}
    assert all(len(them) <= width for them in mates(orders).values())


@pytest.mark.parametrize(("width", "most"), [(0, 11), (8, 12), (16, 11)])
def test_a_failure_is_shared_by_as_many_as_the_width_says(
    width: int, most: int
) -> None:
    """Ten on each of forty: after a failure 10 + 10 / width, rounded up."""
    orders = placed(pool(names(40), width), 400)
    assert max(survivors(orders).values()) == 10
    assert worst(orders, names(40)) == most


def test_a_large_fleet_is_bounded_without_being_asked() -> None:
    orders = placed(pool(names(33), -1), 330)
    assert max(len(them) for them in mates(orders).values()) == 16
    orders = placed(pool(names(32), -1), 640)
    assert max(len(them) for them in mates(orders).values()) == 31
