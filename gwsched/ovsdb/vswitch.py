# SPDX-License-Identifier: Apache-2.0
"""What the Open_vSwitch database of a chassis says of its tunnels.

The tunnel to another chassis is a port that ovn-controller has marked with
``external_ids:ovn-chassis-id`` (encaps.c), its BFD session is what
ovs-vswitchd writes to ``bfd_status`` of the port's interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwsched.model import Vantage, frozen_map
from gwsched.reading.parsing import whole_number

Row = Any
Tables = Mapping[str, Any]

MARK = "ovn-chassis-id"
# How often ovs-vswitchd writes counters unless told otherwise, and at the
# most (milliseconds; vswitch.xml, stats-update-interval).
COUNTING = 5000


def _column(key: str, value: str | None = None) -> dict[str, Any]:
    kind = {"key": key, "min": 0, "max": "unlimited"}
    return {"type": kind | ({"value": value} if value else {})}


# Only what is read; every OVS since 2.0 has it.  Interfaces are not declared
# to be references, for those without BFD are not replicated.
SCHEMA: dict[str, Any] = {
    "name": "Open_vSwitch",
    "tables": {
        name: {"columns": columns}
        for name, columns in {
            "Open_vSwitch": {
                "external_ids": _column("string", "string"),
                "other_config": _column("string", "string"),
            },
            "Port": {
                "external_ids": _column("string", "string"),
                "interfaces": _column("uuid"),
            },
            "Interface": {
                "external_ids": _column("string", "string"),
                "bfd": _column("string", "string"),
                "bfd_status": _column("string", "string"),
                "statistics": _column("string", "integer"),
            },
        }.items()
    },
}
# VMs have thousands of ports, marked at their interfaces and without BFD.
WHERE = {
    "Port": [["external_ids", "!=", ["map", []]]],
    "Interface": [["bfd_status", "!=", ["map", []]]],
}


def read(remote: str, tables: Tables) -> Vantage | None:
    """Return what the chassis sees of others; None where it is none."""
    name = _top(tables, "external_ids").get("system-id")
    if not name:
        return None
    marks = {
        interface: port.external_ids.get(MARK, "")
        for port in tables["Port"].rows.values()
        for interface in port.interfaces
    }
    found: dict[str, bool] = {}
    for uuid, row in tables["Interface"].rows.items():
        mark = row.external_ids.get(MARK) or marks.get(uuid, "")
        chassis = _chassis(mark)
        # As OVN looks at it (bfd.c, bfd_calculate_active_tunnels).
        if chassis and row.bfd.get("enable") == "true" and row.bfd_status:
            up = row.bfd_status.get("state") == "up"
            found[chassis] = found.get(chassis, False) or up
    return Vantage(remote, name, frozen_map(dict(sorted(found.items()))))


def counting(tables: Tables) -> float:
    """How often ovs-vswitchd writes the counters of a tunnel (seconds)."""
    configured = _top(tables, "other_config").get("stats-update-interval")
    return max(COUNTING, whole_number(configured, COUNTING)) / 1000


def _top(tables: Tables, column: str) -> Mapping[str, str]:
    rows = tables["Open_vSwitch"].rows.values()
    return next((getattr(row, column) for row in rows), {})


def _chassis(mark: str) -> str:
    """Return whom ``<chassis>@<ip>[%<local-ip>]`` names."""
    chassis, at, _ = mark.partition("@")
    return chassis if at else ""
