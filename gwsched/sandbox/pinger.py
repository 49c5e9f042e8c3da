# SPDX-License-Identifier: Apache-2.0
"""Ping in the background and account for every packet."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from gwsched.sandbox.namespaces import Namespace
from gwsched.sandbox.shell import SandboxError

_REPLY = re.compile(r" icmp_seq=(\d+) .*time=")
_SUMMARY = re.compile(r"^(\d+) packets transmitted")
_SEQUENCES = 1 << 16


@dataclass(frozen=True)
class PingReport:
    """What became of the packets, from the first one answered on."""

    sent: int
    received: int
    lost: int
    longest_gap: float
    before_first_reply: int


class Ping:
    """A ping that runs while its `with` block does."""

    def __init__(
        self,
        namespace: Namespace,
        target: str,
        interval: float,
        count: int | None = None,
    ) -> None:
        self._interval = interval
        limit = ("-c", str(count), "-W", "1") if count else ()
        self._argv = namespace.inside(
            "ping", "-n", "-i", str(interval), *limit, target
        )
        self._answered: set[int] = set()
        self._transmitted: int | None = None
        self._in_flight = 0
        self._last = 0
        self._complaint = ""
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
            # Ctrl-C is for us: we end ping and read its summary.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            # Interrupted, it leaves its last packet unanswered as likely
            # as not: that one is not lost.
            self._in_flight = 1
            self._process.send_signal(signal.SIGINT)
        self.wait()
        killed_at_once = self._process.returncode == -signal.SIGINT
        if kind is None and self._transmitted is None and not killed_at_once:
            raise SandboxError(self._complaint or "ping: ended early")

    def wait(self) -> None:
        """Wait until ping has ended: by its count, or by the block's end."""
        self._process.wait()
        self._reader.join()

    def wait_replies(self, count: int, timeout: float) -> None:
        """Wait until so many more replies have come."""
        with self._news:
            wanted = len(self._answered) + count
            if not self._news.wait_for(
                lambda: len(self._answered) >= wanted, timeout
            ):
                missing = wanted - len(self._answered)
                raise SandboxError(
                    f"waited {timeout:g} s in vain for {missing} more of "
                    f"{count} ping replies"
                )

    @property
    def report(self) -> PingReport:
        """Return the account; there is one once ping has ended."""
        if self._process.poll() is None:
            raise SandboxError("ping: still running, no report yet")
        return account(
            self._answered,
            (self._transmitted or 0) - self._in_flight,
            self._interval,
        )

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        with self._process.stdout as lines:
            for line in lines:
                self._note(line.strip())

    def _note(self, line: str) -> None:
        if reply := _REPLY.search(line):
            with self._news:
                self._answered.add(self._unwrapped(int(reply[1])))
                self._news.notify_all()
        elif summary := _SUMMARY.match(line):
            self._transmitted = int(summary[1])
        elif line.startswith("ping:"):
            self._complaint = line

    def _unwrapped(self, sequence: int) -> int:
        # icmp_seq has 16 bits: at 20 a second they last for 55 minutes.
        while sequence < self._last - _SEQUENCES // 2:
            sequence += _SEQUENCES
        self._last = max(self._last, sequence)
        return sequence


def account(
    answered: Collection[int], transmitted: int, interval: float
) -> PingReport:
    """Count from the first packet answered to the last one transmitted.

    What was sent before the first reply went to a path still being built.
    """
    first = min(answered, default=1)
    last = max(transmitted, max(answered, default=0))
    lost = longest = run = 0
    for sequence in range(first, last + 1):
        run = 0 if sequence in answered else run + 1
        lost += run > 0
        longest = max(longest, run)
    sent = max(0, last - first + 1)
    return PingReport(
        sent,
        sent - lost,
        lost,
        longest_gap=round(longest * interval, 3),
        before_first_reply=first - 1,
    )
