# SPDX-License-Identifier: Apache-2.0
"""What has happened in a soak, as rules look at it; times are wall clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

FOREVER = float("inf")


@dataclass(frozen=True)
class Fault:
    """A fault: begun between two moments, and ended between two others."""

    kind: str
    where: tuple[str, ...]
    begin: float
    begun: float
    end: float = FOREVER
    ended: float = FOREVER

    def touches(self, begin: float, end: float) -> bool:
        """Tell whether it was in force at any time between."""
        return self.begin < end and begin < self.ended

    @property
    def is_in_force(self) -> bool:
        """Whether it has not ended yet."""
        return self.ended == FOREVER

    def __str__(self) -> str:
        where = " and ".join(self.where) or "-"
        lasted = self.end - self.begun
        return f"{self.begin:.2f} {self.kind} {where} for {lasted:.1f} s"


class Timeline:
    """A value that changes; noted when it does."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._values: list[Any] = []

    def note(self, now: float, value: Any) -> None:
        """Add what it is from now on."""
        if not self._values or self._values[-1] != value:
            self._values.append(value)
            self._times.append(now)

    def at(self, when: float) -> Any:
        """Return what it was; before all that is known, the first."""
        index = max(bisect_right(self._times, when) - 1, 0)
        return self._values[index] if self._values else None

    def changes(self, begin: float, end: float) -> Iterator[tuple[float, Any]]:
        """Yield when it changed between, and into what."""
        for at, value in zip(self._times, self._values, strict=False):
            if begin < at <= end:
                yield at, value

    def since(self, when: float) -> float:
        """Since when it was what it was then."""
        index = max(bisect_right(self._times, when) - 1, 0)
        return self._times[index] if self._times else when


@dataclass(frozen=True)
class Guard:
    """A guard of the daemon that held all changes back."""

    name: str
    begin: float
    end: float = FOREVER


@dataclass
class History:
    """All of it; ``watched`` are the routers with next-hop BFD."""

    holders: Mapping[str, Timeline]
    lists: Mapping[str, Timeline]
    hops: Mapping[str, Timeline]
    watched: Collection[str]
    faults: list[Fault] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)

    def of(self, kinds: Collection[str]) -> list[Fault]:
        """Return the faults of some kinds."""
        return [fault for fault in self.faults if fault.kind in kinds]

    def harmed(
        self, chassis: str, kinds: Collection[str], begin: float, end: float
    ) -> bool:
        """Tell whether a chassis had such a fault at any time between."""
        return any(
            chassis in fault.where and fault.touches(begin, end)
            for fault in self.of(kinds)
        )

    def held(self, router: str, begin: float, end: float) -> set[str]:
        """Return who held a router's port at any time between."""
        line = self.holders[router]
        found = {line.at(begin)} | {c for _, c in line.changes(begin, end)}
        return found - {"", None}

    def listed(self, router: str, when: float) -> tuple[str, ...]:
        """Return a router's list at some time."""
        return self.lists[router].at(when) or ()
