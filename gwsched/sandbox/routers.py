# SPDX-License-Identifier: Apache-2.0
"""The ovn-nbctl commands that make a router with a gateway port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from gwsched.sandbox.fabric import UPLINKS, Segment
from gwsched.sandbox.shell import SandboxError

MARKERS = ("intent", "neutron", "none")
_INSIDE = IPv4Network("10.1.0.0/16")
_JOIN = IPv4Network("100.64.0.0/16")


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
class Traits:
    """What a router is like, and who may host its gateway port.

    A mapping for bfd has columns of the next hop's BFD row.
    """

    candidates: Sequence[str] = ()
    marker: str = "intent"
    network: str = "public"
    bfd: bool | Mapping[str, int] = False
    pinned_to: str | None = None


@dataclass(frozen=True)
class Router:
    """A router and its VMs.

    One that is pinned is two: of the name itself that with the gateway
    port, and behind it a distributed one with the VMs.
    """

    name: str
    number: int
    vms: tuple[Vm, ...]
    traits: Traits = Traits()

    @property
    def gateway_port(self) -> str:
        """Name the gateway port."""
        return gateway_port(self.name)

    @property
    def outside(self) -> IPv4Address:
        """Return the address of the gateway port."""
        return self._uplink.address(self.number)

    def commands(self) -> list[str]:
        """Return the arguments of one ovn-nbctl call that makes it."""
        commands = [
            *self._router(),
            *self._default_route(),
            *self._pinned(),
            *self._inside(),
            *self._candidates(),
            *self._marker(),
        ]
        for vm in self.vms:
            commands += self._vm(vm)
        return [word for command in commands for word in ("--", *command)][1:]

    def _router(self) -> list[list[str]]:
        # fmt: off
        return [
            ["lr-add", self.name],
            ["lrp-add", self.name, self.gateway_port, _mac(1, self.number),
             self._uplink.with_prefix(self.outside)],
            ["lr-nat-add", self.name, "snat", str(self.outside),
             str(inside(self.number))],
            # nat-addresses=router: the new holder announces the addresses.
            *_router_peer(self.traits.network, self.gateway_port,
                          "nat-addresses=router"),
        ]
        # fmt: on

    def _default_route(self) -> list[list[str]]:
        next_hop = str(self._uplink.centre)
        route = ["lr-route-add", self.name, "0.0.0.0/0", next_hop]
        if self.traits.bfd is False:
            return [route]
        timers = {} if self.traits.bfd is True else self.traits.bfd
        columns = (f"{column}={timers[column]}" for column in timers)
        # fmt: off
        return [
            ["create", "BFD", f"logical_port={self.gateway_port}",
             f"dst_ip={next_hop}", *columns],
            # It takes the row of its port and next hop.
            ["--bfd", *route, self.gateway_port],
        ]
        # fmt: on

    def _pinned(self) -> list[list[str]]:
        """Pin the router; join it to the one that has the VMs."""
        if self.traits.pinned_to is None:
            return []
        join, core = f"{self.name}-join", self._inner_router
        network = _numbered(_JOIN, self.number)
        commands = [
            ["set", "Logical_Router", self.name,
             f"options:chassis={self.traits.pinned_to}"],
            ["lr-add", core],
            ["ls-add", join],
            ["lr-route-add", core, "0.0.0.0/0", str(network[1])],
            ["lr-route-add", self.name, str(inside(self.number)),
             str(network[2])],
        ]  # fmt: skip
        ends = ((self.name, inner_port(self.name)), (core, f"{core}-up"))
        for side, (router, port) in enumerate(ends, 1):
            mac = _mac(256 + side, self.number)
            commands += [
                ["lrp-add", router, port, mac, f"{network[side]}/24"],
                *_router_peer(join, port),
            ]
        return commands

    def _inside(self) -> list[list[str]]:
        port, switch = f"{self.name}-inside", f"{self.name}-net"
        address = f"{inside(self.number)[1]}/24"
        mac = _mac(2, self.number)
        return [
            ["lrp-add", self._inner_router, port, mac, address],
            ["ls-add", switch],
            *_router_peer(switch, port),
        ]

    def _candidates(self) -> list[list[str]]:
        count = len(self.traits.candidates)
        # fmt: off
        return [
            ["lrp-set-gateway-chassis", self.gateway_port, chassis,
             str(count - rank)]
            for rank, chassis in enumerate(self.traits.candidates)
        ]
        # fmt: on

    def _marker(self) -> list[list[str]]:
        if self.traits.marker == "intent":
            intent = f"adopt-{self.gateway_port}"
            if self.traits.pinned_to is not None:
                intent = f"failover-{self.name}"
            key = f"external_ids:gwsched-{intent}"
            return [["set", "NB_Global", ".", f"{key}=true"]]
        if self.traits.marker == "neutron":
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
    def _inner_router(self) -> str:
        return f"{self.name}-core" if self.traits.pinned_to else self.name

    @property
    def _uplink(self) -> Segment:
        return UPLINKS[self.traits.network]


def gateway_port(router: str) -> str:
    """Name the gateway port of a router."""
    return f"lrp-{router}"


def inner_port(router: str) -> str:
    """Name the port by which a pinned router reaches the one behind it."""
    return f"{router}-down"


def inside(number: int) -> IPv4Network:
    """Return the network behind a numbered router."""
    return _numbered(_INSIDE, number)


def _numbered(networks: IPv4Network, number: int) -> IPv4Network:
    if number > 255:
        raise SandboxError("a sandbox has addresses for 256 routers")
    return IPv4Network((int(networks.network_address) + number * 256, 24))


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
