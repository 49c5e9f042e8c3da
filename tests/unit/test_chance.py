# SPDX-License-Identifier: Apache-2.0
"""``chance``: every order as likely as any other, and lasting."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest

from gwsched.model import Chassis
from gwsched.schedulers import Ledger, Pool
from gwsched.schedulers.chance import Chance
from tests.unit.placing import (
    Order,
    ask,
    filled,
    mates,
    names,
    pool,
    ports,
    zoned,
)

MANY = 6000


def orders(among: Pool, number: int, depth: int = 5) -> list[Order]:
    return list(filled(Chance(), among, ports(number), depth).values())


def chi_square(counts: Counter[str], expected: float) -> float:
    return sum((n - expected) ** 2 / expected for n in counts.values())


def test_everybody_is_at_every_rank_equally_often() -> None:
    found = orders(pool(names(5)), MANY)
    for rank in range(5):
        counts = Counter(order[rank] for order in found)
        assert len(counts) == 5
        # Of 4 degrees of freedom, 18.5 is exceeded once in a thousand.
        assert chi_square(counts, MANY / 5) < 18.5


def test_every_order_is_equally_likely() -> None:
    found = Counter(" ".join(o) for o in orders(pool("abcd"), MANY))
    assert len(found) == len(list(permutations("abcd")))
    # Of 23 degrees of freedom, 49.7 is exceeded once in a thousand.
    assert chi_square(found, MANY / 24) < 49.7


def test_who_is_second_does_not_hang_on_who_is_first() -> None:
    pairs = Counter(" ".join(o[:2]) for o in orders(pool(names(6)), MANY, 2))
    assert len(pairs) == 30
    # Of 29 degrees of freedom, 58.3 is exceeded once in a thousand.
    assert chi_square(pairs, MANY / 30) < 58.3


def test_loads_are_not_looked_at() -> None:
    ledger = Ledger()
    ledger.add(("gw0", "gw1", "gw2"), weight=1000)
    for rank in range(3):
        above = ("gw3", "gw2", "gw0")[:rank]
        assert ask(Chance(), names(5), above, ledger) == ask(
            Chance(), names(5), above
        )


@pytest.mark.parametrize("gone", names(7))
def test_who_goes_leaves_the_others_in_their_order(gone: str) -> None:
    left = [name for name in names(7) if name != gone]
    before = orders(pool(names(7)), 100, depth=7)
    after = orders(pool(left), 100, depth=7)
    assert after == [tuple(c for c in o if c != gone) for o in before]


def test_who_comes_gets_a_fair_share_of_the_first_places() -> None:
    before = orders(pool(names(5)), 1000)
    after = orders(pool(names(6)), 1000)
    moved = [b[0] for a, b in zip(before, after, strict=True) if a[0] != b[0]]
    assert {*moved} == {"gw5"}
    # 167 expected; five standard deviations are 59.
    assert 108 < len(moved) < 226


def test_each_next_one_is_in_a_further_zone_while_there_are_any() -> None:
    zones = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "y", "f": "z"}
    found = orders(zoned(**zones), 500)
    for order in found:
        assert {zones[name] for name in order[:3]} == {"x", "y", "z"}
        assert len(order) == 5
    counts = Counter(order[0] for order in found)
    assert counts.keys() == zones.keys()  # any may be the primary


def test_one_without_a_zone_comes_after_those_with_another() -> None:
    for order in orders(zoned(a="x", b="y", c=""), 50):
        if order[0] == "c":
            continue
        assert {*order[:2]} == {"a", "b"}


@pytest.mark.parametrize("width", [8, 16])
def test_no_more_share_lists_than_the_width_says(width: int) -> None:
    found = mates(orders(pool(names(40), width), 2000))
    assert found.keys() == {*names(40)}
    assert all(len(them) <= width for them in found.values())


def test_capacity_makes_nobody_likelier() -> None:
    big = Pool([Chassis("a", capacity=50), Chassis("b"), Chassis("c")])
    assert orders(big, 100) == orders(pool("abc"), 100)
