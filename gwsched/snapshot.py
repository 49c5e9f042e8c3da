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

from gwsched import parsing
from gwsched.conf import Settings
from gwsched.model import (
    Chassis,
    Form,
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
        self._chassis: Mapping[str, Chassis] | None = None
        self._units: tuple[Unit, ...] | None = None
        self._adopted: frozenset[str] = frozenset()
        self._problems: dict[str, list[Problem]] = {}

    def read(self, nb_changed: set[str], sb_changed: set[str]) -> Snapshot:
        """Read what the plan depends on; the tables named have changed."""
        top = _global(self._nb, "NB_Global")
        options = getattr(top, "options", {})
        adopted, wrong = parsing.adopted_ports(
            getattr(top, "external_ids", {})
        )
        self._problems["top"] = [Problem("NB", "NB_Global", w) for w in wrong]
        stale = bool(
            NB_UNIT_TABLES & nb_changed or SB_UNIT_TABLES & sb_changed
        )
        if self._chassis is None or CHASSIS_TABLES & sb_changed:
            self._chassis = self._read_chassis()
        if self._units is None or stale or adopted != self._adopted:
            self._units = self._read_units(adopted)
        beats = self._sb["Chassis_Private"].rows.values()
        return Snapshot(
            chassis=self._chassis,
            units=self._units,
            answered=frozen_map({row.name: row.nb_cfg for row in beats}),
            requested=getattr(top, "nb_cfg", 0),
            published=getattr(_global(self._sb, "SB_Global"), "nb_cfg", 0),
            heartbeat=options.get("enable_chassis_nb_cfg_update") != "false",
            bfd_time=_bfd_time(options),
            default_form=self._settings.form or _usual_form(self._units),
            problems=tuple(
                sorted({*chain(*self._problems.values())}, key=str)
            ),
        )

    def _read_units(self, adopted: frozenset[str]) -> tuple[Unit, ...]:
        problems: list[Problem] = []
        units = Units(
            self._nb,
            self._sb,
            adopted,
            self._settings.adopt_localnet,
            problems,
        ).read()
        self._problems["units"] = problems
        self._adopted = adopted
        return tuple(sorted(units, key=lambda unit: unit.name))

    def _read_chassis(self) -> Mapping[str, Chassis]:
        problems: list[Problem] = []
        rows = sorted(self._sb["Chassis"].rows.values(), key=lambda r: r.name)
        # A remote one lives in another availability zone of OVN-IC.
        found = {
            row.name: _chassis(row, problems)
            for row in rows
            if row.other_config.get("is-remote") != "true"
        }
        self._problems["chassis"] = problems
        return frozen_map(found)


def read(nb: Tables, sb: Tables, settings: Settings) -> Snapshot:
    """Read everything anew."""
    return Reader(nb, sb, settings).read(set(), set())


def _chassis(row: Row, problems: list[Problem]) -> Chassis:
    networks, bad_mappings = parsing.bridge_mappings(
        row.other_config.get("ovn-bridge-mappings", "")
    )
    options, bad_options = parsing.cms_options(
        row.other_config.get("ovn-cms-options", "")
    )
    wrong = [what for what in (bad_mappings, bad_options) if what]
    problems += [Problem("SB", f"Chassis {row.name}", w) for w in wrong]
    return Chassis(
        row.name,
        row.hostname,
        options.is_gateway,
        networks,
        options.zones,
        uncertain=bool(wrong),
    )


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
