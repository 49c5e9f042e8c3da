# SPDX-License-Identifier: Apache-2.0
"""What is planned is written, and what became of that is noted."""

from __future__ import annotations

import json
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
from gwsched.retries import Retries
from gwsched.telemetry.metrics import Metrics
from gwsched.telemetry.report import Reporter
from gwsched.watch import ClaimWatch

LOG = logging.getLogger(__name__)

# How soon a failed cycle or transaction is tried again (seconds).
RETRY = 1.0
# northd and every ovn-controller digest a transaction whole; what is more
# than this waits for the next cycle, which plans the rest again.
MOST_CHANGES = 200
# What can fail besides the list of a unit and the pin of a router.
HEARTBEAT, LISTS, ROUTERS = "heartbeat", "all lists", "all routers"
REBALANCED = "the end of a rebalance"
COMMON = frozenset({HEARTBEAT, LISTS, ROUTERS, REBALANCED})
# What the server says where no other transaction would fare better: its disk
# is full, for one, or it does not let us write.
GENERAL = frozenset({"I/O error", "permission error"})


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
        self._retries = Retries()
        self._session = 0

    def act(self, seen: Snapshot, plan: Plan, now: float) -> float:
        """Write, as the one who may; return when to look again for that."""
        self._again_at = math.inf
        if self._nb.sessions != self._session:
            self._session = self._nb.sessions
            self._retries = Retries()  # another server, perhaps
        self._write(seen, plan, now)
        return min(self._again_at, self._retries.next(now))

    def _write(self, seen: Snapshot, plan: Plan, now: float) -> None:
        timeout = self.settings.timeout
        may = self._retries.may
        if self._decider.health.beat and may(HEARTBEAT, now):
            self._note(HEARTBEAT, *apply.bump(self._nb, timeout), now)
        if not self.settings.enforce:
            self._reporter.observed(plan)
            return
        self._write_plan(plan, now)
        self._decider.keep_going(plan)
        done = plan.is_done and seen.intents.rebalance
        if done and may(REBALANCED, now):
            result = apply.finish_rebalance(self._nb, timeout)
            self._note(REBALANCED, *result, now)

    def _write_plan(self, plan: Plan, now: float) -> None:
        """Write all but what has failed by itself not long ago."""
        may = self._retries.may
        routers = {_pin(one): one for one in plan.relocations}
        lists = {_list(one): one for one in plan.changes}
        self._retries.keep({*COMMON, *routers, *lists, *plan.orphans})
        due = tuple(one for key, one in routers.items() if may(key, now))
        if due and may(ROUTERS, now):
            self._relocate(due[:MOST_CHANGES], now)
        changes = tuple(one for key, one in lists.items() if may(key, now))
        if changes and may(LISTS, now):
            self.commit(changes[:MOST_CHANGES], now)
        elif not plan.changes and set(plan.orphans) - self._undeletable:
            self._tidy(plan.orphans, now)

    def _tidy(self, orphans: tuple[str, ...], now: float) -> None:
        """Delete groups of ours that nothing refers to any more.

        One that the server refuses to delete is in use after all, by what
        we do not see: it is not tried again while it is there.
        """
        self._undeletable &= set(orphans)
        for name in sorted(set(orphans) - self._undeletable):
            if not self._retries.may(name, now):
                continue
            result, detail = apply.collect(
                self._nb, (name,), self.settings.timeout
            )
            self._note(name, result, detail, now)
            if result is Result.COMMITTED:
                self._reporter.collected([name])
            elif result is Result.FAILED and _error(detail) not in GENERAL:
                self._undeletable |= {name}

    def commit(self, changes: tuple[Change, ...], now: float) -> None:
        """Write changes, and note what became of them."""
        result, detail = apply.commit(self._nb, changes, self.settings.timeout)
        if self._is_of_one(result, detail, len(changes)):
            # One the server refuses must not hold up all the others.
            for change in changes:
                self.commit((change,), now)
            return
        what = _list(changes[0]) if len(changes) == 1 else LISTS
        self._note(what, result, detail, now)
        if result is Result.COMMITTED:
            self._reporter.committed(changes)
            self._watch.expect(changes, now)
            # Since the look this may have been stopped, or kept waiting.
            self._decider.wrote(changes, time.monotonic())
        elif result is Result.UNANSWERED:
            self._decider.tried(changes, time.monotonic())

    def _relocate(self, wanted: tuple[Relocation, ...], now: float) -> None:
        """Pin L3 gateway routers elsewhere, and note what became of it."""
        result, detail = apply.relocate(
            self._nb, wanted, self.settings.timeout
        )
        if self._is_of_one(result, detail, len(wanted)):
            for relocation in wanted:
                self._relocate((relocation,), now)
            return
        what = _pin(wanted[0]) if len(wanted) == 1 else ROUTERS
        self._note(what, result, detail, now)
        if result is Result.COMMITTED:
            self._reporter.relocated(wanted)
            self._watch.expect_routers(wanted, now)
            self._decider.relocated(wanted, now)

    def _is_of_one(self, result: Result, detail: str, number: int) -> bool:
        """Whether the server may have refused several for one of them."""
        refused = result is Result.FAILED and _error(detail) not in GENERAL
        if refused and number > 1:
            self._metrics.transactions.labels(result).inc()
        return refused and number > 1

    def _note(
        self, what: str, result: Result, detail: str, now: float
    ) -> None:
        """Count a transaction; if it failed, say so and look again soon."""
        self._metrics.transactions.labels(result).inc()
        if result is Result.COMMITTED:
            if self._retries.worked(what):
                LOG.info("NB: %s: written again", what)
        elif result is Result.FAILED:
            if self._retries.failed(what, _error(detail), now):
                LOG.error(
                    "nothing was written to NB: %s: the server refuses it: "
                    "%s; trying on, ever less often; look at its log and disk",
                    what,
                    detail,
                )
        else:
            self._again_at = now + RETRY
            self._tell_unwritten(result, detail)

    @staticmethod
    def _tell_unwritten(result: Result, detail: str) -> None:
        if result is Result.STALE:
            LOG.info("NB changed before we wrote; planning anew: %s", detail)
        else:
            LOG.warning("nothing was written to NB: %s: %s", result, detail)


def _list(change: Change) -> str:
    return f"list {change.unit.name}"


def _pin(relocation: Relocation) -> str:
    return f"router {relocation.router.name}"


def _error(detail: str) -> str:
    """Return what a server calls an error, without what differs each time."""
    try:
        said = json.loads(detail)
    except ValueError:
        return detail
    return str(said.get("error")) if isinstance(said, dict) else detail
