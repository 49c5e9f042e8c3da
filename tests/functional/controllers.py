# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the ovn-controllers of hand-made chassis.

They do what gwsched sees of real ones: answer heartbeats, and claim gateway
ports by priority.  That real ones do the same is shown by the tests with
packets; here there may be any number, and they fail on request.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ovs.db import idl
from ovs.poller import POLLIN, Poller
from ovsdbapp.backend.ovs_idl.idlutils import get_schema_helper

from tests.functional.woken import Woken

TABLES = {
    "SB_Global": ["nb_cfg"],
    "Chassis": ["name"],
    "Chassis_Private": ["name", "nb_cfg"],
    "Port_Binding": ["logical_port", "type", "chassis", "ha_chassis_group"],
    "HA_Chassis_Group": ["ha_chassis"],
    "HA_Chassis": ["chassis", "priority"],
}


class Controllers(Woken):
    """One thread that acts for every chassis that is not silent."""

    def __init__(self, sb: str, *, claiming: bool = True) -> None:
        helper = get_schema_helper(sb, "OVN_Southbound")
        for table, columns in TABLES.items():
            helper.register_columns(table, columns)
        self._idl = idl.Idl(sb, helper)
        self._claiming = claiming
        self._silent: frozenset[str] = frozenset()
        self._refusing: frozenset[str] = frozenset()
        self._prepare(self._run)

    def silence(self, names: Iterable[str]) -> None:
        """From now on these do nothing; all others do."""
        self._silent = frozenset(names)
        os.write(self._waker, b"x")

    def refuse(self, names: Iterable[str]) -> None:
        """From now on these claim nothing, though they answer."""
        self._refusing = frozenset(names)
        os.write(self._waker, b"x")

    def _run(self) -> None:
        while not self._stopping:
            self._idl.run()
            if self._idl.state == idl.Idl.IDL_S_MONITORING:
                self._act()
            poller = Poller()
            self._idl.wait(poller)
            poller.fd_wait(self._wake, POLLIN)
            poller.timer_wait(200)
            poller.block()
        self._idl.close()

    def _act(self) -> None:
        transaction = idl.Transaction(self._idl)
        tables = self._idl.tables
        top = next(iter(tables["SB_Global"].rows.values()), None)
        for row in tables["Chassis_Private"].rows.values():
            asked = top.nb_cfg if top else row.nb_cfg
            if row.nb_cfg != asked and row.name not in self._silent:
                row.nb_cfg = asked
        for row in tables["Port_Binding"].rows.values():
            if self._claiming and row.type == "chassisredirect":
                self._claim(row)
        transaction.commit_block()

    def _claim(self, binding: Any) -> None:
        idle = self._silent | self._refusing
        members = [
            (member.priority, member.chassis[0].name, member.chassis[0])
            for group in binding.ha_chassis_group
            for member in group.ha_chassis
            if member.chassis and member.chassis[0].name not in idle
        ]
        if members:
            best = max(members, key=lambda m: m[:2])[2]
            if binding.chassis != [best]:
                binding.chassis = [best]
