# SPDX-License-Identifier: Apache-2.0
"""/api/status says what was seen and decided, by its schema, and no more."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gwsched.decisions import (
    Evidence,
    Guard,
    Health,
    Kind,
    Plan,
    Reason,
    Refusal,
    State,
    Tunnels,
    Uplinks,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Intents,
    Problem,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.telemetry.gauges import Configuration, View
from gwsched.telemetry.journal import LENGTH, Decision, Result
from gwsched.web import overview

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "status.schema.json").read_text())
NETS = frozenset({"public"})
NOW = 1000.0
STATES = {
    "gw1": State.LIVE,
    "gw2": State.LIVE,
    "gw3": State.LIVE,
    "gw4": State.DEAD,
}


def unit(name: str, order: str, *holders: str | None) -> Unit:
    """Return a unit with a port for each holder."""
    names = order.split()
    return Unit(
        name,
        Form.HA_CHASSIS_GROUP,
        tuple(
            GatewayPort(f"{name}-{i}", f"r-{name}", NETS, holder=holder)
            for i, holder in enumerate(holders)
        ),
        tuple(Candidate(c, len(names) - i) for i, c in enumerate(names)),
    )


NOWHERE = unit("nowhere", "", None)
UNITS = (
    unit("shared", "gw1 gw2 gw3", "gw1", "gw1"),
    unit("mismatched", "gw2 gw1 gw3", "gw1"),
    unit("unclaimed", "gw1 gw3 gw2", None),
    unit("short", "gw3 gw4", "gw3"),
    NOWHERE,
)
SNAPSHOT = Snapshot(
    frozen_map(
        {
            "gw1": Chassis(
                "gw1", "host1", True, NETS, frozenset({"az2", "az1"}), 2
            ),
            "gw2": Chassis("gw2", physical_networks=NETS, denied="denied"),
            "gw3": Chassis("gw3", physical_networks=NETS),
            "hv1": Chassis("hv1", is_gateway=False),
        }
    ),
    UNITS,
    answered=frozen_map({"gw1": 7}),
    intents=Intents(
        cordoned=frozenset({"gw2"}), draining=frozenset({"gw2", "gw3"})
    ),
    problems=(Problem("NB", "r1", "is odd"),),
)
HEALTH = Health(
    verdicts=frozen_map(
        {
            name: Verdict(state, NOW - 60, f"{name} is {state}", "see to it")
            for name, state in STATES.items()
        }
    ),
    evidence=frozen_map(
        {
            "gw1": Evidence(heard=NOW - 2, tunnels=Tunnels.UP),
            "gw2": Evidence(
                behind=NOW - 9,
                tunnels=Tunnels.DOWN,
                tunnels_since=NOW - 4,
                left=NOW - 3,
                keeps=2,
            ),
            "gw3": Evidence(heard=NOW - 2),
            "gw4": Evidence(gone=NOW - 70),
        }
    ),
    uplinks=Uplinks(
        bad=frozen_map({("gw3", "public"): "its uplink is dead"}),
        lost=frozen_map({"shared-0": frozenset({"gw2", "gw1"})}),
    ),
    penalties=frozen_map({"gw4": 1900.04}),
)
PLAN = Plan(
    refusals=(
        Refusal(UNITS[0], "pin", "pinned to gw9", served=True),
        Refusal(NOWHERE, "zone", "no such zone"),
    ),
    deferred=frozen_map({Guard.BUDGET: 4}),
    guards=frozen_map(
        {Guard.MASS_FAILURE: "many are gone", Guard.BUDGET: "spent"}
    ),
    blocking=frozenset({Guard.MASS_FAILURE}),
    uneven=True,
)
MOVE = Decision(
    1_750_000_000.25,
    Kind.MOVE,
    "shared",
    ("shared-0", "shared-1"),
    ("gw4", "gw1"),
    ("gw1", "gw2"),
    Reason.FAILOVER,
    "gw4 is dead",
    frozen_map({"gw4": "dead: it is gone", "gw1": "live"}),
    Result.CLAIMED,
    0.5,
)
VIEW = View(
    nb_connected=True,
    sb_connected=True,
    vantages={"unix:/ovs.sock": False},
    leader=True,
    max_candidates=3,
    snapshot=SNAPSHOT,
    health=HEALTH,
    plan=PLAN,
    now=NOW,
    time=1_750_000_060.0,
    host="ctl1",
    enforce=True,
    scheduler="leastloaded",
    decisions=(MOVE,),
    configuration=Configuration(1_750_000_000.0, True),
)


def document(view: View = VIEW) -> dict[str, Any]:
    """Return the document as a client gets it, checked by the schema."""
    found: dict[str, Any] = json.loads(json.dumps(overview.document(view)))
    jsonschema.validate(found, SCHEMA)
    return found


def chassis(name: str, view: View = VIEW) -> dict[str, Any]:
    (found,) = (c for c in document(view)["chassis"] if c["name"] == name)
    assert isinstance(found, dict)
    return found


def test_who_answers() -> None:
    found = document()
    assert found["api"] == 1
    assert found["host"] == "ctl1"
    assert (found["role"], found["mode"]) == ("leader", "enforce")
    assert found["scheduler"] == "leastloaded"
    assert found["time"] == "2025-06-15T15:07:40.000Z"
    assert found["databases"] == {"nb": True, "sb": True}
    assert found["vantages"] == {"unix:/ovs.sock": False}


@pytest.mark.parametrize(
    ("view", "role"),
    [
        (View(), "connecting"),
        (replace(VIEW, sb_connected=False), "connecting"),
        (replace(VIEW, snapshot=None), "connecting"),
        (replace(VIEW, leader=False), "standby"),
    ],
)
def test_roles(view: View, role: str) -> None:
    assert document(view)["role"] == role


def test_before_the_first_look_there_is_no_time() -> None:
    found = document(View())
    assert found["time"] is None
    assert found["configuration"]["read_at"] is None
    assert found["chassis"] == found["attention"] == []


def test_observing_and_paused() -> None:
    paused = replace(SNAPSHOT, intents=Intents(paused=True))
    found = document(replace(VIEW, snapshot=paused, enforce=False))
    assert (found["mode"], found["paused"]) == ("observe", True)


def test_a_bad_configuration_says_what_is_wrong() -> None:
    bad = Configuration(1_750_000_000.0, False, "[ovn] is wrong")
    assert document(replace(VIEW, configuration=bad))["configuration"] == {
        "read_at": "2025-06-15T15:06:40.000Z",
        "good": False,
        "error": "[ovn] is wrong",
    }


def test_guards_and_what_waits_for_them() -> None:
    found = document()
    assert found["guards"] == [
        {"guard": "budget", "why": "spent", "blocks": False},
        {"guard": "mass_failure", "why": "many are gone", "blocks": True},
    ]
    assert found["waiting"] == {"budget": 4}
    assert found["uneven"] is True


def test_ports_by_number() -> None:
    assert document()["ports"] == {
        "total": 6,
        "unscheduled": 1,
        "underreplicated": 2,
        "mismatched": 1,
        "unclaimed": 1,
    }


def test_the_worst_of_each_port_needs_attention() -> None:
    found = {a["port"]: a["what"] for a in document()["attention"]}
    assert list(found) == [
        "nowhere-0",
        "unclaimed-0",
        "shared-0",
        "mismatched-0",
        "short-0",
    ]
    assert "no such zone" in found["nowhere-0"]
    assert "gw1 (live)" in found["unclaimed-0"]
    assert "gw1, gw2" in found["shared-0"]
    assert "gw1 (live)" in found["mismatched-0"]
    assert "gw2 (live)" in found["mismatched-0"]
    assert found["short-0"].startswith("1 of ")


def test_what_is_left_alone_by_configuration_needs_no_attention() -> None:
    alone = tuple(replace(u, excluded="denied") for u in UNITS)
    view = replace(VIEW, snapshot=replace(SNAPSHOT, units=alone), plan=Plan())
    found = overview.document(view)
    assert set(found["ports"].values()) == {0}
    assert found["attention"] == []


def test_who_drains_is_no_place_for_a_share() -> None:
    units = (unit("a", "gw1 gw2", "gw1"), unit("b", "gw2 gw1", "gw2"))
    rows = {n: Chassis(n, physical_networks=NETS) for n in STATES}
    draining = Intents(draining=frozenset({"gw3"}))
    even = Snapshot(frozen_map(rows), units, intents=draining)
    found = overview.document(replace(VIEW, snapshot=even))
    assert found["imbalance"] == {"n": 1, "n_minus_1_worst": 1}


def test_refusals_and_problems() -> None:
    found = document()
    assert [r["unit"] for r in found["refusals"]] == ["nowhere", "shared"]
    assert [r["served"] for r in found["refusals"]] == [False, True]
    assert found["problems"] == ["NB r1: is odd"]


def test_chassis_are_the_gateways_and_who_serves_as_one() -> None:
    names = [c["name"] for c in document()["chassis"]]
    assert names == ["gw1", "gw2", "gw3", "gw4"]


def test_what_a_chassis_is() -> None:
    found = chassis("gw1")
    assert found["hostname"] == "host1"
    assert found["zones"] == ["az1", "az2"]
    assert found["capacity"] == 2
    assert found["seconds"] == 60
    assert found["verdict"] == "live"
    assert found["why"] == "gw1 is live"
    assert found["advice"] == "see to it"
    assert chassis("gw2")["intents"] == ["cordoned", "draining"]
    assert chassis("gw3")["bad_uplinks"] == ["public"]
    assert chassis("gw4")["penalty"] == 1900.0
    assert chassis("gw4")["gateway"] is False


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("gw1", ["answered a heartbeat 2 s ago", "tunnels up"]),
        (
            "gw2",
            [
                "a heartbeat unanswered for 9 s",
                "tunnels down for 4 s",
                "OVN took a port from it unasked, 3 s ago",
                "keeps 2 lists that others could have claimed",
                "denied",
            ],
        ),
        # It has never answered: it was only heard of.
        ("gw3", ["its uplink is dead"]),
        ("gw4", ["no row in SB for 70 s"]),
    ],
)
def test_evidence_in_short(name: str, evidence: list[str]) -> None:
    assert chassis(name)["evidence"] == evidence


def test_what_a_chassis_has() -> None:
    assert chassis("gw1")["holds"] == 3
    assert chassis("gw1")["ranks"] == [3, 1]
    assert chassis("gw3")["ranks"] == [1, 1, 3]
    assert chassis("gw4")["ranks"] == [0, 1]
    assert chassis("gw1")["carries"] == chassis("gw1")["load"] == 3


def test_who_inherits_from_whom() -> None:
    # gw1 leads shared (2 ports, then gw2) and unclaimed (then gw3).
    assert chassis("gw1")["if_failed"] == {"gw2": 3, "gw3": 2}
    assert chassis("gw1")["if_failed_unserved"] == 0
    # The only other candidate of short is dead.
    assert chassis("gw3")["if_failed"] == {}
    assert chassis("gw3")["if_failed_unserved"] == 1
    assert chassis("gw4")["if_failed"] == {}


def test_a_dead_primary_has_lost_its_ports_to_the_next() -> None:
    one = unit("one", "gw4 gw1 gw2", "gw1")
    view = replace(VIEW, snapshot=replace(SNAPSHOT, units=(one,)))
    assert chassis("gw4", view)["carries"] == 0
    assert chassis("gw1", view)["carries"] == 1
    assert chassis("gw1", view)["if_failed"] == {"gw2": 1}


def test_a_decision() -> None:
    assert document()["decisions"] == [
        {
            "time": "2025-06-15T15:06:40.250Z",
            "kind": "move",
            "unit": "shared",
            "ports": ["shared-0", "shared-1"],
            "ports_left_out": 0,
            "from": ["gw4", "gw1"],
            "to": ["gw1", "gw2"],
            "reason": "failover",
            "why": "gw4 is dead",
            "evidence": {"gw4": "dead: it is gone", "gw1": "live"},
            "result": "claimed",
            "seconds": 0.5,
        }
    ]


def test_it_is_bounded_whatever_the_fleet_is() -> None:
    number = 3000
    units = tuple(unit(f"u{i}", "gw1 gw2", None) for i in range(number))
    many = replace(
        SNAPSHOT,
        chassis=frozen_map(
            {f"c{i:04}": Chassis(f"c{i:04}") for i in range(600)}
        ),
        units=units,
        problems=tuple(Problem("NB", str(i), "odd") for i in range(number)),
    )
    refusals = tuple(Refusal(one, "zone", "no zone") for one in units)
    big = replace(MOVE, ports=tuple(f"p{i}" for i in range(number)))
    found = document(
        replace(
            VIEW,
            snapshot=many,
            plan=Plan(refusals=refusals),
            decisions=(big,) * LENGTH,
        )
    )
    for name in ("attention", "refusals", "problems"):
        assert len(found[name]) == 200
        assert found[f"{name}_left_out"] == number - 200
    assert len(found["chassis"]) == 500
    assert found["chassis_left_out"] == 102
    assert found["decisions"][0]["ports_left_out"] == number - 20
    assert len(json.dumps(found)) < 1_000_000


def test_of_one_view_one_document_is_made() -> None:
    views = [VIEW]
    latest = overview.Latest(lambda: views[-1])
    first = latest()
    assert latest() is first
    assert first == overview.document(VIEW)
    views.append(replace(VIEW, leader=False))
    assert latest()["role"] == "standby"


def test_docs_say_of_every_field_what_the_schema_says() -> None:
    text = (DOCS / "api.md").read_text()
    found = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", text, re.MULTILINE)
    assert found == [
        (name, field["description"])
        for one in SCHEMA["$defs"].values()
        for name, field in one.get("properties", {}).items()
    ]
