# SPDX-License-Identifier: Apache-2.0
"""A modelled OVN: the databases, northd, and what comes and goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, TypeVar

from gwsched.model import Candidate
from tests.simulation.databases import (
    Listed,
    Northbound,
    Order,
    Southbound,
    best_first,
    names,
)
from tests.simulation.facts import Cloud, Host, Pace, Port
from tests.simulation.faults import Faults
from tests.simulation.state import NOBODY, Node, listed

T = TypeVar("T")


class Ovn(Faults):
    """Chassis and databases of one cloud, in the order of time."""

    @classmethod
    def running(cls, cloud: Cloud) -> Self:
        """Return a cloud in which everything is up and has settled."""
        ovn = cls(cloud)
        ovn.ports = dict(cloud.ports)
        ovn.known_ports = dict(cloud.ports)
        ovn.nb = Northbound(listed(cloud))
        rows = dict(cloud.hosts)
        free = dict.fromkeys(ovn.ports)
        hops = [p.name for p in ovn.ports.values() if p.next_hop]
        ovn.sb = Southbound(
            rows=rows,
            linked=frozenset(rows),
            groups={},
            references={},
            cfg=0,
            answered=dict.fromkeys(cloud.hosts, 0),
            holders=free,
            sessions=dict.fromkeys(hops, "down"),
        )
        ovn.wake_northd()
        for node in ovn.nodes.values():
            ovn.wake(node)
        ovn.run(ovn.now + 3 * cloud.bfd_time + 8)
        return ovn

    # -- time --------------------------------------------------------------

    @property
    def next_at(self) -> float:
        """When something happens by itself."""
        return self.queue.next_at

    def step(self) -> None:
        """Let the next thing happen."""
        self.now, _, name, arguments = self.queue.take()
        getattr(self, name)(*arguments)

    def run(self, until: float) -> None:
        """Let time pass."""
        while self.queue.next_at <= until:
            self.step()
        self.now = until

    # -- northd and NB -----------------------------------------------------

    def write_nb(self, nb: Northbound) -> None:
        """Let NB be another."""
        self.nb = nb
        self.stamp += 1
        self.wake_northd()

    def carry(self) -> None:
        """Let northd carry NB over to SB, if it can."""
        self.northd_waits = False
        if not (self.northd and self.nb_up and self.sb_up):
            return
        nb, sb = self.nb, self.sb
        groups = {
            port: best_first(unit.candidates)
            for unit in nb.units.values()
            for port in unit.ports
        }
        if groups == sb.groups:
            groups = sb.groups  # type: ignore[assignment]
        else:
            self._note_members(groups)
        references = {
            port: self._references(unit)
            for unit in nb.units.values()
            for port in unit.ports
        }
        if references == sb.references:
            references = sb.references  # type: ignore[assignment]
        linked = frozenset(sb.rows)
        after = sb._replace(
            groups=groups,
            references=references,
            linked=sb.linked if sb.linked == linked else linked,
            cfg=nb.cfg,
        )
        if after != sb:
            self.write_sb(after)

    def _note_members(self, groups: dict[str, Order]) -> None:
        before = self.sb.groups
        for port, group in groups.items():
            known = set(names(before.get(port, ())))
            for name in names(group):
                if name not in known:
                    self.member_since[port, name] = self.now

    def _references(self, unit: Listed) -> frozenset[str]:
        """Who binds anything behind any port of a group.

        Northd asks only for groups of several, and adds up what it finds
        for each port of a shared one (add_to_ha_ref_chassis_info).
        """
        if len(unit.candidates) < 2:
            return NOBODY
        behind = {c for port in unit.ports for c in self.ports[port].computes}
        return frozenset(behind & self.sb.rows.keys())

    # -- what there is -----------------------------------------------------

    def add_host(self, host: Host) -> None:
        """Let a new chassis come, that is about to start."""
        self.hosts[host.name] = host
        node = Node(host, Pace.of(self.cloud, host.name))
        node.power = node.vswitchd = False
        node.controller = "dead"
        self.nodes[host.name] = node
        self.heal(host.name)

    def configure(self, host: Host) -> None:
        """Let the configuration of a chassis be another.

        It is in its own database; its controller tells SB.
        """
        node = self.nodes[host.name]
        self.hosts[host.name] = node.host = host
        self.stamp += 1
        self.wake(node)

    def add_port(self, port: Port) -> None:
        """Let a gateway port come that has no list."""
        self.ports[port.name] = self.known_ports[port.name] = port
        sb = self.sb
        self.sb = sb._replace(holders={**sb.holders, port.name: None})
        if port.next_hop:
            sessions = {**self.sb.sessions, port.name: "down"}
            self.sb = self.sb._replace(sessions=sessions)
        units = {**self.nb.units, port.name: Listed(None, (), (port.name,))}
        self.write_nb(self.nb._replace(units=units))

    def remove_port(self, name: str) -> None:
        """Let a port go, and its unit with it if nothing else is in it."""
        del self.ports[name]
        units = {}
        for unit, found in self.nb.units.items():
            left = tuple(p for p in found.ports if p != name)
            if left:
                units[unit] = found._replace(ports=left)
        sb = self.sb
        self.write_nb(self.nb._replace(units=units))
        self.write_sb(
            sb._replace(
                groups=_without(sb.groups, name),
                references=_without(sb.references, name),
                holders=_without(sb.holders, name),
                sessions=_without(sb.sessions, name),
            )
        )
        self.dirty = True

    def write_list(self, unit: str, order: tuple[str, ...]) -> None:
        """Let somebody else write a list."""
        found = self.nb.units[unit]
        top = len(order)
        candidates = tuple(
            Candidate(name, top - rank) for rank, name in enumerate(order)
        )
        units = {**self.nb.units, unit: found._replace(candidates=candidates)}
        self.write_nb(self.nb._replace(units=units))


def _without(mapping: Mapping[str, T], key: str) -> dict[str, T]:
    return {k: v for k, v in mapping.items() if k != key}
