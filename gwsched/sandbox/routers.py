# SPDX-License-Identifier: Apache-2.0
"""The ovn-nbctl commands that make a router with a gateway port."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from gwsched.sandbox.fabric import UPLINKS, Segment
from gwsched.sandbox.shell import SandboxError

MARKERS = ("intent", "neutron", "none")
_INSIDE = IPv4Network("10.1.0.0/16")


@dataclass(frozen=True)
class Vm:
    """A virtual machine behind a router."""

    name: str
    router_number: int
    index: int

    @property
    def address(self) -> str:
        """Return its address with the prefix length."""
        return f"{inside(self.router_number)[10 + self.index]}/24"

    @property
    def mac(self) -> str:
        """Return its MAC address."""
        return _mac(3 + self.index, self.router_number)

    @property
    def gateway(self) -> str:
        """Return the address of its router."""
        return str(inside(self.router_number)[1])


@dataclass(frozen=True)
class Router:
    """A router, its VMs and who may host its gateway port."""

    name: str
    number: int
    vms: tuple[Vm, ...]
    candidates: Sequence[str] = ()
    marker: str = "intent"
    network: str = "public"

    @property
    def gateway_port(self) -> str:
        """Name the gateway port."""
        return gateway_port(self.name)

    def commands(self) -> list[str]:
        """Return the arguments of one ovn-nbctl call that makes it."""
        commands = [
            *self._router(),
            *self._inside(),
            *self._outside(),
            *self._candidates(),
            *self._marker(),
        ]
        for vm in self.vms:
            commands += self._vm(vm)
        return [word for command in commands for word in ("--", *command)][1:]

    def _router(self) -> list[list[str]]:
        inside_network = inside(self.number)
        outside = str(self._outside_address)
        # fmt: off
        return [
            ["lr-add", self.name],
            ["lrp-add", self.name, self.gateway_port, _mac(1, self.number),
             self._uplink.with_prefix(self._outside_address)],
            ["lrp-add", self.name, f"{self.name}-inside",
             _mac(2, self.number), f"{inside_network[1]}/24"],
            ["lr-nat-add", self.name, "snat", outside, str(inside_network)],
            ["lr-route-add", self.name, "0.0.0.0/0",
             str(self._uplink.centre)],
        ]
        # fmt: on

    def _inside(self) -> list[list[str]]:
        switch = f"{self.name}-net"
        return [
            ["ls-add", switch],
            *_router_peer(switch, f"{self.name}-inside"),
        ]

    def _outside(self) -> list[list[str]]:
        # nat-addresses=router: the new holder announces the addresses.
        return _router_peer(
            self.network, self.gateway_port, "nat-addresses=router"
        )

    def _candidates(self) -> list[list[str]]:
        count = len(self.candidates)
        # fmt: off
        return [
            ["lrp-set-gateway-chassis", self.gateway_port, chassis,
             str(count - rank)]
            for rank, chassis in enumerate(self.candidates)
        ]
        # fmt: on

    def _marker(self) -> list[list[str]]:
        if self.marker == "intent":
            key = f"external_ids:gwsched-adopt-{self.gateway_port}"
            return [["set", "NB_Global", ".", f"{key}=true"]]
        if self.marker == "neutron":
            # The quotes keep the key's colon from being a separator.
            fact = 'external_ids:"neutron:is_ext_gw"=True'
            return [["set", "Logical_Router_Port", self.gateway_port, fact]]
        return []

    def _vm(self, vm: Vm) -> list[list[str]]:
        address = f"{vm.mac} {vm.address.partition('/')[0]}"
        return [
            ["lsp-add", f"{self.name}-net", vm.name],
            ["lsp-set-addresses", vm.name, address],
        ]

    @property
    def _uplink(self) -> Segment:
        return UPLINKS[self.network]

    @property
    def _outside_address(self) -> IPv4Address:
        return self._uplink.address(self.number)


def gateway_port(router: str) -> str:
    """Name the gateway port of a router."""
    return f"lrp-{router}"


def inside(number: int) -> IPv4Network:
    """Return the network behind a numbered router."""
    if number > 255:
        raise SandboxError("a sandbox has addresses for 256 routers")
    return IPv4Network((int(_INSIDE.network_address) + number * 256, 24))


def _router_peer(switch: str, port: str, *options: str) -> list[list[str]]:
    peer = f"{switch}-{port}"
    return [
        ["lsp-add", switch, peer],
        ["lsp-set-type", peer, "router"],
        ["lsp-set-addresses", peer, "router"],
        ["lsp-set-options", peer, f"router-port={port}", *options],
    ]


def _mac(kind: int, number: int) -> str:
    octets = kind.to_bytes(2) + number.to_bytes(2)
    return f"0a:01:{octets.hex(':')}"
