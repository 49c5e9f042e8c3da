# SPDX-License-Identifier: Apache-2.0
"""Who may host a unit, who serves it already, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence

from gwsched.filters import CONFIGURED, Question, nearest_reason, refuse
from gwsched.model import Health, Refusal, Snapshot, State, Unit

# What a refusal quotes of many chassis that were refused for one reason.
QUOTED = 5


class Eligibility:
    """The filters' answers on one snapshot, asked once per kind of unit."""

    def __init__(self, snapshot: Snapshot, health: Health) -> None:
        self._chassis = snapshot.chassis
        self._health = health
        self._flagged = any(c.is_gateway for c in snapshot.chassis.values())
        self._names: dict[object, tuple[str, ...]] = {}

    def names(self, unit: Unit) -> tuple[str, ...]:
        """Return all live chassis that may host a unit, sorted."""
        if unit.kind not in self._names:
            self._names[unit.kind] = tuple(
                name
                for name in sorted(self._chassis)
                if refuse(self._question(unit, name)) is None
            )
        return self._names[unit.kind]

    def besides(self, unit: Unit, known: Sequence[str]) -> list[str]:
        """Return who may host a unit besides those known."""
        return [name for name in self.names(unit) if name not in known]

    def dead(self, name: str) -> bool:
        """Whether the verdict on a chassis is death."""
        return self._health.state(name) is State.DEAD

    def fits(self, unit: Unit, name: str) -> bool:
        """Whether a chassis is, by what it is, fit for the unit.

        Where its own configuration cannot be read whole, nothing speaks
        against what it does already.
        """
        chassis = self._chassis.get(name)
        if chassis is None:
            return False
        question = self._question(unit, name)
        return chassis.uncertain or refuse(question, CONFIGURED) is None

    def serves(self, unit: Unit, name: str) -> bool:
        """Whether a member may stay where it is."""
        return not self.dead(name) and self.fits(unit, name)

    def serving(self, unit: Unit, order: Sequence[str]) -> list[str]:
        """Return the members of a list that may stay where they are."""
        return [name for name in order if self.serves(unit, name)]

    def vouches(self, name: str) -> bool:
        """Whether a chassis can be a lone survivor's witness."""
        return name in self._chassis and self._health.state(name) in (
            State.LIVE,
            State.UNKNOWN,
        )

    def against(self, unit: Unit, name: str) -> str:
        """Say why a member may not serve."""
        if self.dead(name):
            return self._health.verdicts[name].why
        found = refuse(self._question(unit, name), CONFIGURED)
        return found[1] if found else "nothing"

    def refusal(self, unit: Unit) -> Refusal:
        """Say why nobody can host a unit: what is nearest to enough."""
        refused = {
            name: found
            for name in sorted(self._chassis)
            if (found := refuse(self._question(unit, name)))
        }
        if not refused:
            return Refusal(unit, "no_chassis", "there is no chassis at all")
        nearest = nearest_reason(name for name, _ in refused.values())
        whys = [
            f"{chassis}: {why}"
            for chassis, (name, why) in refused.items()
            if name == nearest
        ]
        more = len(whys) - QUOTED
        tail = f"; and {more} more" if more > 0 else ""
        return Refusal(unit, nearest, "; ".join(whys[:QUOTED]) + tail)

    def _question(self, unit: Unit, name: str) -> Question:
        state = self._health.state(name)
        return Question(unit, self._chassis[name], state, self._flagged)
