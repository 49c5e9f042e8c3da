# SPDX-License-Identifier: Apache-2.0
"""Ten thousand random schedules.

They need nothing but processors: tools/test runs them beside the tests with
packets, which need next to none, at the lowest priority.
"""

from __future__ import annotations

import pytest

from tests.simulation.soak import CHUNK, SCHEDULES, failures

# Found by soaks, among seeds that no other test runs.
ONCE_FAILED = (
    26182,
    26215,
    60361,
    62124,
    63620,
    64480,
    65164,
    71454,
    71830,
    73974,
    74295,
    74903,
    81530,
    83833,
    300989,
    303600,
    303985,
    504385,
    505357,
    510390,
    514970,
    515007,
    515540,
    521664,
    522227,
    524165,
    528702,
    530908,
    538467,
    540558,
    546952,
)


@pytest.mark.schedules
@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_everything_holds(first: int) -> None:
    found = failures(range(first, first + CHUNK))
    assert not found, "\n".join(found)


@pytest.mark.schedules
def test_what_did_not_hold_once_does_now() -> None:
    assert not failures(ONCE_FAILED)
