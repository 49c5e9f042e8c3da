# SPDX-License-Identifier: Apache-2.0
"""In the place of northd and of all chassis: what they do comes at once.

Each heartbeat is carried to SB and answered for every chassis, each list
that is written to NB is carried to SB and claimed by its first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

from gwsched.model import OWN_GROUP
from tests.bench.handmade import Connection, Handmade, select, update

NB = "OVN_Northbound"
# How soon they see that they are to stop (seconds).
PATIENCE = 0.2
MONITORED = {
    "HA_Chassis_Group": [{"columns": ["name", "ha_chassis"]}],
    "HA_Chassis": [{"columns": ["chassis_name", "priority"]}],
}


class Repeating:
    """Does one thing again and again, in a thread, until it is stopped."""

    def __init__(self, once: Callable[[], None]) -> None:
        self._once = once
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._once()


class Answering:
    """Carries each heartbeat to SB, and answers it for every chassis."""

    def __init__(self, nb: Connection, sb: Connection) -> None:
        self._nb, self._sb = nb, sb
        self._answered: int | None = None
        self._pause = threading.Event()

    def once(self) -> None:
        """Look for a heartbeat, from time to time."""
        found = self._nb.transact([select("NB_Global", "nb_cfg")])
        (asked,) = found[0]["rows"]
        if asked != self._answered:
            tables = ("SB_Global", "Chassis_Private")
            self._sb.transact([update(t, asked) for t in tables])
            self._answered = asked
        self._pause.wait(0.05)


class Carrying:
    """Carries each list that changes to SB, where its first claims the port.

    One that is emptied is not: when SB is told of that is the event.
    """

    def __init__(self, nb: Connection, hand: Handmade) -> None:
        self._nb, self._hand = nb, hand
        self._groups: dict[str, Any] = {}
        self._members: dict[str, Any] = {}
        request = [NB, "carrying", MONITORED]
        self._take_in(nb.ask("monitor_cond", request), "initial")

    def once(self) -> None:
        """Carry over what has changed, if anything does for a moment."""
        message = self._nb.received(PATIENCE)
        if message is None:
            return
        changed = self._take_in(message.params[1], "insert")
        orders = {port_of(group): self._order(group) for group in changed}
        lists = {port: order for port, order in orders.items() if order}
        if lists:
            self._hand.carry(lists)

    def _take_in(self, tables: Any, kind: str) -> list[Any]:
        """Follow all rows; return the groups whose lists may be others."""
        members = tables.get("HA_Chassis", {})
        groups = tables.get("HA_Chassis_Group", {})
        _follow(self._members, members, kind)
        _follow(self._groups, groups, kind)
        changed = self._owners(members) | groups.keys()
        found = (self._groups[uuid] for uuid in changed & self._groups.keys())
        return [
            group for group in found if group["name"].startswith(OWN_GROUP)
        ]

    def _owners(self, members: Mapping[str, Any]) -> set[str]:
        """Return the groups of members that were changed, not replaced."""
        renewed = {u for u, change in members.items() if "modify" in change}
        return {
            uuid
            for uuid, group in self._groups.items()
            if renewed and renewed.intersection(_uuids(group))
        }

    def _order(self, group: Mapping[str, Any]) -> list[str]:
        rows = [self._members[uuid] for uuid in _uuids(group)]
        rows.sort(key=lambda row: -row["priority"])
        return [row["chassis_name"] for row in rows]


def port_of(group: Mapping[str, Any]) -> str:
    """The port that a group of gwsched's is for."""
    return str(group["name"]).removeprefix(OWN_GROUP)


def _follow(
    rows: dict[str, Any], changes: Mapping[str, Any], kind: str
) -> None:
    """Follow one table through an update of ``monitor_cond``."""
    for uuid, change in changes.items():
        if "delete" in change:
            rows.pop(uuid, None)
        elif kind in change:
            rows[uuid] = {
                "priority": 0,
                "ha_chassis": ["set", []],
                **change[kind],
            }
        elif "modify" in change:
            new = dict(change["modify"])
            if "ha_chassis" in new:  # a difference of two sets
                both = _uuids(rows[uuid]) ^ _uuids(new)
                new["ha_chassis"] = ["set", [["uuid", u] for u in both]]
            rows[uuid] = {**rows[uuid], **new}


def _uuids(group: Mapping[str, Any]) -> set[str]:
    kind, value = group["ha_chassis"]
    pairs = [["uuid", value]] if kind == "uuid" else value
    return {uuid for _, uuid in pairs}
