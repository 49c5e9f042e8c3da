# SPDX-License-Identifier: Apache-2.0
"""What is remembered is what would be made, and no more is made for it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gwsched.reading.memo import Kept, Memo, remembered

NUMBER = "number"


class Sums:
    """Numbers by key; sums of them, and sums of sums."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self.memo = Memo()
        self.numbers = numbers
        self.made: Counter[str] = Counter()

    def number(self, key: str) -> int:
        self.memo.look(NUMBER, key)
        return self.numbers.get(key, 0)

    @remembered
    def parity(self, key: str) -> int:
        self.made[f"parity {key}"] += 1
        return self.number(key) % 2

    @remembered
    def chosen(self, keys: tuple[str, str, str]) -> int:
        """Which number is asked for depends on the parity of another."""
        self.made["chosen"] += 1
        first, odd, even = keys
        return self.number(odd if self.parity(first) else even)

    def total(self, name: str) -> int:
        self.made[f"total {name}"] += 1
        return self.chosen(("a", "b", "c")) + self.parity(name)

    def write(self, **numbers: int) -> set[object]:
        """Change numbers; return which functions' values are different."""
        self.numbers.update(numbers)
        return {
            make.__name__
            for make, _ in self.memo.settle((NUMBER, n) for n in numbers)
        }


def test_nothing_is_made_twice_while_nothing_changes() -> None:
    sums = Sums({"a": 1, "b": 5})
    assert [sums.memo.recall(sums.total, "a") for _ in range(3)] == [6, 6, 6]
    assert set(sums.made.values()) == {1}


def test_what_looked_at_a_key_is_made_again() -> None:
    sums = Sums({"a": 1, "b": 5})
    sums.memo.recall(sums.total, "a")
    assert sums.write(b=7) == {"chosen", "total"}
    assert sums.memo.recall(sums.total, "a") == 8
    assert sums.made == {"total a": 2, "chosen": 2, "parity a": 1}


def test_what_comes_out_as_it_was_goes_no_further() -> None:
    sums = Sums({"a": 1, "b": 5})
    sums.memo.recall(sums.total, "a")
    assert sums.write(a=3) == set()
    assert sums.made == {"total a": 1, "chosen": 1, "parity a": 2}


def test_a_key_that_was_looked_at_in_vain_counts_too() -> None:
    sums = Sums({})
    assert sums.memo.recall(sums.total, "a") == 0
    sums.write(c=4)
    assert sums.memo.recall(sums.total, "a") == 4


def test_a_key_that_is_not_looked_at_any_more_does_not() -> None:
    sums = Sums({"a": 1, "b": 5, "c": 9})
    sums.memo.recall(sums.total, "a")
    sums.write(a=2)
    sums.made.clear()
    assert sums.write(b=6) == set()
    assert not sums.made


def test_an_equal_value_stays_the_same_object() -> None:
    lists = {"x": ["a"]}
    memo = Memo()

    def copy(key: str) -> list[str]:
        memo.look(NUMBER, key)
        return list(lists[key])

    before = memo.recall(copy, "x")
    assert memo.settle([(NUMBER, "x")]) == set()
    assert memo.recall(copy, "x") is before
    lists["x"].append("b")
    assert memo.settle([(NUMBER, "x")]) == {(copy, "x")}
    assert memo.recall(copy, "x") == ["a", "b"]


def test_what_nobody_needs_is_not_made_again() -> None:
    sums = Sums({"a": 1, "b": 5})
    sums.memo.recall(sums.total, "a")
    sums.memo.recall(sums.total, "b")
    sums.memo.forget(sums.total, "a")
    sums.made.clear()
    sums.write(a=2, b=6)
    assert sums.made == {"total b": 1, "chosen": 1, "parity a": 1} | {
        "parity b": 1
    }
    sums.memo.forget(sums.total, "b")
    sums.made.clear()
    assert sums.write(a=1, b=3, c=5) == set()
    assert not sums.made


def test_kept_values_follow_their_keys() -> None:
    sums = Sums({"a": 1, "b": 5, "c": 7})
    kept = Kept(sums.memo, sums.total)
    assert kept.renew(["a", "b"], {"a", "b"}, set()) == {
        "a": (None, 6),
        "b": (None, 6),
    }
    assert kept.renew([], {"a", "b"}, set()) == {}
    sums.numbers["b"] = 4
    different = sums.memo.settle([(NUMBER, "b")])
    renewed = kept.renew(["b", "c"], {"a", "c"}, different)
    assert renewed == {"a": (6, 5), "b": (6, None), "c": (None, 5)}
    assert sorted(kept.values()) == [5, 5]


KEYS = "abcd"
NAMES = st.sampled_from(KEYS)
WRITES = st.dictionaries(NAMES, st.integers(0, 3), max_size=3)


@given(
    st.lists(st.tuples(WRITES, st.sets(NAMES), st.sets(NAMES)), max_size=12)
)
def test_it_is_what_would_be_made_from_nothing(
    steps: list[tuple[dict[str, int], set[str], set[str]]],
) -> None:
    sums = Sums({})
    for numbers, asked, forgotten in steps:
        sums.write(**numbers)
        for name in sorted(asked):
            fresh = Sums(dict(sums.numbers))
            found = sums.memo.recall(sums.total, name)
            assert found == fresh.total(name)
        for name in sorted(forgotten):
            sums.memo.forget(sums.total, name)
