# SPDX-License-Identifier: Apache-2.0
"""NB HA_Chassis_Groups: who follows them, and which nobody needs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from gwsched.model import OWN_GROUP

Row = Any
Tables = Mapping[str, Any]


def externals(nb: Tables) -> dict[Row, tuple[str, ...]]:
    """Map groups to the external switch ports that follow them, sorted."""
    found: dict[Row, list[str]] = {}
    for port in nb["Logical_Switch_Port"].rows.values():
        # On ports of other types northd ignores the column (ovn-nb(5)).
        if port.type == "external":
            for group in port.ha_chassis_group:
                found.setdefault(group, []).append(port.name)
    return {group: tuple(sorted(names)) for group, names in found.items()}


def orphans(nb: Tables) -> tuple[str, ...]:
    """Name the groups of our own that no port refers to, sorted.

    A reference counts whosever port it is and whether OVN heeds it: the
    server refuses to delete a group that anything refers to.
    """
    ours = {
        group: group.name
        for group in nb["HA_Chassis_Group"].rows.values()
        if group.name.startswith(OWN_GROUP)
    }
    if ours:
        for port in chain(
            nb["Logical_Router_Port"].rows.values(),
            nb["Logical_Switch_Port"].rows.values(),
        ):
            for group in port.ha_chassis_group:
                ours.pop(group, None)
    return tuple(sorted(ours.values()))
