# SPDX-License-Identifier: Apache-2.0
"""Somebody who writes to both databases whatever they let him write.

Names are few, so that rows share them, lose them and get them again; SB has
what no northd would write.  What the server refuses is no harm.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from ovs.db import idl
from ovs.poller import Poller
from ovsdbapp.backend.ovs_idl.idlutils import get_schema_helper

CHASSIS = ("gw1", "gw2", "gw3")
ROUTERS = ("r1", "r2", "r3")
PORTS = ("p1", "p2", "p3", "p4", "p5")
# A group may be called like a port, or be one of our own.
GROUPS = ("g1", "g2", "p1", "gwsched-p2")
SWITCHES = ("s1", "s2")
NETWORKS = ("public", "dmz")
MARKERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"neutron:is_ext_gw": "True"},
    {"neutron:is_ext_gw": "True"},
    {"neutron:is_ext_gw": "false"},
    {"neutron:router_name": "x"},
)
NETWORK_GROUP = "neutron:network_id"
KINDS = ("router", "localnet", "external", "")
MAC = "02:00:00:00:00:01"
INSIDE = ("10.0.0.1/24", "10.0.1.1/24", "fd00::1/64", "nonsense")
OUTSIDE = ("10.0.0.9", "10.0.1.9", "fd00::9", "nonsense")
BINDINGS = ("chassisredirect", "chassisredirect", "l3gateway")
CONFIGS: tuple[dict[str, str], ...] = (
    {},
    {"is-remote": "true"},
    {"ovn-bridge-mappings": "public:br", "ovn-cms-options": "x"},
    {"ovn-cms-options": "enable-chassis-as-gw,availability-zones=a"},
    {"ovn-bridge-mappings": "nonsense", "ovn-cms-options": "=,="},
)
# What may be done, and how often, against the others.
Changes = list[tuple[int, Callable[[], None]]]


class Chaos:
    """One database, changed at random."""

    def __init__(self, remote: str, name: str, seed: int) -> None:
        helper = get_schema_helper(remote, name)
        helper.register_all()
        self._idl = idl.Idl(remote, helper)
        self._random = random.Random(seed)
        self._number = 0
        while not self._idl.has_ever_connected():
            self._wait()

    def close(self) -> None:
        self._idl.close()

    def step(self) -> bool:
        """Make one to three changes in a transaction; say if it was done."""
        transaction = idl.Transaction(self._idl)
        self._transaction = transaction
        weights, changes = zip(*self._changes(), strict=True)
        several = self._random.choice((1, 1, 1, 2, 3))
        for change in self._random.choices(changes, weights, k=several):
            change()
        (top,) = self._rows(self._top)
        transaction.add_op(
            {
                "op": "mutate",
                "table": self._top,
                "where": [["_uuid", "==", ["uuid", str(top.uuid)]]],
                "mutations": [["nb_cfg", "+=", 1]],
            }
        )
        while (status := transaction.commit()) == transaction.INCOMPLETE:
            self._wait(transaction)
        while self._idl.run():
            pass
        return bool(status == transaction.SUCCESS)

    @property
    def stamp(self) -> int:
        """What ``nb_cfg`` is after all steps that were done."""
        (top,) = self._rows(self._top)
        return int(top.nb_cfg)

    _top: str

    def _changes(self) -> Changes:
        raise NotImplementedError

    def _wait(self, transaction: Any = None) -> None:
        self._idl.run()
        poller = Poller()
        self._idl.wait(poller)
        if transaction is not None:
            transaction.wait(poller)
        poller.timer_wait(20)
        poller.block()

    def _rows(self, table: str) -> list[Any]:
        """All rows but those that this very transaction adds."""
        rows = self._idl.tables[table].rows.values()
        return [row for row in rows if row._data is not None]

    def _any(self, table: str) -> Any:
        rows = self._rows(table)
        return self._random.choice(rows) if rows else None

    def _some(self, table: str) -> list[Any]:
        rows = self._rows(table)
        return self._random.sample(rows, self._random.randint(0, len(rows)))

    def _unique(self) -> int:
        self._number += 1
        return self._number

    def _insert(self, table: str, **columns: Any) -> Any:
        row = self._transaction.insert(self._idl.tables[table])
        for name, value in columns.items():
            setattr(row, name, value)
        return row

    def _set(self, table: str, column: str, *values: Any) -> None:
        row = self._any(table)
        if row is not None:
            setattr(row, column, self._random.choice(values))

    def _flip(self, table: str, column: str, key: str, *values: str) -> None:
        """Take a key out of a map if it is there, or maybe put it in."""
        row = self._any(table)
        if row is None:
            return
        mapping = dict(getattr(row, column))
        there = mapping.pop(key, None) is not None
        if not there and self._random.random() < 0.4:
            mapping[key] = self._random.choice(values)
        setattr(row, column, mapping)

    def _toggle(self, table: str, column: str, target: str) -> None:
        """Take a row out of another's column, or put it in."""
        owner, row = self._any(table), self._any(target)
        if owner is not None and row is not None:
            rows = list(getattr(owner, column))
            if row in rows:
                rows.remove(row)
            else:
                rows.append(row)
            setattr(owner, column, rows)

    def _delete(self, table: str) -> None:
        row = self._any(table)
        if row is not None:
            row.delete()

    def _refer(self, table: str, column: str, target: str) -> None:
        """Let a row refer to another, or to none, where it can."""
        row, other = self._any(table), self._any(target)
        known = self._idl.tables[table].columns
        if row is not None and column in known:
            none = other is None or self._random.random() < 0.2
            setattr(row, column, [] if none else [other])


