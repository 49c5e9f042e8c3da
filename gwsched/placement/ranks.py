# SPDX-License-Identifier: Apache-2.0
"""Re-ranking backups: even after any failure, and nearly so after two.

Given all primaries, who is second for the units of one primary matters only
if that one fails, and who is third only if a certain pair does: so each
failure is levelled by itself.  To re-rank backups moves nothing; still no
list is touched that gains nothing, and somebody else's only where a failure
would go past the threshold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gwsched.model import Unit
from gwsched.placement.failure import Failure, Fleet
from gwsched.placement.level import Job, Machines, level
from gwsched.placement.scene import Scene
from gwsched.schedulers import draw

Orders = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A better order of a unit's backups, and why it is better."""

    unit: Unit
    order: tuple[str, ...]
    why: str


class Ranks:
    """The lists as they will be, and who would inherit from whom."""

    def __init__(
        self,
        scene: Scene,
        units: Iterable[Unit],
        orders: Mapping[str, tuple[str, ...]],
        fixed: Callable[[Unit], bool],
    ) -> None:
        """Take the lists to come of all units; ``fixed`` ones stay so."""
        self.scene = scene
        self.orders: Orders = dict(orders)
        self.fixed = fixed
        self.units = list(units)
        self.fleet = Fleet(scene, self.units, self.orders)
        self.whys: dict[str, str] = {}

    def rankings(self) -> list[Ranking]:
        """Return the units whose backups should be in another order."""
        before = dict(self.orders)
        self._level_all(1)
        self.fleet.inherit(self.units, self.orders)
        self._level_all(2)
        return [
            Ranking(unit, self.orders[unit.name], self.whys[unit.name])
            for unit in self.units
            if self.orders[unit.name] != before[unit.name]
        ]

    def _level_all(self, rank: int) -> None:
        heirs = self._by_failure(rank)
        for failed in sorted(heirs):
            self._level(failed, heirs[failed])

    def _by_failure(self, rank: int) -> dict[tuple[str, ...], list[Unit]]:
        """Group units by the failure that makes those at a rank inherit."""
        found: defaultdict[tuple[str, ...], list[Unit]] = defaultdict(list)
        for unit in self.units:
            order = self.orders[unit.name]
            if len(order) > rank:
                found[tuple(sorted(order[:rank]))].append(unit)
        return found

    def _level(self, failed: tuple[str, ...], units: list[Unit]) -> None:
        """Level what the next in line would carry after a failure."""
        rank = len(failed)
        failure = Failure(self.fleet, failed)
        inherited: defaultdict[str, int] = defaultdict(int)
        for unit in units:
            inherited[self.orders[unit.name][rank]] += unit.weight
        if all(
            failure.is_fine(name, failure.standing(name) + load)
            for name, load in inherited.items()
        ):
            return
        loads = failure.loads(inherited)
        machines = Machines(loads, failure.scale)
        bad = any(failure.is_past(name, load) for name, load in loads.items())
        jobs = {
            unit.name: unit
            for unit in units
            if (bad or self.scene.past.rivals.is_ours(unit))
            and self._put(machines, unit, rank)
        }
        before = dict(loads)
        moved = level(
            machines,
            lambda job, to: self._preference(jobs[job.name], to),
            lambda name: failure.is_fine(name, loads[name]),
        )
        for name, chassis in moved.items():
            was = self.orders[name][rank]
            self.whys[name] = failure.gain(was, chassis, before, loads)
            self._promote(name, rank, chassis)

    def _put(self, machines: Machines, unit: Unit, rank: int) -> bool:
        """Offer a unit's next in line for a change; is it one?"""
        order = self.orders[unit.name]
        if order[rank] not in machines.loads or self.fixed(unit):
            return False
        near = self.scene.who.pool(unit).members_near(order[:rank])
        machines.put(Job(unit.name, unit.weight, near), order[rank])
        return True

    def _preference(self, unit: Unit, chassis: str) -> tuple[int, int]:
        """Prefer to change the list that has the chassis already, high."""
        order = self.orders[unit.name]
        place = order.index(chassis) if chassis in order else len(order)
        return place, draw(unit.name, chassis)

    def _promote(self, name: str, rank: int, chassis: str) -> None:
        order = self.orders[name]
        rest = [c for c in order if c != chassis]
        rest.insert(rank, chassis)
        self.orders[name] = tuple(rest[: len(order)])
