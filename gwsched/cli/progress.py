# SPDX-License-Identifier: Apache-2.0
"""How far something has come: on a terminal one line, elsewhere many."""

from __future__ import annotations

import shutil
import sys
from typing import Self, TextIO

from gwsched.cli.output import PROG

# To the start of the line, and delete what is on it (ECMA-48).
AFRESH = "\r\x1b[K"


class Progress:
    """Writes to stderr what is new; a terminal's line is left complete."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._in_place = self._stream.isatty()
        self._said = ""
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_line()

    def say(self, what: str) -> bool:
        """Say how it stands; return whether that is new."""
        if what == self._said:
            return False
        self._said = what
        line = f"{PROG}: {what}"
        if self._in_place:
            # What is longer would wrap, and stay when it is updated.
            line = line[: shutil.get_terminal_size().columns - 1]
            print(f"{AFRESH}{line}", end="", file=self._stream, flush=True)
            self._open = True
        else:
            print(line, file=self._stream, flush=True)
        return True

    def remark(self, what: str) -> None:
        """Say something that stays on the screen."""
        self._end_line()
        print(f"{PROG}: {what}", file=self._stream, flush=True)

    def _end_line(self) -> None:
        if self._open:
            print(file=self._stream, flush=True)
        self._open = False
