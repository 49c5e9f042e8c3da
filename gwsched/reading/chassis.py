# SPDX-License-Identifier: Apache-2.0
"""What a row of SB Chassis and the configuration say of a chassis."""

from __future__ import annotations

from gwsched.conf import Settings
from gwsched.model import Chassis, Problem
from gwsched.reading import parsing, records
from gwsched.reading.records import Ref
from gwsched.reading.rows import Reading, Rows


class Hosts:
    """The chassis of this OVN, read from rows."""

    def __init__(self, rows: Rows, settings: Settings) -> None:
        self._rows = rows
        self._usable = settings.usable_chassis
        self._capacities = dict(settings.capacities)

    def read(self, ref: Ref) -> Reading[Chassis]:
        """Return the chassis of a row; None for one in another zone."""
        row = self._rows.get(records.Chassis, ref)
        # A remote one lives in another availability zone of OVN-IC.
        if row is None or row.other_config.get("is-remote") == "true":
            return Reading(None)
        cms_options = row.other_config.get("ovn-cms-options", "")
        networks, bad_mappings = parsing.bridge_mappings(
            row.other_config.get("ovn-bridge-mappings", "")
        )
        options, bad_options = parsing.cms_options(cms_options)
        capacity, bad_capacity = parsing.capacity(cms_options)
        wrong = filter(None, (bad_mappings, bad_options, bad_capacity))
        chassis = Chassis(
            row.name,
            row.hostname,
            options.is_gateway,
            networks,
            options.zones,
            self._configured_capacity(row) or capacity,
            self._usable.against("it", row.name, row.hostname),
            maps_macs="ovn-chassis-mac-mappings" in row.other_config,
            uncertain=bool(bad_mappings or bad_options),
        )
        subject = f"Chassis {row.name}"
        return Reading(
            chassis, tuple(Problem("SB", subject, what) for what in wrong)
        )

    def _configured_capacity(self, row: records.Chassis) -> int | None:
        by_hostname = self._capacities.get(row.hostname)
        return self._capacities.get(row.name, by_hostname)
