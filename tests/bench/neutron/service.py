# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="import-not-found"
"""The part of Neutron's L3 plug-in that schedules gateways, around its code.

Everything that decides is Neutron's: ``ChassisEvent.run``,
``schedule_unhosted_gateways``, ``ScheduleNewGatewayCommand``,
``ScheduleUnhostedGatewaysCommand``, ``get_unhosted_gateways``,
``get_candidates_for_scheduling`` and the scheduler's ``select``.  Left out
is what Neutron keeps in SQL: here every port is on one physical network.
"""

from __future__ import annotations

from types import MethodType, SimpleNamespace
from typing import Any

from neutron.common.ovn import utils
from neutron.plugins.ml2.drivers.ovn.mech_driver.ovsdb import (
    commands,
    ovn_client,
    ovsdb_monitor,
)
from neutron.scheduler import (
    l3_ovn_scheduler,
)
from neutron.services.ovn_l3 import (
    plugin as l3_plugin,
)

NETWORK = "public"
PREFIX = "lrp-"


class Plugin:
    """Neutron's router service plug-in, as far as scheduling goes."""

    schedule_unhosted_gateways = (
        l3_plugin.OVNL3RouterPlugin.schedule_unhosted_gateways
    )
    _reschedule_lrps = l3_plugin.OVNL3RouterPlugin._reschedule_lrps
    # By this Neutron knows that it is the plug-in of OVN.
    _ovn_client_inst = None

    def __init__(self, nb: Any, sb: Any) -> None:
        self.scheduler = l3_ovn_scheduler.OVNGatewayLeastLoadedScheduler()
        self._nb_ovn = nb
        self._sb_ovn = sb
        self._ovn_client = SimpleNamespace(
            _sb_idl=sb, is_external_ports_supported=lambda: True
        )
        self._ovn_client.get_candidates_for_scheduling = MethodType(
            ovn_client.OVNClient.get_candidates_for_scheduling,
            self._ovn_client,
        )
        self.ports: list[str] = []

    def _get_gateway_port_physnet_mapping(self) -> dict[str, str]:
        return {port.removeprefix(PREFIX): NETWORK for port in self.ports}

    def schedule_new(self, port: str, router: str) -> None:
        """Place a port that has no chassis yet."""
        self._nb_ovn.schedule_new_gateway(
            port, self._sb_ovn, router, self, NETWORK, []
        ).execute(check_error=True)


def chassis_event(plugin: Plugin, *, groups: bool) -> Any:
    """Return Neutron's handler of chassis that come and go.

    Without ``groups`` it only schedules, as before 2026.2, and does not also
    add the chassis to the groups of all routers.
    """
    event = object.__new__(ovsdb_monitor.ChassisEvent)
    event.l3_plugin = plugin
    event.driver = SimpleNamespace(
        nb_ovn=plugin._nb_ovn,
        _ovn_client=plugin._ovn_client,
        update_segment_host_mapping=lambda host, networks: None,
    )
    if not groups:
        event.handle_ha_chassis_group_changes = lambda event, row, old: None
    return event


def write(nb: Any, transaction: Any, port: Any, order: list[str]) -> None:
    """Give a port a list, in the table this version of Neutron uses."""
    if hasattr(commands, "_add_gateway_chassis"):
        column, uuids = commands._add_gateway_chassis(
            nb, transaction, port.name, order
        )
        setattr(port, column, uuids)
        return
    name = port.external_ids["neutron:router_name"]
    group = commands._sync_ha_chassis_group(
        transaction,
        nb,
        name,
        utils.get_chassis_priority(order),
        external_ids={"neutron:router_id": utils.get_neutron_name(name)},
    )
    port.ha_chassis_group = group


def order(nb: Any, port: Any) -> list[str]:
    """Return a port's list as OVN ranks it, best first.

    Of two with one priority the larger name is better (ovn
    controller/ha-chassis.c, compare_chassis_prio_).
    """
    read = getattr(
        nb,
        "_get_logical_router_port_gateway_chassis",
        nb._get_logical_router_port_ha_chassis_group,
    )
    ranked = sorted(read(port), key=lambda c: (c[1], c[0]), reverse=True)
    return [chassis for chassis, _ in ranked]
