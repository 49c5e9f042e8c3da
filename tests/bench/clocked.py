# SPDX-License-Identifier: Apache-2.0
"""The daemon with a clock at each stage of a pass; only for measuring.

Run: python -m tests.bench.clocked FILE [the daemon's arguments]; each pass
appends a line to the file as it begins, and as it ends one of JSON: seconds
by stage.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gwsched import apply, service
from gwsched.connection import Database
from gwsched.decider import Decider
from gwsched.loop import Loop
from gwsched.snapshot import Reader

STAGES: tuple[tuple[Any, str, str], ...] = (
    (Database, "run", "take in"),
    (Reader, "read", "read"),
    (Decider, "decide", "decide"),
    (Loop, "_report", "report"),
    (Loop, "_publish", "publish"),
    (apply, "commit", "commit"),
)
BEGUN = "{}"
NAMES = tuple(stage for _, _, stage in STAGES)


class Clock:
    """Seconds by stage since the last pass; stages may be nested."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._running: list[float] = []

    def wrap(self, owner: Any, name: str, stage: str) -> None:
        """Let a function count for a stage, less what is nested in it."""
        inner = getattr(owner, name)

        @functools.wraps(inner)
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            self._running.append(0.0)
            try:
                return inner(*args, **kwargs)
            finally:
                took = time.perf_counter() - started
                self.spent[stage] += took - self._running.pop()
                if self._running:
                    self._running[-1] += took

        setattr(owner, name, timed)


def write_passes(clock: Clock, path: Path) -> None:
    """Append a line to a file for each pass."""
    inner: Callable[[Loop], None] = Loop._pass

    def passing(loop: Loop) -> None:
        with path.open("a", buffering=1) as file:
            file.write(BEGUN + "\n")
            inner(loop)
            file.write(json.dumps(clock.spent) + "\n")
        clock.spent.clear()

    setattr(Loop, "_pass", passing)  # noqa: B010, as in Clock.wrap


def main() -> int:
    clock = Clock()
    for stage in STAGES:
        clock.wrap(*stage)
    write_passes(clock, Path(sys.argv[1]))
    return service.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
