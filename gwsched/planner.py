# SPDX-License-Identifier: Apache-2.0
"""Snapshot and health to a plan: pure, the same in every process.

What it keeps, each as a property test beside:

1. The plan of an applied plan is empty, and after any prefix of a plan the
   rest of it is planned again: every change concerns one unit, and units
   are decided in one fixed order.
2. No change brings in a chassis that a filter refuses or that is not live.
3. No change leaves a unit with fewer live, eligible candidates than before,
   and the last one of a unit never leaves.
4. A chassis that works keeps what it holds: the primary changes only to
   what OVN has elected by itself (which costs nothing), or where the
   primary is dead or may not host the unit any more.
5. A live holder is never deleted from a list: it goes to the end first, and
   out when OVN has moved the unit (deleting its row costs 0.5 s).
6. A lone live candidate is not left beside dead ones unless a live
   ``ref_chassis`` can vouch for it: it would never claim the unit.
7. Priorities are the length of the list down to 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from gwsched.claims import settled
from gwsched.eligibility import Eligibility
from gwsched.model import (
    Change,
    Guard,
    Health,
    Plan,
    Policy,
    Reason,
    Refusal,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.schedulers import Ledger, Request, Scheduler
from gwsched.staying import Draft, Staying


def plan(
    snapshot: Snapshot,
    health: Health,
    scheduler: Scheduler,
    policy: Policy,
    now: float,
) -> Plan:
    """Return what to write now, with the reason of each change."""
    planner = _Planner(snapshot, health, scheduler, policy, now)
    units = planner.in_turn()
    for unit in units:
        planner.draft(unit)
    # All primaries first: who is the best backup depends on all of them.
    for unit in units:
        planner.choose_primary(unit)
    changes, refusals = [], []
    for unit in units:
        outcome = planner.decide(unit)
        if isinstance(outcome, Change):
            planner.count(unit, outcome.after)
            changes.append(outcome)
        elif isinstance(outcome, Refusal):
            refusals.append(outcome)
    if health.guards and changes:
        guard = next(g for g in Guard if g in health.guards)
        deferred = frozen_map({guard: len(changes)})
        return Plan((), tuple(refusals), deferred, health.wake_at)
    return Plan(tuple(changes), tuple(refusals), wake_at=health.wake_at)


def basis(
    snapshot: Snapshot, health: Health, policy: Policy, now: float
) -> Hashable:
    """Return what a plan depends on besides the units and the chassis.

    With the same units, chassis and basis the plan is the same.
    """
    hold_down = policy.hold_down
    return (
        tuple(
            (name, verdict.state, now >= verdict.since + hold_down)
            for name, verdict in health.verdicts.items()
        ),
        tuple(
            unit.name
            for unit in snapshot.units
            if unit.holder not in unit.order[:1]
            and settled(health.claims[unit.name], snapshot.bfd_time, now)
        ),
        tuple(health.guards),
        snapshot.default_form,
    )


class _Planner:
    def __init__(
        self,
        snapshot: Snapshot,
        health: Health,
        scheduler: Scheduler,
        policy: Policy,
        now: float,
    ) -> None:
        self.snapshot = snapshot
        self.health = health
        self.scheduler = scheduler
        self.policy = policy
        self.now = now
        self.who = Eligibility(snapshot, health)
        self.stay = Staying(snapshot, health, self.who, policy, now)
        self.ledger = Ledger()
        self.counted: dict[str, tuple[str, ...]] = {}
        self.drafts: dict[str, Draft] = {}
        self.primaries: dict[str, str] = {}

    def in_turn(self) -> list[Unit]:
        """Order the units: the most constrained first, then by name."""
        return sorted(
            self.snapshot.units,
            key=lambda unit: (len(self.who.names(unit)), unit.name),
        )

    def count(self, unit: Unit, order: Sequence[str]) -> None:
        """Count a unit's list, the part that can carry, and no other."""
        carrying = tuple(c for c in order if not self.who.dead(c))
        weight = len(unit.ports)
        self.ledger.remove(self.counted.get(unit.name, ()), weight)
        self.ledger.add(carrying, weight)
        self.counted[unit.name] = carrying

    def draft(self, unit: Unit) -> None:
        """Decide what becomes of those in a list, and count the rest."""
        draft = Draft(unit.order)
        if unit.in_force:  # else let northd carry over the last write first
            draft = self.stay.draft(unit)
        self.drafts[unit.name] = draft
        self.count(unit, draft.order)

    def choose_primary(self, unit: Unit) -> None:
        """Choose a primary for a unit that nobody serves.

        Who holds it though nobody lists it keeps it.
        """
        if self.who.serving(unit, unit.order):
            return
        chosen = [c for c in self.who.names(unit) if c == unit.holder]
        if not chosen:
            chosen = self._choose(unit, (), self.who.names(unit), 1)
        if chosen:
            self.primaries[unit.name] = chosen[0]
            self.count(unit, chosen)

    def decide(self, unit: Unit) -> Change | Refusal | None:
        """Decide on one unit: a change, a refusal, or nothing to do."""
        if not unit.in_force:
            return None
        draft, refusal = self._fill(unit, self.drafts[unit.name])
        if refusal and draft.order == unit.order:
            return refusal
        draft = self._untangle(unit, draft)
        if draft.reason is None:
            return None
        form = unit.form or self.snapshot.default_form
        return Change(unit, form, draft.order, draft.reason, draft.why)

    def _fill(self, unit: Unit, draft: Draft) -> tuple[Draft, Refusal | None]:
        """Let the scheduler choose who is missing from the list."""
        serving = self.who.serving(unit, draft.order)
        others = [c for c in draft.order if c not in serving]
        primary = self.primaries.get(unit.name)
        kept = [*serving, primary] if primary else serving
        wanted = self.policy.max_candidates - len(kept) - len(others)
        eligible = self.who.besides(unit, [*draft.order, *kept])
        chosen = kept[len(serving) :]
        if wanted > 0 and eligible:
            chosen += self._choose(unit, kept, eligible, wanted)
        if not chosen:
            return draft, None if serving else self._nobody(unit)
        reason, why = self._filling(unit, serving, chosen)
        return draft.to([*serving, *chosen, *others], reason, why), None

    def _nobody(self, unit: Unit) -> Refusal:
        """Say why a unit stays without anybody to serve it."""
        if self.who.names(unit):
            why = "the scheduler chose none of the eligible"
            return Refusal(unit, "scheduler", why)
        return self.who.refusal(unit)

    def _choose(
        self,
        unit: Unit,
        kept: Sequence[str],
        eligible: Sequence[str],
        depth: int,
    ) -> list[str]:
        """Ask the scheduler, and believe only an answer of the right kind."""
        request = Request(
            unit.name,
            tuple(kept),
            tuple(self.snapshot.chassis[name] for name in eligible),
            depth,
        )
        answer = self.scheduler.choose(request, self.ledger)
        allowed = dict.fromkeys(c for c in answer if c in eligible)
        return list(allowed)[:depth]

    @staticmethod
    def _filling(
        unit: Unit, serving: Sequence[str], chosen: Sequence[str]
    ) -> tuple[Reason, str]:
        names = ", ".join(chosen)
        if not unit.order:
            return Reason.NEW, f"had no candidates; {names} chosen"
        if not serving:
            return Reason.FAILOVER, f"nobody serves it; {names} chosen"
        return Reason.REPAIR, f"filled up with {names}"

    def _untangle(self, unit: Unit, draft: Draft) -> Draft:
        """Repair what is wrong in a list though its order is right."""
        if draft.reason is not None or not unit.candidates:
            return draft
        names = [c.chassis for c in unit.candidates]
        priorities = {c.priority for c in unit.candidates}
        if len(set(names)) < len(names):
            why = "a chassis was in the list twice"
        elif len(priorities) < len(names):
            why = "two candidates had one priority"
        elif unit.shadowed and not unit.neutron:
            why = "its gateway_chassis, which OVN ignores, is cleared"
        else:
            return draft
        return Draft(draft.order, Reason.REPAIR, why)
