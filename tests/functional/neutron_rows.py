# SPDX-License-Identifier: Apache-2.0
"""Neutron's rows: a copy of a database, and what is written of a group.

By python-ovs, as Neutron, so that each row operation is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, uuid5

from ovs.db.idl import Idl, Transaction
from ovs.poller import Poller
from ovsdbapp.backend.ovs_idl.idlutils import get_schema_helper

from tests.functional.neutron_scheduler import Bindings, Wish

# neutron/common/ovn/constants.py
GATEWAY = "neutron:is_ext_gw"
HINTS = "neutron:availability_zone_hints"
NETWORK_ID = "neutron:network_id"
NETWORK_NAME = "neutron:network_name"
PHYSICAL = "neutron:provnet-physical-network"
REVISION = "neutron:revision_number"
ROUTER_ID = "neutron:router_id"
ROUTER_NAME = "neutron:router_name"
PREFIX = "neutron-"

GROUP = "HA_Chassis_Group"
PORT = "Logical_Router_Port"

Row = Any
T = TypeVar("T")


class Copy:
    """A database as it is at this moment, and a transaction on it."""

    def __init__(self, idl: Idl) -> None:
        self._idl = idl
        self.transaction: Transaction | None = None

    def rows(self, table: str) -> list[Row]:
        return list(self._idl.tables[table].rows.values())

    def find(self, table: str, name: str) -> Row:
        """Return the row of this name, or None."""
        found = (row for row in self.rows(table) if row.name == name)
        return next(found, None)

    def insert(self, table: str, **columns: object) -> Row:
        assert self.transaction is not None
        row = self.transaction.insert(self._idl.tables[table])
        for column, value in columns.items():
            setattr(row, column, value)
        return row

    def commit(self, write: Callable[[Copy], T]) -> tuple[bool, T]:
        """Commit what a function writes; was it in time, and its result."""
        self.transaction = Transaction(self._idl)
        done = write(self)
        status = self.transaction.commit_block()
        in_time = status != Transaction.TRY_AGAIN
        wrote = status in (Transaction.SUCCESS, Transaction.UNCHANGED)
        assert wrote or not in_time, self.transaction.get_error()
        return in_time, done


@contextmanager
def copied(remote: str, database: str, *tables: str) -> Iterator[Copy]:
    """Copy a database, or only some tables of it."""
    helper = get_schema_helper(remote, database)
    for table in tables:
        helper.register_table(table)
    if not tables:
        helper.register_all()
    idl = Idl(remote, helper)
    try:
        while not idl.has_ever_connected():
            idl.run()
            poller = Poller()
            idl.wait(poller)
            poller.timer_wait(100)
            poller.block()
        yield Copy(idl)
    finally:
        idl.close()


def committed(remote: str, database: str, write: Callable[[Copy], T]) -> T:
    """Commit to a fresh copy, and again where somebody came in between."""
    while True:
        with copied(remote, database) as copy:
            in_time, done = copy.commit(write)
        if in_time:
            return done


def new_id(of: str) -> str:
    """Return an id as Neutron draws them; here the same in every run."""
    return str(uuid5(NAMESPACE_OID, of))


def bare(name: str) -> str:
    """Return the id in a name."""
    return name.removeprefix(PREFIX)


def hints(nb: Copy, port: Row) -> str:
    """Return the zones that a port's router asks for, as one text."""
    router = nb.find("Logical_Router", port.external_ids[ROUTER_NAME])
    return str(router.external_ids[HINTS])


def wish(nb: Copy, port: Row, *siblings: str) -> Wish:
    """Return what a port's chassis must have."""
    switch = nb.find("Logical_Switch", port.external_ids[NETWORK_NAME])
    network = switch.external_ids.get(PHYSICAL, "")
    zones = [zone for zone in hints(nb, port).split(",") if zone]
    return Wish(port.name, network, zones, frozenset(siblings))


def is_gateway(port: Row) -> bool:
    return bool(port.external_ids.get(GATEWAY) == "True")


