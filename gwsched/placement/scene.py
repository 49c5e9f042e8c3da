# SPDX-License-Identifier: Apache-2.0
"""Everything that one plan is made from, in one hand."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from gwsched.decisions import Change, Health, Policy
from gwsched.model import Form, Snapshot, Unit, frozen_map
from gwsched.placement import pace
from gwsched.placement.clock import Clock
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.origins import Origins
from gwsched.placement.pace import Pace
from gwsched.placement.rivals import Rivals
from gwsched.schedulers import Ledger, Request, Scheduler


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
    ) -> None:
        self._scheduler = scheduler
        self.balances = bool(getattr(scheduler, "balances", False))
        self.snapshot = snapshot
        self.units = sorted(snapshot.units, key=lambda unit: unit.name)
        self.health = health
        self.policy = policy
        self.past = past
        self.clock = Clock(now)
        self.who = Eligibility(snapshot, health, policy.scatter_width)

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
        claims = dict(self.health.claims)
        for name in done.keys() & claims.keys():
            claims[name] = replace(
                claims[name],
                order=done[name].order,
                listed_since=self.clock.now,
            )
        units = tuple(done.get(unit.name, unit) for unit in self.units)
        seen = replace(self.snapshot, units=units)
        health = replace(
            self.health,
            claims=frozen_map(claims),
            stranded=self.health.stranded - done.keys(),
        )
        flow = pace.follow(self.past.pace, seen, self.clock.now)
        past = replace(self.past, pace=flow)
        then = Scene(
            seen, health, self._scheduler, self.policy, past, self.clock.now
        )
        then.clock = self.clock
        return then

    def waited(self, since: float) -> bool:
        """Whether something has been so for a hold-down."""
        return self.clock.past(since + self.policy.hold_down)

    def siblings(self, unit: Unit) -> list[Unit]:
        """Return the other units of a unit's routers."""
        if unit.routers.isdisjoint(self._families):
            return []
        found = {
            other.name: other
            for router in unit.routers
            for other in self._families.get(router, ())
        }
        found.pop(unit.name, None)
        return list(found.values())

    @cached_property
    def _families(self) -> Mapping[str, list[Unit]]:
        return _families(self.units)

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


def _families(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    """Return the routers that have several units."""
    found: dict[str, list[Unit]] = {}
    for unit in units:
        for router in unit.routers:
            found.setdefault(router, []).append(unit)
    return {
        name: them for name, them in found.items() if name and len(them) > 1
    }
