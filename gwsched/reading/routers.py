# SPDX-License-Identifier: Apache-2.0
"""The L3 gateway routers that operators let us fail over, from records."""

from __future__ import annotations

from gwsched.conf import Settings
from gwsched.model import GatewayRouter, Problem
from gwsched.reading import parsing, records
from gwsched.reading.networks import Networks
from gwsched.reading.ports import ZONE_HINTS
from gwsched.reading.records import RouterPort
from gwsched.reading.rows import Reading, Rows


class Routers:
    """Finds L3 gateway routers by name."""

    def __init__(
        self, rows: Rows, networks: Networks, settings: Settings
    ) -> None:
        self._rows = rows
        self._networks = networks
        self._usable = settings.usable_routers

    def read(self, name: str) -> Reading[GatewayRouter]:
        """Return the router that is to be failed over."""
        if self._usable.against(f"router {name}", name):
            return Reading(None)
        rows = self._rows.under(records.ROUTERS_NAMED, name)
        if len(rows) != 1:
            several = "there are several routers of that name"
            return _wrong(name, several if rows else "there is no such router")
        (row,) = rows
        chassis = row.options.get("chassis")
        if not chassis:
            return _wrong(name, "the router has no options:chassis")
        ports = self._rows.those(RouterPort, row.ports)
        names = sorted(port.name for port in ports)
        faced = [self._networks.of(port) for port in names]
        hints = row.external_ids.get(ZONE_HINTS, "")
        return Reading(
            GatewayRouter(
                name,
                chassis,
                self._holders(names),
                tuple(filter(None, faced)),
                parsing.zone_hints(hints),
            )
        )

    def _holders(self, ports: list[str]) -> frozenset[str]:
        """Name the chassis that SB says have the ports."""
        bindings = [
            binding
            for port in ports
            for binding in self._rows.under(records.PINNED_BINDINGS, port)
        ]
        holders = [
            self._rows.get(records.ChassisName, binding.chassis)
            for binding in bindings
        ]
        return frozenset(holder.name for holder in holders if holder)


def _wrong(name: str, what: str) -> Reading[GatewayRouter]:
    intent = f"gwsched-failover-{name}"
    return Reading(None, (Problem("NB", "NB_Global", f"{intent}: {what}"),))
