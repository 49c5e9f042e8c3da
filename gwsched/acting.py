# SPDX-License-Identifier: Apache-2.0
"""What is planned is written, and what became of that is noted."""

from __future__ import annotations

import logging
import math
import time

from gwsched import apply
from gwsched.apply import Result
from gwsched.conf import Settings
from gwsched.connection import Database
from gwsched.decider import Decider
from gwsched.decisions import Change, Plan, Relocation
from gwsched.model import Snapshot
from gwsched.telemetry.metrics import Metrics
from gwsched.telemetry.report import Reporter
from gwsched.watch import ClaimWatch

LOG = logging.getLogger(__name__)

# How soon a failed cycle or transaction is tried again (seconds).
RETRY = 1.0
# northd and every ovn-controller digest a transaction whole; what is more
# than this waits for the next cycle, which plans the rest again.
MOST_CHANGES = 200


class Acting:
    """The writing half of the loop; ``settings`` may be replaced."""

    def __init__(
        self,
        nb: Database,
        settings: Settings,
        decider: Decider,
        reporter: Reporter,
        watch: ClaimWatch,
        metrics: Metrics,
    ) -> None:
        self.settings = settings
        self._nb = nb
        self._decider = decider
        self._reporter = reporter
        self._watch = watch
        self._metrics = metrics
        self._undeletable: frozenset[str] = frozenset()
        self._again_at = math.inf

    def act(self, seen: Snapshot, plan: Plan, now: float) -> float:
        """Write, as the one who may; return when to look again for that."""
        self._again_at = math.inf
        self._write(seen, plan, now)
        return self._again_at

    def _write(self, seen: Snapshot, plan: Plan, now: float) -> None:
        timeout = self.settings.timeout
        if self._decider.health.beat:
            self._note(*apply.bump(self._nb, timeout), now)
        if not self.settings.enforce:
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
                self._nb, (name,), self.settings.timeout
            )
            self._note(result, detail, now)
            if result is Result.COMMITTED:
                self._reporter.collected([name])
            elif result is Result.FAILED:
                self._undeletable |= {name}

    def commit(self, changes: tuple[Change, ...], now: float) -> None:
        """Write changes, and note what became of them."""
        result, detail = apply.commit(self._nb, changes, self.settings.timeout)
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
            self._nb, wanted, self.settings.timeout
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
        self._again_at = now + RETRY
        if result is Result.STALE:
            LOG.info("NB changed before we wrote; planning anew: %s", detail)
        else:
            LOG.warning("nothing was written to NB: %s: %s", result, detail)
