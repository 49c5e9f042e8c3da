# SPDX-License-Identifier: Apache-2.0
"""Everything that one plan is made from, in one hand."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter

from gwsched.decisions import Change, Health, Policy
from gwsched.model import Form, Snapshot, Unit, frozen_map
from gwsched.placement import pace
from gwsched.placement.clock import Clock
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.origins import Origins
from gwsched.placement.pace import Pace
from gwsched.placement.rivals import Rivals
from gwsched.placement.survey import Survey, standing
from gwsched.schedulers import Ledger, Request, Scheduler
from gwsched.sharing.layered import layered

NOTHING: Mapping[str, Unit] = frozen_map({})


@dataclass(frozen=True, slots=True)
class Past:
    """What the loop remembers of moves and of other writers.

    ``relocated`` is when an L3 gateway router was taken off a chassis.
    """

    pace: Pace = field(default_factory=Pace)
    rivals: Rivals = field(default_factory=Rivals)
    origins: Origins = field(default_factory=lambda: frozen_map({}))
    relocated: Mapping[tuple[str, str], float] = field(
        default_factory=lambda: frozen_map({})
    )


class Scene:
    """The input of a plan, and the answers that its parts share.

    ``balances`` says that the scheduler wants the lists kept even.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        health: Health,
        scheduler: Scheduler,
        policy: Policy,
        past: Past,
        now: float,
        survey: Survey | None = None,
        done: Mapping[str, Unit] = NOTHING,
    ) -> None:
        """Take all of it.

        :param survey: what is remembered of the last plan
        :param done: the units that changes were found for already
        """
        self._scheduler = scheduler
        self.balances = bool(getattr(scheduler, "balances", False))
        self.snapshot = snapshot
        self.health = health
        self.policy = policy
        self.past = past
        self.clock = Clock(now)
        self.survey = Survey() if survey is None else survey
        self.done = done
        if not done:
            stand = standing(snapshot, health, policy, past.pace)
            self.survey.begin(stand, snapshot.units)
        self.who = Eligibility(
            snapshot, health, policy.scatter_width, self.survey.answers
        )

    @cached_property
    def units(self) -> list[Unit]:
        """All units, by name."""
        units = sorted(self.snapshot.units, key=attrgetter("name"))
        return [self.done.get(unit.name, unit) for unit in units]

    def ask(
        self, request: Request, ledger: Ledger, known: Container[str] = ()
    ) -> str | None:
        """Ask the scheduler, and believe only an answer of the right kind.

        :param known: who is in the list already, in whatever role
        """
        answer = self._scheduler.choose(request, ledger)
        if not isinstance(answer, str) or answer in known:
            return None
        return answer if answer in request.pool.chassis else None

    def after(self, changes: Sequence[Change]) -> Scene:
        """Return the scene once changes are in force; no claim has moved.

        It has the same clock: what either looks forward to is remembered.
        """
        done = {c.unit.name: c.written for c in changes}
        claims = layered(self.health.claims)
        relisted = {
            name: replace(
                claims[name], order=unit.order, listed_since=self.clock.now
            )
            for name, unit in done.items()
            if name in claims
        }
        health = replace(
            self.health,
            claims=claims.updated(relisted),
            stranded=self.health.stranded - done.keys(),
        )
        then = Scene(
            self.snapshot,
            health,
            self._scheduler,
            self.policy,
            self.past,
            self.clock.now,
            self.survey,
            {**self.done, **done},
        )
        then.clock = self.clock
        then.past = replace(self.past, pace=then._followed())
        return then

    def _followed(self) -> Pace:
        """Return what has become of the move that was under way."""
        flow = self.past.pace
        if flow.flight is None and flow.undo is None:
            return flow
        seen = replace(self.snapshot, units=tuple(self.units))
        return pace.follow(flow, seen, self.clock.now)

    def waited(self, since: float) -> bool:
        """Whether something has been so for a hold-down."""
        return self.clock.past(since + self.policy.hold_down)

    def siblings(self, unit: Unit) -> list[Unit]:
        """Return the other units of a unit's routers."""
        found = {
            other.name: self.done.get(other.name, other)
            for router in unit.routers
            for other in self.survey.family(router)
        }
        found.pop(unit.name, None)
        return list(found.values())

    def switches(self, unit: Unit) -> bool:
        """Whether a unit's list is to go to the other table.

        Neutron puts its own back; a group that several share stays one.
        """
        wanted = self.policy.table
        if wanted is None or unit.form in (None, wanted):
            return False
        return not (unit.neutron or unit.externals or len(unit.ports) > 1)

    def form(self, unit: Unit) -> Form:
        """Return the table a unit's list belongs in."""
        if self.switches(unit) or unit.form is None:
            return self.policy.table or self.snapshot.default_form
        return unit.form
