# SPDX-License-Identifier: Apache-2.0
"""Backups that are to leave their lists, and how far they may."""

from __future__ import annotations

from collections.abc import Sequence

from gwsched.decisions import Reason, State
from gwsched.model import Unit
from gwsched.placement.drafts import Draft
from gwsched.placement.scene import Scene


class Leaving:
    """Takes out of the backups of a list who is to leave it."""

    def __init__(self, scene: Scene) -> None:
        self.who = scene.who
        self.policy = scene.policy

    def withdraw(self, unit: Unit, draft: Draft) -> Draft:
        """Take who is to leave out of the backups.

        It stays, last, where too few others would be left, or Neutron's
        list would be short without it: Neutron would put it back.
        """
        primary = self._foremost(unit, draft)
        for chassis in draft.order[1:]:
            parting = self.who.parting(unit, chassis, primary)
            if parting is None or chassis == primary:
                continue
            if unit.held_by(chassis) and not parting.is_fight:
                continue
            rest = [c for c in draft.order if c != chassis]
            others = self.who.serving(unit, rest)
            if parting.reason is Reason.UPLINK:
                others = [c for c in others if not self.who.is_marked(unit, c)]
            spare = len(self.who.besides(unit, draft.order))
            short = len(others) + spare < self.policy.max_candidates
            why = f"{chassis} {parting.what}"
            lone = parting.is_fight and len(others) < 2
            held = unit.neutron and short
            held = held or self._leaves_alone(unit, others)
            held = held or (not spare and self.who.is_lonely(unit, others))
            if len(others) >= parting.spares and (lone or not held):
                draft = draft.to(rest, parting.reason, f"{why}: leaves")
            elif others and self._is_above_better(unit, draft, chassis):
                order = [*rest, chassis]
                draft = draft.to(order, parting.reason, f"{why}: last")
        return draft

    def _leaves_alone(self, unit: Unit, others: Sequence[str]) -> bool:
        """Whether a holder that does not see SB would lose all BFD.

        Nobody runs BFD for a list of one.  It goes by the older list, sees
        nobody any more, and gives up what it carries.
        """
        if others != [unit.holder] or self.who.answers(others[0]):
            return False
        return self.who.state(others[0]) is State.SUSPECT

    def _foremost(self, unit: Unit, draft: Draft) -> str:
        """Return the primary, or who is one as soon as that is dismissed."""
        serving = self.who.serving(unit, draft.order)
        if serving and serving[0] == draft.order[0]:
            return serving[0]
        staying = (c for c in serving if not self.who.leaves(unit, c, ""))
        return next(iter([*staying, *draft.order]), "")

    def _is_above_better(self, unit: Unit, draft: Draft, chassis: str) -> bool:
        primary, below = draft.order[0], draft.order.index(chassis) + 1
        return any(
            self.who.parting(unit, name, primary) is None
            for name in draft.order[below:]
        )
