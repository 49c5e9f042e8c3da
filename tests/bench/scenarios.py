# SPDX-License-Identifier: Apache-2.0
"""What happens to a fleet, and what each contender makes of it.

initial   all ports are placed, from nothing
restarts  then each chassis stops in order and comes back, one by one,
          in an order drawn by the run's seed
removed   or one chassis goes for good
added     or one more chassis comes
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.fleetmodel import (
    Cloud,
    Contender,
    Figures,
    Size,
    Spent,
    chassis_name,
    figures,
    ideals,
)

INITIAL = "initial"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario came to.

    ``unforced`` are the moves off a chassis that was alive.  Without figures
    it was given up: it would have taken ``took`` seconds or more.
    """

    took: float
    figures: Figures | None = None
    unforced: int = 0
    per_list: float = 0.0


class OverrunError(Exception):
    """Something would take longer than it may."""

    def __init__(self, estimate: float) -> None:
        super().__init__(f"would take {estimate:.0f} s")
        self.estimate = estimate


class Deadline:
    """Gives up early what will not be done in time."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def check(self, done: int, of: int) -> None:
        """:raises OverrunError: if at this pace it would be too late"""
        if self.elapsed < self._limit / 10:
            return  # too early to know the pace
        estimate = self.elapsed * of / done
        if estimate > self._limit:
            raise OverrunError(estimate)


def place_all(
    contender: Contender, size: Size, deadline: Deadline
) -> tuple[Cloud, Spent]:
    """Let a contender place all ports, in the chunks it takes."""
    cloud, spent = Cloud(size.chassis_names()), Spent()
    contender.begin(cloud)
    ports = size.port_names()
    chunk = contender.chunk or len(ports)
    for first in range(0, len(ports), chunk):
        spent += contender.place(cloud, ports[first : first + chunk])
        deadline.check(min(first + chunk, len(ports)), len(ports))
    return cloud, spent


def restarts(
    contender: Contender, cloud: Cloud, deadline: Deadline, seed: int
) -> Spent:
    names, spent = list(cloud.live), Spent()
    # The order matters: OVN breaks ties of priority by name.
    random.Random(seed).shuffle(names)
    for done, name in enumerate(names, start=1):
        cloud.stop(name)
        spent += contender.stopped(cloud, name)
        cloud.start(name)
        spent += contender.started(cloud, name)
        deadline.check(done, len(names))
    return spent


def removed(
    contender: Contender, cloud: Cloud, deadline: Deadline, seed: int
) -> Spent:
    gone = chassis_name(1 + len(cloud.live) // 2)
    cloud.stop(gone)
    return contender.stopped(cloud, gone)


def added(
    contender: Contender, cloud: Cloud, deadline: Deadline, seed: int
) -> Spent:
    new = chassis_name(1 + len(cloud.live))
    cloud.start(new)
    return contender.started(cloud, new)


Event = Callable[[Contender, Cloud, Deadline, int], Spent]
EVENTS: dict[str, Event] = {
    "restarts": restarts,
    "removed": removed,
    "added": added,
}
# How many chassis more there are afterwards.
GROWTH = {INITIAL: 0, "restarts": 0, "removed": -1, "added": 1}
SCENARIOS: Sequence[str] = tuple(GROWTH)


def ideal(scenario: str, size: Size) -> Figures:
    """Return the least loads possible after a scenario."""
    return ideals(size.chassis + GROWTH[scenario], size.ports)


class Run:
    """One contender on one size: placed once, then put through events.

    One that places as another does may begin with what that has ``placed``.
    """

    def __init__(
        self, contender: Contender, size: Size, placed: Cloud | None = None
    ) -> None:
        self._contender = contender
        self._size = size
        self.placed = placed

    def run(self, scenario: str, seed: int, limit: float) -> Outcome:
        """Run one scenario, the initial one first, within a time limit."""
        deadline = Deadline(limit)
        try:
            cloud, spent = self._run(scenario, seed, deadline)
        except OverrunError as overrun:
            return Outcome(overrun.estimate)
        return Outcome(
            deadline.elapsed,
            figures(cloud),
            cloud.moves - cloud.forced,
            spent.seconds / spent.written if spent.written else 0.0,
        )

    def _run(
        self, scenario: str, seed: int, deadline: Deadline
    ) -> tuple[Cloud, Spent]:
        if scenario == INITIAL:
            self.placed, spent = place_all(
                self._contender, self._size, deadline
            )
            return self.placed, spent
        if self.placed is None:
            raise OverrunError(0.0)
        cloud = self.placed.copy()
        self._contender.begin(cloud)
        event = EVENTS[scenario]
        return cloud, event(self._contender, cloud, deadline, seed)
