# SPDX-License-Identifier: Apache-2.0
"""How many NAT rows pass each gateway port of a router."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from gwsched.reading.records import Nat

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def passing(
    rows: Iterable[tuple[Nat, str | None]],
    gateways: Mapping[str, Iterable[str]],
) -> Counter[str]:
    """Count the NAT rows of a router by the port that they pass.

    :param rows: each with the port that its ``gateway_port`` names, if any
    :param gateways: the addresses of each of the router's gateway ports
    """
    networks = {
        name: list(_networks(addresses))
        for name, addresses in sorted(gateways.items())
    }
    if not networks:
        return Counter()
    return Counter(
        named or _gateway(row, networks)
        for row, named in rows
        if not _is_distributed(row)
    )


def _is_distributed(row: Nat) -> bool:
    """Whether every chassis does it for its own ports (ovn-nb(5))."""
    whole = row.external_mac is not None and row.logical_port is not None
    return row.type == "dnat_and_snat" and whole


def _gateway(row: Nat, networks: dict[str, list[Network]]) -> str:
    """Name the gateway port a row belongs to, as northd finds it.

    (northd/en-lr-nat.c, lr_nat_entry_set_dgw_port.)  What it finds no port
    for, of several, it applies nowhere; it is counted at the first by name.
    """
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


def _networks(addresses: Iterable[str]) -> Iterator[Network]:
    for text in addresses:
        try:
            yield ipaddress.ip_interface(text).network
        except ValueError:
            continue  # so does northd
