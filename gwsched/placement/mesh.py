# SPDX-License-Identifier: Apache-2.0
"""Keeping the BFD mesh small: lists whose gateways are neighbours.

All that share a list run BFD with each other.  A list whose chassis are too
far apart on the ring (after a move, or since a chassis came in between) gets
backups that are near its primary; that moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gwsched.decisions import Change, Reason
from gwsched.model import Unit
from gwsched.placement.scene import Scene
from gwsched.schedulers import Ledger, Request


def gathered(
    scene: Scene, ledger: Ledger, units: Iterable[Unit]
) -> Iterator[Change]:
    """Yield new backups for the lists that span too much of the ring."""
    for unit in units:
        near = _near(scene, unit)
        if len(near) == len(unit.order):
            continue
        ledger.add(unit.order, -unit.weight)
        ledger.add(near, unit.weight)
        order = _filled(scene, ledger, unit, near)
        if len(order) == len(unit.order):
            gone = ", ".join(c for c in unit.order if c not in order)
            why = f"{gone} would widen the BFD mesh of {order[0]}"
            form = scene.form(unit)
            yield Change(unit, form, order, Reason.REBALANCE, why)


def _near(scene: Scene, unit: Unit) -> tuple[str, ...]:
    """Return the primary, and who of the others is near all above."""
    pool = scene.who.pool(unit)
    if not pool.is_bounded:
        return unit.order
    kept = unit.order[:1]
    for name in unit.order[1:]:
        if pool.is_near(name, kept):
            kept = (*kept, name)
    return kept


def _filled(
    scene: Scene, ledger: Ledger, unit: Unit, order: tuple[str, ...]
) -> tuple[str, ...]:
    """Let the scheduler fill a list up to the length it has."""
    pool = scene.who.pool(unit)
    while len(order) < len(unit.order):
        request = Request(unit.name, order, pool, unit.weight)
        answer = scene.ask(request, ledger, order)
        if answer is None or not pool.is_near(answer, order):
            break  # the width is too small for lists of this depth
        ledger.extend(order, answer, unit.weight)
        order = (*order, answer)
    return order
