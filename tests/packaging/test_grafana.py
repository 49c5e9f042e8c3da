# SPDX-License-Identifier: Apache-2.0
"""The dashboard: made of what is exported, and each panel explained."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.exports import complaints, series

BOARD = Path(__file__).parents[2] / "etc/grafana/gwsched.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
OWN = frozenset({"__rate_interval", "__interval", "__range"})

Panel = dict[str, Any]


@cache
def board() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(BOARD.read_text())
    return found


def panels() -> list[Panel]:
    return [panel for panel in board()["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [t["expr"] for panel in panels() for t in panel["targets"]]


def variables() -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in board()["templating"]["list"]}


def title(panel: Panel) -> str:
    return str(panel["title"])


each_panel = pytest.mark.parametrize("panel", panels(), ids=title)


def test_it_is_for_grafana_10_and_has_no_home_of_its_own() -> None:
    assert board()["schemaVersion"] >= 38
    assert board()["id"] is None
    assert board()["uid"] == "gwsched"


def test_the_rows_go_from_the_whole_to_the_part() -> None:
    rows = [p["title"] for p in board()["panels"] if p["type"] == "row"]
    assert rows == [
        "Is it well?",
        "Placement",
        "Chassis",
        "Moves",
        "The daemon",
    ]


def test_data_source_cloud_and_daemon_are_chosen_by_variables() -> None:
    assert list(variables()) == ["datasource", "job", "instance"]
    assert variables()["datasource"]["type"] == "datasource"
    assert variables()["datasource"]["query"] == "prometheus"
    for name in ("job", "instance"):
        query = variables()[name]["query"]["query"]
        assert variables()[name]["datasource"] == SOURCE
        named = re.findall(r"\bgwsched_\w+", query)
        assert named
        assert {*named} <= series().keys()


@each_panel
def test_a_panel_is_explained(panel: Panel) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == SOURCE
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == SOURCE
    letters = [target["refId"] for target in panel["targets"]]
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_asks_for_what_is_exported(expression: str) -> None:
    assert list(complaints(expression)) == []


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_is_of_the_chosen_cloud(expression: str) -> None:
    named = re.findall(r"\b(?:gwsched|process)_\w+", expression)
    assert named
    assert expression.count('job="$job"') == len(named)
    used = {*re.findall(r"\$(\w+)", expression)}
    assert used <= variables().keys() | OWN


def test_no_two_panels_share_an_id_or_a_title() -> None:
    ids = [panel["id"] for panel in board()["panels"]]
    assert len(set(ids)) == len(ids)
    assert len({*map(title, board()["panels"])}) == len(ids)


def test_the_panels_do_not_overlap() -> None:
    for panel in board()["panels"]:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= COLUMNS, title(panel)
    for one, other in combinations(board()["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, (title(one), title(other))


def test_every_gauge_of_trouble_is_drawn() -> None:
    drawn = " ".join(expressions())
    for name in series():
        if name.startswith(("gwsched_ports", "gwsched_chassis_state")):
            assert name in drawn, name
