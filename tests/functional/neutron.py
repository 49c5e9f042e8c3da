# SPDX-License-Identifier: Apache-2.0
"""What Neutron writes about gateways, replayed on real databases.

Each method makes the transaction of one of Neutron's, row by row; the
docstrings name it.  It is Neutron 29.0.0 (2026.2), which has a group per
router; without ``groups`` it is what all releases before do, which write
Gateway_Chassis.  What Neutron keeps in SQL is taken from the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.functional import neutron_rows as rows
from tests.functional.neutron_rows import GROUP, PORT, Copy, Row, new_id
from tests.functional.neutron_scheduler import (
    MOST,
    Fleet,
    is_unhosted,
    numbered,
    reschedule,
    select,
)
from tests.functional.ovn import Ovn

# neutron/common/ovn/constants.py, HA_CHASSIS_GROUP_HIGHEST_PRIORITY
HIGHEST = 32767

T = TypeVar("T")


@dataclass(frozen=True)
class Router:
    """A router, and its gateway ports; its group has the same name."""

    name: str
    ports: tuple[str, ...]

    @property
    def port(self) -> str:
        return self.ports[0]


class Neutron:
    """A worker; it looks at the databases anew whenever it does something."""

    def __init__(self, ovn: Ovn, *, groups: bool = True) -> None:
        self._ovn = ovn
        self._groups = groups
        self._revision = 1

    def rows(self, *tables: str) -> dict[str, dict[str, Any]]:
        """Every row of some tables, whole but for what northd writes."""
        with rows.copied(self._ovn.unix("nb"), "OVN_Northbound") as nb:
            return {
                f"{table} {row.uuid}": {
                    column: datum.to_json()
                    for column, datum in row._data.items()
                    if column not in ("up", "status")
                }
                for table in tables
                for row in nb.rows(table)
            }

    # -- what users and operators do ---------------------------------------

    def add_network(self, name: str, physical: str = "") -> str:
        """create_network; tunnelled without a physical one.  Its switch."""
        switch = f"neutron-{new_id(name)}"
        ids = {rows.NETWORK_NAME: name, rows.REVISION: "2", rows.HINTS: ""}

        def write(nb: Copy) -> None:
            row = nb.insert("Logical_Switch", name=switch, external_ids=ids)
            if physical:
                row.external_ids = {**ids, rows.PHYSICAL: physical}
                port = nb.insert(
                    "Logical_Switch_Port",
                    name=f"provnet-{new_id(switch)}",
                    type="localnet",
                    addresses=["unknown"],
                    options={"network_name": physical},
                    external_ids={rows.PHYSICAL: physical},
                )
                row.addvalue("ports", port)

        self._commit(write)
        return switch

    def add_router(
        self,
        name: str,
        *switches: str,
        order: Sequence[str] | None = None,
        priorities: Sequence[int] = (),
        hints: str = "",
    ) -> Router:
        """create_router, with a gateway in each of the networks.

        ``order`` is what Neutron has chosen some time ago, best first, and
        with which ``priorities``; without it Neutron chooses now.
        """
        ports = (f"lrp-{new_id(name + switch)}" for switch in switches)
        router = Router(f"neutron-{new_id(name)}", tuple(ports))

        def write(nb: Copy) -> None:
            nb.insert(
                "Logical_Router",
                name=router.name,
                options={"dynamic_neigh_routers": "true"},
                external_ids=rows.router_ids(name, hints, self._revision),
            )
            for port, switch in zip(router.ports, switches, strict=True):
                ids = self._port_ids(router, switch, gateway=True)
                row = rows.add_port(nb, port, ids)
                if order is None:
                    self._schedule(nb, row, router)
                elif order:
                    numbers = priorities or range(len(order), 0, -1)
                    ranked = dict(zip(order, numbers, strict=True))
                    self._store(nb, row, ranked, hints)

        self._commit(write)
        return router

    def add_interface(self, router: Router, switch: str) -> str:
        """create_router_port, for an inner one.  Its name."""
        port = f"lrp-{new_id(router.name + switch)}"
        ids = self._port_ids(router, switch, gateway=False)
        self._commit(lambda nb: rows.add_port(nb, port, ids))
        return port

    def update_router(self, router: Router, name: str) -> None:
        """update_router, and update_router_port: external_ids anew, whole."""
        self._revision += 1

        def write(nb: Copy) -> None:
            row = nb.find("Logical_Router", router.name)
            hints = row.external_ids[rows.HINTS]
            row.external_ids = rows.router_ids(name, hints, self._revision)
            for port in row.ports:
                switch = port.external_ids[rows.NETWORK_NAME]
                gateway = rows.is_gateway(port)
                ids = self._port_ids(router, switch, gateway=gateway)
                port.external_ids = ids

        self._commit(write)

    def set_priority(
        self, router: Router, chassis: str, priority: int
    ) -> None:
        """update_router_in_l3_agent: an operator's PUT of one priority."""

        def write(nb: Copy) -> None:
            rows.put(nb, nb.find(GROUP, router.name), chassis, priority)

        self._commit(write)

    # -- what Neutron does by itself ---------------------------------------

    def scan(self, chassis: str = "") -> set[str]:
        """schedule_unhosted_gateways, of all or of a chassis.  What it wrote.

        It follows each change of a chassis, and each start of Neutron.
        """
        fleet = self._fleet()

        def write(nb: Copy) -> set[str]:
            gateways = filter(rows.is_gateway, nb.rows(PORT))
            found = [
                p for p in gateways if self._is_due(nb, p, fleet, chassis)
            ]
            for port in found:
                wish, order = rows.wish(nb, port), self._order(port)
                bindings = rows.bindings(nb, groups=self._groups)
                chosen = reschedule(fleet, wish, order, bindings)
                self._store(nb, port, numbered(chosen), ",".join(wish.hints))
            return {port.name for port in found}

        return self._commit(write)

    def chassis_created(self, name: str) -> None:
        """ChassisEvent.run for a row that is there (again)."""
        self.scan()
        zones = self._fleet().zones[name]

        def write(nb: Copy) -> None:
            for group in rows.groups_in(nb, zones):
                found = [member.priority for member in group.ha_chassis]
                lowest = min(found, default=HIGHEST)
                rows.put(nb, group, name, lowest - 1)

        if self._groups:
            self._commit(write)

    def chassis_deleted(self, name: str) -> None:
        """ChassisEvent.run for a row, without zones, that is gone."""
        self.scan(name)

        def write(nb: Copy) -> None:
            for group in rows.groups_in(nb, set()):
                for member in group.ha_chassis:
                    if member.chassis_name == name:
                        group.delvalue("ha_chassis", member)

        if self._groups:
            self._commit(write)

    def migrate(self) -> None:
        """migrate_lrp_gateway_chassis_to_ha_chassis_group."""
        self._groups = True

        def write(nb: Copy) -> None:
            for port in nb.rows(PORT):
                members = port.gateway_chassis
                if members:
                    ranked = {m.chassis_name: m.priority for m in members}
                    # It joins the letters of a text: az1 becomes a,z,1.
                    hints = ",".join(rows.hints(nb, port))
                    self._store(nb, port, ranked, hints)
                    port.gateway_chassis = []

        self._commit(write)

    def link_network(self, switch: str, router: Router) -> None:
        """link_network_ha_chassis_group: the router's list once more.

        For a network with external ports, again after each change of the
        router's group.
        """
        ids = {rows.HINTS: "", rows.NETWORK_ID: rows.bare(switch)}
        ids[rows.ROUTER_ID] = rows.bare(router.name)

        def write(nb: Copy) -> None:
            ranked = rows.ranked(nb.find(PORT, router.port))
            group = rows.sync_group(nb, switch, ranked, ids)
            for port in nb.find("Logical_Switch", switch).ports:
                if port.type == "external":
                    port.ha_chassis_group = group

        self._commit(write)

    def check_liveness(self) -> None:
        """CheckLivenessCommand, and configure_nb_global of maintenance."""

        def write(nb: Copy) -> None:
            [top] = nb.rows("NB_Global")
            top.setkey("external_ids", "neutron:liveness_check_at", "now")
            top.options = {**top.options, "ignore_lsp_down": "false"}
            top.increment("nb_cfg")

        self._commit(write)

    # -- how it does it ----------------------------------------------------

    def _order(self, port: Row) -> list[str]:
        return list(rows.ranked(port, groups=self._groups))

    def _is_due(self, nb: Copy, port: Row, fleet: Fleet, chassis: str) -> bool:
        order = self._order(port)
        if chassis and chassis not in order:
            return False
        return is_unhosted(fleet, rows.wish(nb, port), order)

    def _commit(self, write: Callable[[Copy], T]) -> T:
        return rows.committed(self._ovn.unix("nb"), "OVN_Northbound", write)

    def _fleet(self) -> Fleet:
        remote = self._ovn.unix("sb")
        with rows.copied(remote, "OVN_Southbound", "Chassis") as sb:
            return Fleet(sb.rows("Chassis"))

    def _port_ids(
        self, router: Router, switch: str, *, gateway: bool
    ) -> dict[str, str]:
        """_gen_router_port_ext_ids."""
        return {
            rows.REVISION: str(self._revision),
            "neutron:subnet_ids": new_id(switch + "subnet"),
            rows.NETWORK_NAME: switch,
            rows.GATEWAY: str(gateway),
            rows.ROUTER_NAME: router.name,
        }

    def _schedule(self, nb: Copy, port: Row, router: Router) -> None:
        """ScheduleNewGatewayCommand; sync_ha_chassis_group_router."""
        fleet, wish = self._fleet(), rows.wish(nb, port, *router.ports)
        if not wish.network:
            chosen = sorted(fleet.gateways)[:MOST]  # it draws them at random
            ranked = {c: HIGHEST - rank for rank, c in enumerate(chosen)}
            ids = {rows.HINTS: "", rows.ROUTER_ID: rows.bare(router.name)}
            rows.sync_group(nb, router.name, ranked, ids)
            row = nb.find("Logical_Router", router.name)
            if chosen:
                row.options = {**row.options, "chassis": chosen[0]}
            return
        chosen = select(
            fleet, wish, (), rows.bindings(nb, groups=self._groups)
        )
        if chosen:
            self._store(nb, port, numbered(chosen), ",".join(wish.hints))

    def _store(
        self, nb: Copy, port: Row, ranked: Mapping[str, int], hints: str
    ) -> None:
        """Give a port a list, in the form of this release."""
        if not self._groups:
            rows.sync_port(nb, port, ranked)
            return
        name = port.external_ids[rows.ROUTER_NAME]
        ids = {rows.HINTS: hints, rows.ROUTER_ID: rows.bare(name)}
        port.ha_chassis_group = rows.sync_group(nb, name, ranked, ids)
