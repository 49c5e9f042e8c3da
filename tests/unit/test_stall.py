# SPDX-License-Identifier: Apache-2.0
"""When a server that does not send its content is given up."""

from gwsched.ovsdb.stall import Stall


def test_who_comes_nearer_is_waited_for() -> None:
    stall = Stall(10)
    assert not any(stall.lasts(step, 9.0 * step) for step in range(1, 9))


def test_who_does_not_is_given_up_again_and_again() -> None:
    stall = Stall(10)
    said = [now for now in range(72) if stall.lasts("schema", now)]
    assert said == [11, 32]  # it may be at it, and get further in more time
    assert stall.lasts("schema", 73)
    stall.ends()
    said = [now for now in range(74, 90) if stall.lasts("schema", now)]
    assert said == [84]


def test_where_there_is_nothing_to_wait_for_time_stands_still() -> None:
    stall = Stall(10)
    assert not stall.lasts("content", 0)
    assert not stall.lasts(None, 100)
    assert not stall.lasts("content", 101)
    assert not stall.lasts("content", 111)
    assert stall.lasts("content", 112)
