# SPDX-License-Identifier: Apache-2.0
"""A list in the making, and the reason to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gwsched.decisions import Reason
from gwsched.model import Unit
from gwsched.placement.scene import Scene


@dataclass(frozen=True, slots=True)
class Draft:
    """A list in the making, and the reason to change it.

    It is the first one that changed the primary; else the first one.
    """

    order: tuple[str, ...]
    reason: Reason | None = None
    why: str = ""
    moves: bool = False

    def to(self, order: Sequence[str], reason: Reason, why: str) -> Draft:
        """Return the draft with another order, if it is another."""
        if tuple(order) == self.order:
            return self
        moves = tuple(order[:1]) != self.order[:1]
        if self.reason and (self.moves or not moves):
            reason = self.reason
        whys = [self.why, why] if self.why else [why]
        return Draft(tuple(order), reason, "; ".join(whys), self.moves | moves)


def mended(scene: Scene, unit: Unit, draft: Draft) -> Draft:
    """Repair what is wrong with a list though its order is right."""
    if draft.reason is not None or not unit.candidates:
        return draft
    why = _flaw(scene, unit)
    return Draft(draft.order, Reason.REPAIR, why) if why else draft


def _flaw(scene: Scene, unit: Unit) -> str:
    priorities = [c.priority for c in unit.candidates]
    if len(unit.order) < len(priorities):
        return "a chassis was in the list twice"
    if len(set(priorities)) < len(priorities):
        return "two candidates had one priority"
    if unit.is_tangled:
        return f"Neutron counts only priorities from {len(priorities)} to 1"
    if unit.shadowed and not unit.neutron:
        return "its gateway_chassis, which OVN ignores, is cleared"
    if scene.switches(unit):
        return f"its list goes to {scene.form(unit)}, as configured"
    return ""
