# SPDX-License-Identifier: Apache-2.0
"""What the survivors of a failure carry, and whether that is even."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from gwsched.model import Unit
from gwsched.placement.scene import Scene
from gwsched.schedulers import SAME_ZONE

# After two failures a list is worth a change where a survivor would carry
# more than this part of the even share.
TWO_FAILURES = 1.03


# Nothing is uneven for less than this: 3 ports against 2 are even.
LEAST_EXCESS = 2


def is_uneven(excess: float, even: float, threshold: float) -> bool:
    """Whether a load so far from the even share is worth a change."""
    return excess >= LEAST_EXCESS and excess > threshold * even


def ratio(loads: Mapping[str, int], capacities: Mapping[str, int]) -> float:
    """Return the highest load over the least possible; 1 is even."""
    total = sum(loads.get(name, 0) for name in capacities)
    capacity = sum(capacities.values())
    if not total:
        return 1.0
    return max(
        loads.get(name, 0) / math.ceil(total * own / capacity)
        for name, own in capacities.items()
    )


class Fleet:
    """All chassis, what they carry, and what they inherit from one."""

    def __init__(
        self,
        scene: Scene,
        units: Iterable[Unit],
        orders: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.chassis = scene.snapshot.chassis
        self.threshold = scene.policy.threshold
        self.first = dict.fromkeys(self.chassis, 0)
        kinds = {}
        for unit in units:
            primary = orders[unit.name][0]
            if primary in self.first:
                self.first[primary] += unit.weight
            kinds[unit.kind] = unit
        self.total = sum(self.first.values())
        able = (scene.who.names(unit) for unit in kinds.values())
        hosts = {name for name, load in self.first.items() if load}
        self.hosts = hosts.union(*able)
        self.zoned = len({self.chassis[n].zones for n in self.hosts}) > 1
        self.capacity = sum(self.chassis[n].capacity for n in self.hosts)
        self.second: dict[str, Mapping[str, int]] = {}

    def inherit(
        self,
        units: Iterable[Unit],
        orders: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Note, once the second ranks are final, who inherits from whom."""
        heirs: defaultdict[str, defaultdict[str, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        for unit in units:
            order = orders[unit.name]
            if len(order) > 1:
                heirs[order[0]][order[1]] += unit.weight
        self.second = dict(heirs)


class Failure:
    """One chassis, or a pair, that fails."""

    def __init__(self, fleet: Fleet, failed: tuple[str, ...]) -> None:
        self.fleet = fleet
        self.failed = failed
        lost = sum(
            fleet.chassis[n].capacity for n in failed if n in fleet.hosts
        )
        slack = TWO_FAILURES if len(failed) > 1 else 1.0
        self._even = fleet.total / max(fleet.capacity - lost, 1)
        self._slack = slack

    def standing(self, name: str) -> int:
        """Return what a survivor carries whoever is next in line."""
        load = self.fleet.first.get(name, 0)
        if len(self.failed) > 1:
            for other in self.failed:
                load += self.fleet.second.get(other, {}).get(name, 0)
        return load

    def loads(self, inherited: Mapping[str, int]) -> dict[str, int]:
        """Return what all survivors carry."""
        return {
            name: self.standing(name) + inherited.get(name, 0)
            for name in self.fleet.chassis
            if name not in self.failed
        }

    def is_fine(self, name: str, load: int) -> bool:
        """Whether a load is as low as it should be.

        That is: even, or below what somebody carries whatever we do; and in
        another zone, where there are zones.
        """
        if name not in self.fleet.chassis:
            return True
        if self.fleet.zoned and self._is_same_zone(name):
            return False
        capacity = self.fleet.chassis[name].capacity
        share = self._even * capacity
        bound = max(math.ceil(share - 1e-9), share * self._slack)
        return load <= bound or load / capacity <= self._highest

    def is_past(self, name: str, load: int) -> bool:
        """Whether a load is so uneven that it is worth changing any list."""
        if name not in self.fleet.hosts:
            return False
        share = self._even * self.fleet.chassis[name].capacity
        return is_uneven(load - share, share, self.fleet.threshold)

    def gain(
        self,
        was: str,
        chassis: str,
        before: Mapping[str, int],
        after: Mapping[str, int],
    ) -> str:
        """Say why one inherits instead of another."""
        failure = f"were {' and '.join(self.failed)} to fail"
        if self._is_same_zone(was) and not self._is_same_zone(chassis):
            return f"{failure}, {chassis} is in another zone and {was} is not"
        return (
            f"{failure}, {was} would carry {before[was]} and {chassis} "
            f"{before[chassis]}; now {after[was]} and {after[chassis]}"
        )

    @cached_property
    def scale(self) -> dict[str, float]:
        """What one port weighs on each chassis: more in the same zone."""
        return {
            name: (SAME_ZONE if self._is_same_zone(name) else 1.0) / c.capacity
            for name, c in self.fleet.chassis.items()
        }

    @cached_property
    def _highest(self) -> float:
        """The highest load per capacity that does not depend on us."""
        return max(
            (
                self.standing(name) / self.fleet.chassis[name].capacity
                for name in self.fleet.hosts
                if name not in self.failed
            ),
            default=0.0,
        )

    @cached_property
    def _zones(self) -> frozenset[str]:
        known = self.fleet.chassis
        return frozenset().union(
            *(known[name].zones for name in self.failed if name in known)
        )

    def _is_same_zone(self, name: str) -> bool:
        if not self.fleet.zoned:
            return False
        return not self.fleet.chassis[name].zones - self._zones
