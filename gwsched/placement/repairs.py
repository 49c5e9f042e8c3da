# SPDX-License-Identifier: Apache-2.0
"""What does not wait: ports without a gateway, dead ones, short lists.

First it is drafted for every unit who stays, then all primaries that are
missing are chosen, then rank by rank everybody else: the best backup
depends on all primaries, the best third on all seconds.
"""

from __future__ import annotations

from collections.abc import Container, Sequence, Set

from gwsched.decisions import Change, Reason, Refusal, State
from gwsched.model import Unit
from gwsched.placement.drafts import Draft, mended
from gwsched.placement.primaries import Primaries
from gwsched.placement.scene import Scene
from gwsched.placement.staying import Staying
from gwsched.placement.warming import Warming
from gwsched.schedulers import Ledger, Pool, Request


class Repairs:
    """One pass over all units; ``ledger`` then has the loads of all.

    Or over some of them, where the ledger has the loads of the others.
    """

    def __init__(
        self,
        scene: Scene,
        units: Sequence[Unit] | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.scene = scene
        self.who = scene.who
        self.stay = Staying(scene)
        self.warming = Warming(scene)
        self._units = self._busy() if units is None else units
        self.ledger = Ledger(scene.survey.calm) if ledger is None else ledger
        self._drafts: dict[str, Draft] = {}
        self._lists: dict[str, tuple[str, ...]] = {}

    def outcomes(self) -> list[Change | Refusal]:
        """Return what is to be changed or cannot be, most urgent first."""
        opened = self._open()
        primaries = Primaries(self.scene, self.ledger)
        self._lists.update(primaries.choose(self._lists, opened))
        self._choose_backups(opened)
        found = [found for unit in opened if (found := self._decide(unit))]
        return sorted(found, key=lambda one: self._is_served(one.unit))

    def following(
        self, changes: Sequence[Change], names: Container[str]
    ) -> Repairs:
        """Return the pass over some units once changes are in force.

        The ledger goes to it.
        """
        then = self.scene.after(changes)
        units = [u for _, u in sorted(then.done.items()) if u.name in names]
        for unit in units:
            self.ledger.add(self._lists[unit.name], -unit.weight)
        return Repairs(then, units, self.ledger)

    def _busy(self) -> list[Unit]:
        """Return the units that are not calm, of all."""
        return self.scene.survey.busy(self._is_calm)

    def _open(self) -> list[Unit]:
        """Count all lists; return the units to work on, most bound first."""
        opened = []
        for unit in self._units:
            if self._is_calm(unit):
                self._lists[unit.name] = unit.order
                self.ledger.add(unit.order, unit.weight)
                continue
            draft = Draft(unit.order)
            if not unit.excluded and unit.in_force:
                draft = self.stay.draft(unit)
                opened.append(unit)
            # else northd has yet to carry over the last write
            served = self.who.ranked(unit, draft.order)
            self._drafts[unit.name] = draft
            self._lists[unit.name] = served
            self.ledger.add(served, unit.weight)
        return sorted(opened, key=self._turn)

    def _turn(self, unit: Unit) -> tuple[int, int, str]:
        """Say how few places are left for a unit beside its siblings."""
        choice = len(self.who.names(unit)) - len(self.scene.siblings(unit))
        return choice, -unit.weight, unit.name

    def _is_calm(self, unit: Unit) -> bool:
        """Whether nothing at all is to be said about a unit.

        The short way for the many: everybody of a full list serves, and the
        primary, or nobody, holds it.
        """
        order, most = unit.order, self.scene.policy.max_candidates
        if not order or not unit.in_force or unit.excluded or unit.is_tangled:
            return False
        if unit.shadowed or unit.holder not in (order[0], None):
            return False
        if not self.who.servers(unit).issuperset(order):
            return False
        if self.who.any_leave(unit) or self.who.any_suspect(unit):
            return False
        if self._is_troubled(unit):
            return False
        if self.scene.switches(unit) or (unit.neutron and len(order) > most):
            return False
        return len(order) >= most or not self.who.besides(unit, order)

    def _is_troubled(self, unit: Unit) -> bool:
        """Whether a unit's next hop is lost, or its last move is undone."""
        undo = self.scene.past.pace.undo
        if undo is not None and undo.unit == unit.name:
            return True
        lost = self.scene.health.uplinks.lost
        return bool(lost) and any(port.name in lost for port in unit.ports)

    def _is_served(self, unit: Unit) -> bool:
        return bool(self.who.serving(unit, unit.order))

    def _choose_backups(self, opened: Sequence[Unit]) -> None:
        """Let the scheduler fill up the lists, one rank after another."""
        for rank in range(1, self.scene.policy.max_candidates):
            for unit in opened:
                above = self._lists[unit.name]
                if len(above) != rank or not self._takes_more(unit):
                    continue
                if self._room(unit) > 0:
                    chosen = self._ask(unit, above)
                    if chosen:
                        self._lists[unit.name] = (*above, chosen)

    def _takes_more(self, unit: Unit) -> bool:
        """Whether newcomers would wait for their turn.

        A holder that does not see SB runs no BFD with them: the first of
        them would take it for dead, if nobody above it sees it.  Who leaves
        is not above it.
        """
        if unit.holder is None or not self.who.may_be_deaf(unit.holder):
            return True
        above = {*self._lists[unit.name]} - {unit.holder}
        known = (c for c in unit.order if c in above)
        return any(self.who.state(c) is State.LIVE for c in known)

    def _room(self, unit: Unit) -> int:
        """How many may come in besides those that stay in whatever role.

        Those who have not taken a unit up make way for who may.
        """
        staying = {*self._lists[unit.name]}
        if not self.who.is_stranded(unit):
            staying |= {*self._drafts[unit.name].order}
        return self.scene.policy.max_candidates - len(staying)

    def _ask(self, unit: Unit, above: tuple[str, ...]) -> str | None:
        """Ask for one more chassis, and count it."""
        known = {*self._drafts[unit.name].order, *above}
        pool = self._pool(unit, above, known)
        if known.issuperset(pool.names):
            return None
        if not (above[1:] or self.warming.may_grow(unit, above[0])):
            return None
        request = Request(unit.name, above, pool, unit.weight)
        answer = self.scene.ask(request, self.ledger, known)
        if answer:
            self.ledger.extend(above, answer, unit.weight)
            self.warming.grows(unit, above[0])
        return answer

    def _pool(
        self, unit: Unit, above: tuple[str, ...], known: Set[str]
    ) -> Pool:
        """Return who may come in: at worst who is not trusted.

        That is where one would be left alone: nobody runs BFD for a list of
        one, so that nobody would see its end.
        """
        pool = self.who.pool(unit, above[0])
        if len(above) > 1 or len(unit.order) < 2:
            return pool
        if not known >= {*pool.names}:
            return pool
        return self.who.backups_of_last_resort(
            unit, above[0], self.scene.waited
        )

    def _decide(self, unit: Unit) -> Change | Refusal | None:
        """Decide on one unit: a change, a refusal, or nothing to do."""
        draft = self._drafts[unit.name]
        served = self.who.ranked(unit, draft.order)
        listed = self._lists[unit.name]
        if not listed:
            if draft.order == unit.order:
                return self._nobody(unit)
        elif listed != served:
            others = [c for c in draft.order if c not in listed]
            others = [c for c in others if self._may_stay(unit, c, listed)]
            others.sort(key=self.who.dead)
            most = max(self.scene.policy.max_candidates, len(draft.order))
            order = [*listed, *others][:most]
            draft = draft.to(order, *self._filling(unit, served, listed))
            draft = self.stay.drop_useless(unit, draft, listed[0])
        if draft.order == unit.order:
            draft = Draft(unit.order)  # what went came back
        draft = mended(self.scene, unit, draft)
        if draft.reason is None:
            return None
        form = self.scene.form(unit)
        return Change(unit, form, draft.order, draft.reason, draft.why)

    def _may_stay(
        self, unit: Unit, chassis: str, above: Sequence[str]
    ) -> bool:
        """Whether a member stays behind those who are put before it."""
        if chassis in self.who.apart_from(above[0]):
            return unit.neutron and len(above) > 1  # it would put it back
        if not self.who.is_stranded(unit):
            return True
        return self.who.dead(chassis) or self.who.fits(unit, chassis)

    def _filling(
        self, unit: Unit, served: Sequence[str], listed: Sequence[str]
    ) -> tuple[Reason, str]:
        names = ", ".join(c for c in listed if c not in served)
        if not unit.order:
            return Reason.NEW, f"had no candidates; {names} chosen"
        if served:
            return Reason.REPAIR, f"filled up with {names}"
        if unit.works and not self.who.dead(unit.order[0]):
            why = self.who.against(unit, unit.order[0])
            return Reason.REPAIR, f"{unit.order[0]}: {why}; {names} chosen"
        return Reason.FAILOVER, f"nobody serves it; {names} chosen"

    def _nobody(self, unit: Unit) -> Refusal:
        """Say why a unit stays without anybody to serve it."""
        if self.who.names(unit):
            why = "the scheduler chose none of the eligible"
            return Refusal(unit, "scheduler", why)
        return self.who.refusal(unit)
