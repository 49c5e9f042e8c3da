# SPDX-License-Identifier: Apache-2.0
"""What each chassis carries, and would if another one failed.

A load is the weight of the ports that are held, not of the lists: what a
chassis carries after a fail-over is what OVN has given it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gwsched.cli.forecast.election import Election
from gwsched.decisions import Health
from gwsched.model import Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.failure import ratio


@dataclass(frozen=True, slots=True)
class Loads:
    """Ports and their weight by chassis, and who is there to carry them.

    ``worst`` is the highest weight after the failure of any one other.
    ``hosts`` are all that may be given a port, or hold one.  The ratios are
    of the most loaded to the least possible: 1 is even.
    """

    ports: Mapping[str, int]
    weights: Mapping[str, int]
    worst: Mapping[str, int]
    hosts: frozenset[str]
    ratio: float
    worst_ratio: float


def of(snapshot: Snapshot, health: Health) -> Loads:
    """Return who carries what, by who holds what."""
    ports = Counter(
        port.holder for unit in snapshot.units for port in unit.ports
    )
    weights = weight(snapshot.units)
    hosts = able(snapshot, health).union(weights)
    worst, ratios = Counter(weights), [1.0]
    for failed, after in _failures(snapshot.units, weights, health):
        for name, load in after.items():
            worst[name] = max(worst[name], load)
        ratios.append(_ratio(snapshot, hosts - {failed}, after))
    return Loads(
        {name: number for name, number in ports.items() if name},
        weights,
        worst,
        hosts,
        _ratio(snapshot, hosts, weights),
        max(ratios),
    )


def weight(units: Iterable[Unit]) -> Counter[str]:
    """Return the weight of all that each chassis holds.

    External switch ports are where the group is that they follow.
    """
    found: Counter[str] = Counter()
    for unit in units:
        for port in unit.ports:
            if port.holder:
                found[port.holder] += port.weight
        if unit.externals and unit.ports[0].holder:
            found[unit.ports[0].holder] += len(unit.externals)
    return found


def able(snapshot: Snapshot, health: Health) -> frozenset[str]:
    """Return all chassis that may be given any of the units."""
    who = Eligibility(snapshot, health)
    kinds = {unit.kind: unit for unit in snapshot.units}
    return frozenset().union(*(who.names(unit) for unit in kinds.values()))


def capacity(snapshot: Snapshot, name: str) -> int:
    """Return what a chassis can carry beside others."""
    row = snapshot.chassis.get(name)
    return row.capacity if row else 1


def _failures(
    units: Iterable[Unit], weights: Counter[str], health: Health
) -> Iterator[tuple[str, Counter[str]]]:
    """Yield each chassis that holds anything, and the loads without it."""
    election = Election.among(health)
    holding: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        for holder in {port.holder for port in unit.ports}:
            if holder:
                holding[holder].append(unit)
    for failed in sorted(holding):
        left = election.without([failed])
        after = Counter(weights)
        after.subtract(weight(holding[failed]))
        after.update(weight(left.on(unit) for unit in holding[failed]))
        yield failed, +after


def _ratio(
    snapshot: Snapshot, hosts: Iterable[str], weights: Mapping[str, int]
) -> float:
    """Return the highest load over the least possible."""
    return ratio(weights, {name: capacity(snapshot, name) for name in hosts})
