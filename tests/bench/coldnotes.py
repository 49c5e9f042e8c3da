# SPDX-License-Identifier: Apache-2.0
"""Names and notes as Neutron gives them to rows."""

from __future__ import annotations

# So many VMs have a network together.
NETWORK = 30


def uuid(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def mac(number: int) -> str:
    return f"fa:16:3e:{number >> 16:02x}:{number >> 8 & 255:02x}" + (
        f":{number & 255:02x}"
    )


def network(name: str) -> dict[str, str]:
    return {
        "neutron:availability_zone_hints": "",
        "neutron:mtu": "1500",
        "neutron:network_name": name,
        "neutron:revision_number": "3",
    }


def noted(number: int, owner: str) -> dict[str, str]:
    """What Neutron notes of a port; northd copies it to its binding."""
    return {
        "neutron:cidrs": f"192.168.0.{number % 250}/24",
        "neutron:device_id": uuid(6, number),
        "neutron:device_owner": owner,
        "neutron:network_name": f"neutron-{uuid(2, number // NETWORK)}",
        "neutron:port_name": "",
        "neutron:project_id": uuid(7, number % 100).replace("-", ""),
        "neutron:revision_number": "4",
        "neutron:security_group_ids": uuid(8, number % 100),
    }
