# SPDX-License-Identifier: Apache-2.0
"""Pings without an end, and the times in which nothing came back."""

from __future__ import annotations

import re
import subprocess
import threading
from dataclasses import dataclass
from typing import Self

from gwsched.sandbox.namespaces import Namespace

INTERVAL = 0.05
# Fewer lost in a row are no outage: moves cost one, and switches of six
# chassis on two busy processors stand still for 40 ms (packets).
FEW = 5
_REPLY = re.compile(r"\[(\d+\.\d+)\] .* icmp_seq=(\d+) .*time=")
_SEQUENCES = 1 << 16


@dataclass(frozen=True)
class Outage:
    """From the last reply before to the first one after (wall clock)."""

    router: str
    begin: float
    end: float
    lost: int

    def __str__(self) -> str:
        seconds = self.lost * INTERVAL
        return f"{self.router}: {self.lost} packets lost, {seconds:.2f} s"


class Stream:
    """One router's ping, until the end of the ``with`` block."""

    def __init__(self, router: str, source: Namespace, target: str) -> None:
        self.router = router
        self.lost = 0
        self.received = 0
        self._outages: list[Outage] = []
        self._last: tuple[int, float] | None = None
        self._lock = threading.Lock()
        self._argv = source.inside(
            "ping", "-D", "-n", "-i", str(INTERVAL), target
        )

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def outages(self) -> list[Outage]:
        """Return those that have ended, once."""
        with self._lock:
            found, self._outages = self._outages, []
        return found

    def silent_since(self) -> float:
        """When the last reply came; 0 if there was none."""
        with self._lock:
            return self._last[1] if self._last else 0.0

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                if reply := _REPLY.search(line):
                    self._note(int(reply[2]), float(reply[1]))

    def _note(self, number: int, at: float) -> None:
        with self._lock:
            self.received += 1
            if self._last is None:
                self._last = number, at
                return
            before, since = self._last
            # icmp_seq has 16 bits; what comes late is no step back.
            missing = (number - before - 1) % _SEQUENCES
            if missing > _SEQUENCES // 2:
                return
            self._last = number, at
            self.lost += missing
            if missing >= FEW:
                found = Outage(self.router, since, at, missing)
                self._outages.append(found)
