# SPDX-License-Identifier: Apache-2.0
"""One gwsched: the real Decider, and a loop like that of gwsched/loop.py."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gwsched.decider import Decider
from gwsched.decisions import Change, Plan
from gwsched.model import Snapshot, Unit, frozen_map
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.simulation.answers import Answers
from tests.simulation.databases import Northbound, Southbound
from tests.simulation.process import Process
from tests.simulation.reader import Reader
from tests.simulation.server import Result

# As gwsched/acting.py and gwsched/loop.py have them.
MOST_CHANGES = 200
RETRY = 1.0
# How long a transaction without an answer is waited for (seconds).
TIMEOUT = 10.0
# No two looks are closer together: a pass takes its time.
REST = 0.01
# How long nothing must have changed before anything is evened out, and after
# how long it is in any case (seconds; gwsched/leisure.py).
CALM, LONGEST = 0.05, 1.0

Claims = Mapping[str, Mapping[str, int]]


class Daemon(Process):
    """What it saw last, and its Decider."""

    def clear(self) -> None:
        """Forget everything, as a process that is gone."""
        super().clear()
        world = self.world
        self.decider = Decider(LeastLoaded(), world.policy)
        self.reader = Reader(world.ovn.cloud, world.ovn.known_ports)
        self.nb: Northbound | None = None
        self.sb: Southbound | None = None
        self._sb_looked = 0
        self._held: tuple[tuple[Change, ...], Snapshot] | None = None
        self._claims: Claims = frozen_map({})
        self._counted = -1
        self._base: dict[tuple[str, str], int] = {}
        self._units: tuple[Unit, ...] = ()
        self._put_off = math.inf
        self._answers = Answers(lambda: world.ovn.now)
        self._asks_at = math.inf

    def go_on(self) -> None:
        """Send the transaction that it was stopped before, if there is one."""
        if self._held is not None:
            changes, seen = self._held
            self._held = None
            self._send(changes, seen)

    def look(self) -> None:
        """Make one pass."""
        self.look_at = math.inf
        if self.alive != "up" or self.session is None or not self.sb_open:
            return
        self._take_in()
        if self.nb is None or self.sb is None:
            return
        now = self.world.ovn.now
        seen = self.reader.read(
            self.nb,
            self.sb,
            self._answers.known if self.world.polled else self.sb.answered,
            self._claims,
            self.world.vantages(),
        )
        plan = self.decider.decide(
            seen,
            now,
            interrupted=self.sb_sessions != self._sb_looked,
            writes=self.leads,
            hurried=self._is_hurried(seen, now),
        )
        if not plan.postponed:
            self._put_off = math.inf
        else:
            self._put_off = min(self._put_off, now + LONGEST)
            self.look_by(now + CALM)
        self._sb_looked = self.sb_sessions
        self.world.looked(self, seen, plan)
        self.look_by(max(self.decider.wake_at, now + REST))
        if self.leads:
            self._act(seen, plan, now)

    def _is_hurried(self, seen: Snapshot, now: float) -> bool:
        """Whether something has just happened, so that more may follow."""
        before, self._units = self._units, seen.units
        return before != seen.units and now < self._put_off

    def _act(self, seen: Snapshot, plan: Plan, now: float) -> None:
        server = self.world.server
        if self.decider.health.beat:
            if not self.reaches_nb:
                self._unanswered()
                return
            if server.bump(self.session) is not Result.COMMITTED:
                self.look_by(now + RETRY)
        if plan.changes:
            changes = plan.changes[:MOST_CHANGES]
            if self._mishap("hang"):
                self._held = (changes, seen)
                self.hang()
                return
            self._send(changes, seen)
        self.decider.keep_going(plan)
        if plan.is_done and seen.intents.rebalance and self.reaches_nb:
            server.finish_rebalance(self.session)

    def _send(self, changes: tuple[Change, ...], seen: Snapshot) -> None:
        """Send a transaction, and take note of the answer."""
        now = self.world.ovn.now
        if self._mishap("request") or not self.reaches_nb:
            self.decider.tried(changes, now)
            self._unanswered()
            return
        result = self.world.commits(self, changes, seen)
        if self._mishap("answer"):
            self.decider.tried(changes, now)
            self._unanswered()
        elif result is Result.COMMITTED:
            self.decider.wrote(changes, now)
        else:
            self.look_by(now + RETRY)

    def _unanswered(self) -> None:
        """Wait in vain, then reconnect (gwsched/apply.py, _finish)."""
        self.disconnect(TIMEOUT)

    def _mishap(self, what: str) -> bool:
        if what in self.mishaps:
            self.mishaps.remove(what)
            return True
        return False

    # -- what it sees ------------------------------------------------------

    def _take_in(self) -> None:
        ovn = self.world.ovn
        if self.sees_nb:
            self.nb = ovn.nb
            self.leads = self.world.server.owner == self.session
        if self.sees_sb:
            self.sb = ovn.sb
            self._count_claims()

    def notify(self) -> None:
        """Something it sees has changed, maybe a reason to ask for answers."""
        super().notify()
        self._follow_answers()

    def ask(self) -> None:
        """Ask who has answered; look again if that is news."""
        self._asks_at = math.inf
        if self.alive == "up" and self.sees_sb and self._answers.run():
            super().notify()
        self._follow_answers()

    def _follow_answers(self) -> None:
        """See to it that answers are asked for when it is time."""
        if not self.world.polled or self.alive != "up" or not self.sees_sb:
            return
        self._answers.follow(self.world.ovn.sb)
        if self._answers.due < self._asks_at:
            self._asks_at = max(self._answers.due, self.world.ovn.now)
            self.later(self._asks_at - self.world.ovn.now, "ask")

    def sb_is_new(self) -> None:
        """Count claims from here: what was claimed before was not seen."""
        self._answers.begin()
        known = {
            (port, name): count
            for port, counts in self._claims.items()
            for name, count in counts.items()
        }
        for port, counts in self.world.ovn.claims.items():
            for name, count in counts.items():
                key = (port, name)
                self._base[key] = count - known.get(key, 0)
        self._counted = -1

    def _count_claims(self) -> None:
        ovn = self.world.ovn
        if ovn.claimed == self._counted:
            return
        self._counted = ovn.claimed
        self._claims = frozen_map(
            {
                port: frozen_map(dict(self._counts(port, counts)))
                for port, counts in ovn.claims.items()
            }
        )

    def _counts(
        self, port: str, counts: Mapping[str, int]
    ) -> list[tuple[str, int]]:
        found = [
            (name, count - self._base.get((port, name), 0))
            for name, count in counts.items()
        ]
        return [(name, count) for name, count in found if count]
