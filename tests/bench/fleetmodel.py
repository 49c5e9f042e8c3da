# SPDX-License-Identifier: Apache-2.0
"""What schedulers are compared on: the same fleets, events and figures.

One physical network, one gateway port per router, lists of up to five.  If
a set of chassis fails, each port goes to the first survivor of its list.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

# Up to so many chassis every pair fails once, above only some pairs do.
ALL_PAIRS = 50
SOME_PAIRS = 1000
SEED = 1

Lists = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Size:
    """How many chassis and gateway ports there are."""

    chassis: int
    ports: int

    @classmethod
    def parse(cls, text: str) -> Size:
        chassis, ports = text.split("/")
        return cls(int(chassis), int(ports))

    def __str__(self) -> str:
        return f"{self.chassis} / {self.ports}"

    def chassis_names(self) -> list[str]:
        return [chassis_name(i) for i in range(1, self.chassis + 1)]

    def port_names(self) -> list[str]:
        return [f"lrp-{i:05}" for i in range(1, self.ports + 1)]


def chassis_name(number: int) -> str:
    return f"gw-{number:03}"


class Cloud:
    """Who is there, what was written, and who holds what by OVN's rule.

    A change of holder is a move; it is ``forced`` where the former holder
    was gone.
    """

    def __init__(self, chassis: Iterable[str]) -> None:
        self.live = dict.fromkeys(chassis)
        self.lists: dict[str, tuple[str, ...]] = {}
        self._holders: dict[str, str] = {}
        self.moves = 0
        self.forced = 0

    def copy(self) -> Cloud:
        """Return the same cloud with no moves counted yet."""
        other = Cloud(self.live)
        other.write(self.lists)
        return other

    def holder(self, port: str) -> str | None:
        """Return who holds a port, if anybody does."""
        holder = self._holders.get(port)
        return holder if holder in self.live else None

    def write(self, lists: Lists) -> None:
        """Let a scheduler give ports their lists, best first."""
        for port, order in lists.items():
            self.lists[port] = tuple(order)
            self._elect(port)

    def stop(self, chassis: str) -> None:
        """Let a chassis go; OVN elects at once among the others."""
        del self.live[chassis]
        for port, holder in self._holders.items():
            if holder == chassis:
                self._elect(port)

    def start(self, chassis: str) -> None:
        """Let a chassis come; OVN preempts for it where it is better."""
        self.live[chassis] = None
        for port, order in self.lists.items():
            if chassis in order:
                self._elect(port)

    def _elect(self, port: str) -> None:
        old = self._holders.get(port)
        new = survivor(self.lists[port], self.live)
        if new is None or new == old:
            return
        self._holders[port] = new
        if old is not None:
            self.moves += 1
            self.forced += old not in self.live


def survivor(order: Sequence[str], live: Collection[str]) -> str | None:
    """Return the first of a list that is alive."""
    return next((chassis for chassis in order if chassis in live), None)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one answer of a scheduler took: time, and lists written."""

    seconds: float = 0.0
    written: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.seconds + other.seconds, self.written + other.written
        )


class Contender(Protocol):
    """A scheduler under test; what it decides it writes to the cloud.

    It is given ``chunk`` new ports at a time (0 is all at once).  The cloud
    tells of a stop or a start before the contender does.
    """

    label: str
    chunk: int

    def begin(self, cloud: Cloud) -> None: ...

    def place(self, cloud: Cloud, ports: Sequence[str]) -> Spent: ...

    def stopped(self, cloud: Cloud, chassis: str) -> Spent: ...

    def started(self, cloud: Cloud, chassis: str) -> Spent: ...


@dataclass(frozen=True, slots=True)
class Figures:
    """Loads of the most loaded chassis; ``stranded`` ports found nobody."""

    now: int
    one: int
    two: int | None
    stranded: int = 0


def figures(cloud: Cloud) -> Figures:
    """Measure the lists as they are against every failure."""
    loads = _Loads(cloud)
    names = sorted(cloud.live)
    singles = [(name,) for name in names]
    pairs = some_pairs(names) if len(names) > 2 else []
    now = loads.worst([()])
    one, two = loads.worst(singles), loads.worst(pairs)
    stranded = max(found[1] for found in (now, one, two))
    return Figures(now[0], one[0], two[0] if pairs else None, stranded)


def ideals(chassis: int, ports: int) -> Figures:
    """Return the least loads that are possible at all."""
    now, one = (math.ceil(ports / (chassis - k)) for k in (0, 1))
    two = math.ceil(ports / (chassis - 2)) if chassis > 2 else None
    return Figures(now, one, two)


def some_pairs(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return all pairs, or where they are too many, always the same."""
    pairs: list[tuple[str, ...]] = list(itertools.combinations(names, 2))
    if len(names) <= ALL_PAIRS:
        return pairs
    return random.Random(SEED).sample(pairs, SOME_PAIRS)


class _Loads:
    """The loads now, and what becomes of them if some chassis fail."""

    def __init__(self, cloud: Cloud) -> None:
        self._live = cloud.live
        self._served: dict[str | None, list[tuple[str, ...]]] = {}
        for order in cloud.lists.values():
            holder = survivor(order, cloud.live)
            self._served.setdefault(holder, []).append(order)

    def worst(self, failures: Iterable[tuple[str, ...]]) -> tuple[int, int]:
        """Return the highest load and most stranded ports of any failure."""
        found = [self._after(failed) for failed in failures]
        return (
            max(
                (max(loads.values(), default=0) for loads, _ in found),
                default=0,
            ),
            max((stranded for _, stranded in found), default=0),
        )

    def _after(self, failed: tuple[str, ...]) -> tuple[Counter[str], int]:
        left = [name for name in self._live if name not in failed]
        loads = Counter(
            {name: len(self._served.get(name, ())) for name in left}
        )
        stranded = len(self._served.get(None, ()))
        alive = set(left)
        for name in failed:
            for order in self._served.get(name, ()):
                heir = survivor(order, alive)
                if heir is None:
                    stranded += 1
                else:
                    loads[heir] += 1
        return loads, stranded
