# SPDX-License-Identifier: Apache-2.0
"""From snapshot to snapshot: verdicts, memory and the plan that stands."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from gwsched import health, planner
from gwsched.decisions import (
    Change,
    Failback,
    Health,
    Plan,
    Policy,
    Relocation,
)
from gwsched.health.memory import Rest
from gwsched.model import Snapshot, frozen_map
from gwsched.placement import origins, pace, rivals
from gwsched.placement.pace import Pace
from gwsched.placement.rivals import Rivals
from gwsched.placement.scene import Past
from gwsched.placement.survey import Survey
from gwsched.schedulers import Scheduler


class Decider:
    """What one daemon concludes, and what it remembers for that.

    Nothing of it survives a restart, and nothing need: health is proven
    anew, and a move that was under way is seen in the databases.
    """

    def __init__(self, scheduler: Scheduler, policy: Policy) -> None:
        self._scheduler = scheduler
        self._policy = policy
        self._memory = health.Memory()
        self._past = Past()
        self._planned_past = self._past
        self._seen: Snapshot | None = None
        self._wrote = False
        self._basis: Hashable = None
        self._rest: Rest | None = None
        self._survey = Survey()
        self._plan = Plan()

    @property
    def health(self) -> Health:
        """The verdicts of the last decision."""
        return self._memory.health

    @property
    def heartbeat_interval(self) -> float:
        """How often who holds the lock bumps, where nobody else does (s)."""
        return health.interval(self._memory.beats, self._policy)

    @property
    def rivals(self) -> Rivals:
        """What others have done to our lists."""
        return self._past.rivals

    @property
    def looks(self) -> int:
        """How often all lists were looked through for what to even out."""
        return self._survey.evening.looks

    @property
    def wake_at(self) -> float:
        """When time alone may change a verdict or the plan."""
        return min(
            self._plan.wake_at,
            self.health.wake_at,
            self._past.pace.wake_at(),
        )

    def adopt(self, scheduler: Scheduler, policy: Policy, now: float) -> None:
        """Decide by these from now on; what is remembered stays.

        A move that is under way, too.
        """
        self._scheduler, self._policy = scheduler, policy
        self._basis = None  # the plan was made by the others
        # The next move waits no longer than the new budget has it.
        soon = now + 60.0 / policy.moves_per_minute
        flow = self._past.pace
        if flow.next_at > soon:
            self._past = replace(self._past, pace=replace(flow, next_at=soon))

    def decide(
        self,
        seen: Snapshot,
        now: float,
        *,
        interrupted: bool,
        writes: bool,
        hurried: bool = False,
    ) -> Plan:
        """Judge every chassis, and plan.

        :param interrupted: whether SB was out of sight since the last time
        :param writes: whether this daemon is the one that writes
        :param hurried: whether evening out is to be left for later
        """
        self._memory = health.step(
            self._memory, seen, self._policy, now, interrupted=interrupted
        )
        self._remember(seen, now, writes=writes)
        self._plan = self._planned(seen, now, hurried=hurried)
        return self._plan

    def wrote(self, changes: tuple[Change, ...], now: float) -> None:
        """Remember what was written, and the move among it."""
        self._wrote = True
        flow = self._launched(changes, now)
        came_from = self._past.origins
        if self._policy.failback is Failback.DELAYED:
            moving = self._past.pace.flight or self._past.pace.undo
            unclaimed = {moving.unit} if moving else set()
            came_from = origins.wrote(came_from, changes, unclaimed)
        self._past = replace(
            self._past,
            pace=flow,
            rivals=rivals.wrote(self._past.rivals, changes),
            origins=came_from,
        )

    def tried(self, changes: tuple[Change, ...], now: float) -> None:
        """Remember what may have been written, and the move among it.

        The server's answer got lost; if it was written, it is no rival's,
        and the move has its budget.
        """
        flow = self._launched(changes, now, sure=False)
        others = rivals.attempted(self._past.rivals, changes)
        self._past = replace(self._past, pace=flow, rivals=others)

    def _launched(
        self, changes: tuple[Change, ...], now: float, *, sure: bool = True
    ) -> Pace:
        flow = self._past.pace
        for change in changes:
            if pace.is_voluntary(change):
                flow = pace.launched(
                    flow, change, self._policy, now, sure=sure
                )
        return flow

    def relocated(self, done: tuple[Relocation, ...], now: float) -> None:
        """Remember which routers were taken off which chassis."""
        new = {(r.router.name, r.router.chassis): now for r in done}
        known = frozen_map({**self._past.relocated, **new})
        self._past = replace(self._past, relocated=known)

    def keep_going(self, plan: Plan) -> None:
        """Remember whether evening out has begun and is not over."""
        flow = self._past.pace
        if flow.running is not plan.uneven:
            flow = replace(flow, running=plan.uneven)
            self._past = replace(self._past, pace=flow)

    def _remember(self, seen: Snapshot, now: float, *, writes: bool) -> None:
        """Follow what became of our writes, and what others have written.

        Who does not write has nothing to remember: another gwsched's
        writes are not a rival's.
        """
        if not writes:
            self._past = self._past if self._past == Past() else Past()
            return
        past = found = self._past
        flow = pace.follow(past.pace, seen, now)
        if flow is not past.pace:
            found = replace(past, pace=flow)
        # Who puts a list back at once makes it, to us, one never changed.
        new = self._seen is None or seen.units is not self._seen.units
        if new or self._wrote:
            self._wrote = False
            rewritten = rivals.follow(past.rivals, seen, now)
            fresh = {
                name
                for name, feud in rewritten.feuds.items()
                if feud.changed_at == now
            }
            found = replace(
                found,
                rivals=rewritten,
                origins=origins.follow(past.origins, seen, fresh),
            )
        self._past = found
        if found == past and self._planned_past is past:
            self._planned_past = found  # to a plan it is the same

    def _planned(self, seen: Snapshot, now: float, *, hurried: bool) -> Plan:
        """Plan, unless everything the plan depends on is as it was."""
        basis = self._basis
        if not self._is_at_rest(seen):
            basis = planner.basis(seen, self.health)
        self._rest = self._memory.rest
        known = (
            self._seen is not None
            and seen.units is self._seen.units
            and seen.chassis is self._seen.chassis
            and seen.intents == self._seen.intents
            and self._past is self._planned_past
            and basis == self._basis
            and now < self._plan.wake_at
            and (hurried or not self._plan.postponed)
        )
        self._seen, self._basis = seen, basis
        self._planned_past = self._past
        if known:
            return self._plan
        return planner.plan(
            seen,
            self.health,
            self._scheduler,
            self._policy,
            now,
            self._past,
            self._survey,
            hurried=hurried,
        )

    def _is_at_rest(self, seen: Snapshot) -> bool:
        """Whether only heartbeats have gone on since the last plan.

        No plan depends on those: who is live may owe an answer for a moment.
        """
        before, rest = self._seen, self._memory.rest
        return (
            rest is not None
            and rest is self._rest
            and before is not None
            and self._basis is not None
            and seen.orphans is before.orphans
            and seen.default_form is before.default_form
            and not seen.routers
        )
