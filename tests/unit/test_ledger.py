# SPDX-License-Identifier: Apache-2.0
"""The ledger counts what one list after the other would say."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwsched.model import Chassis
from gwsched.schedulers import SAME_ZONE, Ledger, Pool
from tests.unit.placing import Order, names, pool, survivors, zoned

FLEET = "abcdef"
# Lists of some length, the weight of each, and how long they were at first.
LISTS = st.lists(
    st.tuples(
        st.permutations(FLEET),
        st.integers(1, 6),
        st.integers(1, 3),
        st.integers(0, 6),
    ),
    max_size=8,
)
List = tuple[list[str], int, int, int]
FAILURES = [
    gone for number in range(3) for gone in combinations(FLEET, number)
]


def weighted(lists: list[List]) -> list[Order]:
    """Return each list as often as it weighs."""
    return [
        tuple(order[:length])
        for order, length, weight, _ in lists
        for _ in range(weight)
    ]


def counted(lists: list[List]) -> Ledger:
    """Return a ledger of lists that grow one rank after another."""
    ledger = Ledger()
    for order, length, weight, first in lists:
        ledger.add(order[: min(length, first)], weight)
    for rank in range(6):
        for order, length, weight, first in lists:
            if first <= rank < length:
                ledger.extend(order[:rank], order[rank], weight)
    return ledger


@given(LISTS)
def test_loads_are_exact_for_up_to_two_failures(lists: list[List]) -> None:
    ledger, orders = counted(lists), weighted(lists)
    for failed in FAILURES:
        expected = survivors(orders, failed)
        found = ledger.loads(failed)
        assert {name: found.get(name, 0) for name in FLEET} == {
            name: expected[name] for name in FLEET
        }
        assert ledger.loads(reversed(failed)) == found
    for name in FLEET:
        assert ledger.load(name) == survivors(orders)[name]
        assert ledger.listed(name) == sum(name in order for order in orders)


@given(LISTS)
def test_what_is_taken_out_leaves_no_trace(lists: list[List]) -> None:
    ledger = counted(lists)
    for order, length, weight, _ in reversed(lists):
        ledger.add(order[:length], -weight)
    for failed in FAILURES:
        assert not any(ledger.loads(failed).values())
    assert not any(ledger.listed(name) for name in FLEET)


def test_the_failed_carry_nothing() -> None:
    ledger = Ledger()
    ledger.add(("a", "b"))
    assert "a" not in ledger.loads(["a"])


def test_an_empty_list_loads_nobody() -> None:
    ledger = Ledger()
    ledger.add(())
    assert not ledger.loads()


# -- shares: what decides who comes next --


@given(LISTS, st.lists(st.sampled_from(FLEET), max_size=2, unique=True))
def test_a_share_is_the_load_with_one_more_port_per_capacity(
    lists: list[List], failed: list[str]
) -> None:
    rows = {name: Chassis(name, capacity=1 + i) for i, name in enumerate("a")}
    rows |= {name: Chassis(name, capacity=2) for name in FLEET[1:]}
    among = Pool(rows.values())
    left = [name for name in FLEET if name not in failed]
    found = counted(lists).shares(among, left, failed)
    loads = survivors(weighted(lists), failed)
    assert found == [(loads[name] + 1) / rows[name].capacity for name in left]


def test_a_share_counts_more_in_a_zone_of_the_failed() -> None:
    among = zoned(a="east", b="east", c="west", d="east west", e="")
    ledger = Ledger()
    ledger.add(("a", "b"))
    # b inherits from a; d is in a further zone; of e nothing is known.
    assert ledger.shares(among, "bcde", ["a"]) == [
        2 * SAME_ZONE,
        1,
        1,
        SAME_ZONE,
    ]
    assert ledger.shares(among, "abcde", ()) == [2, 1, 1, 1, 1]


def test_zones_do_not_count_where_all_chassis_are_in_the_same() -> None:
    among = zoned(a="east", b="east")
    assert Ledger().shares(among, "b", ["a"]) == [1]


# -- the lowest: the same, kept up to date as lists grow --


def lowest_by_hand(ledger: Ledger, among: Pool, above: Order) -> set[str]:
    """Return all who are least loaded."""
    left = [name for name in among.names if name not in above]
    shares = ledger.shares(among, left, above)
    least = min(shares)
    return {n for n, share in zip(left, shares, strict=True) if share == least}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.sampled_from(FLEET), st.integers(1, 3)
        ),
        max_size=20,
    )
)
def test_the_lowest_is_up_to_date_however_lists_grow(
    steps: list[tuple[int, str, int]],
) -> None:
    """Levels are kept between the questions and must not grow stale."""
    pools = [pool(FLEET), pool("abc"), zoned(a="east", b="", c="west", d="")]
    ledger = Ledger()
    lists: dict[int, Order] = {}
    weights: dict[int, int] = {}
    for which, chassis, weight in steps:
        above = lists.get(which, ())
        if chassis in above:
            continue
        weight = weights.setdefault(which, weight)
        ledger.extend(above, chassis, weight)
        lists[which] = (*above, chassis)
        for among in pools:
            for asked in ((), ("a",), ("d",)):
                found = ledger.lowest(among, asked, len(steps))
                assert found in lowest_by_hand(ledger, among, asked)


@pytest.mark.parametrize("above", [(), ("d",)])
def test_the_lowest_is_up_to_date_when_whole_lists_come_and_go(
    above: Order,
) -> None:
    among = pool("abcd")
    ledger = Ledger()
    for lists in (["bac", "cab"], ["adb", "dab"], ["dba", "bda", "cba"]):
        for order in lists:
            ledger.add(tuple(order))
        found = ledger.lowest(among, above, 0)
        assert found in lowest_by_hand(ledger, among, above)
    ledger.add(tuple("adb"), -1)
    assert ledger.lowest(among, above, 0) == "a"


@pytest.mark.parametrize("above", [(), ("gw1",)])
def test_ties_are_broken_by_lot_and_everybody_is_drawn(above: Order) -> None:
    among = pool(names(5))
    step = 2**64 // 500
    drawn = [Ledger().lowest(among, above, step * i) for i in range(500)]
    assert {*drawn} == {*names(5)} - {*above}
    again = [Ledger().lowest(among, above, step * i) for i in range(500)]
    assert drawn == again


def test_the_lowest_of_nobody_is_nobody() -> None:
    assert Ledger().lowest(pool(""), (), 0) is None
    assert Ledger().lowest(pool("a"), ("a",), 0) is None
