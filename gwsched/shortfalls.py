# SPDX-License-Identifier: Apache-2.0
"""What is short of what it could be: the same for metrics and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gwsched.decisions import Health, State
from gwsched.model import GatewayPort, Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.failure import ratio
from gwsched.schedulers import Ledger

# A unit, how many live candidates it has, and how many it could have.
Short = tuple[Unit, int, int]


def mismatched(snapshot: Snapshot) -> Iterator[tuple[Unit, GatewayPort]]:
    """Yield the ports that another chassis holds than their primary."""
    for unit in snapshot.units:
        for port in unit.ports:
            if unit.order and port.holder not in (None, unit.order[0]):
                yield unit, port


def unclaimed(snapshot: Snapshot) -> Iterator[tuple[Unit, GatewayPort]]:
    """Yield the ports with candidates that no chassis holds."""
    for unit in snapshot.units:
        for port in unit.ports:
            if unit.order and not port.holder:
                yield unit, port


def underreplicated(
    snapshot: Snapshot, health: Health, max_candidates: int
) -> Iterator[Short]:
    """Yield the units short of what all their chassis, alive, could give."""
    who = Eligibility(snapshot, health)
    gone = dead(health)
    fleet: dict[object, int] = {}
    for unit in snapshot.units:
        if unit.kind not in fleet:
            fleet[unit.kind] = sum(who.fits(unit, c) for c in snapshot.chassis)
        wanted = min(max_candidates, fleet[unit.kind])
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


def imbalance(ledger: Ledger, live: Mapping[str, int]) -> tuple[float, float]:
    """Return the load of the most loaded over the least possible.

    Now, and after the worst failure of one; 1 is even.
    """
    worst = max((_peak(ledger, live, name) for name in live), default=1.0)
    return _peak(ledger, live), worst


def _peak(ledger: Ledger, live: Mapping[str, int], *failed: str) -> float:
    left = {name: c for name, c in live.items() if name not in failed}
    return ratio(ledger.loads(failed), left)
