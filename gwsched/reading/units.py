# SPDX-License-Identifier: Apache-2.0
"""The placement units that gateway ports and groups make, from records."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

from gwsched.conf import Settings
from gwsched.memory.frugal import union
from gwsched.model import Candidate, Form, GatewayPort, Problem, Unit
from gwsched.reading import groups, records
from gwsched.reading.memo import remembered
from gwsched.reading.ports import MARKER, Ports
from gwsched.reading.records import (
    GatewayChassis,
    Group,
    Member,
    Ref,
    RouterPort,
)
from gwsched.reading.rows import Reading, Rows

# What Neutron puts on groups of its own that are no router's gateway list.
NETWORK_GROUP = "neutron:network_id"
NONE: Reading[Unit] = Reading(None)


class Carried(NamedTuple):
    """What SB has of a list: its order, and who vouches for a survivor."""

    order: tuple[str, ...] = ()
    references: frozenset[str] = frozenset()


class Units:
    """Makes units: of a router port with its own list, or of a group."""

    def __init__(self, rows: Rows, ports: Ports, settings: Settings) -> None:
        self.memo = rows.memo
        self._rows = rows
        self._ports = ports
        self._usable = settings.usable_routers

    def alone(self, ref: Ref) -> Reading[Unit]:
        """Make the unit of a router port that is in no group."""
        row = self._rows.get(RouterPort, ref)
        grouped = row is None or self._ports.group(row)
        unit = None if grouped else self._alone(ref)
        if unit is None:
            return NONE
        return Reading(unit, (*_tangles(unit), *self._ports.problems(ref)))

    def together(self, ref: Ref) -> Reading[Unit]:
        """Make the unit of a group and the gateway ports in it."""
        unit = self._together(ref)
        if unit is None:
            return Reading(None)
        problems = _tangles(unit)
        for member, row, _ in self._members(ref):
            problems += self._ports.problems(member)
            if self._ports.listed(row):
                what = "has both gateway_chassis and ha_chassis_group; OVN"
                problems.append(
                    Problem("NB", row.name, f"{what} ignores the former")
                )
        return Reading(unit, tuple(problems))

    @remembered
    def _alone(self, ref: Ref) -> Unit | None:
        row = self._rows.get(RouterPort, ref)
        port = self._ports.port(ref)
        if row is None or port is None:
            return None
        candidates = _ranked(self._ports.listed(row))
        carried = [self._carried_for(port)]
        return Unit(
            row.name,
            Form.GATEWAY_CHASSIS if candidates else None,
            (port,),
            candidates,
            neutron=MARKER in row.external_ids,
            in_force=_in_force(candidates, carried),
            references=_references(carried),
            excluded=self._excluded([port]),
        )

    @remembered
    def _together(self, ref: Ref) -> Unit | None:
        group = self._rows.get(Group, ref)
        if group is None or NETWORK_GROUP in group.external_ids:
            return None  # Neutron mirrors a router's list into it
        members = self._members(ref)
        if not members:
            return None
        rows = [row for _, row, _ in members]
        ports = [port for _, _, port in members]
        candidates = _ranked(self._rows.those(Member, group.ha_chassis))
        carried = [self._carried_for(port) for port in ports]
        return Unit(
            group.name,
            Form.HA_CHASSIS_GROUP,
            tuple(ports),
            candidates,
            neutron=any(MARKER in row.external_ids for row in rows),
            in_force=_in_force(candidates, carried),
            references=_references(carried),
            shadowed=any(self._ports.listed(row) for row in rows),
            externals=groups.externals(self._rows, ref),
            excluded=self._excluded(ports),
        )

    def _members(
        self, group: Ref
    ) -> list[tuple[Ref, RouterPort, GatewayPort]]:
        """Return the gateway ports in a group, by name, with their rows."""
        found = [
            (ref, row, port)
            for ref in self._rows.refs(records.PORTS_IN_GROUP, group)
            if (row := self._rows.get(RouterPort, ref))
            and (port := self._ports.port(ref))
        ]
        return sorted(found, key=lambda member: member[1].name)

    def _excluded(self, ports: Iterable[GatewayPort]) -> str:
        """Say why configuration keeps us off these ports, or ""."""
        routers = (port.router for port in ports)
        whys = (self._usable.against(f"router {r}", r) for r in routers)
        return next(filter(None, whys), "")

    def _carried_for(self, port: GatewayPort) -> Carried:
        binding = self._ports.binding(port.name)
        group = binding.ha_chassis_group if binding else None
        return self._carried(group) if group else Carried()

    @remembered
    def _carried(self, ref: Ref) -> Carried:
        group = self._rows.get(records.SbGroup, ref)
        if group is None:
            return Carried()
        members = self._rows.those(records.SbMember, group.ha_chassis)
        named = [(self._member_name(row), row.priority) for row in members]
        ranked = _best_first(
            _candidate(n, p) for n, p in named if n is not None
        )
        return Carried(_order(ranked), self._names(group.ref_chassis))

    def _member_name(self, row: records.SbMember) -> str | None:
        # northd notes the name for when the chassis' row is gone.
        name = row.external_ids.get("chassis-name")
        if name is not None:
            return name
        chassis = self._rows.get(records.ChassisName, row.chassis)
        return chassis.name if chassis else None

    @remembered
    def _names(self, refs: records.Refs) -> frozenset[str]:
        """Name some chassis; often the same hundreds for many groups."""
        rows = self._rows.those(records.ChassisName, refs)
        return frozenset(row.name for row in rows)


def _tangles(unit: Unit) -> list[Problem]:
    """Say what is odd about the list of a unit."""
    found = []
    chassis = [c.chassis for c in unit.candidates]
    if len(set(chassis)) < len(chassis):
        found.append("names a chassis twice")
    if len({c.priority for c in unit.candidates}) < len(set(chassis)):
        found.append("two candidates have one priority")
    return [Problem("NB", unit.name, what) for what in found]


def _in_force(
    candidates: tuple[Candidate, ...], carried: Iterable[Carried]
) -> bool:
    """Whether SB has the same order, so OVN acts by this list."""
    wanted = _order(candidates)
    return all(found.order == wanted for found in carried)


def _order(candidates: tuple[Candidate, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c.chassis for c in candidates))


def _references(carried: Iterable[Carried]) -> frozenset[str]:
    return union(found.references for found in carried)


def _ranked(
    rows: Iterable[GatewayChassis] | Iterable[Member],
) -> tuple[Candidate, ...]:
    """Order candidates as OVN does: of a tie the larger name is better.

    (controller/ha-chassis.c, compare_chassis_prio_.)
    """
    return _best_first(_candidate(r.chassis_name, r.priority) for r in rows)


@functools.lru_cache(maxsize=4096)
def _candidate(chassis: str, priority: int) -> Candidate:
    """Return the same for the same: each is in hundreds of lists."""
    return Candidate(chassis, priority)


def _best_first(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(
        sorted(found, key=lambda c: (c.priority, c.chassis), reverse=True)
    )
