# SPDX-License-Identifier: Apache-2.0
"""What can wait waits until it is quiet, but not for ever."""

from __future__ import annotations

from gwsched.leisure import LONGEST_CALM, PATIENCE, RATIO, Leisure


def test_where_nothing_takes_long_nothing_waits() -> None:
    leisure = Leisure()
    assert leisure.has_come(0.0)
    leisure.stirred(1.0)
    assert leisure.has_come(1.0)


def test_it_must_be_quiet_for_longer_than_a_look_takes() -> None:
    leisure = Leisure()
    leisure.used(0.5)
    leisure.stirred(10.0)
    assert not leisure.has_come(10.0)
    assert leisure.comes_at == 10.0 + RATIO * 0.5
    leisure.stirred(11.0)
    assert leisure.comes_at == 11.0 + RATIO * 0.5


def test_however_long_a_look_takes_the_wait_is_bounded() -> None:
    leisure = Leisure()
    leisure.used(100.0)
    leisure.stirred(0.0)
    assert leisure.comes_at == LONGEST_CALM


def test_where_it_is_never_quiet_there_is_time_at_last() -> None:
    leisure = Leisure()
    leisure.used(1.0)
    for second in range(int(PATIENCE)):
        leisure.stirred(float(second))
        assert not leisure.has_come(float(second))
        leisure.follow(float(second), waits=True)
    leisure.stirred(PATIENCE)
    assert leisure.has_come(PATIENCE)
    leisure.follow(PATIENCE, waits=False)
    leisure.stirred(PATIENCE)
    assert not leisure.has_come(PATIENCE)
