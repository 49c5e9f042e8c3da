# SPDX-License-Identifier: Apache-2.0
"""The primaries of units that nobody serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gwsched.model import Unit
from gwsched.placement.level import Job, Machines, level
from gwsched.placement.scene import Scene
from gwsched.schedulers import Ledger, Pool, Request, draw

Lists = Mapping[str, tuple[str, ...]]


class Primaries:
    """Chooses them one by one, then evens out what was just chosen."""

    def __init__(self, scene: Scene, ledger: Ledger) -> None:
        self.scene = scene
        self.ledger = ledger

    def choose(
        self, lists: Lists, opened: Sequence[Unit]
    ) -> dict[str, tuple[str, ...]]:
        """Return lists of one for the units whose list is empty.

        Who holds a unit though nobody lists it keeps it.
        """
        chosen: dict[str, str] = {}
        pools: dict[str, Pool] = {}
        missing = [unit for unit in opened if not lists[unit.name]]
        for unit in missing:
            siblings = self._siblings(unit, lists, chosen)
            pool = self.scene.who.for_primary(unit, siblings)
            if not pool.names and unit.order:
                pool = self.scene.who.last_resort(unit, self.scene.waited)
            primary = unit.holder
            if primary not in self.scene.who.pool(unit).chassis:
                request = Request(unit.name, (), pool, unit.weight)
                primary = self.scene.ask(request, self.ledger)
                pools[unit.name] = pool
            if primary:
                self.ledger.extend((), primary, unit.weight)
                chosen[unit.name] = primary
        if self.scene.balances:
            chosen.update(self._spread(missing, chosen, pools))
        return {name: (primary,) for name, primary in chosen.items()}

    def _siblings(
        self, unit: Unit, lists: Lists, chosen: Mapping[str, str]
    ) -> frozenset[str]:
        """Return the primaries of the other units of a unit's routers."""
        found = set()
        for other in self.scene.siblings(unit):
            listed = lists.get(other.name, other.order)
            if other.name in chosen:
                found.add(chosen[other.name])
            elif listed:
                found.add(listed[0])
        return frozenset(found)

    def _spread(
        self,
        missing: Sequence[Unit],
        chosen: Mapping[str, str],
        pools: Mapping[str, Pool],
    ) -> dict[str, str]:
        """Even out the new primaries; nothing holds them yet, so it is free.

        One after the other is best only where all may go everywhere.
        """
        free = [u for u in missing if u.name in pools and u.name in chosen]
        if len({(pools[u.name], u.weight) for u in free}) < 2:
            return {}
        fleet = self.scene.snapshot.chassis
        machines = Machines(
            {name: self.ledger.load(name) for name in fleet},
            {name: 1 / chassis.capacity for name, chassis in fleet.items()},
        )
        for unit in free:
            allowed = pools[unit.name].members
            job = Job(unit.name, unit.weight, allowed)
            machines.put(job, chosen[unit.name])
        moved = level(machines, lambda job, to: draw(job.name, to))
        weights = {unit.name: unit.weight for unit in free}
        for name, primary in moved.items():
            self.ledger.add((chosen[name],), -weights[name])
            self.ledger.add((primary,), weights[name])
        return moved
