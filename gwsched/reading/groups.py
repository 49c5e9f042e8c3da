# SPDX-License-Identifier: Apache-2.0
"""NB HA_Chassis_Groups: who follows them, and which nobody needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from gwsched.model import OWN_GROUP
from gwsched.reading import records
from gwsched.reading.records import Ref
from gwsched.reading.rows import Rows

Tables = Mapping[str, Any]


def externals(rows: Rows, group: Ref) -> tuple[str, ...]:
    """Name the external switch ports that follow a group, sorted."""
    ports = rows.under(records.SWITCH_PORTS_IN_GROUP, group)
    # On ports of other types northd ignores the column (ovn-nb(5)).
    return tuple(sorted(p.name for p in ports if p.type == "external"))


def orphan(rows: Rows, group: Ref) -> str | None:
    """Name a group of our own that no port refers to, else None.

    A reference counts whosever port it is and whether OVN heeds it: the
    server refuses to delete a group that anything refers to.
    """
    row = rows.get(records.Group, group)
    if row is None or not row.name.startswith(OWN_GROUP):
        return None
    indexes = (records.PORTS_IN_GROUP, records.SWITCH_PORTS_IN_GROUP)
    used = any(rows.refs(index, group) for index in indexes)
    return None if used else row.name


def users(nb: Tables) -> defaultdict[Ref, set[Ref]]:
    """Return the rows that refer to each group, in all columns that can.

    By what the replica has this moment.
    """
    found: defaultdict[Ref, set[Ref]] = defaultdict(set)
    for table in ("Logical_Router_Port", "Logical_Switch_Port"):
        for row, group in nb[table].rows.referring("ha_chassis_group"):
            found[group].add(row)
    return found
