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

from gwsched import apply
from gwsched.apply import Result
from gwsched.conf import Settings
from gwsched.connection import Database
from gwsched.decider import Decider
from gwsched.decisions import Change, Plan, Relocation
from gwsched.gauges import View
from gwsched.metrics import Metrics
from gwsched.model import Snapshot
from gwsched.report import Reporter
from gwsched.schedulers import Scheduler
from gwsched.snapshot import Reader
from gwsched.vantage import Vantages
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
        self._vantages = Vantages(settings)
        self._settings = settings
        self._decider = Decider(scheduler, settings.policy)
        self._metrics = metrics
        self._reporter = Reporter(metrics)
        self._watch = ClaimWatch()
        self._reader: Reader | None = None
        self._undeletable: frozenset[str] = frozenset()
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

    def close(self) -> None:
        """Close what the loop has opened itself."""
        self._vantages.close()

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
        seen = replace(self._read(), vantages=self._vantages.seen)
        plan = self._decider.decide(
            seen,
            now,
            interrupted=self._sb.sessions != self._sb_session,
            writes=self._nb.has_lock,
        )
        self._sb_session = self._sb.sessions
        self._report(seen, plan, now)
        self._publish(seen, plan)
        self._wake_at = min(self._decider.wake_at, self._watch.wake_at)
        if self._nb.has_lock:
            self._act(seen, plan, now)

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
        return self._reader.read(
            self._nb.take_changed(),
            self._sb.take_changed(),
            claimed=self._sb.claimed,
        )

    def _act(self, seen: Snapshot, plan: Plan, now: float) -> None:
        """Write, as the one who may."""
        timeout = self._settings.timeout
        if self._decider.health.beat:
            self._note(*apply.bump(self._nb, timeout), now)
        if not self._settings.enforce:
            self._reporter.observed(plan)
            return
        if plan.relocations:
            self._relocate(plan.relocations[:MOST_CHANGES], now)
        if plan.changes:
            self.commit(plan.changes[:MOST_CHANGES], now)
        elif set(plan.orphans) - self._undeletable:
            self._tidy(plan.orphans, now)
        self._decider.keep_going(plan)
        if plan.is_done and seen.intents.rebalance:
            self._note(*apply.finish_rebalance(self._nb, timeout), now)

    def _tidy(self, orphans: tuple[str, ...], now: float) -> None:
        """Delete groups of ours that nothing refers to any more.

        One that the server refuses to delete is in use after all, by what
        we do not see: it is not tried again while it is there.
        """
        self._undeletable &= set(orphans)
        for name in sorted(set(orphans) - self._undeletable):
            result, detail = apply.collect(
                self._nb, (name,), self._settings.timeout
            )
            self._note(result, detail, now)
            if result is Result.COMMITTED:
                self._reporter.collected([name])
            elif result is Result.FAILED:
                self._undeletable |= {name}

    def commit(self, changes: tuple[Change, ...], now: float) -> None:
        """Write changes, and note what became of them."""
        result, detail = apply.commit(
            self._nb, changes, self._settings.timeout
        )
        self._note(result, detail, now)
        if result is Result.COMMITTED:
            self._reporter.committed(changes)
            self._watch.expect(changes, now)
            # Since the look this may have been stopped, or kept waiting.
            self._decider.wrote(changes, time.monotonic())
        elif result is Result.UNANSWERED:
            self._decider.tried(changes, time.monotonic())
        elif result is Result.FAILED and len(changes) > 1:
            # One the server refuses must not hold up all the others.
            for change in changes:
                self.commit((change,), now)

    def _relocate(self, wanted: tuple[Relocation, ...], now: float) -> None:
        """Pin L3 gateway routers elsewhere, and note what became of it."""
        result, detail = apply.relocate(
            self._nb, wanted, self._settings.timeout
        )
        self._note(result, detail, now)
        if result is Result.COMMITTED:
            self._reporter.relocated(wanted)
            self._watch.expect_routers(wanted, now)
            self._decider.relocated(wanted, now)
        elif result is Result.FAILED and len(wanted) > 1:
            for relocation in wanted:
                self._relocate((relocation,), now)

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
            vantages=self._vantages.in_use,
            leader=self._nb.has_lock,
            max_candidates=self._settings.policy.max_candidates,
            snapshot=seen,
            health=self._decider.health,
            plan=plan,
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