class NbChaos(Chaos):
    """NB."""

    _top = "NB_Global"

    def __init__(self, remote: str, seed: int) -> None:
        super().__init__(remote, "OVN_Northbound", seed)

    def _changes(self) -> Changes:
        router, port = "Logical_Router", "Logical_Router_Port"
        switch, peer = "Logical_Switch", "Logical_Switch_Port"
        group, alone = "HA_Chassis_Group", "Gateway_Chassis"
        zones = "neutron:availability_zone_hints"
        return [
            (2, lambda: self._add_router()),
            (1, lambda: self._delete(router)),
            (1, lambda: self._set(router, "name", *ROUTERS)),
            (1, lambda: self._flip(router, "options", "chassis", "gw1", "")),
            (1, lambda: self._flip(router, "external_ids", zones, "a", "b")),
            (12, lambda: self._add_port()),
            (1, lambda: self._set(port, "name", *PORTS)),
            (2, lambda: self._set(port, "external_ids", *MARKERS)),
            (1, lambda: self._set(port, "networks", *([a] for a in INSIDE))),
            (1, lambda: self._toggle(router, "ports", port)),
            (8, lambda: self._refer(port, "ha_chassis_group", group)),
            (6, lambda: self._list(port, "gateway_chassis", alone)),
            (1, lambda: self._set(alone, "priority", 0, 1, 2)),
            (1, lambda: self._set(alone, "chassis_name", *CHASSIS)),
            (6, lambda: self._add_group()),
            (1, lambda: self._delete(group)),
            (1, lambda: self._set(group, "name", *GROUPS)),
            (1, lambda: self._flip(group, "external_ids", NETWORK_GROUP, "")),
            (5, lambda: self._list(group, "ha_chassis", "HA_Chassis")),
            (1, lambda: self._set("HA_Chassis", "priority", 0, 1, 2)),
            (1, lambda: self._set("HA_Chassis", "chassis_name", *CHASSIS)),
            (3, lambda: self._add_switch()),
            (1, lambda: self._delete(switch)),
            (4, lambda: self._add_peer()),
            (1, lambda: self._toggle(switch, "ports", peer)),
            (4, lambda: self._set(peer, "type", *KINDS)),
            (1, lambda: self._set(peer, "options", *self._peer_options())),
            (4, lambda: self._refer(peer, "ha_chassis_group", group)),
            (4, lambda: self._add_nat()),
            (1, lambda: self._refer("NAT", "gateway_port", port)),
            (1, lambda: self._set("NAT", "external_ip", *OUTSIDE)),
            (1, lambda: self._set("NAT", "external_mac", [], [MAC])),
            (2, lambda: self._intend("adopt", PORTS, "true", "maybe")),
            (2, lambda: self._intend("weight", PORTS, "3", "5", "x")),
            (2, lambda: self._intend("failover", ROUTERS, "true")),
            (1, lambda: self._intend("pin", PORTS, *CHASSIS)),
            (1, lambda: self._flip(self._top, "options", "bfd-mult", "5")),
        ]

    def _intend(self, verb: str, names: tuple[str, ...], *values: str) -> None:
        key = f"gwsched-{verb}-{self._random.choice(names)}"
        self._flip(self._top, "external_ids", key, *values)

    def _add_router(self) -> None:
        name = self._random.choice(ROUTERS)
        self._insert("Logical_Router", name=name)

    def _add_port(self) -> None:
        """Add a port, as likely as not with a switch that faces it."""
        router = self._any("Logical_Router")
        if router is None:
            return
        name = self._random.choice(PORTS)
        row = self._insert(
            "Logical_Router_Port",
            name=name,
            mac="02:00:00:00:00:02",
            networks=[self._random.choice(INSIDE)],
            external_ids=self._random.choice(MARKERS),
        )
        router.ports = [*router.ports, row]
        if self._random.random() < 0.7:
            self._peer("router", {"router-port": name})

    def _list(self, owner: str, column: str, table: str) -> None:
        """Put somebody into a list, or somebody out, or write it anew."""
        row = self._any(owner)
        if row is None:
            return
        members = list(getattr(row, column))
        names = self._random.sample(CHASSIS, self._random.randint(1, 2))
        kind = self._random.random()
        if kind < 0.2 and members:
            members.remove(self._random.choice(members))
        elif kind < 0.4:
            members.append(self._member(table, names[0]))
        else:
            members = [self._member(table, name) for name in names]
        setattr(row, column, members)

    def _member(self, table: str, chassis: str) -> Any:
        named = {"name": f"n{self._unique()}"}
        return self._insert(
            table,
            **(named if table == "Gateway_Chassis" else {}),
            chassis_name=chassis,
            priority=self._random.randint(0, 5),
        )

    def _add_group(self) -> None:
        self._insert("HA_Chassis_Group", name=self._random.choice(GROUPS))

    def _add_switch(self) -> None:
        switch = self._insert(
            "Logical_Switch", name=self._random.choice(SWITCHES)
        )
        if self._random.random() < 0.7:
            self._peer("localnet", self._localnet(), switch)

    def _add_peer(self) -> None:
        kind = self._random.choice(KINDS)
        self._peer(kind, self._random.choice(self._peer_options()))

    def _peer(
        self, kind: str, options: dict[str, str], switch: Any = None
    ) -> None:
        switch = switch or self._any("Logical_Switch")
        if switch is None:
            return
        row = self._insert(
            "Logical_Switch_Port",
            name=f"lsp{self._unique()}",
            type=kind,
            options=options,
        )
        group = self._any("HA_Chassis_Group")
        if group is not None and self._random.random() < 0.3:
            row.ha_chassis_group = [group]
        switch.ports = [*getattr(switch, "ports", ()), row]

    def _localnet(self) -> dict[str, str]:
        return {"network_name": self._random.choice(NETWORKS)}

    def _peer_options(self) -> tuple[dict[str, str], ...]:
        faced = {"router-port": self._random.choice(PORTS)}
        return (faced, faced, self._localnet(), {})

    def _add_nat(self) -> None:
        router = self._any("Logical_Router")
        if router is None:
            return
        kind = self._random.choice(("snat", "dnat_and_snat"))
        row = self._insert(
            "NAT",
            type=kind,
            external_ip=self._random.choice(OUTSIDE),
            logical_ip="10.9.9.9",
            logical_port=[f"vm{self._unique()}"],
        )
        router.nat = [*router.nat, row]


