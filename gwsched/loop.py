# SPDX-License-Identifier: Apache-2.0
"""The loop: snapshot, health, plan, apply, metrics; then wait.

An update of a database only wakes it.  Reconnect, restart, take-over and
timer are the same path.  Errors are caught here and nowhere below.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ovs.poller import POLLIN, Poller

from gwsched.acting import RETRY, Acting
from gwsched.conf import Settings
from gwsched.connection import LOCK, Database
from gwsched.decider import Decider
from gwsched.decisions import Plan
from gwsched.leisure import Leisure
from gwsched.memory import heap
from gwsched.model import Snapshot
from gwsched.ovsdb.tenure import Tenure
from gwsched.ovsdb.vantage import Vantages
from gwsched.schedulers import Scheduler
from gwsched.snapshot import Reader
from gwsched.telemetry.gauges import View
from gwsched.telemetry.metrics import Metrics
from gwsched.telemetry.report import Reporter
from gwsched.vigil import Vigil
from gwsched.watch import ClaimWatch

LOG = logging.getLogger(__name__)

# The longest wait, so that a pass proves the loop alive (seconds).
LONGEST_WAIT = 5.0
# The longest rest between two passes, however long they take (seconds).
LONGEST_REST = 0.5


class Loop:
    """Everything one daemon knows and does, in one thread."""

    def __init__(
        self,
        nb: Database,
        sb: Database,
        scheduler: Scheduler,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._nb = nb
        self._sb = sb
        self._vantages = Vantages(settings)
        self._settings = settings
        self._decider = Decider(scheduler, settings.policy)
        self._metrics = metrics
        self._reporter = Reporter(metrics)
        self._watch = ClaimWatch()
        self._vigil = Vigil()
        self._leisure = Leisure()
        self.acting = Acting(
            nb, settings, self._decider, self._reporter, self._watch, metrics
        )
        self._reader: Reader | None = None
        self._sb_session = 0
        self._changed = False
        self._wake_at = 0.0
        self._rest_until = 0.0
        self._tenure: Tenure | None = None
        self._contended = False

    def run(
        self,
        stopping: threading.Event,
        wakeup: socket.socket,
        completed: Callable[[], None],
    ) -> None:
        """Loop until stopped or outdated; ``completed`` is called each pass.

        ``wakeup`` is a non-blocking socket that signals write to.
        """
        while not (stopping.is_set() or self.outdated):
            try:
                self._changed |= self._take_in()
                if time.monotonic() >= self._next_pass():
                    self._changed = False
                    self._pass()
                completed()
            except Exception:
                LOG.exception("the cycle failed; trying again")
                self._metrics.errors.labels("cycle").inc()
                self._reader = None  # it may have missed what it was told
                self._wake_at = time.monotonic() + RETRY
            self._wait(wakeup)

    def adopt(self, scheduler: Scheduler, settings: Settings) -> None:
        """Go on by another configuration, with the same databases."""
        before, self._settings = self._settings, settings
        self.acting.settings = settings
        if settings != before:
            self._reader = None  # what it reads depends on them
        self._nb.assume(settings.tls.nb)
        self._sb.assume(settings.tls.sb)
        if _vantages(settings) != _vantages(before):
            self._vantages.close()
            self._vantages = Vantages(settings)
        self._decider.adopt(scheduler, settings.policy, time.monotonic())
        self._changed = True

    def close(self) -> None:
        """Close what the loop has opened itself."""
        self._vantages.close()

    @property
    def outdated(self) -> bool:
        """Whether a database has other columns than it began with."""
        return self._nb.replica.outdated or self._sb.replica.outdated

    def _take_in(self) -> bool:
        """Take in what all servers sent; say whether anything changed."""
        changed = self._nb.run() | self._sb.run()
        return changed | self._vantages.run(time.monotonic())

    @property
    def summary(self) -> str:
        """What there is to say in one line, for ``systemctl status``."""
        view = self._metrics.view
        if view.snapshot is None or not (
            view.nb_connected and view.sb_connected
        ):
            return "waiting for the databases"
        role = "leader" if view.leader else "standing by"
        if view.plan.guards:
            return f"{role}; held back by {', '.join(view.plan.guards)}"
        return (
            f"{role}; {len(view.snapshot.units)} candidate lists, "
            f"{len(view.plan.refusals)} that nobody can host"
        )

    def _next_pass(self) -> float:
        """When to look again: at once if anything changed, but for a rest.

        It is as long as the last pass took: of thousands of updates a second
        as many as come meanwhile are gathered.
        """
        due = 0.0 if self._changed else self._wake_at
        return max(due, self._rest_until)

    def _pass(self) -> None:
        """One cycle if both databases are in sync, else a note of it."""
        now = time.monotonic()
        self._note_leadership()
        if self._nb.synced and self._sb.synced:
            with self._metrics.cycles.time():
                self._cycle(now)
            self._metrics.planned.set_to_current_time()
            done = time.monotonic()
            self._rest_until = done + min(done - now, LONGEST_REST)
        else:
            view = self._metrics.view
            self._publish(view.snapshot, view.plan)
            self._wake_at = now + LONGEST_WAIT

    def _cycle(self, now: float) -> None:
        seen = replace(self._read(), vantages=self._vantages.seen)
        plan = self._decide(seen, now)
        self._report(seen, plan, now)
        self._publish(seen, plan)
        self._wake_at = min(self._decider.wake_at, self._watch.wake_at)
        if plan.postponed:
            self._wake_at = min(self._wake_at, self._leisure.comes_at)
        if self._nb.has_lock:
            again = self.acting.act(seen, plan, now)
            self._wake_at = min(self._wake_at, again)
            self._publish(seen, plan)  # with what was decided just now
        self._watch_holder(seen, now)

    def _decide(self, seen: Snapshot, now: float) -> Plan:
        """Decide what is urgent, and all if there is time for it."""
        before, looks = self._metrics.view.snapshot, self._decider.looks
        if before is None or not _are_same(before, seen):
            self._leisure.stirred(now)
        plan = self._decider.decide(
            seen,
            now,
            interrupted=self._sb.sessions != self._sb_session,
            writes=self._nb.has_lock,
            hurried=not self._leisure.has_come(now),
        )
        self._sb_session = self._sb.sessions
        self._leisure.follow(now, waits=plan.postponed)
        if self._decider.looks != looks:
            self._leisure.used(time.monotonic() - now)
        return plan

    def _watch_holder(self, seen: Snapshot, now: float) -> None:
        """Take the lock from a holder that makes no heartbeats any more."""
        if not (self._nb.waits and seen.heartbeat):
            self._vigil.rest()
            return
        interval = self._decider.heartbeat_interval
        if self._vigil.is_silent(
            seen.requested, self._nb.sessions, interval, now
        ):
            LOG.warning(
                "no heartbeat for more than %.0f s: the gwsched that holds "
                "the lock hangs or is cut off; taking the lock from it",
                interval,
            )
            self._nb.steal_lock()
        self._wake_at = min(self._wake_at, self._vigil.wake_at)

    def _report(self, seen: Snapshot, plan: Plan, now: float) -> None:
        self._reporter.problems(seen)
        self._reporter.health(self._decider.health, now)
        self._reporter.guards(plan)
        self._reporter.plan(plan)
        self._reporter.rivals(self._decider.rivals, now)
        self._reporter.outcomes(self._watch.look(seen, now))

    def _read(self) -> Snapshot:
        if self._reader is None:
            self._reader = Reader(self._nb.rows, self._sb.rows, self._settings)
        nb, sb = self._nb.take_changed(), self._sb.take_changed()
        seen = self._reader.read(
            nb, sb, answered=self._sb.answers, claimed=self._sb.claimed
        )
        if nb is None or sb is None:  # a database came as a whole
            heap.give_back()
        return seen

    def _note_leadership(self) -> None:
        tenure = self._nb.tenure
        contended = self._nb.replica.is_lock_contended
        if tenure is not self._tenure and tenure is not None:
            LOG.info(
                "took the lock %r: this gwsched writes, as %s",
                LOCK,
                tenure.name,
            )
        elif tenure is not self._tenure:
            LOG.warning("lost the lock; standing by")
        elif contended and not self._contended:
            LOG.info("another gwsched holds the lock; standing by")
        self._tenure = tenure
        self._contended = bool(contended)

    def _publish(self, seen: Snapshot | None, plan: Plan) -> None:
        self._metrics.view = View(
            nb_connected=self._nb.synced,
            sb_connected=self._sb.synced,
            vantages=self._vantages.in_use,
            leader=self._nb.has_lock,
            max_candidates=self._settings.policy.max_candidates,
            snapshot=seen,
            health=self._decider.health,
            plan=plan,
            now=time.monotonic(),
            time=time.time(),
            host=socket.gethostname(),
            enforce=self._settings.enforce,
            scheduler=self._settings.scheduler,
            decisions=self._reporter.decisions,
            configuration=self._metrics.view.configuration,
            certificates=self._metrics.view.certificates,
        )

    def _wait(self, wakeup: socket.socket) -> None:
        poller = Poller()
        self._nb.wait(poller)
        self._sb.wait(poller)
        self._vantages.wait(poller)
        poller.fd_wait(wakeup.fileno(), POLLIN)
        left = min(self._next_pass() - time.monotonic(), LONGEST_WAIT)
        poller.timer_wait(max(0, int(left * 1000) + 1))
        poller.block()
        with contextlib.suppress(BlockingIOError):
            wakeup.recv(1024)


def _vantages(settings: Settings) -> tuple[object, ...]:
    """Return what the connections to vantage points are made of."""
    return settings.ovs, settings.tls.ovs


def _are_same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots differ in heartbeats and intents at the most."""
    return one.units is other.units and one.chassis is other.chassis
