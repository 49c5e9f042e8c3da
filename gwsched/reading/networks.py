# SPDX-License-Identifier: Apache-2.0
"""Which physical networks a router port connects to."""

from __future__ import annotations

from gwsched.memory.frugal import union
from gwsched.reading import records
from gwsched.reading.memo import remembered
from gwsched.reading.records import Ref
from gwsched.reading.rows import Rows


class Networks:
    """The physical networks behind the switches that router ports face."""

    def __init__(self, rows: Rows) -> None:
        self.memo = rows.memo
        self._rows = rows

    @remembered
    def of(self, port: str) -> frozenset[str]:
        """Return the physical networks of the router port of a name."""
        faced = self._rows.refs(records.SWITCH_PORTS_FACING, port)
        return union(
            self._localnets(switch)
            for switch_port in faced
            for switch in self._rows.refs(
                records.SWITCHES_WITH_PORT, switch_port
            )
        )

    @remembered
    def _localnets(self, switch: Ref) -> frozenset[str]:
        """Return the physical networks of the localnet ports of a switch."""
        row = self._rows.get(records.Switch, switch)
        ports = self._rows.those(records.SwitchPort, row.ports if row else ())
        return frozenset(
            name
            for port in ports
            if port.type == "localnet"
            and (name := port.options.get("network_name"))
        )
