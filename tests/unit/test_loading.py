# SPDX-License-Identifier: Apache-2.0
"""What is told of a database while it is being loaded."""

from __future__ import annotations

import logging

import pytest

from gwsched.ovsdb.loading import EVERY, Loading

MIB = 1 << 20


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_what_takes_long_is_told_now_and_then(
    told: pytest.LogCaptureFixture,
) -> None:
    loading = Loading("NB")
    for tenths in range(int(EVERY * 25)):
        loading.goes_on(tenths * MIB, tenths / 10)
    loading.ends(75 * MIB, EVERY * 2.5)
    assert told.messages == [
        f"NB: loading for 3 s, {EVERY * 10:.1f} MiB received so far",
        f"NB: loading for 6 s, {EVERY * 20:.1f} MiB received so far",
        "NB: loaded, 75.0 MiB in 8 s",
    ]


def test_what_is_quick_is_not_told(told: pytest.LogCaptureFixture) -> None:
    loading = Loading("NB")
    loading.goes_on(0, 0.0)
    loading.goes_on(MIB, EVERY / 2)
    loading.ends(2 * MIB, EVERY * 0.9)
    assert not told.messages


def test_what_stands_still_is_told_once(
    told: pytest.LogCaptureFixture,
) -> None:
    loading = Loading("NB")
    for seconds in range(60):
        loading.goes_on(MIB, float(seconds))
    assert len(told.messages) == 1


def test_a_server_that_is_away_is_told_of_by_others(
    told: pytest.LogCaptureFixture,
) -> None:
    loading = Loading("NB")
    for seconds in range(60):
        loading.goes_on(0, float(seconds))
    assert not told.messages
    assert loading.state == "no answer yet"


def test_the_second_time_it_is_known_how_much_there_is() -> None:
    loading = Loading("NB")
    loading.goes_on(MIB, 0.0)
    assert loading.state == "1.0 MiB received so far"
    loading.ends(8 * MIB, 1.0)
    loading.goes_on(2 * MIB, 100.0)
    assert loading.state == "2.0 MiB of about 8.0 MiB received so far"
