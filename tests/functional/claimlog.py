# SPDX-License-Identifier: Apache-2.0
"""Every claim of a gateway port, in the order SB saw them."""

from __future__ import annotations

import threading
from typing import Any, Self

from ovs.db import idl
from ovs.poller import POLLIN, Poller
from ovsdbapp.backend.ovs_idl.idlutils import get_schema_helper

from tests.functional.woken import Woken


class ClaimLog(Woken, idl.Idl):  # type: ignore[misc]
    """Records who claims what, on a thread of its own.

    Sampling the holder would miss a fight: two claims within milliseconds.
    """

    def __init__(self, sb: str) -> None:
        helper = get_schema_helper(sb, "OVN_Southbound")
        helper.register_columns(
            "Port_Binding", ["logical_port", "type", "chassis"]
        )
        helper.register_columns("Chassis", ["name"])
        super().__init__(sb, helper)
        self._claims: list[tuple[str, str]] = []
        self._synced = threading.Event()
        self._prepare(self._loop)

    def __enter__(self) -> Self:
        super().__enter__()
        assert self._synced.wait(10)
        return self

    def of(self, port: str) -> list[str]:
        """The chassis that claimed a port, one after another."""
        return [chassis for name, chassis in self._claims if name == port]

    def notify(self, event: str, row: Any, updates: Any = None) -> None:
        """Note a claim; a release names nobody."""
        if row._table.name != "Port_Binding" or row.type != "chassisredirect":
            return
        claimed = event == idl.ROW_CREATE or hasattr(updates, "chassis")
        if claimed and row.chassis:
            port = row.logical_port.removeprefix("cr-")
            self._claims.append((port, row.chassis[0].name))

    def _loop(self) -> None:
        while not self._stopping:
            self.run()
            if self.state == idl.Idl.IDL_S_MONITORING:
                self._synced.set()
            poller = Poller()
            self.wait(poller)
            poller.fd_wait(self._wake, POLLIN)
            poller.block()
        self.close()
