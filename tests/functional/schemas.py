# SPDX-License-Identifier: Apache-2.0
"""Schemas of other OVN releases, made from Debian's by what is different.

Each release's list goes on from that of the one before it, newest last; the
one of Debian 12 is 23.03.  All tables and columns are there, but of a table
that only newer releases have no more than one column, and kinds of values
that only others may write (an ACL's actions) are as Debian has them.

``GWSCHED_TEST_SCHEMA=22.03`` runs any functional test on such a one.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGED = Path("/usr/share/ovn")
DEBIAN = "23.03"
CHOICE = "GWSCHED_TEST_SCHEMA"

STRING: Any = "string"
NUMBER: Any = "integer"
FLAG: Any = "boolean"
MAP: Any = {"key": "string", "value": "string", "min": 0, "max": "unlimited"}
STRINGS: Any = {"key": "string", "min": 0, "max": "unlimited"}
MAYBE: Any = {"key": "string", "min": 0, "max": 1}
MAYBE_UUID: Any = {"key": "uuid", "min": 0, "max": 1}


def one(table: str, kind: str = "strong") -> Any:
    """Return the type of a reference that may be empty."""
    key = {"type": "uuid", "refTable": table, "refType": kind}
    return {"key": key, "min": 0, "max": 1}


def many(table: str, kind: str = "strong") -> Any:
    """Return the type of any number of references."""
    return one(table, kind) | {"max": "unlimited"}


@dataclass(frozen=True)
class Difference:
    """What a release's schema has more, or less, than another."""

    version: str
    without: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    columns: tuple[tuple[str, Any], ...] = ()


NB = {
    "22.03": Difference(
        "6.1.0",
        without=(
            "Chassis_Template_Var",
            "Mirror",
            "Static_MAC_Binding",
            "Logical_Switch_Port.mirror_rules",
            "NAT.gateway_port",
        ),
    ),
    DEBIAN: Difference("7.0.0"),
    "24.03": Difference(
        "7.3.0",
        columns=(
            ("ACL.tier", NUMBER),
            ("DNS.options", MAP),
            ("Logical_Router_Policy.bfd_sessions", many("BFD", "weak")),
            ("Logical_Router_Port.status", MAP),
        ),
    ),
    "25.09": Difference(
        "7.12.0",
        tables=(
            "DHCP_Relay",
            "Mirror_Rule",
            "Sample",
            "Sample_Collector",
            "Sampling_App",
        ),
        columns=(
            ("ACL.sample_est", one("Sample")),
            ("ACL.sample_new", one("Sample")),
            ("Logical_Router_Policy.chain", MAYBE),
            ("Logical_Router_Policy.jump_chain", MAYBE),
            ("Logical_Router_Port.dhcp_relay", one("DHCP_Relay")),
            ("Logical_Router_Port.networks", STRINGS),  # may be empty now
            ("Logical_Router_Static_Route.selection_fields", STRINGS),
            ("Logical_Switch_Port.peer", MAYBE),
            ("Mirror.mirror_rules", many("Mirror_Rule")),
            ("NAT.match", STRING),
            ("NAT.priority", NUMBER),
            ("SSL.ssl_ciphersuites", STRING),
        ),
    ),
    "26.03": Difference(
        "7.18.0",
        tables=(
            "Logical_Switch_Port_Health_Check",
            "Network_Function",
            "Network_Function_Group",
            "Network_Function_Health_Check",
        ),
        columns=(
            ("ACL.network_function_group", one("Network_Function_Group")),
            (
                "Logical_Router_Policy.output_port",
                one("Logical_Router_Port", "weak"),
            ),
            (
                "Logical_Switch_Port.health_checks",
                many("Logical_Switch_Port_Health_Check"),
            ),
        ),
    ),
    "after 26.03": Difference(
        "7.19.0", columns=(("Address_Set.options", MAP),)
    ),
}
SB = {
    "22.03": Difference(
        "20.21.0",
        without=(
            "Chassis_Template_Var",
            "Mirror",
            "Static_MAC_Binding",
            "Load_Balancer.datapath_group",
            "MAC_Binding.timestamp",
            "Port_Binding.additional_chassis",
            "Port_Binding.additional_encap",
            "Port_Binding.mirror_rules",
            "Port_Binding.port_security",
            "Port_Binding.requested_additional_chassis",
        ),
    ),
    DEBIAN: Difference("20.27.0"),
    "24.03": Difference(
        "20.33.0",
        columns=(
            ("BFD.chassis_name", STRING),
            ("DNS.options", MAP),
            ("FDB.timestamp", NUMBER),
            ("IGMP_Group.chassis_name", STRING),
            ("Load_Balancer.lr_datapath_group", one("Logical_DP_Group")),
            ("Load_Balancer.ls_datapath_group", one("Logical_DP_Group")),
            ("Service_Monitor.chassis_name", STRING),
        ),
    ),
    "25.09": Difference(
        "21.5.0",
        tables=(
            "ACL_ID",
            "Advertised_Route",
            "ECMP_Nexthop",
            "Learned_Route",
        ),
        columns=(
            ("Datapath_Binding.nb_uuid", MAYBE_UUID),
            ("Datapath_Binding.type", MAYBE),
            ("IGMP_Group.protocol", STRING),
            ("Logical_Flow.flow_desc", MAYBE),
            ("Port_Binding.mirror_port", MAYBE),
            ("SSL.ssl_ciphersuites", STRING),
            ("Service_Monitor.ic_learned", FLAG),
            ("Service_Monitor.remote", FLAG),
        ),
    ),
    "26.03": Difference(
        "21.8.0",
        tables=("Advertised_MAC_Binding",),
        columns=(
            ("Service_Monitor.logical_input_port", STRING),
            ("Service_Monitor.mac", STRING),
            ("Service_Monitor.type", MAYBE),
        ),
    ),
    "after 26.03": Difference(
        "21.11.0",
        columns=(
            ("Address_Set.options", MAP),
            ("SB_Global.nb_cfg_timestamp", NUMBER),
        ),
    ),
}
RELEASES = {"nb": NB, "sb": SB}
# The oldest, the one between and the newest; that has all that others have.
TRIED = ("22.03", "24.03", "after 26.03")


