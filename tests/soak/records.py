# SPDX-License-Identifier: Apache-2.0
"""Who holds each port, its list and its next hop, as SB says, with times."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from ovs.db import idl
from ovs.poller import POLLIN, Poller
from ovsdbapp.backend.ovs_idl.idlutils import get_schema_helper

from tests.functional.woken import Woken
from tests.soak.history import Timeline

_COLUMNS = {
    "Port_Binding": ["logical_port", "type", "chassis", "ha_chassis_group"],
    "Chassis": ["name"],
    "HA_Chassis_Group": ["ha_chassis"],
    "HA_Chassis": ["chassis", "priority"],
    "BFD": ["logical_port", "status"],
}
# How long it may take to connect anew (ms).
_BACKOFF = 500


class Records(Woken, idl.Idl):  # type: ignore[misc]
    """Follows SB on a thread of its own until the ``with`` block ends."""

    def __init__(self, sb: str) -> None:
        helper = get_schema_helper(sb, "OVN_Southbound")
        for table, columns in _COLUMNS.items():
            helper.register_columns(table, columns)
        super().__init__(sb, helper)
        self._session.reconnect.set_backoff(_BACKOFF, _BACKOFF)
        self.holders: defaultdict[str, Timeline] = defaultdict(Timeline)
        self.lists: defaultdict[str, Timeline] = defaultdict(Timeline)
        self.hops: defaultdict[str, Timeline] = defaultdict(Timeline)
        self._prepare(self._loop)

    def _loop(self) -> None:
        while not self._stopping:
            if self.run():
                self._note(time.time())
            poller = Poller()
            self.wait(poller)
            poller.fd_wait(self._wake, POLLIN)
            poller.block()
        self.close()

    def _note(self, now: float) -> None:
        for row in self.tables["Port_Binding"].rows.values():
            if row.type == "chassisredirect":
                router = _router(row.logical_port)
                self.holders[router].note(now, _name(row.chassis))
                self.lists[router].note(now, _order(row.ha_chassis_group))
        for row in self.tables["BFD"].rows.values():
            self.hops[_router(row.logical_port)].note(now, row.status)


def _router(port: str) -> str:
    return port.removeprefix("cr-").removeprefix("lrp-")


def _name(chassis: list[Any]) -> str:
    return str(chassis[0].name) if chassis else ""


def _order(group: list[Any]) -> tuple[str, ...]:
    """Return the members SB knows, best first."""
    rows = group[0].ha_chassis if group else []
    found = sorted(rows, key=lambda row: -row.priority)
    return tuple(_name(row.chassis) for row in found if row.chassis)
