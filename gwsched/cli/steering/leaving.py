# SPDX-License-Identifier: Apache-2.0
"""What becomes of a chassis that is to be emptied, from snapshots alone.

Beforehand: what of it would have nowhere to go.  Then: what is left there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from gwsched.cli.forecast import assumed, outlook
from gwsched.decisions import Policy, Reason, State
from gwsched.model import Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.filters import Question, nearest_reason, refuse
from gwsched.schedulers import Scheduler

# What an obstacle quotes of many chassis that are refused for one reason.
QUOTED = 5


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A port that stands against a wish, or all of them, and why."""

    port: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a drain would do: the moves it takes, and what is against it."""

    moves: int = 0
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """What a chassis has yet: ports it holds, and lists with its name.

    It ``leads`` ports that it does not hold, for now; of those that SB
    carries by an older list nobody knows yet.  ``backs`` counts the lists
    that it is further down in.
    """

    holds: tuple[str, ...]
    leads: tuple[str, ...]
    unsettled: tuple[str, ...]
    backs: int

    @property
    def ports(self) -> tuple[str, ...]:
        """The ports that could be lost with the chassis."""
        return (*self.holds, *self.leads, *self.unsettled)


def left(seen: Snapshot, chassis: str) -> Left:
    """Return what a chassis has yet."""
    holds, leads, unsettled, backs = [], [], [], 0
    for unit in seen.units:
        listed = chassis in unit.order
        leading = unit.order[:1] == (chassis,)
        backs += listed and not leading
        for port in unit.ports:
            if port.holder == chassis:
                holds.append(port.name)
            elif leading:
                leads.append(port.name)
            elif listed and not unit.in_force:
                unsettled.append(port.name)
    return Left(tuple(holds), tuple(leads), tuple(unsettled), backs)


def forecast(
    seen: Snapshot, chassis: str, scheduler: Scheduler, policy: Policy
) -> Forecast:
    """Look ahead to when the chassis is emptied, as far as it can be.

    :raises RestlessError: where it does not come to an end
    """
    found = left(seen, chassis)
    if not (found.ports or found.backs):
        return Forecast()
    draining = seen.intents.draining | {chassis}
    seen = replace(seen, intents=replace(seen.intents, draining=draining))
    rest = outlook.to_rest(seen, scheduler, policy)
    moves = [
        change
        for change in rest.changes
        if change.reason is Reason.DRAIN and change.awaits_claim
    ]
    stay = {unit.name for unit in rest.then.units if _is_at(unit, chassis)}
    against = obstacles(seen, chassis, policy, stay)
    return Forecast(len(moves), tuple(against))


def obstacles(
    seen: Snapshot, chassis: str, policy: Policy, stay: Collection[str]
) -> Iterator[Obstacle]:
    """Yield the ports that would have nothing without a chassis, and why.

    Verdicts are assumed.  A port that only stays for a while, because its
    holder does not answer say, is none of them.

    :param seen: what is there, the intent to drain the chassis included
    :param stay: the units that it is not rid of, by their names
    """
    who = Eligibility(seen, assumed.health(seen), policy.scatter_width)
    for unit in seen.units:
        why = ""
        if chassis in unit.order or unit.held_by(chassis):
            why = _against(seen, who, unit, chassis, stays=unit.name in stay)
        for port in unit.ports:
            if why:
                yield Obstacle(port.name, why)


def stuck(seen: Snapshot, chassis: str, policy: Policy) -> list[Obstacle]:
    """Return the ports of a draining chassis that have nowhere to go now."""
    stay = {unit.name for unit in seen.units if _is_at(unit, chassis)}
    return list(obstacles(seen, chassis, policy, stay))


def _is_at(unit: Unit, chassis: str) -> bool:
    """Whether a chassis holds a unit, or should."""
    return unit.held_by(chassis) or unit.order[:1] == (chassis,)


def _against(
    seen: Snapshot, who: Eligibility, unit: Unit, chassis: str, *, stays: bool
) -> str:
    """Say why a unit has nobody else, or is not moved; "" where it is.

    Others of its list will do where it need not move, even those that get
    nothing new; but it takes one that is live.
    """
    if stays and unit.excluded:
        return unit.excluded
    if who.names(unit):
        return ""
    others = (c for c in who.serving(unit, unit.order) if c != chassis)
    able = (c for c in others if who.state(c) is State.LIVE)
    served = any(not who.draining(name) for name in able)
    return "" if served and not stays else _nobody(seen, who, unit, chassis)


def _nobody(seen: Snapshot, who: Eligibility, unit: Unit, chassis: str) -> str:
    """Say of the others what is nearest to enough, as a refusal does."""
    flagged = any(row.is_gateway for row in seen.chassis.values())
    refused = {
        row.name: found
        for row in seen.chassis.values()
        if row.name != chassis
        and (
            found := refuse(
                Question(unit, row, who.state(row.name), flagged, seen.intents)
            )
        )
    }
    nearest = nearest_reason(name for name, _ in refused.values())
    whys = [
        f"{name}: {why}"
        for name, (reason, why) in refused.items()
        if reason == nearest
    ]
    return _some(whys) or "there is no other chassis"


def _some(whys: Sequence[str]) -> str:
    more = len(whys) - QUOTED
    tail = f"; and {more} more" if more > 0 else ""
    return "; ".join(whys[:QUOTED]) + tail