def chosen() -> str:
    """Return the release that the environment asks for, or Debian's."""
    release = os.environ.get(CHOICE, DEBIAN)
    if release not in NB:
        raise ValueError(f"{CHOICE} is one of {', '.join(NB)}, not {release}")
    return release


def schema(database: str, release: str) -> dict[str, Any]:
    """Return a release's schema of ``nb`` or ``sb``."""
    text = (PACKAGED / f"ovn-{database}.ovsschema").read_text()
    found: dict[str, Any] = json.loads(text)
    if release == DEBIAN:
        return found
    releases = RELEASES[database]
    for name in _between(release):
        _apply(found, releases[name])
    found["version"] = releases[release].version
    del found["cksum"]  # of the text as it was
    return found


def more(release: str) -> dict[str, list[tuple[str, Any]]]:
    """Return the columns that a release has and Debian's has not."""
    return {
        database: [
            column for name in _between(release) for column in of[name].columns
        ]
        for database, of in RELEASES.items()
    }


def _between(release: str) -> list[str]:
    """Name the releases whose differences lead from Debian's to another."""
    order = list(NB)
    here, debian = order.index(release), order.index(DEBIAN)
    if here < debian:
        return order[here:debian][::-1]
    return order[debian : here + 1]


def _apply(schema: dict[str, Any], difference: Difference) -> None:
    tables = schema["tables"]
    for name in difference.without:
        table, _, column = name.partition(".")
        if column:
            del tables[table]["columns"][column]
        else:
            del tables[table]
    for table in difference.tables:
        tables[table] = {"columns": {"name": {"type": STRING}}}
    for name, kind in difference.columns:
        table, _, column = name.partition(".")
        tables[table]["columns"][column] = {"type": kind}


def write(directory: Path, release: str) -> dict[str, Path]:
    """Write both schemas of a release; return the files."""
    files = {}
    for database in ("nb", "sb"):
        path = directory / f"ovn-{database}-{release}.ovsschema"
        path.write_text(json.dumps(schema(database, release)))
        files[database] = path
    return files
