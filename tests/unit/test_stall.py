# SPDX-License-Identifier: Apache-2.0
"""When a server that does not send its content is given up."""

from gwsched.ovsdb.stall import Stall


def test_who_comes_nearer_is_waited_for() -> None:
    stall = Stall(10)
    assert not any(stall.lasts(step, 9.0 * step) for step in range(1, 9))


def test_who_does_not_is_given_up_again_and_again() -> None:
    stall = Stall(10)
    said = [stall.lasts("schema", now) for now in (0, 5, 10, 11, 15, 21, 22)]
    assert said == [False, False, False, True, False, False, True]


def test_where_there_is_nothing_to_wait_for_time_stands_still() -> None:
    stall = Stall(10)
    assert not stall.lasts("content", 0)
    assert not stall.lasts(None, 100)
    assert not stall.lasts("content", 101)
    assert not stall.lasts("content", 111)
    assert stall.lasts("content", 112)
