# SPDX-License-Identifier: Apache-2.0
"""One run of a schedule: OVN, daemons, what happens, what is checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gwsched.decisions import Change, Plan
from gwsched.model import Snapshot, Vantage, frozen_map
from tests.simulation.daemon import Daemon
from tests.simulation.databases import Southbound
from tests.simulation.events import Queue
from tests.simulation.happenings import Happenings
from tests.simulation.invariants import Checks, ViolationError
from tests.simulation.outcome import Outcome
from tests.simulation.ovn import Ovn
from tests.simulation.schedules import Schedule
from tests.simulation.server import Result, Server
from tests.simulation.trace import Trace
from tests.simulation.traffic import Meter

Log = Callable[[float, str], None]

# How many looks in one second of a daemon are no loop any more, but a spin.
SPIN = 50


class Simulation:
    """A schedule under way.

    ``polled``: whether daemons ask for answers to heartbeats, as the real
    one does, or hear of each at once.
    """

    def __init__(
        self,
        schedule: Schedule,
        log: Log | None = None,
        *,
        polled: bool = False,
    ) -> None:
        self.schedule = schedule
        self.polled = polled
        self.policy = schedule.settings
        self.ovn = Ovn.running(schedule.cloud)
        self.ovn.log = log
        self.began = self.ovn.now
        self.queue = Queue()
        self.server = Server(self.ovn)
        self.daemons = {name: Daemon(name, self) for name in schedule.names}
        self.meter = Meter()
        self.outcome = Outcome()
        self.checks = Checks(self)
        self.happenings = Happenings(self)
        self._sb, self._nb, self._flipped = self.ovn.sb, self.ovn.nb, 0
        self._spins: dict[str, tuple[int, int]] = {}
        self.trace = Trace()

    @property
    def ended_at(self) -> float:
        """When the last step has happened."""
        return self.began + self.schedule.ends

    def run(self, until: float = math.inf) -> Outcome:
        """Run to the end, or to a time; raise what does not hold."""
        try:
            self.start()
            self.go_on(until)
            if self.began + until >= self.checks.latest:
                self.checks.finish()
        finally:
            self.outcome.close(self)
        return self.outcome

    def start(self) -> None:
        """Put all steps in the queue, and start the daemons."""
        for number, step in enumerate(self.schedule.steps):
            self.queue.put(self.began + step.at, "step", number)
        for daemon in self.daemons.values():
            daemon.start()

    def go_on(self, until: float) -> None:
        """Run to a time, or until everything is at rest."""
        until = min(self.began + until, self.checks.latest)
        while not self.checks.done and self._advance(until):
            pass

    def _advance(self, until: float) -> bool:
        """Let the next thing happen, and everybody notice.

        Nothing may be next until a time.
        """
        ovn = self.ovn
        of_ovn, of_others = ovn.queue.next_at, self.queue.next_at
        if min(of_ovn, of_others) > until:
            return False
        if of_ovn <= of_others:
            ovn.step()
            self.outcome.events += 1
        else:
            ovn.now, _, name, facts = self.queue.take()
            getattr(self, f"_{name}")(*facts)
        if ovn.dirty:
            self.meter.look(ovn)
        if self._has_news():
            for daemon in self.daemons.values():
                daemon.notify()
        self.checks.watch()
        return True

    def _has_news(self) -> bool:
        ovn = self.ovn
        watched = self.schedule.vantages and ovn.flipped != self._flipped
        same = ovn.sb is self._sb or (
            self.polled and _are_alike(ovn.sb, self._sb)
        )
        if same and ovn.nb is self._nb and not watched:
            return False
        self._sb, self._nb, self._flipped = ovn.sb, ovn.nb, ovn.flipped
        return True

    # -- what is in the queue ----------------------------------------------

    def _step(self, number: int) -> None:
        step = self.schedule.steps[number]
        self.ovn.say(f"* {step}")
        self.outcome.steps += 1
        self.happenings.do(step.what, *step.facts)

    def _serve(
        self, name: str, life: int, what: str, arguments: tuple[Any, ...]
    ) -> None:
        daemon = self.daemons[name]
        if daemon.life == life or what == "server_drops":
            getattr(daemon, what)(*arguments)

    def _look(self, name: str, at: float) -> None:
        daemon = self.daemons[name]
        if daemon.look_at == at:
            daemon.look()

    # -- what daemons tell -------------------------------------------------

    def looked(self, daemon: Daemon, seen: Snapshot, plan: Plan) -> None:
        """Take note of a look; refuse to see one too many."""
        self.outcome.looks += 1
        second, count = self._spins.get(daemon.name, (0, 0))
        now = int(self.ovn.now)
        count = count + 1 if second == now else 1
        self._spins[daemon.name] = (now, count)
        if count > SPIN:
            self.violated(
                "spin", f"{daemon.name} looks {count} times a second"
            )
        if self.ovn.log is not None:
            for what in self.trace.news(daemon, plan):
                self.ovn.say(what)
        self.checks.looked(daemon, plan)

    def commits(
        self, daemon: Daemon, changes: tuple[Change, ...], seen: Snapshot
    ) -> Result:
        """Let a transaction reach the server, and judge it."""
        if "ambush" in daemon.mishaps:
            daemon.mishaps.remove("ambush")
            self._ambush(changes[0])
        result = self.server.admit(daemon.session, changes)
        for change in changes:
            before = " ".join(change.unit.order)
            after = " ".join(change.after)
            self.ovn.say(
                f"{daemon.name} writes {change.unit.name}: [{before}] -> "
                f"[{after}] {change.reason}: {change.why} ({result})"
            )
        if result is Result.COMMITTED:
            judge = self.checks.before(daemon, changes, seen)
            self.server.write(changes)
            self.outcome.wrote(changes)
            judge()
        else:
            self.outcome.failed[result] += 1
        return result

    def _ambush(self, change: Change) -> None:
        """Let somebody else write the list first."""
        found = self.ovn.nb.units.get(change.unit.name)
        if found is None or found.form is None:
            return
        order = tuple(c.chassis for c in found.candidates)
        self.ovn.write_list(change.unit.name, (*order[1:], *order[:1]))
        self.ovn.say(f"  somebody else has written {change.unit.name} first")

    def vantages(self) -> tuple[Vantage, ...]:
        """Return what the vantage points say."""
        found = []
        for name in self.schedule.vantages:
            node = self.ovn.nodes[name]
            if node.switching and node.management:
                tunnels = {p: p in node.tunnels for p in sorted(node.peers)}
                seen = Vantage(f"tcp:{name}", name, frozen_map(tunnels))
                found.append(seen)
        return tuple(found)

    def violated(self, name: str, what: str) -> None:
        """Stop: something does not hold."""
        self.ovn.say(f"! {name}: {what}")
        raise ViolationError(name, what, self.ovn.now - self.began)


def _are_alike(one: Southbound, other: Southbound) -> bool:
    """Whether nothing differs that daemons are told of."""
    return all(
        x is y or name == "answered"
        for name, x, y in zip(one._fields, one, other, strict=True)
    )
