# SPDX-License-Identifier: Apache-2.0
"""Which primaries should be elsewhere, and where: the aim of all moves.

Only three things move a primary that works: an intent (a pin, a draining
chassis), two ports of one router on one chassis, and a load past the
threshold.  Evening out takes the fewest moves that do it: each takes a unit
from the most loaded chassis to the least loaded one that may have it.

What is "even" under limits is what levelling can reach: a chassis is past
the threshold where it carries so much more, or less, than it would then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from gwsched.decisions import Reason, Rebalance, Refusal, State
from gwsched.model import Unit
from gwsched.placement.failure import is_uneven
from gwsched.placement.level import Job, Machines, level
from gwsched.placement.scene import Scene
from gwsched.schedulers import draw


@dataclass(frozen=True, slots=True)
class Target:
    """A new primary for a unit that works where it is, and why."""

    unit: Unit
    chassis: str
    reason: Reason
    why: str


class Balance:
    """The primaries as they are, and what they should be."""

    def __init__(
        self, scene: Scene, units: Sequence[Unit], *, evens: bool = True
    ) -> None:
        """Take all units that have a list; only some may be moved.

        :param evens: whether this is the time to even anything out
        """
        self.evens = evens
        self.scene = scene
        self.who = scene.who
        fleet = scene.snapshot.chassis
        self.primary = {unit.name: unit.order[0] for unit in units}
        self.movable = {u.name: u for u in units if self._is_movable(u)}
        loads = dict.fromkeys(fleet, 0)
        for unit in units:
            if unit.order[0] in loads:
                loads[unit.order[0]] += unit.weight
        self.machines = Machines(
            loads, {name: 1 / c.capacity for name, c in fleet.items()}
        )
        self.refusals: list[Refusal] = []
        self.uneven = False

    def targets(self) -> list[Target]:
        """Return what should move, the most wanted first."""
        found = [*self._pinned(), *self._drained()]
        if not self.evens:
            return found
        found += self._separated()
        found += self._failed_back({target.unit.name for target in found})
        return [*found, *self._evened({target.unit.name for target in found})]

    def _is_movable(self, unit: Unit) -> bool:
        """Whether a unit works where its list says, on a live chassis.

        Nothing is moved off a chassis whose controller is silent: it would
        go on as a second active.
        """
        state = self.who.state(unit.order[0])
        return unit.works and not unit.excluded and state is State.LIVE

    def _move(
        self, unit: Unit, chassis: str, reason: Reason, why: str
    ) -> Target:
        self.machines.loads[self.primary[unit.name]] -= unit.weight
        self.machines.loads[chassis] += unit.weight
        self.primary[unit.name] = chassis
        return Target(unit, chassis, reason, why)

    def _pinned(self) -> Iterable[Target]:
        if not self.scene.snapshot.intents.pins:
            return
        for unit in self.movable.values():
            wanted = self.scene.snapshot.intents.pinned(unit)
            if wanted in (None, unit.order[0]):
                continue
            if wanted in self.who.pool(unit).chassis:
                why = f"pinned to {wanted}"
                yield self._move(unit, wanted, Reason.PIN, why)
            else:
                self.refusals.append(self._unpinnable(unit, wanted))

    def _unpinnable(self, unit: Unit, wanted: str) -> Refusal:
        why = self.who.refused(unit, wanted)
        why = f"pinned to {wanted}, but: {why}"
        return Refusal(unit, "pin", why, served=True)

    def _drained(self) -> Iterable[Target]:
        for unit in self.movable.values():
            primary = self.primary[unit.name]
            if not self.who.draining(primary):
                continue
            chassis = self._lowest(unit)
            if chassis is None:
                why = f"{primary} is draining, and nobody else can host it"
                found = Refusal(unit, "drain", why, served=True)
                self.refusals.append(found)
            else:
                why = f"{primary} is draining"
                yield self._move(unit, chassis, Reason.DRAIN, why)

    def _separated(self) -> Iterable[Target]:
        """Take apart the primaries of a router's gateway ports."""
        if self.scene.policy.rebalance is Rebalance.OFF:
            return
        for unit in self.movable.values():
            primary = self.primary[unit.name]
            siblings = self._siblings(unit)
            if primary not in siblings or self._is_bound(unit):
                continue
            chassis = self._lowest(unit)
            if chassis is not None and chassis not in siblings:
                why = f"{primary} has another gateway port of its router"
                yield self._move(unit, chassis, Reason.REBALANCE, why)

    def _failed_back(self, moving: Set[str]) -> list[Target]:
        """Give back what a failure took, to who has long been live again."""
        policy, health = self.scene.policy, self.scene.health
        targets = []
        for name, chassis in sorted(self.scene.past.origins.items()):
            unit = self.movable.get(name)
            if unit is None or name in moving or self._is_bound(unit):
                continue
            if chassis not in self.who.pool(unit).chassis:
                continue
            since = health.verdicts[chassis].since
            if self.scene.clock.past(since + policy.failback_delay):
                why = f"{chassis} had it before it failed"
                move = self._move(unit, chassis, Reason.REBALANCE, why)
                targets.append(move)
        return targets

    def _evened(self, moving: Set[str]) -> list[Target]:
        """Return the moves that even out the load, if it is time to."""
        before = dict(self.machines.loads)
        for unit in self.movable.values():
            if unit.name in moving or self._is_bound(unit):
                continue
            job = Job(unit.name, unit.weight, self._allowed(unit))
            self.machines.put(job, self.primary[unit.name])
        moves = level(self.machines, self._preference)
        if not moves or not self._is_due(before):
            return []
        self.uneven = True
        return [
            self._evening(self.movable[name], chassis, before)
            for name, chassis in moves.items()
        ]

    def _evening(
        self, unit: Unit, chassis: str, before: Mapping[str, int]
    ) -> Target:
        source = unit.order[0]
        why = (
            f"{source} carries {before[source]}, {chassis} "
            f"{before[chassis]}; {self.machines.loads[source]} and "
            f"{self.machines.loads[chassis]} are even"
        )
        return Target(unit, chassis, Reason.REBALANCE, why)

    def _is_due(self, before: Mapping[str, int]) -> bool:
        """Whether evening out may begin, or go on."""
        policy, past = self.scene.policy, self.scene.past
        if policy.rebalance is Rebalance.OFF or not self.scene.balances:
            return False
        if self.scene.snapshot.intents.rebalance:
            return True
        if policy.rebalance is Rebalance.MANUAL:
            return False
        return past.pace.running or any(
            is_uneven(abs(load - even), even, policy.threshold)
            for load, even in zip(
                before.values(), self.machines.loads.values(), strict=True
            )
        )

    def _is_bound(self, unit: Unit) -> bool:
        return self.scene.snapshot.intents.pinned(unit) is not None

    def _siblings(self, unit: Unit) -> frozenset[str]:
        others = self.scene.siblings(unit)
        names = (other.name for other in others)
        return frozenset(self.primary[n] for n in names if n in self.primary)

    def _allowed(self, unit: Unit) -> frozenset[str]:
        siblings = self._siblings(unit)
        return self.who.for_primary(unit, siblings).members

    def _lowest(self, unit: Unit) -> str | None:
        """Return who should take over a unit: least loaded, known to it."""
        return min(
            self._allowed(unit) - {self.primary[unit.name]},
            key=lambda name: (
                self.machines.height(name, unit.weight),
                name not in unit.order,
                draw(unit.name, name),
            ),
            default=None,
        )

    def _preference(self, job: Job, chassis: str) -> tuple[bool, int]:
        """Prefer to move who has the chassis in its list already."""
        known = chassis in self.movable[job.name].order
        return not known, draw(job.name, chassis)
