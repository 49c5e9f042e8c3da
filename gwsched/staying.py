# SPDX-License-Identifier: Apache-2.0
"""What becomes of those already in a list: who stays, who goes, in order.

Nobody comes in here; that is the planner's second half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gwsched.claims import settled
from gwsched.eligibility import Eligibility
from gwsched.model import Health, Policy, Reason, Snapshot, Unit


@dataclass(frozen=True, slots=True)
class Draft:
    """A list in the making, and the first reason to change it."""

    order: tuple[str, ...]
    reason: Reason | None = None
    why: str = ""

    def to(self, order: Sequence[str], reason: Reason, why: str) -> Draft:
        """Return the draft with another order, if it is another."""
        if tuple(order) == self.order:
            return self
        if self.why:
            return Draft(tuple(order), self.reason, f"{self.why}; {why}")
        return Draft(tuple(order), reason, why)


class Staying:
    """Drafts of lists, made of who is in them."""

    def __init__(
        self,
        snapshot: Snapshot,
        health: Health,
        who: Eligibility,
        policy: Policy,
        now: float,
    ) -> None:
        self.snapshot = snapshot
        self.health = health
        self.who = who
        self.policy = policy
        self.now = now

    def draft(self, unit: Unit) -> Draft:
        """Return what is left of a unit's list, best first, and why."""
        draft = Draft(unit.order)
        draft = self._follow_holder(unit, draft)
        draft = self._dismiss(unit, draft)
        return self._drop_useless_dead(unit, draft)

    def _follow_holder(self, unit: Unit, draft: Draft) -> Draft:
        """Make who OVN elected the primary, and the passed-over one last.

        It costs nothing and spares the switch back when the former primary
        returns: OVN always preempts.
        """
        claim = self.health.claims.get(unit.name)
        holder = unit.holder
        if holder is None or holder not in draft.order[1:]:
            return draft
        if claim is None or not settled(
            claim, self.snapshot.bfd_time, self.now
        ):
            return draft
        if not self.who.serves(unit, holder):
            return draft
        passed = draft.order[: draft.order.index(holder)]
        rest = draft.order[len(passed) + 1 :]
        return draft.to(
            (holder, *rest, *passed),
            Reason.FAILOVER,
            f"OVN has elected {holder} over {', '.join(passed)}",
        )

    def _dismiss(self, unit: Unit, draft: Draft) -> Draft:
        """Put who may not serve last, and out once that costs nothing."""
        good = self.who.serving(unit, draft.order)
        bad = [c for c in draft.order if c not in good]
        if not bad or not (good or self.who.besides(unit, draft.order)):
            return draft
        staying = [c for c in bad if self._stays(unit, c, good)]
        for chassis in (c for c in bad if c not in staying):
            draft = draft.to(
                [c for c in draft.order if c != chassis],
                self._dismissal(chassis),
                f"{chassis} leaves: {self.who.against(unit, chassis)}",
            )
        if good and staying:
            draft = draft.to(
                [*good, *staying],
                self._dismissal(staying[0]),
                f"{', '.join(staying)} last: "
                f"{self.who.against(unit, staying[0])}",
            )
        return draft

    def _stays(self, unit: Unit, chassis: str, good: Sequence[str]) -> bool:
        """Whether who may not serve keeps a place at the end for now."""
        if not self.who.dead(chassis):
            return unit.held_by(chassis)
        if not good:
            return False  # nobody serves this unit: it does not wait
        since = self.health.verdicts[chassis].since
        if self.now < since + self.policy.hold_down:
            return True
        # Neutron takes a chassis with a row for valid and would put it back.
        room = len(good) + len(self.who.besides(unit, unit.order))
        short = room < self.policy.max_candidates
        return unit.neutron and short and chassis in self.snapshot.chassis

    def _drop_useless_dead(self, unit: Unit, draft: Draft) -> Draft:
        """Never leave one live and dead ones with nobody to vouch."""
        dead = [c for c in draft.order if self.who.dead(c)]
        alive = [c for c in draft.order if c not in dead]
        if len(alive) != 1 or not dead:
            return draft
        if any(self.who.vouches(c) for c in unit.references - {*alive, *dead}):
            return draft
        return draft.to(
            alive,
            Reason.FAILOVER,
            f"{alive[0]} is alone and would not claim beside "
            f"{', '.join(dead)}",
        )

    def _dismissal(self, chassis: str) -> Reason:
        return Reason.FAILOVER if self.who.dead(chassis) else Reason.REPAIR
