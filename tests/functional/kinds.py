# SPDX-License-Identifier: Apache-2.0
"""Every kind of gateway port, built on a sandbox, with traffic to judge it.

Each function adds one kind.  Its ports are adopted by intent and have no
candidates: the daemon places them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Network

from gwsched.sandbox import Sandbox, names
from gwsched.sandbox.chassis import Chassis
from gwsched.sandbox.fabric import SECOND, UPLINK
from gwsched.sandbox.namespaces import Namespace, connect
from gwsched.sandbox.routers import gateway_port, inside
from gwsched.sandbox.state import StateFile

SECOND_PORT_MAC = "0a:02:00:00:00:01"
FLOATING_MAC = "0a:02:00:00:00:02"
COMPUTE_MAC = "0a:02:00:00:00:03"
EXTERNAL_MAC = "0a:02:00:00:00:04"


# What a move may cost of 50 packets a second.  A router sends at once from
# its new place, and the fabric learns that from the first packet: what comes
# from outside meanwhile is lost as well.
INTERVAL = 0.02
OUTWARD = 1
INWARD = 2
# Where computes send to the router's MAC address over the fabric, nothing
# comes to the new place before OVN announces it, a second after the claim
# (controller/pinctrl.c).  This is two seconds.
ANNOUNCED = 100


@dataclass(frozen=True)
class Flow:
    """Who pings whom, and how many packets a move may cost."""

    name: str
    source: Namespace
    target: str
    cost: int


@dataclass(frozen=True)
class Kind:
    """Gateway ports with the networks they face, and what flows there.

    Some of it passes the gateways by.  External switch ports are bound to
    whoever holds the gateway port.
    """

    ports: Mapping[str, str]
    through: tuple[Flow, ...]
    past: tuple[Flow, ...] = ()
    external: tuple[str, ...] = ()


def snat(box: Sandbox) -> Kind:
    """Add source NAT and nothing else."""
    box.add_router("snat")
    return Kind({"lrp-snat": "public"}, (_out(box, "snat-vm1"),))


def floating(box: Sandbox) -> Kind:
    """Add floating IPs: one is the gateway's work, one the compute's."""
    box.add_router("fip", vms=("fip-central", "fip-direct"))
    central, direct = str(UPLINK.network[1024]), str(UPLINK.network[1025])
    # fmt: off
    box.nbctl(
        "lr-nat-add", "fip", "dnat_and_snat",
        central, _address(box, "fip-central"),
        "--", "lr-nat-add", "fip", "dnat_and_snat",
        direct, _address(box, "fip-direct"), "fip-direct", FLOATING_MAC,
    )
    # fmt: on
    return Kind(
        {"lrp-fip": "public"},
        (_out(box, "fip-central"), _in(box, "fip-central", central)),
        past=(_out(box, "fip-direct"), _in(box, "fip-direct", direct)),
    )


def routed(box: Sandbox) -> Kind:
    """Add a router without NAT; the upstream knows the way back."""
    box.add_router("routed")
    box.nbctl("lr-nat-del", "routed")
    number = _number(box, "routed")
    box.central.namespace.ip(
        f"route add {inside(number)} via {UPLINK.address(number)}"
    )
    address = _address(box, "routed-vm1")
    flows = (_out(box, "routed-vm1"), _in(box, "routed-vm1", address))
    return Kind({"lrp-routed": "public"}, flows)


def dual_stack(box: Sandbox) -> Kind:
    """Add IPv4 with source NAT and IPv6 without, on one port."""
    box.add_router("dual")
    address = _add_ipv6(box, "dual")
    flows = (
        _out(box, "dual-vm1"),
        _out(box, "dual-vm1", str(UPLINK.centre6)),
        _in(box, "dual-vm1", address),
    )
    return Kind({"lrp-dual": "public"}, flows)


def ipv6(box: Sandbox) -> Kind:
    """Add a gateway port that has no IPv4 address."""
    box.add_router("six")
    address = _add_ipv6(box, "six")
    outside = UPLINK.address(_number(box, "six"))
    # fmt: off
    box.nbctl(
        "lr-nat-del", "six",
        "--", "lr-route-del", "six", "0.0.0.0/0",
        "--", "remove", "Logical_Router_Port", "lrp-six",
        "networks", UPLINK.with_prefix(outside),
    )
    # fmt: on
    flows = (
        _out(box, "six-vm1", str(UPLINK.centre6)),
        _in(box, "six-vm1", address),
    )
    return Kind({"lrp-six": "public"}, flows)


def second_network(box: Sandbox) -> Kind:
    """Add a router on the other physical network."""
    box.add_router("far", network="second")
    flows = (_out(box, "far-vm1", str(SECOND.centre)),)
    return Kind({"lrp-far": "second"}, flows)


def two_networks(box: Sandbox) -> Kind:
    """Add a router with a gateway port on each physical network."""
    box.add_router("two")
    number = _number(box, "two")
    outside = SECOND.address(number)
    port, peer = "lrp-two-second", "second-lrp-two-second"
    # fmt: off
    box.nbctl(
        "lrp-add", "two", port, SECOND_PORT_MAC, SECOND.with_prefix(outside),
        "--", "lsp-add", "second", peer,
        "--", "lsp-set-type", peer, "router",
        "--", "lsp-set-addresses", peer, "router",
        "--", "lsp-set-options", peer, f"router-port={port}",
        "nat-addresses=router",
        "--", "set", "NB_Global", ".",
        f"external_ids:gwsched-adopt-{port}=true",
    )
    # For lr-nat-add a port without candidates is no gateway port.
    box.nbctl(
        "--id=@port", "get", "Logical_Router_Port", port,
        "--", "--id=@nat", "create", "NAT", "type=snat",
        f'external_ip="{outside}"', f'logical_ip="{inside(number)}"',
        "gateway_port=@port",
        "--", "add", "Logical_Router", "two", "nat", "@nat",
    )
    # fmt: on
    flows = (_out(box, "two-vm1"), _out(box, "two-vm1", str(SECOND.centre)))
    return Kind({"lrp-two": "public", port: "second"}, flows)


def bridged(box: Sandbox) -> Kind:
    """Add a tenant VLAN whose computes reach the gateway without tunnels."""
    box.add_router("bridged")
    _put_on_vlan(box, "bridged", 101)
    box.nbctl("lrp-set-options", "lrp-bridged", "redirect-type=bridged")
    # Or else the computes too would send with the router's MAC address.
    _compute(box).vsctl(
        *("set", "Open_vSwitch", "."),
        f'external_ids:ovn-chassis-mac-mappings="public:{COMPUTE_MAC}"',
    )
    flows = (_out(box, "bridged-vm1", cost=ANNOUNCED),)
    return Kind({"lrp-bridged": "public"}, flows)


def centralised(box: Sandbox) -> Kind:
    """Add a tenant VLAN that only the gateway routes.

    On it is a machine that OVN's switch does not see, as with SR-IOV.
    """
    box.add_router("vlan")
    _put_on_vlan(box, "vlan", 102)
    _add_external(box, "vlan", "vlan-external", 102)
    # fmt: off
    box.nbctl(
        "lrp-set-options", "vlan-inside", "reside-on-redirect-chassis=true",
        "--", "lrp-set-options", "lrp-vlan", "redirect-type=bridged",
        "--", "--id=@shared", "create", "HA_Chassis_Group", "name=shared",
        "--", "set", "Logical_Router_Port", "lrp-vlan",
        "ha_chassis_group=@shared",
        "--", "set", "Logical_Switch_Port", "vlan-external",
        "ha_chassis_group=@shared",
    )
    # fmt: on
    return Kind(
        {"lrp-vlan": "public"},
        (
            _out(box, "vlan-vm1", cost=ANNOUNCED),
            _out(box, "vlan-external", cost=ANNOUNCED),
        ),
        external=("vlan-external",),
    )


def _out(
    box: Sandbox,
    vm: str,
    target: str = str(UPLINK.centre),
    cost: int = OUTWARD,
) -> Flow:
    return Flow(f"{vm} to {target}", names.vm(box.name, vm), target, cost)


def _in(box: Sandbox, vm: str, target: str) -> Flow:
    return Flow(f"{target} of {vm}", box.central.namespace, target, INWARD)


def _number(box: Sandbox, router: str) -> int:
    return StateFile(box.directory).read().routers[router].number


def _address(box: Sandbox, vm: str) -> str:
    return box.nbctl("lsp-get-addresses", vm).split()[1]


def _compute(box: Sandbox) -> Chassis:
    [compute] = [c for c in box.chassis if c.name in box.computes]
    return compute


def _add_ipv6(box: Sandbox, router: str) -> str:
    """Give a router and its VM IPv6 as well; return the VM's address."""
    number, vm = _number(box, router), f"{router}-vm1"
    network = IPv6Network(f"fd00:a01:{number:x}::/64")
    gateway, address = network[1], network[10]
    outside = UPLINK.address6(number)
    addresses = box.nbctl("lsp-get-addresses", vm).strip()
    # fmt: off
    box.nbctl(
        "add", "Logical_Router_Port", gateway_port(router),
        "networks", f'"{UPLINK.with_prefix(outside)}"',
        "--", "add", "Logical_Router_Port", f"{router}-inside",
        "networks", f'"{gateway}/64"',
        "--", "lr-route-add", router, "::/0", str(UPLINK.centre6),
        "--", "lsp-set-addresses", vm, f"{addresses} {address}",
    )
    # fmt: on
    names.vm(box.name, vm).ip(
        f"address add {address}/64 dev eth0 nodad",
        f"route add default via {gateway}",
    )
    box.central.namespace.ip(f"route add {network} via {outside}")
    return str(address)


