# SPDX-License-Identifier: Apache-2.0
"""What has failed is tried again, ever less often, and said once."""

from __future__ import annotations

import math

from gwsched.retries import LONGEST, Retries


def test_pauses_grow_up_to_the_longest_and_start_anew() -> None:
    retries = Retries()
    now, pauses = 100.0, []
    for _ in range(6):
        retries.failed("p", "I/O error", now)
        assert not retries.may("p", now)
        pauses.append(retries.next(now) - now)
        now = retries.next(now)
        assert retries.may("p", now)
    assert pauses == [1, 2, 4, 8, LONGEST, LONGEST]
    assert retries.worked("p")
    assert not retries.worked("p")
    retries.failed("p", "I/O error", now)
    assert retries.next(now) == now + 1


def test_only_another_error_is_news() -> None:
    retries = Retries()
    said = [retries.failed("p", why, 0) for why in ("a", "a", "b", "b")]
    assert said == [True, False, True, False]


def test_one_does_not_hold_up_another() -> None:
    retries = Retries()
    retries.failed("p", "refused", 0)
    assert retries.may("q", 0)


def test_what_nobody_wants_is_forgotten() -> None:
    retries = Retries()
    retries.failed("p", "refused", 0)
    retries.keep(["q"])
    assert retries.may("p", 0)
    assert retries.next(0) == math.inf
