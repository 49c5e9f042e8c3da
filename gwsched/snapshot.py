# SPDX-License-Identifier: Apache-2.0
"""Both databases as one frozen Snapshot; with units.py the only reader.

Nothing in a database makes it raise: what cannot be understood is left out
or left alone, and named among the snapshot's problems.  What nothing has
touched since the last read is not read again: a round of heartbeats changes
three small tables, and python-ovs needs 0.2 s for the rest of 1,000 ports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain

from gwsched import groups, intents, parsing
from gwsched.conf import Settings
from gwsched.model import (
    Chassis,
    Form,
    Intents,
    Problem,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.units import Row, Tables, Units

# What each part of a snapshot is made from.
CHASSIS_TABLES = frozenset({"Chassis"})
NB_UNIT_TABLES = frozenset(
    {
        "Logical_Router",
        "Logical_Router_Port",
        "Logical_Switch",
        "Logical_Switch_Port",
        "Gateway_Chassis",
        "HA_Chassis_Group",
        "HA_Chassis",
        "NAT",
    }
)
SB_UNIT_TABLES = frozenset(
    {"Chassis", "Port_Binding", "HA_Chassis_Group", "HA_Chassis"}
)


class Reader:
    """Reads snapshots, and remembers the parts that did not change."""

    def __init__(self, nb: Tables, sb: Tables, settings: Settings) -> None:
        self._nb = nb
        self._sb = sb
        self._settings = settings
        self._capacities = dict(settings.capacities)
        self._chassis: Mapping[str, Chassis] | None = None
        self._units: tuple[Unit, ...] | None = None
        self._orphans: tuple[str, ...] = ()
        self._external_ids: Mapping[str, str] = {}
        self._intents = Intents()
        self._units_asked: object = None
        self._problems: dict[str, list[Problem]] = {}

    def read(self, nb_changed: set[str], sb_changed: set[str]) -> Snapshot:
        """Read what the plan depends on; the tables named have changed."""
        top = _global(self._nb, "NB_Global")
        options = getattr(top, "options", {})
        self._read_intents(getattr(top, "external_ids", {}))
        stale = bool(
            NB_UNIT_TABLES & nb_changed or SB_UNIT_TABLES & sb_changed
        )
        if self._chassis is None or CHASSIS_TABLES & sb_changed:
            self._chassis = self._read_chassis()
        asked = (self._intents.adopted, self._intents.weights)
        if self._units is None or stale or asked != self._units_asked:
            self._units = self._read_units()
            self._orphans = groups.orphans(self._nb)
            self._units_asked = asked
        beats = self._sb["Chassis_Private"].rows.values()
        return Snapshot(
            chassis=self._chassis,
            units=self._units,
            answered=frozen_map({row.name: row.nb_cfg for row in beats}),
            requested=getattr(top, "nb_cfg", 0),
            published=getattr(_global(self._sb, "SB_Global"), "nb_cfg", 0),
            heartbeat=options.get("enable_chassis_nb_cfg_update") != "false",
            bfd_time=_bfd_time(options),
            default_form=(
                self._settings.policy.table or _usual_form(self._units)
            ),
            intents=self._intents,
            orphans=self._orphans,
            problems=tuple(
                sorted({*chain(*self._problems.values())}, key=str)
            ),
        )

    def _read_intents(self, external_ids: Mapping[str, str]) -> None:
        """Parse what is asked for, unless it is what was asked before."""
        if external_ids != self._external_ids:
            self._intents, wrong = intents.parse(external_ids)
            self._problems["intents"] = [
                Problem("NB", "NB_Global", what) for what in wrong
            ]
            self._external_ids = external_ids

    def _read_units(self) -> tuple[Unit, ...]:
        problems: list[Problem] = []
        units = Units(
            self._nb, self._sb, self._intents, self._settings, problems
        ).read()
        self._problems["units"] = problems
        return tuple(sorted(units, key=lambda unit: unit.name))

    def _read_chassis(self) -> Mapping[str, Chassis]:
        problems: list[Problem] = []
        rows = sorted(self._sb["Chassis"].rows.values(), key=lambda r: r.name)
        # A remote one lives in another availability zone of OVN-IC.
        found = {
            row.name: self._one_chassis(row, problems)
            for row in rows
            if row.other_config.get("is-remote") != "true"
        }
        self._problems["chassis"] = problems
        return frozen_map(found)

    def _one_chassis(self, row: Row, problems: list[Problem]) -> Chassis:
        other_config = row.other_config
        cms_options = other_config.get("ovn-cms-options", "")
        networks, bad_mappings = parsing.bridge_mappings(
            other_config.get("ovn-bridge-mappings", "")
        )
        options, bad_options = parsing.cms_options(cms_options)
        capacity, bad_capacity = parsing.capacity(cms_options)
        wrong = [w for w in (bad_mappings, bad_options, bad_capacity) if w]
        problems += [Problem("SB", f"Chassis {row.name}", w) for w in wrong]
        configured = self._capacities.get(
            row.name, self._capacities.get(row.hostname)
        )
        return Chassis(
            row.name,
            row.hostname,
            options.is_gateway,
            networks,
            options.zones,
            configured or capacity,
            self._settings.usable_chassis.against(
                "it", row.name, row.hostname
            ),
            maps_macs="ovn-chassis-mac-mappings" in other_config,
            uncertain=bool(bad_mappings or bad_options),
        )


def read(nb: Tables, sb: Tables, settings: Settings) -> Snapshot:
    """Read everything anew."""
    return Reader(nb, sb, settings).read(set(), set())


def _global(tables: Tables, name: str) -> Row | None:
    return next(iter(tables[name].rows.values()), None)


def _bfd_time(options: Mapping[str, str]) -> float:
    """How long tunnel BFD needs to see a death, in seconds.

    The defaults are OVS' (vswitch.xml: min_rx 1000, min_tx 100, mult 3).
    """
    slowest = max(
        parsing.whole_number(options.get("bfd-min-rx"), 1000),
        parsing.whole_number(options.get("bfd-min-tx"), 100),
    )
    mult = parsing.whole_number(options.get("bfd-mult"), 3)
    return slowest * mult / 1000


def _usual_form(units: Iterable[Unit]) -> Form:
    forms = Counter(unit.form for unit in units if unit.form)
    if forms[Form.GATEWAY_CHASSIS] > forms[Form.HA_CHASSIS_GROUP]:
        return Form.GATEWAY_CHASSIS
    return Form.HA_CHASSIS_GROUP