def ranked(port: Row, *, groups: bool = True) -> dict[str, int]:
    """_get_logical_router_port_ha_chassis_group, or _gateway_chassis."""
    members = getattr(port, "gateway_chassis", [])
    if groups:
        found = getattr(port, "ha_chassis_group", [])
        members = found[0].ha_chassis if found else []
    members = sorted(members, key=lambda m: m.priority, reverse=True)
    return {member.chassis_name: member.priority for member in members}


def bindings(nb: Copy, *, groups: bool) -> Bindings:
    """get_all_chassis_gateway_bindings."""
    found: dict[str, list[tuple[str, int]]] = {}
    for port in nb.rows(PORT):
        for chassis, priority in ranked(port, groups=groups).items():
            found.setdefault(chassis, []).append((port.name, priority))
    return found


def add_port(nb: Copy, name: str, ids: Mapping[str, str]) -> Row:
    """_create_lrouter_port, all but the scheduling."""
    number = len(nb.rows(PORT))
    port = nb.insert(
        PORT,
        name=name,
        mac=f"fa:16:3e:00:{number // 250:02x}:{number % 250:02x}",
        networks=[f"172.16.{number // 250}.{number % 250 + 1}/16"],
        external_ids=dict(ids),
    )
    nb.find("Logical_Router", ids[ROUTER_NAME]).addvalue("ports", port)
    peer = nb.insert(
        "Logical_Switch_Port",
        name=name.removeprefix("lrp-"),
        type="router",
        addresses=["router"],
        options={"router-port": name},
    )
    nb.find("Logical_Switch", ids[NETWORK_NAME]).addvalue("ports", peer)
    return port


def router_ids(name: str, hints: str, revision: int) -> dict[str, str]:
    """_gen_router_ext_ids."""
    return {ROUTER_NAME: name, REVISION: str(revision), HINTS: hints}


def groups_in(nb: Copy, zones: set[str]) -> list[Row]:
    """ChassisEvent._get_ha_chassis_groups_within_azs."""
    found = []
    for group in nb.rows(GROUP):
        ids = group.external_ids
        mirrors = ids.get(NETWORK_ID) and ids.get(ROUTER_ID)
        wanted = {zone for zone in ids.get(HINTS, "").split(",") if zone}
        fits = zones & wanted or not (zones or wanted)
        if group.name.startswith(PREFIX) and not mirrors and fits:
            found.append(group)
    return found


def sync_group(
    nb: Copy, name: str, ranked: Mapping[str, int], ids: Mapping[str, str]
) -> Row:
    """commands._sync_ha_chassis_group: a group's members, in place."""
    group = nb.find(GROUP, name)
    if group is None:
        group = nb.insert(GROUP, name=name, external_ids=dict(ids))
    for member in getattr(group, "ha_chassis", []):
        if member.chassis_name not in ranked:
            group.delvalue("ha_chassis", member)
            member.delete()
    for chassis, priority in ranked.items():
        put(nb, group, chassis, priority)
    return group


def put(nb: Copy, group: Row, chassis: str, priority: int) -> None:
    """HAChassisGroupAddChassisCommand: a new member, or its priority.

    python-ovs refuses a priority of -1: of a new member it is 0 then.
    """
    for member in getattr(group, "ha_chassis", []):
        if member.chassis_name == chassis:
            member.priority = priority
            return
    member = nb.insert("HA_Chassis", chassis_name=chassis, priority=priority)
    group.addvalue("ha_chassis", member)


def sync_port(nb: Copy, port: Row, ranked: Mapping[str, int]) -> None:
    """commands._add_gateway_chassis, of the releases before 29.0.0."""
    members = []
    for chassis, priority in ranked.items():
        name = f"{port.name}_{chassis}"
        row = nb.find("Gateway_Chassis", name)
        if row is None:
            row = nb.insert("Gateway_Chassis", name=name)
        row.chassis_name = chassis
        row.priority = priority
        members.append(row)
    port.gateway_chassis = members
