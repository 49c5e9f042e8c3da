# SPDX-License-Identifier: Apache-2.0
"""A frozen mapping that shares is one that copies, only quicker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gwsched.sharing import layered
from gwsched.sharing.layered import Layered

KEYS = st.integers(0, 9)
STEPS = st.lists(
    st.tuples(st.dictionaries(KEYS, st.integers()), st.sets(KEYS)),
    max_size=20,
)


@given(first=st.dictionaries(KEYS, st.integers()), steps=STEPS)
def test_it_is_what_a_copy_would_be(
    first: dict[int, int], steps: list[tuple[dict[int, int], set[int]]]
) -> None:
    most, layered.MOST_CHANGES = layered.MOST_CHANGES, 3
    try:
        plain, found = dict(first), Layered(first)
        for changes, gone in steps:
            before, known = dict(found), found
            plain = {**plain, **changes}
            plain = {k: v for k, v in plain.items() if k not in gone}
            found = found.updated(changes, gone)
            assert found == plain
            assert len(found) == len(plain)
            assert {key: found.get(key) for key in range(10)} == {
                key: plain.get(key) for key in range(10)
            }
            assert known == before, "the one before is not touched"
    finally:
        layered.MOST_CHANGES = most


def test_what_does_not_change_is_the_very_same() -> None:
    found = Layered({1: 2})
    assert found.updated({}) is found
