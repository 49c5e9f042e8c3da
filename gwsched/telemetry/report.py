# SPDX-License-Identifier: Apache-2.0
"""What is new since the last cycle, said once: to the log and the counters.

A level-triggered loop sees everything again in each cycle; an operator
wants to read it when it begins and when it ends.  Decisions go to the
journal as well, and are fields of their line where that is JSON.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from gwsched.decisions import (
    Change,
    Guard,
    Health,
    Plan,
    Reason,
    Relocation,
    State,
    Verdict,
)
from gwsched.model import Snapshot
from gwsched.placement.rivals import Feud, Rivals
from gwsched.telemetry import journal
from gwsched.telemetry.journal import Decision, Journal
from gwsched.telemetry.metrics import Metrics
from gwsched.watch import Outcome

LOG = logging.getLogger(__name__)

ALARMING = (State.SUSPECT, State.DEAD)
# Guards that are no cause for alarm; who insists on a list, or dies again
# and again, gets a warning of its own.
CALM = frozenset(
    {Guard.STARTUP, Guard.PAUSE, Guard.BUDGET, Guard.FOREIGN_WRITER}
)


class Reporter:
    """Remembers what it has said."""

    def __init__(
        self, metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        # What the reporter before us remembered, if there was one.
        self._journal = Journal(metrics.view.decisions)
        self._health = Health()
        self._advised: dict[str, str] = {}
        self._bad_uplinks: set[tuple[str, str]] = set()
        self._pairs: set[frozenset[str]] = set()
        self._guards: set[Guard] = set()
        self._blocking: frozenset[Guard] = frozenset()
        self._feuds: Mapping[str, Feud] = {}
        self._foreign = 0
        self._uneven = False
        self._problems: set[object] = set()
        self._refusals: set[tuple[str, str]] = set()
        self._deferred: set[Guard] = set()
        self._observed: set[str] = set()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The last decisions, the newest first."""
        return self._journal.decisions

    def health(self, health: Health, now: float) -> None:
        """Say whose verdict changed, and what is new between gateways."""
        self._uplinks_of(health)
        self._pairs_of(health, now)
        for name, verdict in health.verdicts.items():
            before = self._health.verdicts.get(name)
            self._verdict(name, verdict, before)
        self._health = health

    def _uplinks_of(self, health: Health) -> None:
        bad = health.uplinks.bad
        for place, why in bad.items():
            if place not in self._bad_uplinks:
                LOG.error(
                    "%s; what can go elsewhere does; look at the link", why
                )
        for chassis, network in self._bad_uplinks - set(bad):
            LOG.info(
                "chassis %s: its uplink to %s counts as good again",
                chassis,
                network,
            )
        self._bad_uplinks = set(bad)

    def _pairs_of(self, health: Health, now: float) -> None:
        for pair, until in health.apart.items():
            if pair not in self._pairs:
                LOG.error(
                    "chassis %s have lost only each other and overrule each "
                    "other's claims; of each list they share the lower "
                    "leaves for %.0f s; look at the tunnel network between "
                    "them",
                    " and ".join(sorted(pair)),
                    until - now,
                )
        for pair in self._pairs - set(health.apart):
            names = " and ".join(sorted(pair))
            LOG.info("chassis %s may share lists again", names)
        self._pairs = set(health.apart)

    def guards(self, plan: Plan) -> None:
        """Say which guards began, ended, or now hold back all or some."""
        for guard, why in plan.guards.items():
            blocks = guard in plan.blocking
            if guard not in self._guards or blocks != (
                guard in self._blocking
            ):
                level = logging.INFO if guard in CALM else logging.ERROR
                what = "no change is made" if blocks else "waiting"
                LOG.log(level, "guard %s: %s: %s", guard, what, why)
        for guard in self._guards - set(plan.guards):
            LOG.info("guard %s is over", guard)
        self._guards = set(plan.guards)
        self._blocking = plan.blocking

    def rivals(self, rivals: Rivals, now: float) -> None:
        """Say who won where somebody else writes the same lists."""
        feuds = {n: f for n, f in rivals.feuds.items() if f.until > now}
        for name, feud in feuds.items():
            if self._feuds.get(name) != feud:
                LOG.warning(
                    "%s: somebody else has written [%s] over our [%s] %d "
                    "times; theirs stays for %.0f s; find out who it is",
                    name,
                    ", ".join(feud.theirs),
                    ", ".join(feud.wanted),
                    feud.rewrites,
                    feud.until - now,
                )
        self._feuds = feuds
        if rivals.foreign_writes < self._foreign:
            self._foreign = 0  # the lock was lost, and what was known with it
        self._metrics.foreign.inc(rivals.foreign_writes - self._foreign)
        self._foreign = rivals.foreign_writes

    def _verdict(
        self, name: str, verdict: Verdict, before: Verdict | None
    ) -> None:
        """Say what is new about a chassis; the same news only once.

        What it is in doubt for may change from one heartbeat to the next,
        and back.
        """
        if before is None or before.state is not verdict.state:
            self._advised.pop(name, None)
            alarming = verdict.state in ALARMING
            LOG.log(
                logging.WARNING if alarming else logging.INFO,
                "chassis %s: %s -> %s: %s",
                name,
                before.state if before else "unheard of",
                verdict.state,
                verdict.why,
            )
        if verdict.advice and self._advised.get(name) != verdict.advice:
            self._advised[name] = verdict.advice
            LOG.error("chassis %s %s: %s", name, verdict.why, verdict.advice)

    def problems(self, snapshot: Snapshot) -> None:
        """Name what is wrong in the databases, when it turns up."""
        for problem in snapshot.problems:
            if problem not in self._problems:
                LOG.warning("%s", problem)
                self._metrics.errors.labels(problem.database.lower()).inc()
        for gone in self._problems - set(snapshot.problems):
            LOG.info("no longer: %s", gone)
        self._problems = set(snapshot.problems)

    def plan(self, plan: Plan) -> None:
        """Say what cannot be done, and what must wait for a guard."""
        refusals = {(r.unit.name, r.reason): r for r in plan.refusals}
        if self._blocking:
            refusals = {}  # what a guard keeps from being known or done
        for key, refusal in refusals.items():
            if key not in self._refusals:
                what = "asked in vain" if refusal.served else "nobody hosts it"
                LOG.error("%s: %s: %s", key[0], what, refusal.why)
                if refusal.reason == "scheduler":
                    self._metrics.errors.labels("scheduler").inc()
        for name, reason in self._refusals - set(refusals):
            LOG.info("%s: no longer refused (%s)", name, reason)
        self._refusals = set(refusals)
        for guard, number in plan.deferred.items():
            if guard not in self._deferred:
                LOG.info("%d changes wait for guard %s", number, guard)
                self._metrics.deferred.labels(guard).inc(number)
        self._deferred = set(plan.deferred)
        if plan.uneven != self._uneven:
            what = "begins" if plan.uneven else "is over"
            LOG.info("evening out the load of the gateways %s", what)
        self._uneven = plan.uneven

    def committed(self, changes: Iterable[Change]) -> None:
        """Say what was written, one line per list, and count it."""
        now, made = self._clock(), []
        for change in changes:
            made.append(journal.changed(change, self._health, now))
            LOG.info("%s", sentence(change), extra=_fields(made[-1]))
            if not change.is_move:
                self._metrics.rank_updates.inc()
            elif not change.awaits_claim:
                self._metrics.moves.labels(change.reason, "claimed").inc()
        self._journal = self._journal.noted(made)

    def relocated(self, done: Iterable[Relocation]) -> None:
        """Say which L3 gateway routers were pinned elsewhere."""
        now, made = self._clock(), []
        for relocation in done:
            made.append(journal.relocated(relocation, self._health, now))
            said = router_sentence(relocation)
            LOG.warning("%s", said, extra=_fields(made[-1]))
        self._journal = self._journal.noted(made)

    def collected(self, orphans: Iterable[str]) -> None:
        """Say which groups were deleted."""
        for name in orphans:
            LOG.info("group %s, ours and used by nothing, is deleted", name)

    def observed(self, plan: Plan) -> None:
        """Say what would be written were it not for ``mode = observe``."""
        now, known = self._clock(), self._health
        wanted: dict[str, Change | Relocation] = {
            **{sentence(change): change for change in plan.changes},
            **{router_sentence(one): one for one in plan.relocations},
        }
        made = []
        for said in sorted(wanted.keys() - self._observed):
            decision = _observed(wanted[said], known, now)
            LOG.info("observe: would write %s", said, extra=_fields(decision))
            made.append(decision)
        self._observed = set(wanted)
        self._journal = self._journal.noted(made)

    def outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Say how moves ended."""
        for outcome in outcomes:
            self._journal = self._journal.ended(
                outcome.port,
                outcome.target,
                outcome.seconds,
                claimed=outcome.claimed,
            )
            result = "claimed" if outcome.claimed else "unclaimed"
            self._metrics.moves.labels(outcome.reason, result).inc()
            if outcome.claimed:
                self._metrics.convergence.observe(outcome.seconds)
                LOG.info(
                    "%s: %s has claimed it after %.2f s",
                    outcome.port,
                    outcome.target,
                    outcome.seconds,
                )
            else:
                LOG.error(
                    "%s: %s has not claimed it within %.0f s; look at its "
                    "ovn-controller and tunnels",
                    outcome.port,
                    outcome.target,
                    outcome.seconds,
                )


def _observed(
    wanted: Change | Relocation, health: Health, now: float
) -> Decision:
    if isinstance(wanted, Relocation):
        return journal.relocated(wanted, health, now, observed=True)
    return journal.changed(wanted, health, now, observed=True)


def _fields(decision: Decision) -> Mapping[str, object]:
    """Return what oslo.log's JSON formatter is to add to a line.

    It takes the attribute ``extra`` of a record, and no other.
    """
    return {"extra": {"what": str(decision.kind), **decision.fields}}


def sentence(change: Change) -> str:
    """Say in one line what a change does and why."""
    before = ", ".join(change.unit.order)
    after = ", ".join(change.after)
    return (
        f"{change.unit.name}: [{before}] -> [{after}] "
        f"({change.reason}: {change.why})"
    )


def router_sentence(relocation: Relocation) -> str:
    """Say in one line where an L3 gateway router goes, and why."""
    router = relocation.router
    return (
        f"router {router.name}: {router.chassis} -> {relocation.target} "
        f"({Reason.FAILOVER}: {relocation.why})"
    )
