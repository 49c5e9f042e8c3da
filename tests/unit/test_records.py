# SPDX-License-Identifier: Apache-2.0
"""Records have the columns that are monitored, and no others."""

from __future__ import annotations

import pytest

from gwsched.ovsdb import schema
from gwsched.ovsdb.schema import Table
from gwsched.reading import records
from gwsched.reading.records import Kinds

# What only the writer needs.
UNREAD = {"Gateway_Chassis": {"name"}}


@pytest.mark.parametrize(
    ("kinds", "tables"),
    [
        (records.NORTHBOUND, schema.northbound(nat=True)),
        (records.SOUTHBOUND, schema.SOUTHBOUND),
    ],
)
def test_what_is_monitored_is_what_is_read(
    kinds: Kinds, tables: dict[str, Table]
) -> None:
    monitored = {n: table for n, table in tables.items() if not table.asked}
    assert kinds.keys() == monitored.keys()
    for name, table in monitored.items():
        fields = {field for kind in kinds[name] for field in kind._fields}
        assert fields | UNREAD.get(name, set()) == set(table.columns), name
