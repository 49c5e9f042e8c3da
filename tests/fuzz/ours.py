# SPDX-License-Identifier: Apache-2.0
"""Whether all that gwsched wrote was its own to write.

Told anew from docs/design.md, without gwsched's own reading.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.client import Content, mapped, uuids
from tests.fuzz.journal import Record, apply, records
from tests.fuzz.values import Row

FUZZ = "fuzz"
OURS = "gwsched: "
YES = frozenset({"true", "yes", "on", "1"})
NONE: Row = {}
# Columns of NB_Global, and keys of its maps, that gwsched writes itself.
GLOBAL = {
    ("nb_cfg", ""),
    ("external_ids", "gwsched-rebalance"),
    ("external_ids", "gwsched_writer"),
}
# A plan may be made of what was there so many transactions ago.
PAST = 40


class Owned(NamedTuple):
    """What may be written to, by UUID."""

    ports: frozenset[str]
    groups: frozenset[str]
    routers: frozenset[str]


class NotOursError(AssertionError):
    """A write to what is somebody else's."""


def judge(database: Path, schema: Row) -> int:
    """Look at all transactions; return how many were gwsched's.

    :raises NotOursError: where one changes what is not its own
    """
    content: Content = {}
    past: deque[Owned] = deque(maxlen=PAST)
    found = 0
    for record in records(database):
        ours = record.comment.startswith(OURS)
        before = _copy(content) if ours else {}
        apply(content, record, schema)
        if ours:
            found += 1
            candidates = [*past, owned(before)]
            for what in foreign(record, before, content, candidates):
                raise NotOursError(f"{what}: {record}"[:4000])
        elif record.comment != FUZZ:
            raise NotOursError(f"whose is that? {record}"[:4000])
        past.append(owned(content))
    return found


def _copy(content: Content) -> Content:
    return {
        table: {uuid: dict(row) for uuid, row in rows.items()}
        for table, rows in content.items()
    }


def foreign(
    record: Record, before: Content, after: Content, past: list[Owned]
) -> list[str]:
    """Name the rows that were changed and are not ours."""
    ports = frozenset().union(*(then.ports for then in past))
    groups = frozenset().union(*(then.groups for then in past))
    groups |= _named_ours(before) | _named_ours(after)
    routers = frozenset().union(*(then.routers for then in past))
    own = {
        "Gateway_Chassis": _members(
            (before, after), "Logical_Router_Port", "gateway_chassis", ports
        ),
        "HA_Chassis": _members(
            (before, after), "HA_Chassis_Group", "ha_chassis", groups
        ),
        "Logical_Router_Port": ports,
        "HA_Chassis_Group": groups,
        "Logical_Router": routers,
    }
    found = []
    for table, rows in record.tables.items():
        for uuid in rows:
            old = before.get(table, {}).get(uuid)
            new = after.get(table, {}).get(uuid)
            columns = _differ(old, new)
            if not _allowed(table, old, new, columns):
                found.append(f"{table} {uuid}: {sorted(columns)}")
            elif table in own and uuid not in own[table]:
                found.append(f"{table} {uuid} is not ours")
    return found


def _allowed(
    table: str, old: Row | None, new: Row | None, columns: set[str]
) -> bool:
    """Whether gwsched changes such columns of a table at all."""
    if table in ("Gateway_Chassis", "HA_Chassis"):
        return old is None or new is None or columns == {"priority"}
    if table == "HA_Chassis_Group":
        return old is None or new is None or columns == {"ha_chassis"}
    if old is None or new is None:
        return False
    changed = {
        (column, key)
        for column in columns
        for key in _keys(old.get(column), new.get(column))
    }
    if table == "NB_Global":
        return changed <= GLOBAL
    if table == "Logical_Router":
        return changed == {("options", "chassis")}
    if table == "Logical_Switch_Port":
        local = old.get("type") == "localnet"
        return changed == {("options", "gwsched-moved")} and local
    lists = {"gateway_chassis", "ha_chassis_group"}
    return table == "Logical_Router_Port" and columns <= lists


def _differ(old: Row | None, new: Row | None) -> set[str]:
    names = {*(old or {}), *(new or {})}
    return {n for n in names if (old or {}).get(n) != (new or {}).get(n)}


def _keys(old: object, new: object) -> set[str]:
    """Return the keys of a map that are different; "" for all else."""
    maps = [value for value in (old, new) if value is not None]
    if not all(isinstance(m, list) and m[0] == "map" for m in maps):
        return {""}
    texts = [mapped(value) if value else {} for value in (old, new)]
    both = {**texts[0], **texts[1]}
    return {key for key in both if texts[0].get(key) != texts[1].get(key)}


def _members(
    contents: tuple[Content, ...],
    table: str,
    column: str,
    owners: frozenset[str],
) -> frozenset[str]:
    return frozenset(
        member
        for content in contents
        for uuid, row in content.get(table, {}).items()
        if uuid in owners
        for member in uuids(row.get(column, ["set", []]))
    )


def _named_ours(content: Content) -> frozenset[str]:
    groups = content.get("HA_Chassis_Group", {})
    return frozenset(
        uuid
        for uuid, row in groups.items()
        if row.get("name", "").startswith("gwsched-")
    )


def owned(content: Content) -> Owned:
    top = next(iter(content.get("NB_Global", {}).values()), NONE)
    intents = _texts(top, "external_ids")
    ports, groups = set(), set()
    for uuid, row in content.get("Logical_Router_Port", {}).items():
        followed = uuids(row.get("ha_chassis_group", ["set", []]))
        if _is_adopted(row, intents):
            ports.add(uuid)
            groups.update(followed)
    mirrored = {
        uuid
        for uuid, row in content.get("HA_Chassis_Group", {}).items()
        if "neutron:network_id" in _texts(row, "external_ids")
    }
    routers = {
        uuid
        for uuid, row in content.get("Logical_Router", {}).items()
        if _says_yes(intents, f"gwsched-failover-{row.get('name', '')}")
        and _texts(row, "options").get("chassis")
    }
    return Owned(
        frozenset(ports), frozenset(groups - mirrored), frozenset(routers)
    )


def _is_adopted(row: Row, intents: dict[str, str]) -> bool:
    texts = _texts(row, "external_ids")
    if _says_yes(intents, f"gwsched-adopt-{row.get('name', '')}"):
        return True
    if _says_yes(texts, "neutron:is_ext_gw"):
        return True
    if any(key.startswith("neutron:") for key in texts):
        return False
    columns = ("gateway_chassis", "ha_chassis_group")
    return any(uuids(row.get(c, ["set", []])) for c in columns)


def _says_yes(texts: dict[str, str], key: str) -> bool:
    return texts.get(key, "").strip().lower() in YES


def _texts(row: Row, column: str) -> dict[str, str]:
    return mapped(row.get(column, ["map", []]))