def _put_on_vlan(box: Sandbox, router: str, tag: int) -> None:
    """Connect the inside of a router to a VLAN of the physical network."""
    port = f"{router}-net-localnet"
    # fmt: off
    box.nbctl(
        "lsp-add", f"{router}-net", port,
        "--", "lsp-set-type", port, "localnet",
        "--", "lsp-set-addresses", port, "unknown",
        "--", "lsp-set-options", port, "network_name=public",
        "--", "set", "Logical_Switch_Port", port, f"tag={tag}",
    )
    # fmt: on


def _add_external(box: Sandbox, router: str, name: str, tag: int) -> None:
    """Plug a machine into a VLAN behind the back of br-int."""
    network = inside(_number(box, router))
    address, gateway = network[50], network[1]
    machine, compute = names.vm(box.name, name), _compute(box)
    machine.add()
    connect(machine, "eth0", compute.namespace, name, near_mac=EXTERNAL_MAC)
    compute.vsctl("add-port", "br-ex", name, f"tag={tag}")
    machine.ip(
        f"address add {address}/24 dev eth0",
        f"route add default via {gateway}",
    )
    # fmt: off
    box.nbctl(
        "lsp-add", f"{router}-net", name,
        "--", "lsp-set-type", name, "external",
        "--", "lsp-set-addresses", name, f"{EXTERNAL_MAC} {address}",
    )
    # fmt: on
