# SPDX-License-Identifier: Apache-2.0
"""What is kept small says what it would say at full size."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gwsched.memory.frugal import Lasting, union

SETS = st.lists(st.frozensets(st.sampled_from("abc")), max_size=4)


@given(SETS)
def test_a_union_has_what_is_in_any(sets: list[frozenset[str]]) -> None:
    assert union(sets) == {member for one in sets for member in one}


def test_a_union_of_like_sets_is_one_of_them() -> None:
    first, second = frozenset({"public"}), frozenset({"public"})
    assert union([first, second]) is first


@dataclass(frozen=True)
class Word:
    """One that counts how often it was measured."""

    text: str
    measured: list[str] = field(default_factory=list)

    @Lasting
    def length(self) -> int:
        """How long it is."""
        self.measured.append(self.text)
        return len(self.text)


def test_a_lasting_property_is_made_once_for_each() -> None:
    long, short = Word("chassis"), Word("nb")
    lengths = [long.length, short.length, long.length]
    assert lengths == [7, 2, 7]
    assert (long.measured, short.measured) == (["chassis"], ["nb"])


def test_a_lasting_property_leaves_what_is_equal_equal() -> None:
    asked, other = Word("nb", []), Word("nb", [])
    assert asked.length == 2
    asked.measured.clear()
    assert asked == other
