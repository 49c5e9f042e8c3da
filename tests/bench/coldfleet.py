# SPDX-License-Identifier: Apache-2.0
"""A cloud of Neutron's, as rows: gateway ports on one external switch.

Each router has a gateway port with the list that gwsched would give it, in
force and claimed; the rest are the ports of VMs.  What Neutron notes of all
these in ``external_ids`` is there, for loading it is what takes long.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tests.bench.coldnotes import NETWORK, mac, network, noted, uuid
from tests.bench.databasefile import Content, mapped, several, strings
from tests.bench.handmade import group_of


@dataclass(frozen=True)
class Size:
    """How much there is."""

    ports: int
    gateways: int
    chassis: int
    others: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read PORTS/GATEWAYS/CHASSIS/OTHERS."""
        return cls(*map(int, text.split("/")))

    def __str__(self) -> str:
        return f"{self.ports}/{self.gateways}/{self.chassis}/{self.others}"


class Fleet:
    """Both databases of a size."""

    def __init__(self, size: Size, *, is_placed: bool = True) -> None:
        self.nb, self.sb = Content(), Content()
        self._chassis: dict[str, Any] = {}
        self._datapaths = 0
        gateways = [f"gw{i:03}" for i in range(size.gateways)]
        computes = [f"hv{i:03}" for i in range(size.chassis - size.gateways)]
        self.nb.add("NB_Global", nb_cfg=1, sb_cfg=1, hv_cfg=1)
        self.sb.add("SB_Global", nb_cfg=1)
        for i, name in enumerate(gateways + computes):
            self._add_chassis(i, name, is_gateway=i < size.gateways)
        self._computes = computes or gateways
        self._outside = self._datapath()
        ports = [f"lrp-{uuid(1, i)}" for i in range(size.ports)]
        lists = dict(zip(ports, _even(gateways), strict=False))
        if not is_placed:
            lists.clear()
        self._add_outside(
            self._add_router(i, port, lists.get(port, ()))
            for i, port in enumerate(ports)
        )
        for i in range(0, size.others, NETWORK):
            self._add_network(i, min(NETWORK, size.others - i))

    def _add_outside(self, faces: Iterable[Any]) -> None:
        """Add the external switch that all routers are on."""
        localnet = self.nb.add(
            "Logical_Switch_Port",
            name="provnet-public",
            type="localnet",
            addresses="unknown",
            options=strings(network_name="public", mcast_flood="false"),
        )
        self.nb.add(
            "Logical_Switch",
            name=f"neutron-{uuid(2, 0)}",
            ports=several([localnet, *faces]),
            external_ids=mapped(network("public")),
        )

    def _add_chassis(
        self, number: int, name: str, *, is_gateway: bool
    ) -> None:
        address = f"10.1.{number // 250}.{number % 250 + 1}"
        encap = self.sb.add(
            "Encap",
            type="geneve",
            ip=address,
            chassis_name=name,
            options=strings(csum="true"),
        )
        config = {
            "datapath-type": "",
            "iface-types": "bareudp,erspan,geneve,gre,gtpu,ip6erspan,ip6gre,"
            "lisp,patch,stt,system,tap,vxlan",
            "is-interconn": "false",
            "ovn-bridge-mappings": "public:br-ex",
            "ovn-chassis-mac-mappings": "",
            "ovn-cms-options": "enable-chassis-as-gw" if is_gateway else "",
            "ovn-monitor-all": "false",
            "port-up-notif": "true",
        }
        self._chassis[name] = self.sb.add(
            "Chassis",
            name=name,
            hostname=f"{name}.example.org",
            encaps=several([encap]),
            other_config=mapped(config),
            external_ids=mapped(config),
        )
        self.sb.add(
            "Chassis_Private",
            name=name,
            chassis=self._chassis[name],
            nb_cfg=1,
            nb_cfg_timestamp=1,
        )

    def _add_router(self, number: int, port: str, order: Sequence[str]) -> Any:
        """Add a router with its port; return the switch's end of it."""
        address = f"172.{16 + number // 62500}.{number // 250 % 250}"
        address += f".{number % 250 + 1}/12"
        outside = uuid(2, 0)
        group = self._add_group(port, order) if order else None
        lrp = self.nb.add(
            "Logical_Router_Port",
            name=port,
            mac=mac(number),
            networks=address,
            **({"ha_chassis_group": group} if group else {}),
            options=strings(gateway_mtu="1442"),
            external_ids=mapped(
                {
                    "neutron:is_ext_gw": "True",
                    "neutron:network_name": f"neutron-{outside}",
                    "neutron:revision_number": "9",
                    "neutron:router_name": uuid(3, number),
                    "neutron:subnet_ids": uuid(4, 0),
                }
            ),
        )
        self.nb.add(
            "Logical_Router",
            name=f"neutron-{uuid(3, number)}",
            ports=several([lrp]),
            options=strings(
                always_learn_from_arp_request="false",
                dynamic_neigh_routers="true",
                mac_binding_age_threshold="0",
            ),
            external_ids=mapped(
                {
                    "neutron:availability_zone_hints": "",
                    "neutron:gw_port_id": port.removeprefix("lrp-"),
                    "neutron:revision_number": "5",
                    "neutron:router_name": f"router-{number}",
                }
            ),
        )
        self._bind_router(number, port, order)
        return self.nb.add(
            "Logical_Switch_Port",
            name=port.removeprefix("lrp-"),
            type="router",
            addresses="router",
            options=mapped(
                {
                    "exclude-lb-vips-from-garp": "true",
                    "nat-addresses": "router",
                    "router-port": port,
                }
            ),
            external_ids=mapped(noted(number, "network:router_gateway")),
        )

    def _add_group(self, port: str, order: Sequence[str]) -> Any:
        members = [
            self.nb.add(
                "HA_Chassis", chassis_name=name, priority=len(order) - i
            )
            for i, name in enumerate(order)
        ]
        return self.nb.add(
            "HA_Chassis_Group",
            name=group_of(port),
            ha_chassis=several(members),
        )

    def _bind_router(
        self, number: int, port: str, order: Sequence[str]
    ) -> None:
        """Add what northd makes of it, claimed by the first in the list."""
        datapath = self._datapath()
        shared: dict[str, Any] = {"mac": f"{mac(number)} 172.16.0.1/12"}
        distributed: dict[str, Any] = {}
        if order:
            members = [
                self.sb.add(
                    "HA_Chassis",
                    chassis=self._chassis[name],
                    priority=len(order) - i,
                    external_ids=strings(**{"chassis-name": name}),
                )
                for i, name in enumerate(order)
            ]
            refs = self._computes[number % 7 :: 97][:3] or self._computes[:1]
            distributed["ha_chassis_group"] = self.sb.add(
                "HA_Chassis_Group",
                name=group_of(port),
                ha_chassis=several(members),
                ref_chassis=several(self._chassis[name] for name in refs),
            )
            distributed["chassis"] = self._chassis[order[0]]
        self.sb.add(
            "Port_Binding",
            logical_port=f"cr-{port}",
            type="chassisredirect",
            datapath=datapath,
            tunnel_key=2,
            options=mapped(
                {"always-redirect": "true", "distributed-port": port}
            ),
            **shared,
            **distributed,
        )
        self.sb.add(
            "Port_Binding",
            logical_port=port,
            type="patch",
            datapath=datapath,
            tunnel_key=1,
            options=mapped({"peer": port.removeprefix("lrp-")}),
            **shared,
        )
        self.sb.add(
            "Port_Binding",
            logical_port=port.removeprefix("lrp-"),
            type="patch",
            datapath=self._outside,
            tunnel_key=number + 1,
            mac="router",
            options=mapped({"peer": port}),
            external_ids=mapped(noted(number, "network:router_gateway")),
        )

    def _add_network(self, first: int, count: int) -> None:
        """Add a tenant's network and the ports of its VMs."""
        datapath = self._datapath()
        ports = []
        for number in range(first, first + count):
            notes = noted(number, "compute:nova")
            address = f"{mac(number)} 192.168.0.{number - first + 2}"
            chassis = self._computes[number % len(self._computes)]
            ports.append(
                self.nb.add(
                    "Logical_Switch_Port",
                    name=uuid(5, number),
                    addresses=address,
                    port_security=address,
                    up=True,
                    enabled=True,
                    options=strings(
                        **{
                            "requested-chassis": chassis,
                            "mcast_flood": "false",
                        }
                    ),
                    external_ids=mapped(notes),
                )
            )
            self.sb.add(
                "Port_Binding",
                logical_port=uuid(5, number),
                datapath=datapath,
                tunnel_key=number - first + 1,
                mac=address,
                chassis=self._chassis[chassis],
                up=True,
                options=strings(**{"requested-chassis": chassis}),
                external_ids=mapped(notes),
            )
        self.nb.add(
            "Logical_Switch",
            name=f"neutron-{uuid(2, first + 1)}",
            ports=several(ports),
            external_ids=mapped(network(f"net-{first}")),
        )

    def _datapath(self) -> Any:
        self._datapaths += 1
        return self.sb.add("Datapath_Binding", tunnel_key=self._datapaths)


def _even(gateways: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return lists that load all gateways alike, also after a failure."""
    count, members = len(gateways), min(5, len(gateways))
    for step in itertools.cycle(range(1, count)):
        for first in range(count):
            order = [(first + step * i) % count for i in range(members)]
            if len({*order}) == members:
                yield [gateways[i] for i in order]
