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
from collections.abc import Callable, Hashable
from dataclasses import replace

from ovs.poller import POLLIN, Poller

from gwsched import apply, health, pace, planner, rivals
from gwsched.apply import Result
from gwsched.conf import Settings
from gwsched.connection import Database
from gwsched.gauges import View
from gwsched.metrics import Metrics
from gwsched.model import Change, Plan, Snapshot
from gwsched.report import Reporter
from gwsched.scene import Past
from gwsched.schedulers import Scheduler
from gwsched.snapshot import Reader
from gwsched.watch import ClaimWatch

LOG = logging.getLogger(__name__)

# The longest wait, so that a pass proves the loop alive (seconds).
LONGEST_WAIT = 5.0
# The longest rest between two passes, however long they take (seconds).
LONGEST_REST = 0.5
# How soon a failed cycle or transaction is tried again (seconds).
RETRY = 1.0
# northd and every ovn-controller digest a transaction whole; what is more
# than this waits for the next cycle, which plans the rest again.
MOST_CHANGES = 200


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
        self._scheduler = scheduler
        self._settings = settings
        self._metrics = metrics
        self._reporter = Reporter(metrics)
        self._watch = ClaimWatch()
        self._reader: Reader | None = None
        self._seen: Snapshot | None = None
        self._basis: Hashable = None
        self._plan = Plan()
        self._memory = health.Memory()
        self._past = Past()
        self._planned_past = Past()
        self._sb_session = 0
        self._changed = False
        self._wake_at = 0.0
        self._rest_until = 0.0
        self._led = False
        self._contended = False

    def run(
        self,
        stopping: threading.Event,
        wakeup: socket.socket,
        completed: Callable[[], None],
    ) -> None:
        """Loop until stopped; ``completed`` is called after each pass.

        ``wakeup`` is a non-blocking socket that signals write to.
        """
        while not stopping.is_set():
            try:
                self._changed |= self._nb.run() | self._sb.run()
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

        A round of heartbeats is one change per chassis, one after another;
        resting as long as the last pass took gathers them.
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
            done = time.monotonic()
            self._rest_until = done + min(done - now, LONGEST_REST)
        else:
            view = self._metrics.view
            self._publish(view.snapshot, view.plan)
            self._wake_at = now + LONGEST_WAIT

    def _cycle(self, now: float) -> None:
        seen = self._read()
        self._memory = health.step(
            self._memory,
            seen,
            self._settings.policy,
            now,
            interrupted=self._sb.sessions != self._sb_session,
        )
        self._sb_session = self._sb.sessions
        self._remember(seen, now)
        plan = self._planned(seen, now)
        self._report(seen, plan, now)
        self._publish(seen, plan)
        self._wake_at = min(
            plan.wake_at,
            self._memory.health.wake_at,
            self._past.pace.wake_at(),
            self._watch.wake_at,
        )
        if self._nb.has_lock:
            self._act(plan, now)

    def _remember(self, seen: Snapshot, now: float) -> None:
        """Follow what became of our writes, and what others have written.

        Who does not write has nothing to remember: another gwsched's
        writes are not a rival's.
        """
        if not self._nb.has_lock:
            self._past = Past()
            return
        flow = pace.follow(self._past.pace, seen, now)
        others = self._past.rivals
        if self._seen is None or seen.units is not self._seen.units:
            others = rivals.follow(others, seen, now)
        if flow is not self._past.pace or others is not self._past.rivals:
            self._past = Past(flow, others)

    def _report(self, seen: Snapshot, plan: Plan, now: float) -> None:
        self._reporter.problems(seen)
        self._reporter.health(self._memory.health)
        self._reporter.guards(plan.guards)
        self._reporter.plan(plan)
        self._reporter.rivals(self._past.rivals, now)
        self._reporter.outcomes(self._watch.look(seen, now))

    def _read(self) -> Snapshot:
        if self._reader is None:
            self._reader = Reader(self._nb.rows, self._sb.rows, self._settings)
        return self._reader.read(
            self._nb.take_changed(), self._sb.take_changed()
        )

    def _planned(self, seen: Snapshot, now: float) -> Plan:
        """Plan, unless everything the plan depends on is as it was."""
        verdicts = self._memory.health
        basis = planner.basis(seen, verdicts)
        known = (
            self._seen is not None
            and seen.units is self._seen.units
            and seen.chassis is self._seen.chassis
            and seen.intents == self._seen.intents
            and self._past is self._planned_past
            and basis == self._basis
            and now < self._plan.wake_at
        )
        if not known:
            self._plan = planner.plan(
                seen,
                verdicts,
                self._scheduler,
                self._settings.policy,
                now,
                self._past,
            )
        self._seen, self._basis = seen, basis
        self._planned_past = self._past
        return self._plan

    def _act(self, plan: Plan, now: float) -> None:
        """Write, as the one who may."""
        if self._memory.health.beat:
            self._note(*apply.bump(self._nb, self._settings.timeout), now)
        changes = plan.changes[:MOST_CHANGES]
        if not self._settings.enforce:
            self._reporter.observed(plan.changes)
            return
        if changes:
            self.commit(changes, now)
        elif plan.orphans:
            self._tidy(plan.orphans, now)
        flow = self._past.pace
        if flow.running is not plan.uneven:
            flow = replace(flow, running=plan.uneven)
            self._past = replace(self._past, pace=flow)
        asked = plan.is_done and self._seen and self._seen.intents.rebalance
        if asked:
            self._note(
                *apply.finish_rebalance(self._nb, self._settings.timeout), now
            )

    def _tidy(self, orphans: tuple[str, ...], now: float) -> None:
        """Delete groups of ours that nothing refers to any more."""
        result, detail = apply.collect(
            self._nb, orphans, self._settings.timeout
        )
        self._note(result, detail, now)
        if result is Result.COMMITTED:
            self._reporter.collected(orphans)

    def commit(self, changes: tuple[Change, ...], now: float) -> None:
        """Write changes, and note what became of them."""
        result, detail = apply.commit(
            self._nb, changes, self._settings.timeout
        )
        self._note(result, detail, now)
        if result is Result.COMMITTED:
            self._reporter.committed(changes)
            self._watch.expect(changes, now)
            self._launched(changes, now)
        elif result is Result.FAILED and len(changes) > 1:
            # One the server refuses must not hold up all the others.
            for change in changes:
                self.commit((change,), now)

    def _launched(self, changes: tuple[Change, ...], now: float) -> None:
        """Remember what was written, and the move among it."""
        flow = self._past.pace
        for change in changes:
            if change.is_move and change.reason in pace.VOLUNTARY:
                policy = self._settings.policy
                flow = pace.launched(flow, change, policy, now)
        self._past = Past(flow, rivals.wrote(self._past.rivals, changes))

    def _note(self, result: Result, detail: str, now: float) -> None:
        """Count a transaction; if it failed, say so and look again soon."""
        self._metrics.transactions.labels(result).inc()
        if result is Result.COMMITTED:
            return
        self._wake_at = min(self._wake_at, now + RETRY)
        if result is Result.STALE:
            LOG.info("NB changed before we wrote; planning anew: %s", detail)
        else:
            LOG.warning("nothing was written to NB: %s: %s", result, detail)

    def _note_leadership(self) -> None:
        leads = self._nb.has_lock
        if leads and not self._led:
            LOG.info("took the lock %r: this gwsched writes", "gwsched")
        elif self._led and not leads:
            LOG.warning("lost the lock; standing by")
        elif self._nb.replica.is_lock_contended and not self._contended:
            LOG.info("another gwsched holds the lock; standing by")
        self._led = leads
        self._contended = bool(self._nb.replica.is_lock_contended)

    def _publish(self, seen: Snapshot | None, plan: Plan) -> None:
        self._metrics.view = View(
            nb_connected=self._nb.synced,
            sb_connected=self._sb.synced,
            leader=self._nb.has_lock,
            max_candidates=self._settings.policy.max_candidates,
            snapshot=seen,
            health=self._memory.health,
            plan=plan,
        )

    def _wait(self, wakeup: socket.socket) -> None:
        poller = Poller()
        self._nb.wait(poller)
        self._sb.wait(poller)
        poller.fd_wait(wakeup.fileno(), POLLIN)
        left = min(self._next_pass() - time.monotonic(), LONGEST_WAIT)
        poller.timer_wait(max(0, int(left * 1000) + 1))
        poller.block()
        with contextlib.suppress(BlockingIOError):
            wakeup.recv(1024)
