# SPDX-License-Identifier: Apache-2.0
"""Others who write to SB all the time: what northd does when VMs move.

Each update is one that gwsched is told of and that changes nothing for it:
a group has other chassis that refer to it (SB ``ref_chassis``).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self

from tests.bench.handmade import Connection, Operation, group_of, update

# Updates in one transaction.
BATCH = 100


class Storm:
    """Updates of the groups of some ports, in a thread of its own."""

    def __init__(
        self,
        sb: Connection,
        ports: Sequence[str],
        chassis: Sequence[Any],
        per_second: float,
    ) -> None:
        self.written = 0
        self._sb = sb
        self._updates = _updates(ports, chassis)
        self._pause = BATCH / per_second
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def rate(self) -> float:
        """Updates a second, so far."""
        return self.written / (time.monotonic() - self._started)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            self._sb.transact(itertools.islice(self._updates, BATCH))
            self.written += BATCH
            due += self._pause


def _updates(
    ports: Sequence[str], chassis: Sequence[Any]
) -> Iterator[Operation]:
    """Let each port's group be referred to by one chassis after another."""
    for one in itertools.cycle(chassis):
        for port in ports:
            yield update(
                "HA_Chassis_Group", {"ref_chassis": one}, name=group_of(port)
            )
