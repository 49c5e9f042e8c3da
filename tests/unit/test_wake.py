# SPDX-License-Identifier: Apache-2.0
"""Who sleeps until told to wake misses nothing.

One and the same random course of events is watched by two daemons: one looks
every sixteenth of a second and plans everything anew, the other looks when
something has changed or ``wake_at`` says so, and plans only then.  At every
moment both must have come to the same.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import math
import random
from bisect import bisect_right
from collections.abc import Callable, Hashable
from dataclasses import replace

import pytest

from gwsched.decider import Decider
from gwsched.decisions import Change, ControllerDead, Failback, Policy
from gwsched.health import sessions
from gwsched.model import Session, Snapshot
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.unit.fleet import Fleet

# A power of two, so that times add up exactly.
GRID = 1 / 16
LENGTH = 90.0
POLICY = Policy(
    max_candidates=3,
    probe_interval=2.0,
    moves_per_minute=12,
    failback=Failback.DELAYED,
    failback_delay=10.0,
)
GATEWAYS = [f"gw{i}" for i in range(1, 6)]
UNITS = ["p1", "p2", "p3", "p4"]

Event = tuple[float, Callable[["Daemon"], None]]


class Daemon:
    """A fleet, and a decider that looks at it and writes."""

    def __init__(
        self, policy: Policy, events: list[Event], *, sleeps: bool
    ) -> None:
        self.fleet = Fleet(len(GATEWAYS), policy)
        self.fleet.now = 0.0
        self.sleeps = sleeps
        self.decider = Decider(LeastLoaded(), policy)
        self.turns = itertools.count()
        self.queue = [(at, next(self.turns), what) for at, what in events]
        heapq.heapify(self.queue)
        self.seen: Snapshot | None = None
        self.blind = self.interrupted = False
        self.looks = 0
        self.came_to: list[tuple[float, Hashable]] = []
        for number, name in enumerate(UNITS):
            order = [GATEWAYS[(number + i) % 5] for i in range(3)]
            self.fleet.unit(name, *order, holder=order[0])
            self.fleet.session(name, Session.UP)

    def live(self) -> None:
        """Let all of it happen."""
        now = 0.0
        while now < LENGTH:
            self.fleet.now = now
            happened = self._happen(now)
            if not self.blind and (happened or self._is_awake(now)):
                self._look(now)
            now = self._next(now)

    def _is_awake(self, now: float) -> bool:
        due = now >= self.decider.wake_at or not self.came_to
        return due or not self.sleeps

    def _next(self, now: float) -> float:
        if not self.sleeps:
            return now + GRID
        due = self.queue[0][0] if self.queue else LENGTH
        return due if self.blind else min(due, self.decider.wake_at)

    def _happen(self, now: float) -> bool:
        happened = False
        while self.queue and self.queue[0][0] <= now:
            _, _, what = heapq.heappop(self.queue)
            what(self)
            happened = True
        return happened

    def after(self, delay: float, what: Callable[[Daemon], None]) -> None:
        """Let something happen later, in step with the watcher."""
        at = math.ceil((self.fleet.now + delay) / GRID) * GRID
        heapq.heappush(self.queue, (at, next(self.turns), what))

    def _look(self, now: float) -> None:
        self.looks += 1
        seen = self.fleet.snapshot
        if self.sleeps:  # and does not plan again for what it has seen
            seen = self.seen = shared(self.seen, seen)
        plan = self.decider.decide(
            seen, now, interrupted=self.interrupted, writes=True
        )
        self.interrupted = False
        if self.decider.health.beat:
            self.after(GRID, ask)
        if plan.changes:
            self.decider.wrote(plan.changes, now)
            for change in plan.changes:
                self._write(change)
        self.decider.keep_going(plan)
        self.came_to.append((now, self._outcome()))

    def _write(self, change: Change) -> None:
        fleet, name = self.fleet, change.unit.name
        fleet.write(name, *change.after, in_force=False)
        self.after(GRID, lambda _: None)  # the update of NB
        self.after(2 * GRID, lambda self: carry_over(self, name))

    def _outcome(self) -> Hashable:
        health = self.decider.health
        return (
            tuple((n, v.state) for n, v in sorted(health.verdicts.items())),
            tuple(sorted(health.guards)),
            tuple(sorted(health.cautions)),
            tuple(sorted(health.uplinks.bad)),
            health.uplinks.good,
            tuple(sorted(health.uplinks.lost.items())),
            tuple(sorted(health.uplinks.reached.items())),
            frozenset(health.apart),
            health.stranded,
            health.damped,
            tuple((n, u.order) for n, u in sorted(self.fleet.units.items())),
        )

    def at(self, moments: list[float]) -> list[Hashable]:
        """What it had come to by some moments."""
        times = [at for at, _ in self.came_to]
        return [self.came_to[bisect_right(times, m) - 1][1] for m in moments]


def shared(old: Snapshot | None, new: Snapshot) -> Snapshot:
    """Keep what is the same the same object, as the reader of rows does."""
    if old is None:
        return new
    kept = {
        name: getattr(old, name)
        for name in ("units", "chassis", "claimed", "answered", "vantages")
        if getattr(old, name) == getattr(new, name)
    }
    return replace(new, **kept)


# -- what follows from what --


def ask(daemon: Daemon) -> None:
    """NB has a new nb_cfg; northd passes it on, chassis answer."""
    fleet = daemon.fleet
    fleet.requested += 1
    if fleet.northd:
        daemon.after(GRID, pass_on)


def pass_on(daemon: Daemon) -> None:
    fleet = daemon.fleet
    fleet.published = fleet.requested
    for number, name in enumerate(sorted(fleet.chassis)):
        if name not in fleet.silent:
            delay = GRID * (1 + number % 3)
            daemon.after(delay, functools.partial(answer, name=name))


def answer(daemon: Daemon, name: str) -> None:
    fleet = daemon.fleet
    if name in fleet.chassis and name not in fleet.silent:
        fleet.answered[name] = fleet.published


def carry_over(daemon: Daemon, name: str) -> None:
    """Northd tells OVN of a list, which elects by it."""
    fleet = daemon.fleet
    if not fleet.northd:
        daemon.after(1.0, lambda daemon: carry_over(daemon, name))
        return
    unit = fleet.units[name]
    fleet.units[name] = replace(unit, in_force=True)
    daemon.after(2 * GRID, lambda daemon: elect(daemon, name))


def elect(daemon: Daemon, name: str) -> None:
    fleet = daemon.fleet
    for chassis in fleet.units[name].order:
        if chassis in fleet.chassis and chassis not in fleet.dark:
            if chassis not in fleet.silent:
                fleet.hold(name, chassis)
            return
    fleet.hold(name, None)


def elect_all(daemon: Daemon) -> None:
    for name in UNITS:
        elect(daemon, name)


# -- what may befall a fleet --


class Lots:
    """A course of events, drawn by lot."""

    def __init__(self, seed: int) -> None:
        self.lots = random.Random(seed)
        self.policy = replace(
            POLICY,
            dead_after=self.lots.choice([1.0, 4.0, 8.0]),
            hold_down=self.lots.choice([1.0, 6.0]),
            controller_dead=self.lots.choice(list(ControllerDead)),
        )
        self.events: list[Event] = []
        for _ in range(self.lots.choice([2, 6, 12])):
            self.at = self._grid(5, LENGTH)
            befalls = self.lots.choice(
                [
                    *(self.power, self.power, self.hang, self.tunnel),
                    *(self.uplink, self.uplink, self.fight, self.flap),
                    *(self.northd, self.outage, self.row, self.watch),
                    *(self.watch, self.zones, self.bumps),
                ]
            )
            befalls()

    def _grid(self, low: float, high: float) -> float:
        return self.lots.randrange(int(low / GRID), int(high / GRID)) * GRID

    def _then(self, delay: float, what: Callable[[Daemon], None]) -> None:
        self.at += delay
        self.events.append((self.at, what))

    def _chassis(self) -> str:
        return self.lots.choice(GATEWAYS)

    def power(self) -> None:
        """All of a chassis dies, and comes back or not."""
        name = self._chassis()
        self._then(0, lambda d: d.fleet.silent.add(name))
        self._then(self._grid(1, 3), lambda d: d.fleet.dark.add(name))
        self._then(2 * GRID, elect_all)
        self._then(self._grid(1, 30), lambda d: d.fleet.revive(name))
        self._then(self._grid(0, 3), elect_all)

    def hang(self) -> None:
        name = self._chassis()
        self._then(0, lambda d: d.fleet.silent.add(name))
        self._then(self._grid(1, 40), lambda d: d.fleet.revive(name))

    def tunnel(self) -> None:
        name = self._chassis()
        self._then(0, lambda d: d.fleet.dark.add(name))
        self._then(2 * GRID, elect_all)
        self._then(self._grid(1, 40), lambda d: d.fleet.revive(name))
        self._then(1, elect_all)

    def uplink(self) -> None:
        name = self.lots.choice(UNITS)
        sessions = [*Session, Session.UP, Session.DOWN, Session.DOWN]
        for _ in range(self.lots.randrange(1, 5)):
            session = self.lots.choice(sessions)
            say = lambda d, s=session: d.fleet.session(name, s)  # noqa: E731
            self._then(self._grid(0, 15), say)

    def fight(self) -> None:
        name = self.lots.choice(UNITS)
        for turn in range(self.lots.randrange(2, 12)):
            claim = lambda d, t=turn: claim_in_turn(d, name, t)  # noqa: E731
            self._then(0.5, claim)

    def flap(self) -> None:
        """A chassis goes and comes back, again and again."""
        name = self._chassis()
        for _ in range(4):
            self._then(1, lambda d: leave(d, name))
            self._then(1, lambda d: join(d, name))

    def northd(self) -> None:
        self._then(0, lambda d: setattr(d.fleet, "northd", False))
        self._then(self._grid(1, 20), resume)

    def outage(self) -> None:
        """SB is out of sight for a while."""
        self._then(0, lambda d: setattr(d, "blind", True))
        self._then(self._grid(1, 30), reconnect)

    def row(self) -> None:
        name = self._chassis()
        self._then(0, lambda d: leave(d, name))
        self._then(2 * GRID, elect_all)
        self._then(self._grid(1, 30), lambda d: join(d, name))

    def watch(self) -> None:
        names = self.lots.sample(["hv1", *GATEWAYS], 2)
        see = lambda d: setattr(d.fleet, "watchers", names)  # noqa: E731
        self._then(0, see)

    def zones(self) -> None:
        self.at = 0.0
        self._then(0, lambda d: d.fleet.zone("az1", *GATEWAYS[:3]))
        self._then(0, lambda d: d.fleet.zone("az2", *GATEWAYS[3:]))

    def bumps(self) -> None:
        for _ in range(4):
            self._then(self._grid(0, 3), ask)


def claim_in_turn(daemon: Daemon, name: str, turn: int) -> None:
    order = daemon.fleet.units[name].order
    daemon.fleet.hold(name, order[turn % min(2, len(order))])


def leave(daemon: Daemon, name: str) -> None:
    if name in daemon.fleet.chassis:
        daemon.fleet.remove(name)


def join(daemon: Daemon, name: str) -> None:
    if name not in daemon.fleet.chassis:
        daemon.fleet.add(name)


def resume(daemon: Daemon) -> None:
    daemon.fleet.northd = True
    pass_on(daemon)


def reconnect(daemon: Daemon) -> None:
    daemon.blind, daemon.interrupted = False, True


# -- the tests --


@pytest.mark.parametrize("seed", range(16))
def test_who_sleeps_misses_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "DEBOUNCE", 6 * GRID)
    drawn = Lots(seed)
    watcher = Daemon(drawn.policy, drawn.events, sleeps=False)
    sleeper = Daemon(drawn.policy, drawn.events, sleeps=True)
    watcher.live()
    sleeper.live()
    assert sleeper.looks < watcher.looks / 2
    moments = [at for at, _ in watcher.came_to]
    for moment, one, other in zip(
        moments, watcher.at(moments), sleeper.at(moments), strict=True
    ):
        assert one == other, f"at {moment}"
