# SPDX-License-Identifier: Apache-2.0
"""What is short of what it could be: the same for metrics and the page."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from gwsched.decisions import Health, State
from gwsched.model import GatewayPort, Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.failure import ratio
from gwsched.schedulers import Ledger

# A unit, how many live candidates it has, and how many it could have.
Short = tuple[Unit, int, int]


def in_care(snapshot: Snapshot) -> tuple[Unit, ...]:
    """Return the units but those that configuration has us leave alone.

    What those lack nobody would put right here, however long it is told.
    """
    return tuple(unit for unit in snapshot.units if not unit.excluded)


def mismatched(units: Iterable[Unit]) -> Iterator[tuple[Unit, GatewayPort]]:
    """Yield the ports that another chassis holds than their primary."""
    for unit in units:
        for port in unit.ports:
            if unit.order and port.holder not in (None, unit.order[0]):
                yield unit, port


def unclaimed(units: Iterable[Unit]) -> Iterator[tuple[Unit, GatewayPort]]:
    """Yield the ports with candidates that no chassis holds."""
    for unit in units:
        for port in unit.ports:
            if unit.order and not port.holder:
                yield unit, port


def underreplicated(
    snapshot: Snapshot,
    health: Health,
    max_candidates: int,
    spared: frozenset[str] = frozenset(),
) -> Iterator[Short]:
    """Yield the units short of what all their chassis, alive, could give.

    :param spared: chassis that are to come into no list they are not in
    """
    who = Eligibility(snapshot, health)
    gone = dead(health)
    fleet: dict[object, frozenset[str]] = {}
    for unit in in_care(snapshot):
        if unit.kind not in fleet:
            fleet[unit.kind] = frozenset(
                name for name in snapshot.chassis if who.fits(unit, name)
            )
        able = fleet[unit.kind] - spared.difference(unit.order)
        wanted = min(max_candidates, len(able))
        living = len(unit.order) - len(gone.intersection(unit.order))
        if living < wanted:
            yield unit, living, wanted


def dead(health: Health) -> frozenset[str]:
    """Return the chassis whose verdict is death."""
    return frozenset(
        name
        for name, verdict in health.verdicts.items()
        if verdict.state is State.DEAD
    )


def live_capacities(snapshot: Snapshot, health: Health) -> dict[str, int]:
    """Return what each live gateway can carry beside others, by name."""
    return {
        name: snapshot.chassis[name].capacity
        for name in sorted(snapshot.gateways)
        if health.state(name) is State.LIVE
    }


def ledger_of(snapshot: Snapshot, live: Container[str]) -> Ledger:
    """Return what live gateways carry, and would of one another's."""
    ledger = Ledger()
    for unit in snapshot.units:
        ledger.add([c for c in unit.order if c in live], unit.weight)
    return ledger


def imbalance(
    ledger: Ledger, live: Mapping[str, int], draining: Container[str]
) -> tuple[float, float]:
    """Return the load of the most loaded over the least possible.

    Now, and after the worst failure of one; 1 is even.  Who drains is to
    carry nothing: it is none of those that share the load.
    """
    sharing = {name: c for name, c in live.items() if name not in draining}
    worst = max((_peak(ledger, sharing, name) for name in live), default=1.0)
    return _peak(ledger, sharing), worst


def _peak(ledger: Ledger, sharing: Mapping[str, int], *failed: str) -> float:
    left = {name: c for name, c in sharing.items() if name not in failed}
    return ratio(ledger.loads(failed), left)
