# SPDX-License-Identifier: Apache-2.0
"""When the one who holds the lock is taken for silent."""

from __future__ import annotations

import math

from gwsched.vigil import LATE, LONGEST, Vigil

INTERVAL = 10.0


def test_who_makes_heartbeats_is_left_alone() -> None:
    vigil = Vigil()
    for beat in range(10):
        assert not vigil.is_silent(beat, 1, INTERVAL, beat * (INTERVAL + 1))


def test_a_heartbeat_is_overdue_once() -> None:
    vigil = Vigil()
    assert not vigil.is_silent(7, 1, INTERVAL, 100)
    due = 100 + INTERVAL + LATE
    assert vigil.wake_at == due
    assert not vigil.is_silent(7, 1, INTERVAL, due - 0.1)
    assert vigil.is_silent(7, 1, INTERVAL, due)
    assert not vigil.is_silent(7, 1, INTERVAL, due + 0.1)


def test_a_new_session_begins_anew() -> None:
    """What came meanwhile was not seen; it may have been many."""
    vigil = Vigil()
    vigil.is_silent(7, 1, INTERVAL, 100)
    assert not vigil.is_silent(7, 2, INTERVAL, 900)
    assert vigil.wake_at == 900 + INTERVAL + LATE


def test_who_held_the_lock_itself_begins_anew() -> None:
    vigil = Vigil()
    vigil.is_silent(7, 1, INTERVAL, 100)
    vigil.rest()
    assert vigil.wake_at == math.inf
    assert not vigil.is_silent(7, 1, INTERVAL, 900)


def test_where_no_heartbeat_gets_through_it_is_said_less_and_less() -> None:
    vigil = Vigil()
    vigil.is_silent(7, 1, INTERVAL, 0.0)
    waits = []
    now = 0.0
    while vigil.wake_at - now < INTERVAL + LONGEST:
        waits.append(vigil.wake_at - now)
        now = vigil.wake_at
        assert vigil.is_silent(7, 1, INTERVAL, now)
    assert waits == sorted(set(waits))
    assert not vigil.is_silent(8, 1, INTERVAL, now)
    assert vigil.wake_at == now + INTERVAL + LATE
