# SPDX-License-Identifier: Apache-2.0
"""Ten thousand random schedules: the second half, for another processor."""

from __future__ import annotations

import pytest

from tests.simulation.soak import CHUNK, HALF, failures


@pytest.mark.parametrize("first", range(HALF, 2 * HALF, CHUNK))
def test_everything_holds(first: int) -> None:
    found = failures(range(first, first + CHUNK))
    assert not found, "\n".join(found)
