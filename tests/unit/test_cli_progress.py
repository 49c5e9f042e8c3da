# SPDX-License-Identifier: Apache-2.0
"""What is said of progress, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest

from gwsched.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def speak(stream: io.StringIO) -> str:
    with Progress(stream) as progress:
        assert progress.say("8 left")
        assert not progress.say("8 left")
        assert progress.say("7 left")
        progress.remark("nothing new for 30 s")
        assert not progress.say("7 left")
        progress.say("6 left")
    return stream.getvalue()


def test_elsewhere_each_change_is_a_line() -> None:
    assert speak(io.StringIO()) == (
        "gwschedctl: 8 left\n"
        "gwschedctl: 7 left\n"
        "gwschedctl: nothing new for 30 s\n"
        "gwschedctl: 6 left\n"
    )


def test_on_a_terminal_one_line_is_updated() -> None:
    new = "\r\x1b[Kgwschedctl: "
    assert speak(Terminal()) == (
        f"{new}8 left{new}7 left\n"
        "gwschedctl: nothing new for 30 s\n"
        f"{new}6 left\n"
    )


def test_a_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    stream = Terminal()
    with Progress(stream) as progress:
        progress.say("x" * 99)
    shown = stream.getvalue().removeprefix("\r\x1b[K").rstrip("\n")
    assert shown == "gwschedctl: " + "x" * 17


def test_where_nothing_was_said_nothing_is_written() -> None:
    stream = Terminal()
    with Progress(stream):
        pass
    assert stream.getvalue() == ""
