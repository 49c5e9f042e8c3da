# SPDX-License-Identifier: Apache-2.0
"""The placement units among all logical router ports, from rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from gwsched import groups, nat, parsing
from gwsched.conf import Settings
from gwsched.model import Candidate, Form, GatewayPort, Intents, Problem, Unit

# python-ovs builds a row's attributes from the schema of the server.
Row = Any
Tables = Mapping[str, Any]

MARKER = "neutron:is_ext_gw"
# What Neutron puts on groups of its own that are no router's gateway list.
NETWORK_GROUP = "neutron:network_id"
ZONE_HINTS = "neutron:availability_zone_hints"


class Units:
    """The placement units among all logical router ports."""

    def __init__(
        self,
        nb: Tables,
        sb: Tables,
        intents: Intents,
        settings: Settings,
        problems: list[Problem],
    ) -> None:
        self._nb = nb
        self._intents = intents
        self._settings = settings
        self._problems = problems
        self._networks = _networks(nb)
        self._externals = groups.externals(nb)
        self._excluded: dict[str, str] = {}
        self._bindings = {
            row.logical_port.removeprefix("cr-"): row
            for row in sb["Port_Binding"].rows.values()
        }

    def read(self) -> list[Unit]:
        """Return the units, each with a name of its own."""
        alone: list[Unit] = []
        shared: dict[Any, list[tuple[Row, GatewayPort]]] = {}
        for router in self._nb["Logical_Router"].rows.values():
            if "chassis" in router.options:
                continue  # an L3 gateway router is pinned, not scheduled
            for row, port in self._ports(router):
                if row.ha_chassis_group:
                    group = row.ha_chassis_group[0]
                    shared.setdefault(group, []).append((row, port))
                else:
                    alone.append(self._alone(row, port))
        together = [self._group(g, rows) for g, rows in shared.items()]
        return self._distinct(alone + [u for u in together if u])

    def _is_ours(self, row: Row) -> bool:
        """Whether a router port is a gateway port entitled to candidates."""
        marker = row.external_ids.get(MARKER)
        if row.name in self._intents.adopted or parsing.is_true(marker or ""):
            return True
        if any(key.startswith("neutron:") for key in row.external_ids):
            return False  # one of Neutron's that is no gateway
        if row.gateway_chassis or row.ha_chassis_group:
            return True
        localnet = bool(self._networks.get(row.name))
        return localnet and self._settings.adopt_localnet

    def _ports(self, router: Row) -> list[tuple[Row, GatewayPort]]:
        """Return the gateway ports of a router that are ours."""
        rows = [row for row in router.ports if self._is_ours(row)]
        if not rows:
            return []
        self._excluded[router.name] = self._settings.usable_routers.against(
            f"router {router.name}", router.name
        )
        load = nat.passing(router, rows) if self._settings.load_nat else {}
        return [
            (row, self._port(row, router, 1 + load.get(row.name, 0)))
            for row in rows
        ]

    def _port(self, row: Row, router: Row, load: int) -> GatewayPort:
        binding = self._bindings.get(row.name)
        holder = binding.chassis[0] if binding and binding.chassis else None
        return GatewayPort(
            row.name,
            router.name,
            self._networks.get(row.name, frozenset()),
            parsing.zone_hints(router.external_ids.get(ZONE_HINTS, "")),
            holder.name if holder else None,
            self._intents.weights.get(row.name, load),
        )

    def _alone(self, row: Row, port: GatewayPort) -> Unit:
        candidates = _ranked(row.gateway_chassis)
        return Unit(
            row.name,
            Form.GATEWAY_CHASSIS if candidates else None,
            (port,),
            candidates,
            neutron=MARKER in row.external_ids,
            in_force=self._in_force([port], candidates),
            references=self._references([port]),
            excluded=self._why_excluded([port]),
        )

    def _group(
        self, group: Row, members: list[tuple[Row, GatewayPort]]
    ) -> Unit | None:
        if NETWORK_GROUP in group.external_ids:
            return None  # Neutron mirrors a router's list into it
        members.sort(key=lambda member: member[0].name)
        ports = [port for _, port in members]
        candidates = _ranked(group.ha_chassis)
        shadowed = [row.name for row, _ in members if row.gateway_chassis]
        for name in shadowed:
            what = "has both gateway_chassis and ha_chassis_group; OVN"
            self._problem(name, f"{what} ignores the former")
        return Unit(
            group.name,
            Form.HA_CHASSIS_GROUP,
            tuple(ports),
            candidates,
            neutron=any(MARKER in row.external_ids for row, _ in members),
            in_force=self._in_force(ports, candidates),
            references=self._references(ports),
            shadowed=bool(shadowed),
            externals=self._externals.get(group, ()),
            excluded=self._why_excluded(ports),
        )

    def _why_excluded(self, ports: list[GatewayPort]) -> str:
        """Say why configuration keeps us off these ports, or ""."""
        whys = (self._excluded[port.router] for port in ports)
        return next(filter(None, whys), "")

    def _in_force(
        self, ports: list[GatewayPort], candidates: tuple[Candidate, ...]
    ) -> bool:
        """Whether SB has the same order, so OVN acts by this list."""
        wanted = list(dict.fromkeys(c.chassis for c in candidates))
        return all(self._carried(port) == wanted for port in ports)

    def _carried(self, port: GatewayPort) -> list[str]:
        group = self._sb_group(port)
        ranked = _ranked_in_sb(group) if group else ()
        return list(dict.fromkeys(c.chassis for c in ranked))

    def _sb_group(self, port: GatewayPort) -> Row | None:
        binding = self._bindings.get(port.name)
        found = getattr(binding, "ha_chassis_group", [])
        return found[0] if found else None

    def _references(self, ports: list[GatewayPort]) -> frozenset[str]:
        groups = [self._sb_group(port) for port in ports]
        return frozenset(c.name for g in groups if g for c in g.ref_chassis)

    def _distinct(self, units: list[Unit]) -> list[Unit]:
        """Check the lists, and leave units alone that share a name."""
        names = Counter(unit.name for unit in units)
        for unit in units:
            self._check(unit)
            if names[unit.name] > 1:
                what = "a group and a router port share this name"
                self._problem(unit.name, f"{what}; both are left alone")
        return [unit for unit in units if names[unit.name] == 1]

    def _check(self, unit: Unit) -> None:
        chassis = [c.chassis for c in unit.candidates]
        if len(set(chassis)) < len(chassis):
            self._problem(unit.name, "names a chassis twice")
        if len({c.priority for c in unit.candidates}) < len(set(chassis)):
            self._problem(unit.name, "two candidates have one priority")

    def _problem(self, subject: str, what: str) -> None:
        self._problems.append(Problem("NB", subject, what))


def _networks(nb: Tables) -> dict[str, frozenset[str]]:
    """Map a router port to the physical networks its switch connects to."""
    facing = {}
    for switch in nb["Logical_Switch"].rows.values():
        ports = switch.ports
        networks = frozenset(
            name
            for port in ports
            if port.type == "localnet"
            and (name := port.options.get("network_name"))
        )
        for port in ports:
            if port.type == "router" and "router-port" in port.options:
                facing[port.options["router-port"]] = networks
    return facing


def _ranked(rows: Iterable[Row]) -> tuple[Candidate, ...]:
    """Order candidates as OVN does: of a tie the larger name is better.

    (controller/ha-chassis.c, compare_chassis_prio_.)
    """
    found = [Candidate(row.chassis_name, row.priority) for row in rows]
    return _best_first(found)


def _ranked_in_sb(group: Row) -> tuple[Candidate, ...]:
    found = []
    for row in group.ha_chassis:
        # northd notes the name for when the chassis' row is gone.
        name = row.external_ids.get("chassis-name")
        if name is None and row.chassis:
            name = row.chassis[0].name
        if name is not None:
            found.append(Candidate(name, row.priority))
    return _best_first(found)


def _best_first(found: list[Candidate]) -> tuple[Candidate, ...]:
    return tuple(
        sorted(found, key=lambda c: (c.priority, c.chassis), reverse=True)
    )
