# SPDX-License-Identifier: Apache-2.0
"""A program that is typed to, and whose screen is read."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

PATIENCE = 30.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\r\0]")


class Terminal:
    """A program on a terminal of its own, from start to end."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path
    ) -> None:
        """Start it."""
        self._ours, theirs = os.openpty()
        self._process = subprocess.Popen(
            argv,
            env={**env, "TERM": "vt100", "COLUMNS": "200", "LINES": "50"},
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.screen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        """Press these keys, with nothing on the screen before them."""
        self.screen = ""
        os.write(self._ours, text.encode())

    def wait_for(self, pattern: str) -> None:
        """Read until a pattern is on the screen, without what styles it."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.screen):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._ours], [], [], max(left, 0))
            assert ready, f"no {pattern!r} in {self.screen!r}"
            more = os.read(self._ours, 65536).decode(errors="replace")
            self.screen += ESCAPES.sub("", more)
