# SPDX-License-Identifier: Apache-2.0
"""A fleet before a failure, right after it, and repaired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gwsched.cli import names
from gwsched.cli.forecast import assumed, loads, outlook
from gwsched.cli.forecast.election import Election
from gwsched.cli.forecast.outlook import Outlook
from gwsched.decisions import Policy
from gwsched.model import Snapshot, Unit
from gwsched.schedulers import Scheduler


@dataclass(frozen=True, slots=True)
class Case:
    """The three states: now, at once by OVN alone, and repaired."""

    failed: frozenset[str]
    now: Snapshot
    at_once: Snapshot
    repair: Outlook


@dataclass(frozen=True, slots=True)
class Way:
    """One port, and who holds it in the three states."""

    unit: Unit
    port: str
    now: str | None
    at_once: str | None
    repaired: str | None

    @property
    def is_moved(self) -> bool:
        """Whether OVN alone brings the port to another chassis."""
        moved = self.at_once not in (None, self.now)
        return self.now is not None and moved

    @property
    def is_lost(self) -> bool:
        """Whether the failure leaves the port to nobody."""
        return self.now is not None and self.at_once is None

    @property
    def is_changed(self) -> bool:
        """Whether the port is held by another chassis at any time."""
        return len({self.now, self.at_once, self.repaired}) > 1


def named(snapshot: Snapshot, wanted: Iterable[str]) -> frozenset[str]:
    """Return the chassis that have these names or host names.

    :raises UsageError: where there is none
    """
    known = snapshot.chassis
    found: set[str] = set()
    for name in wanted:
        hosted = {c.name for c in known.values() if c.hostname == name}
        if name not in known and not hosted:
            raise names.no_chassis(snapshot, name)
        found |= {name} if name in known else hosted
    return frozenset(found)


def simulate(
    snapshot: Snapshot,
    failed: Collection[str],
    scheduler: Scheduler,
    policy: Policy,
) -> Case:
    """Let chassis fail for good; their rows stay, as after a crash."""
    health = assumed.health(snapshot, failed)
    election = Election.among(health)
    units = tuple(election.on(unit) for unit in snapshot.units)
    at_once = replace(snapshot, units=units)
    repair = outlook.to_rest(at_once, scheduler, policy, health)
    return Case(frozenset(failed), snapshot, at_once, repair)


def ways(case: Case) -> Iterator[Way]:
    """Yield the way of each port, sorted by its name."""
    at_once, repaired = (
        {port.name: port.holder for u in seen.units for port in u.ports}
        for seen in (case.at_once, case.repair.then)
    )
    units = {port.name: unit for unit in case.now.units for port in unit.ports}
    now = {port.name: port.holder for u in case.now.units for port in u.ports}
    for name in sorted(units):
        yield Way(units[name], name, now[name], at_once[name], repaired[name])


def even_shares(case: Case) -> Mapping[str, float]:
    """Return what each survivor would carry if all carried alike.

    Survivors are all that may be given a port now, or hold one.
    """
    left = loads.able(case.at_once, case.repair.health)
    survivors = left.union(loads.weight(case.at_once.units))
    served = {
        way.unit.name: way.unit.weight
        for way in ways(case)
        if way.now or way.at_once
    }
    capacity = {n: loads.capacity(case.now, n) for n in survivors}
    share = sum(served.values()) / max(sum(capacity.values()), 1)
    return {name: share * own for name, own in capacity.items()}
