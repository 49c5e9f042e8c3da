# SPDX-License-Identifier: Apache-2.0
"""What gwschedctl makes of a snapshot, and how it prints it."""

import csv
import io
import json
from dataclasses import replace

from gwsched.cli.listing import chassis, ports
from gwsched.cli.tables import FORMATS, Row, render
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Problem,
    Snapshot,
    Unit,
)

FLEET = {
    "gw1": Chassis(
        "gw1",
        "host1",
        physical_networks=frozenset({"public", "dmz"}),
        zones=frozenset({"az2", "az1"}),
    ),
    "gw2": Chassis("gw2"),
    "gw3": Chassis("gw3", is_gateway=False),
}
ALONE = Form.GATEWAY_CHASSIS
GROUP = Form.HA_CHASSIS_GROUP


def ranked(*names: str) -> tuple[Candidate, ...]:
    top = len(names)
    return tuple(Candidate(name, top - i) for i, name in enumerate(names))


def unit(*names: str, holder: str | None = None) -> Unit:
    port = GatewayPort("lrp-r1", "r1", holder=holder)
    form = ALONE if names else None
    return Unit(port.name, form, (port,), ranked(*names))


def seen(*units: Unit, problems: tuple[Problem, ...] = ()) -> Snapshot:
    answered = {"gw1": 7, "gw2": 5}
    return Snapshot(FLEET, units, answered, published=7, problems=problems)


def note(*args: str, holder: str | None = None) -> object:
    return ports.rows(seen(unit(*args, holder=holder)))[0]["note"]


# -- ports -----------------------------------------------------------------


def test_a_port_that_is_as_it_should_be() -> None:
    snapshot = seen(unit("gw1", "gw2", holder="gw1"))
    assert ports.rows(snapshot) == [
        {
            "port": "lrp-r1",
            "router": "r1",
            "holder": "gw1",
            "primary": "gw1",
            "candidates": "gw1:2 gw2:1",
            "list": "gateway_chassis",
            "note": None,
        }
    ]


def test_a_port_with_nothing() -> None:
    snapshot = seen(Unit("lrp", None, (GatewayPort("lrp"),)))
    assert ports.rows(snapshot) == [
        {
            "port": "lrp",
            "router": None,
            "holder": None,
            "primary": None,
            "candidates": None,
            "list": None,
            "note": "no candidates",
        }
    ]


def test_what_a_port_lacks_is_noted() -> None:
    assert note("gw1") == "not held"
    assert note("gw1", holder="gw2") == "held by another than its primary"
    assert note("gw1", "gw9", holder="gw1") == "candidate gw9 has no row"
    assert note("gw9", "gw8") == (
        "not held; candidate gw9 has no row; candidate gw8 has no row"
    )


def test_a_list_that_sb_does_not_carry_is_noted() -> None:
    late = replace(unit("gw1", holder="gw1"), in_force=False)
    assert ports.rows(seen(late))[0]["note"] == "SB does not carry this list"


def test_ports_of_a_shared_group_are_sorted_among_all() -> None:
    members = (GatewayPort("lrp-r0", holder="gw1"), GatewayPort("lrp-r2"))
    group = Unit("a-group", GROUP, members, ranked("gw1"))
    rows = ports.rows(seen(group, unit("gw1", holder="gw1")))
    assert [(row["port"], row["list"], row["note"]) for row in rows] == [
        ("lrp-r0", "ha_chassis_group", None),
        ("lrp-r1", "gateway_chassis", None),
        ("lrp-r2", "ha_chassis_group", "not held"),
    ]


def test_what_is_wrong_in_nb_is_beside_its_port_or_a_stray() -> None:
    stray = Problem("NB", "NB_Global", "no such intent")
    snapshot = seen(
        unit("gw1", holder="gw1"),
        problems=(
            Problem("NB", "lrp-r1", "names a chassis twice"),
            Problem("SB", "lrp-r1", "is another database"),
            stray,
        ),
    )
    assert ports.rows(snapshot)[0]["note"] == "names a chassis twice"
    assert ports.strays(snapshot) == [stray]


# -- chassis ---------------------------------------------------------------


def by_name(snapshot: Snapshot) -> dict[object, Row]:
    return {row["chassis"]: row for row in chassis.rows(snapshot)}


