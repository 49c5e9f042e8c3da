# SPDX-License-Identifier: Apache-2.0
"""Who claims what: OVN's own election, by lists and who is up.

What OVN sees of tunnels is not in SB, so this is as good as what is known
of the chassis: one that answers claims, even one that gwsched gives nothing
yet; a silent one keeps what it holds (its data plane may live) and claims
nothing (its ovn-controller does not), and so does one that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gwsched.decisions import Health, State
from gwsched.health.claims import has_witness
from gwsched.model import GatewayPort, Unit


@dataclass(frozen=True, slots=True)
class Election:
    """OVN on a fleet of which these are live, and those silent."""

    live: frozenset[str]
    silent: frozenset[str] = frozenset()

    @classmethod
    def among(cls, health: Health) -> Election:
        """Return the election by the verdicts on all chassis."""
        states: dict[State, set[str]] = {state: set() for state in State}
        for name, verdict in health.verdicts.items():
            states[verdict.state].add(name)
        live = states[State.LIVE] | states[State.RETURNING]
        silent = states[State.SUSPECT] | states[State.UNKNOWN]
        return cls(frozenset(live), frozenset(silent))

    def without(self, failed: Iterable[str]) -> Election:
        """Return the election were these to fail at once."""
        failed = frozenset(failed)
        return Election(self.live - failed, self.silent - failed)

    def on(self, unit: Unit, *, rewritten: bool = False) -> Unit:
        """Return a unit with who holds its ports once OVN has reacted.

        Who holds a port of an old list goes on: if it is not the first
        that is up, OVN knows something that SB does not tell.
        """
        holders = [
            port.holder
            if self._keeps(unit, port) and not rewritten
            else self._first(unit, port)
            for port in unit.ports
        ]
        if holders == [port.holder for port in unit.ports]:
            return unit
        ports = (
            replace(port, holder=holder)
            for port, holder in zip(unit.ports, holders, strict=True)
        )
        return replace(unit, ports=tuple(ports))

    def lone(self, unit: Unit) -> str | None:
        """Return a list's only live member, if that would not claim."""
        alive = self.live.intersection(unit.order)
        if len(unit.order) < 2 or len(alive) != 1:
            return None
        [last] = alive
        witnessed = has_witness(unit, last, self.live.__contains__)
        return None if witnessed else last

    def _keeps(self, unit: Unit, port: GatewayPort) -> bool:
        # SB keeps the last claim of a port whose list is emptied.
        listed = port.holder in unit.order or not unit.order
        return listed and port.holder in self.live | self.silent

    def _first(self, unit: Unit, port: GatewayPort) -> str | None:
        """Return the first of a list that holds the port or claims it."""
        for name in unit.order:
            if name == port.holder and name in self.live | self.silent:
                return name
            if name in self.live:
                return None if self.lone(unit) else name
        return None
