# SPDX-License-Identifier: Apache-2.0
"""The units in the order of their names, and names that two of them have."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict

from gwsched.model import Form, Problem, Unit
from gwsched.sharing.lineage import Lineage, Pair


class Catalogue:
    """All units by name; of two with one name, neither.

    A group and a router port may be called alike, and a plan knows units
    by their names.
    """

    def __init__(self) -> None:
        self.units: tuple[Unit, ...] = ()
        self._claimants: defaultdict[str, list[Unit]] = defaultdict(list)
        self._named: dict[str, Unit] = {}
        self._names: list[str] = []
        self._order: list[Unit] = []
        self._forms: Counter[Form | None] = Counter()
        self._touched: set[str] = set()
        self._quarrels: set[str] = set()

    def replace(self, old: Unit | None, new: Unit | None) -> None:
        """Put a unit in the place of another; either may be none."""
        if old is not None:
            claimants = self._claimants[old.name]
            claimants[:] = [unit for unit in claimants if unit is not old]
            self._touched.add(old.name)
        if new is not None:
            self._claimants[new.name].append(new)
            self._touched.add(new.name)

    def settle(self) -> None:
        """Bring ``units`` up to date; it stays what it was if it can."""
        renamed = False
        changed: list[Pair] = []
        for name in sorted(self._touched):
            old, new = self._publish(name)
            if old is new:
                continue
            changed.append((old, new))
            if old is None or new is None:
                renamed = True
            else:
                self._order[bisect_left(self._names, name)] = new
        self._touched.clear()
        if renamed:
            self._names = sorted(self._named)
            self._order = [self._named[name] for name in self._names]
        if changed:
            self.units = Lineage.following(
                self.units, self._order, tuple(changed)
            )

    def problems(self) -> list[Problem]:
        """Name the units that are left alone for their name."""
        what = "a group and a router port share this name; both are left alone"
        return [Problem("NB", name, what) for name in self._quarrels]

    @property
    def usual_form(self) -> Form:
        """The form that most units have."""
        forms = self._forms
        if forms[Form.GATEWAY_CHASSIS] > forms[Form.HA_CHASSIS_GROUP]:
            return Form.GATEWAY_CHASSIS
        return Form.HA_CHASSIS_GROUP

    def _publish(self, name: str) -> tuple[Unit | None, Unit | None]:
        """Follow who claims a name; return who had it and who has it."""
        claimants = self._claimants[name]
        new = claimants[0] if len(claimants) == 1 else None
        old = self._named.get(name)
        if old is not None:
            self._forms[old.form] -= 1
            del self._named[name]
        if new is not None:
            self._forms[new.form] += 1
            self._named[name] = new
        if not claimants:
            del self._claimants[name]
        self._quarrels.discard(name)
        if len(claimants) > 1:
            self._quarrels.add(name)
        return old, new
