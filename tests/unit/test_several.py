# SPDX-License-Identifier: Apache-2.0
"""Sets by key, few or many, are what plain sets would be."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from gwsched.reading.several import Several


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 1), st.integers(0, 7)))
)
def test_are_as_sets(steps: list[tuple[bool, int, int]]) -> None:
    several: Several[int, int] = Several()
    plain: defaultdict[int, set[int]] = defaultdict(set)
    for is_added, key, member in steps:
        if is_added:
            several.add(key, member)
            plain[key].add(member)
        else:
            several.discard(key, member)
            plain[key].discard(member)
        assert sorted(several.get(key)) == sorted(plain[key])