class SbChaos(Chaos):
    """SB."""

    _top = "SB_Global"

    def __init__(self, remote: str, seed: int) -> None:
        super().__init__(remote, "OVN_Southbound", seed)

    def _changes(self) -> Changes:
        binding, group = "Port_Binding", "HA_Chassis_Group"
        chassis, member, bfd = "Chassis", "HA_Chassis", "BFD"
        name = "chassis-name"
        return [
            (8, lambda: self._add_chassis()),
            (1, lambda: self._delete(chassis)),
            (1, lambda: self._set(chassis, "hostname", "a", "b")),
            (2, lambda: self._set(chassis, "other_config", *CONFIGS)),
            (2, lambda: self._add_beat()),
            (1, lambda: self._delete("Chassis_Private")),
            (1, lambda: self._set("Chassis_Private", "nb_cfg", 1, 2, 3)),
            (6, lambda: self._add_binding()),
            (1, lambda: self._delete(binding)),
            (6, lambda: self._refer(binding, "chassis", chassis)),
            (2, lambda: self._refer(binding, "ha_chassis_group", group)),
            (1, lambda: self._set(binding, "type", *BINDINGS, "patch")),
            (6, lambda: self._carry()),
            (6, lambda: self._delete(group)),
            (1, lambda: self._set(group, "ha_chassis", [])),
            (1, lambda: self._refer(member, "chassis", chassis)),
            (1, lambda: self._flip(member, "external_ids", name, *CHASSIS)),
            (1, lambda: self._set(member, "priority", 0, 1, 2)),
            (2, lambda: self._set(group, "ref_chassis", self._some(chassis))),
            (3, lambda: self._add_session()),
            (1, lambda: self._delete(bfd)),
            (1, lambda: self._set(bfd, "status", "up", "down", "init")),
            (1, lambda: self._set(bfd, "logical_port", *PORTS)),
        ]

    def _add_chassis(self) -> None:
        name = self._random.choice(CHASSIS)
        address = f"10.0.0.{self._unique()}"
        encap = self._insert("Encap", type="geneve", ip=address)
        self._insert(
            "Chassis",
            name=name,
            encaps=[encap],
            other_config=self._random.choice(CONFIGS),
        )

    def _add_beat(self) -> None:
        name = self._random.choice(CHASSIS)
        self._insert("Chassis_Private", name=name)

    def _add_binding(self) -> None:
        """Add a binding; each has a datapath of its own."""
        number = self._unique()
        kind = self._random.choice(BINDINGS)
        prefix = "cr-" if kind == "chassisredirect" else ""
        datapath = self._insert("Datapath_Binding", tunnel_key=number)
        row = self._insert(
            "Port_Binding",
            logical_port=prefix + self._random.choice(PORTS),
            type=kind,
            datapath=datapath,
            tunnel_key=number,
        )
        chassis = self._any("Chassis")
        if chassis is not None and self._random.random() < 0.3:
            row.chassis = [chassis]

    def _carry(self) -> None:
        """Give a binding a group with a list, as northd does."""
        binding = self._any("Port_Binding")
        if binding is None:
            return
        names = self._random.sample(CHASSIS, self._random.randint(0, 2))
        there = {row.name: row for row in self._rows("Chassis")}
        known = self._random.random() < 0.7
        members = [
            self._insert(
                "HA_Chassis",
                chassis=[there[name]] if name in there else [],
                priority=priority,
                external_ids={"chassis-name": name} if known else {},
            )
            for priority, name in enumerate(names)
        ]
        binding.ha_chassis_group = self._insert(
            "HA_Chassis_Group",
            name=f"g{self._unique()}",
            ha_chassis=members,
            ref_chassis=self._some("Chassis"),
        )

    def _add_session(self) -> None:
        number = self._unique()
        self._insert(
            "BFD",
            logical_port=self._random.choice(PORTS),
            dst_ip=f"10.0.0.{self._random.randint(1, 3)}",
            src_port=49152 + number,
            disc=number,
            min_tx=1,
            min_rx=1,
            detect_mult=1,
            status=self._random.choice(("up", "down")),
        )
