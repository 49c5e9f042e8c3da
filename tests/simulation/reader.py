# SPDX-License-Identifier: Apache-2.0
"""What a daemon sees: the two databases as a Snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from gwsched.model import (
    Chassis,
    Form,
    GatewayPort,
    NextHop,
    Session,
    Snapshot,
    Unit,
    Vantage,
    frozen_map,
)
from tests.simulation.databases import (
    Listed,
    Northbound,
    Southbound,
    best_first,
    names,
)
from tests.simulation.facts import Cloud, Host, Port

Claims = Mapping[str, Mapping[str, int]]


class Reader:
    """Reads snapshots; what has not changed since is the same object.

    So it is with the daemon's own reader, and the Decider counts on it.
    """

    def __init__(self, cloud: Cloud, ports: Mapping[str, Port]) -> None:
        self._cloud = cloud
        self._ports = ports
        self._nb: Northbound | None = None
        self._sb: Southbound | None = None
        self._chassis: Mapping[str, Chassis] = {}
        self._units: tuple[Unit, ...] = ()
        self._known: dict[str, tuple[object, Unit]] = {}

    def read(
        self,
        nb: Northbound,
        sb: Southbound,
        answered: Mapping[str, int],
        claims: Claims,
        vantages: tuple[Vantage, ...],
    ) -> Snapshot:
        """Return what the databases say, and who is known to answer."""
        if self._sb is None or sb.rows is not self._sb.rows:
            self._chassis = frozen_map(
                {name: _chassis(sb.rows[name]) for name in sorted(sb.rows)}
            )
        if self._stale(nb, sb):
            self._units = self._read_units(nb, sb)
        self._nb, self._sb = nb, sb
        return Snapshot(
            chassis=self._chassis,
            units=self._units,
            answered=frozen_map(answered),
            requested=nb.cfg,
            published=sb.cfg,
            bfd_time=self._cloud.bfd_time,
            default_form=Form(self._cloud.form),
            intents=nb.intents,
            claimed=claims,
            vantages=vantages,
        )

    def _stale(self, nb: Northbound, sb: Southbound) -> bool:
        before, seen = self._sb, self._nb
        if before is None or seen is None or nb.units is not seen.units:
            return True
        return (
            sb.groups is not before.groups
            or sb.references is not before.references
            or sb.holders is not before.holders
            or sb.sessions is not before.sessions
            or sb.rows is not before.rows
        )

    def _read_units(self, nb: Northbound, sb: Southbound) -> tuple[Unit, ...]:
        found = tuple(
            self._unit(name, nb.units[name], sb) for name in sorted(nb.units)
        )
        same = len(found) == len(self._units) and all(
            a is b for a, b in zip(found, self._units, strict=True)
        )
        return self._units if same else found

    def _unit(self, name: str, unit: Listed, sb: Southbound) -> Unit:
        order = best_first(unit.candidates)
        wanted = names(order)
        groups = [sb.groups.get(port, ()) for port in unit.ports]
        in_force = all(names(group) == wanted for group in groups)
        references = frozenset().union(
            *(sb.references.get(port, ()) for port in unit.ports)
        )
        state = [
            (sb.holders.get(port), sb.sessions.get(port))
            for port in unit.ports
        ]
        key = (unit, state, in_force, references)
        known = self._known.get(name)
        if known is not None and known[0] == key:
            return known[1]
        made = Unit(
            name,
            unit.form,
            tuple(self._port(port, sb) for port in unit.ports),
            order,
            in_force=in_force,
            references=references,
        )
        self._known[name] = (key, made)
        return made

    def _port(self, name: str, sb: Southbound) -> GatewayPort:
        facts = self._ports[name]
        holder, session = sb.holders.get(name), sb.sessions.get(name)
        hops = (NextHop("192.0.2.1", Session(session)),) if session else ()
        return GatewayPort(
            name,
            facts.router,
            frozenset({facts.network}),
            # A holder whose row is gone is nobody: the reference is weak.
            holder=holder if holder in sb.rows else None,
            next_hops=hops,
        )


def _chassis(host: Host) -> Chassis:
    return Chassis(
        host.name,
        host.name,
        host.is_gateway,
        frozenset(host.networks),
        frozenset({host.zone}),
        host.capacity,
    )