def test_chassis_by_what_they_carry_and_hold() -> None:
    snapshot = seen(unit("gw1", "gw2", holder="gw1"))
    assert list(by_name(snapshot)) == ["gw1", "gw2", "gw3"]
    assert by_name(snapshot)["gw1"] == {
        "chassis": "gw1",
        "hostname": "host1",
        "gateway": True,
        "networks": "dmz,public",
        "zones": "az1,az2",
        "heartbeat": "current",
        "holds": 1,
        "primary": 1,
        "backup": 0,
        "note": None,
    }
    assert by_name(snapshot)["gw3"]["gateway"] is False


def test_ports_held_are_counted_but_lists_once() -> None:
    members = tuple(GatewayPort(f"p{i}", holder="gw2") for i in range(3))
    group = Unit("group", GROUP, members, ranked("gw1", "gw2", "gw2"))
    row = by_name(seen(group))["gw2"]
    assert (row["holds"], row["primary"], row["backup"]) == (3, 0, 1)


def test_heartbeats() -> None:
    rows = by_name(seen())
    beats = [rows[name]["heartbeat"] for name in FLEET]
    assert beats == ["current", "2 behind", "never"]
    off = by_name(replace(seen(), heartbeat=False))
    assert {row["heartbeat"] for row in off.values()} == {"off"}


def test_a_chassis_ahead_of_what_was_published_is_current() -> None:
    rows = by_name(replace(seen(), published=6))
    assert rows["gw1"]["heartbeat"] == "current"


def test_a_chassis_that_is_only_named() -> None:
    row = by_name(seen(unit("gw9", holder="gw8")))
    assert row["gw9"]["note"] == "named by a list but has no row"
    assert row["gw8"]["note"] == "holds a port but has no row"
    assert row["gw9"]["gateway"] is None
    assert row["gw9"]["heartbeat"] is None


def test_what_is_wrong_in_sb_is_beside_its_chassis_or_a_stray() -> None:
    stray = Problem("SB", "Chassis remote", "cannot read it")
    snapshot = seen(
        problems=(
            Problem("SB", "Chassis gw1", "cannot read 'x'"),
            Problem("NB", "Chassis gw1", "is another database"),
            stray,
        ),
    )
    assert by_name(snapshot)["gw1"]["note"] == "cannot read 'x'"
    assert by_name(snapshot)["gw2"]["note"] is None
    assert chassis.strays(snapshot) == [stray]


def test_every_row_has_exactly_the_columns() -> None:
    snapshot = seen(unit("gw1", "gw9"))
    for rows, columns in (
        (ports.rows(snapshot), ports.COLUMNS),
        (chassis.rows(snapshot), chassis.COLUMNS),
    ):
        assert rows
        assert all(tuple(row) == columns for row in rows)


# -- formats ---------------------------------------------------------------

ROWS: list[Row] = [
    {"name": "a,b", "count": 2, "flag": True, "note": 'say "so"'},
    {"name": "c", "count": 0, "flag": False, "note": None},
]
COLUMNS = ("name", "count", "flag", "note")


def test_json_keeps_types_and_says_null() -> None:
    assert json.loads(render(ROWS, COLUMNS, "json")) == ROWS


def test_value_has_a_dash_for_nothing_and_no_header() -> None:
    text = render(ROWS, COLUMNS, "value")
    assert text == 'a,b 2 yes say "so"\nc 0 no -\n'


def test_ratios_have_two_digits_where_they_are_text() -> None:
    rows: list[Row] = [{"share": 1.5, "other": 2 / 3, "whole": 2}]
    names = ("share", "other", "whole")
    assert render(rows, names, "value") == "1.50 0.67 2\n"
    assert json.loads(render(rows, names, "json")) == rows


def test_csv_is_quoted_and_has_a_header() -> None:
    text = render(ROWS, COLUMNS, "csv")
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "count", "flag", "note"],
        ["a,b", "2", "yes", 'say "so"'],
        ["c", "0", "no", "-"],
    ]


def test_table() -> None:
    assert render(ROWS, ("name", "flag"), "table") == (
        "+------+------+\n"
        "| name | flag |\n"
        "+------+------+\n"
        "| a,b  | yes  |\n"
        "| c    | no   |\n"
        "+------+------+\n"
    )


def test_columns_come_in_the_order_asked_for() -> None:
    assert render(ROWS, ("count", "name"), "value") == "2 a,b\n0 c\n"


def test_no_rows() -> None:
    texts = {form: render([], ("name",), form) for form in FORMATS}
    assert texts == {
        "table": "+------+\n| name |\n+------+\n+------+\n",
        "json": "[]\n",
        "value": "",
        "csv": "name\n",
    }
