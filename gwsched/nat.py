# SPDX-License-Identifier: Apache-2.0
"""How many NAT rows pass each gateway port of a router."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

Row = Any
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def passing(router: Row, gateways: Iterable[Row]) -> Counter[str]:
    """Count the NAT rows of a router by the port that they pass."""
    networks = {
        port.name: list(_networks(port))
        for port in sorted(gateways, key=lambda port: port.name)
    }
    if not networks:
        return Counter()
    return Counter(
        _gateway(row, networks)
        for row in router.nat
        if not _is_distributed(row)
    )


def _is_distributed(row: Row) -> bool:
    """Whether every chassis does it for its own ports (ovn-nb(5))."""
    return bool(
        row.type == "dnat_and_snat" and row.external_mac and row.logical_port
    )


def _gateway(row: Row, networks: dict[str, list[Network]]) -> str:
    """Name the gateway port a row belongs to, as northd finds it.

    (northd/en-lr-nat.c, lr_nat_entry_set_dgw_port.)  What it finds no port
    for, of several, it applies nowhere; it is counted at the first by name.
    """
    # The column came with OVN 22.06.
    for port in getattr(row, "gateway_port", []):
        return str(port.name)
    first, *others = networks
    if others:
        try:
            address = ipaddress.ip_address(row.external_ip)
        except ValueError:
            return first
        for name, around in networks.items():
            if any(address in network for network in around):
                return name
    return first


def _networks(port: Row) -> Iterator[Network]:
    for text in port.networks:
        try:
            yield ipaddress.ip_interface(text).network
        except ValueError:
            continue  # so does northd
