# SPDX-License-Identifier: Apache-2.0
"""Ten thousand random schedules.

They need nothing but processors: tools/test runs them beside the tests with
packets, which need next to none, at the lowest priority.
"""

from __future__ import annotations

import pytest

from tests.simulation.soak import CHUNK, SCHEDULES, failures

# Seeds beyond those that have failed in a soak, and were put right.
FOUND = (26182, 26215)


@pytest.mark.schedules
@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_everything_holds(first: int) -> None:
    found = failures(range(first, first + CHUNK))
    assert not found, "\n".join(found)


@pytest.mark.schedules
@pytest.mark.parametrize("seed", FOUND)
def test_what_a_soak_has_found_holds(seed: int) -> None:
    assert not failures([seed])
