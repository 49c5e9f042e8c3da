# SPDX-License-Identifier: Apache-2.0
"""What a repair leaves to be repaired is part of it.

Who comes into a list may have lost a member from sight, and who is first
there decides who may stay: one write may be the cause of another.  Here the
second is found before the first is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gwsched.decisions import Change, Health
from gwsched.model import Unit
from gwsched.placement.repairs import Repairs

# What has not come to rest by then goes on with the next plan.
ROUNDS = 3


def completed(repair: Repairs, changes: Sequence[Change]) -> list[Change]:
    """Return the changes of a pass, each with what would have to follow it.

    But for units that are stranded: who is to take one up must not wait for
    who has dropped it, and joins it when it is held again.  And for those
    whose next hop is lost: whether another one reaches it is to be seen.
    """
    found, known = list(changes), repair.scene.health
    names = {c.unit.name for c in found if not _is_open(c.unit, known)}
    for _ in range(ROUNDS if names else 0):
        repair = repair.following(found, names)
        again = {
            change.unit.name: change
            for change in repair.outcomes()
            if isinstance(change, Change)
        }
        if not again:
            break
        found = [_joined(c, again.get(c.unit.name)) for c in found]
    return [
        after
        for before, after in zip(changes, found, strict=True)
        if not _is_taken_back(before, after)
    ]


def _is_taken_back(before: Change, after: Change) -> bool:
    """Whether what follows a change undoes it: none is better."""
    unit = after.unit
    same = after.candidates == unit.candidates and after.form is unit.form
    return same and before.after != after.after


def _is_open(unit: Unit, health: Health) -> bool:
    if unit.name in health.stranded:
        return True
    return any(port.name in health.uplinks.lost for port in unit.ports)


def _joined(change: Change, then: Change | None) -> Change:
    if then is None:
        return change
    why = f"{change.why}; {then.why}"
    return replace(change, form=then.form, after=then.after, why=why)
