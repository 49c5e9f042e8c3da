# SPDX-License-Identifier: Apache-2.0
"""Ten thousand random schedules.

They need nothing but processors: tools/test runs them beside the tests with
packets, which need next to none, at the lowest priority.
"""

from __future__ import annotations

import pytest

from tests.simulation.soak import CHUNK, SCHEDULES, failures


@pytest.mark.schedules
@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_everything_holds(first: int) -> None:
    found = failures(range(first, first + CHUNK))
    assert not found, "\n".join(found)
