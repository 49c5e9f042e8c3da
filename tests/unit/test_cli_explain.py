# SPDX-License-Identifier: Apache-2.0
"""Why a port is where it is, from a snapshot and a daemon's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gwsched.cli.daemon import contract
from gwsched.cli.daemon.asking import Report
from gwsched.cli.forecast import known
from gwsched.cli.forecast.outlook import to_rest
from gwsched.cli.looking import explain, explained
from gwsched.cli.looking.explain import Case
from gwsched.cli.output import UsageError
from gwsched.cli.screen import Screen
from gwsched.decisions import Policy
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    GatewayRouter,
    Intents,
    NextHop,
    Session,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.schedulers import Scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.status_server import DOCUMENT, chassis, decision
from tests.world import PUBLIC

POLICY = Policy(max_candidates=3, scatter_width=0)


def gateways(*names: str) -> dict[str, Chassis]:
    return {name: Chassis(name, physical_networks=PUBLIC) for name in names}


def unit(name: str, *order: str, holder: str | None = "") -> Unit:
    top = len(order)
    held = order[0] if holder == "" and order else holder
    return Unit(
        name,
        Form.GATEWAY_CHASSIS if order else None,
        (GatewayPort(name, f"r-{name}", PUBLIC, holder=held or None),),
        tuple(Candidate(c, top - i) for i, c in enumerate(order)),
        references=frozenset({"hv0"}),
    )


FLEET = gateways("gw1", "gw2", "gw3", "gw4", "gw5")
FLEET["hv0"] = Chassis("hv0", is_gateway=False)
LISTS = (
    unit("a", "gw1", "gw2", "gw3"),
    unit("b", "gw2", "gw3", "gw1"),
    unit("c", "gw4", "gw1", "gw2"),
    unit("d", "gw4", "gw5", "gw1"),
    unit("e", "gw5", "gw4", "gw3"),
)


def seen(*units: Unit, **facts: Any) -> Snapshot:
    fleet = facts.pop("chassis", FLEET)
    return Snapshot(frozen_map(fleet), units or LISTS, **facts)


def case(
    snapshot: Snapshot,
    told: dict[str, Any] | None = None,
    scheduler: Scheduler | None = None,
    policy: Policy = POLICY,
) -> Case:
    report = None
    if told is not None:
        document = contract.checked({**DOCUMENT, **told})
        report = Report("http://ctl1:9977", document)
    chosen = scheduler or LeastLoaded()
    health = known.health(snapshot, report)
    outlook = to_rest(snapshot, chosen, policy, health)
    return Case(
        snapshot, health, chosen, policy, "leastloaded", outlook, report
    )


def explaining(port: str, snapshot: Snapshot, **how: Any) -> dict[str, Any]:
    return explain.document(case(snapshot, **how), port)


def whys(found: dict[str, Any], part: str = "others") -> dict[str, Any]:
    return {row["chassis"]: row["why"] for row in found[part]}


# -- what it is and who has it ---------------------------------------------


def test_a_port_that_is_as_it_should_be() -> None:
    found = explaining("a", seen())
    facts = {
        "port": "a",
        "binding": "cr-a",
        "router": "r-a",
        "networks": ["public"],
        "zone_hints": [],
        "weight": 1,
        "holder": "gw1",
        "next_hops": [],
        "unit": "a",
        "list": "gateway_chassis",
        "shared_with": [],
        "external_ports": [],
        "neutron": False,
        "in_force": True,
        "both_forms": False,
        "left_alone": None,
        "primary": "gw1",
        "pinned_to": None,
        "scheduler": "leastloaded",
        "verdicts": "assumed",
        "no_gateways": 1,
        "planned": [],
        "refused": None,
        "guards": None,
        "attention": None,
        "decisions": None,
        "daemon": None,
    }
    assert {key: found[key] for key in facts} == facts
    assert set(found) - set(facts) == {"candidates", "others"}


def test_the_twin_in_sb_is_the_same_port() -> None:
    assert explaining("cr-a", seen()) == explaining("a", seen())


def test_a_port_may_be_called_like_a_twin() -> None:
    snapshot = seen(unit("cr-a", "gw1"), unit("a", "gw2"))
    assert explaining("cr-a", snapshot)["unit"] == "cr-a"
    assert explaining("cr-cr-a", snapshot)["unit"] == "cr-a"


def test_a_shared_group() -> None:
    ports = (
        GatewayPort("p1", "r1", PUBLIC, holder="gw1"),
        GatewayPort(
            "p2",
            "r2",
            PUBLIC,
            frozenset({"az1"}),
            "gw1",
            7,
            (NextHop("192.0.2.1", Session.DOWN),),
        ),
    )
    group = Unit(
        "group",
        Form.HA_CHASSIS_GROUP,
        ports,
        (Candidate("gw1", 2), Candidate("gw2", 1)),
        neutron=True,
        in_force=False,
        shadowed=True,
        externals=("sriov1",),
    )
    found = explaining("p2", seen(group))
    assert found["shared_with"] == ["p1"]
    assert found["external_ports"] == ["sriov1"]
    assert found["next_hops"] == [{"address": "192.0.2.1", "session": "down"}]
    text = " ".join(explained.render(found, Screen(80)).split())
    for part in (
        "p2 of router r2, facing public, zones az1, weight 7",
        "ha_chassis_group group, shared with p1, sriov1, Neutron's",
        "its gateway_chassis is ignored by OVN",
        "SB does not carry it yet",
        "192.0.2.1 down",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("lrp-r-1", "did you mean lrp-r1"),
        ("cr-lrp-r-1", "did you mean lrp-r1"),
        ("r2", "router r2 has lrp-r2"),
        ("pinned", "that is an L3 gateway router, which has no list"),
        ("zzz", "gwschedctl ports lists those there are"),
    ],
)
def test_an_unknown_port_is_told_near_ones(asked: str, said: str) -> None:
    ports = [GatewayPort(f"lrp-r{i}", f"r{i}") for i in (1, 2)]
    units = [Unit(port.name, None, (port,)) for port in ports]
    routers = (GatewayRouter("pinned", "gw1"),)
    with pytest.raises(UsageError) as caught:
        explaining(asked, seen(*units, routers=routers))
    assert f"there is no gateway port {asked!r}" in str(caught.value)
    assert said in str(caught.value)


# -- why the list is as it is ----------------------------------------------


def test_the_load_that_made_each_rank() -> None:
    """What each would carry with this port: by the lists of the others."""
    found = explaining("a", seen())
    figures = {
        row["chassis"]: (
            row["load"],
            row["load_if_first_failed"],
            row["load_if_two_failed"],
            row["lists"],
        )
        for row in [*found["candidates"], *found["others"]]
    }
    assert figures == {
        "gw1": (1.0, None, None, 3),
        "gw2": (2.0, 2.0, None, 2),
        "gw3": (1.0, 1.0, 2.0, 2),
        "gw4": (3.0, 3.0, 3.0, 3),
        "gw5": (2.0, 2.0, 2.0, 2),
    }


def test_the_ranks_and_priorities() -> None:
    rows = explaining("a", seen())["candidates"]
    assert [(r["rank"], r["chassis"], r["priority"]) for r in rows] == [
        (1, "gw1", 3),
        (2, "gw2", 2),
        (3, "gw3", 1),
    ]
    assert [row["why"] for row in rows] == [None] * 3


def test_why_the_eligible_are_not_in_a_full_list() -> None:
    assert whys(explaining("a", seen())) == {
        "gw4": "more loaded: if the first two failed it would carry 3.00 "
        "and gw3 2.00",
        "gw5": "the list is full with 3",
    }


def test_below_the_third_rank_the_number_of_lists_counts() -> None:
    longer = replace(POLICY, max_candidates=4)
    lists = (unit("a", "gw1", "gw2", "gw3", "gw5"), *LISTS[1:])
    found = explaining("a", seen(*lists), policy=longer)
    assert whys(found) == {"gw4": "in more lists: 3, and gw5 in 2"}


def test_chance_compares_no_loads() -> None:
    found = explaining("a", seen(), scheduler=Chance())
    assert whys(found)["gw4"] == "the list is full with 3"


def test_why_the_others_may_not_host_it() -> None:
    fleet = {
        **gateways("gw1", "gw4", "gw5"),
        "gw2": Chassis("gw2"),
        "gw3": Chassis("gw3", physical_networks=PUBLIC, denied="not allowed"),
        "gw6": Chassis("gw6", physical_networks=PUBLIC),
    }
    intents = Intents(cordoned=frozenset({"gw4"}), draining=frozenset({"gw5"}))
    answered = dict.fromkeys(fleet, 9) | {"gw6": 3}
    found = explaining(
        "a",
        seen(
            unit("a", "gw1"),
            chassis=fleet,
            intents=intents,
            answered=answered,
            published=9,
        ),
    )
    assert whys(found) == {
        "gw2": "ovn-bridge-mappings has no public",
        "gw3": "not allowed",
        "gw4": "it is cordoned",
        "gw5": "it is draining",
        "gw6": "it is suspect",
    }


def test_what_speaks_against_members() -> None:
    fleet = {**gateways("gw1", "gw2", "gw4"), "gw3": Chassis("gw3")}
    intents = Intents(cordoned=frozenset({"gw2"}))
    draining = replace(intents, draining=frozenset({"gw4"}))
    one = unit("a", "gw1", "gw2", "gw3", "gw4", "gw9")
    found = explaining("a", seen(one, chassis=fleet, intents=draining))
    assert whys(found, "candidates") == {
        "gw1": None,
        "gw2": "stays, but comes in nowhere: it is cordoned",
        "gw3": "ovn-bridge-mappings has no public",
        "gw4": "it is draining",
        "gw9": "its SB Chassis row is gone",
    }


def test_a_chassis_twice_in_a_list_is_there_twice() -> None:
    one = replace(
        unit("a", "gw1", "gw2"),
        candidates=(Candidate("gw1", 3), Candidate("gw1", 1)),
    )
    rows = explaining("a", seen(one))["candidates"]
    assert [(r["chassis"], r["priority"]) for r in rows] == [
        ("gw1", 3),
        ("gw1", 1),
    ]


def test_a_list_with_room() -> None:
    found = explaining("a", seen(unit("a", "gw1", "gw2")))
    assert whys(found)["gw3"] == "nothing speaks against it"
    (step,) = found["planned"]
    assert step["kind"] == "rank"
    assert step["reason"] == "repair"
    assert step["to"][:2] == ["gw1", "gw2"]
    assert len(step["to"]) == 3


def test_who_is_too_far_for_the_mesh() -> None:
    fleet = gateways(*(f"gw{i:02}" for i in range(12)))
    narrow = replace(POLICY, scatter_width=2)
    one = unit("a", "gw00", "gw01", "gw02")
    found = explaining("a", seen(one, chassis=fleet), policy=narrow)
    said = "no neighbour of those in the list, see scatter_width"
    assert said in whys(found).values()


def test_what_configuration_leaves_alone() -> None:
    one = replace(unit("a", "gw1"), excluded="router r-a is denied")
    found = explaining("a", seen(one))
    assert found["left_alone"] == "router r-a is denied"
    assert set(whys(found).values()) == {"router r-a is denied"}


def test_a_port_that_nobody_can_host() -> None:
    found = explaining("a", seen(unit("a"), chassis={"x": Chassis("x")}))
    assert found["list"] is None
    assert found["candidates"] == []
    assert found["refused"] == "x: ovn-bridge-mappings has no public"
    text = explained.render(found, Screen(80))
    assert "refused       x: ovn-bridge-mappings has no public" in text
    assert "list          none yet" in text
    assert "held by       nobody" in text


def test_a_pin() -> None:
    pins = Intents(pins=frozen_map({"a": "gw2"}))
    found = explaining("a", seen(intents=pins))
    assert found["pinned_to"] == "gw2"
    assert found["planned"][0]["reason"] == "pin"


# -- what a daemon adds ----------------------------------------------------


def test_the_daemons_verdicts_are_taken() -> None:
    told = {
        "chassis": [
            chassis("gw1"),
            chassis("gw2", verdict="dead", why="silent for 30 s"),
            chassis("gw4", verdict="returning", why="answers again"),
            chassis("gw5", verdict="of a newer kind"),
        ]
    }
    found = explaining("a", seen(), told=told)
    rows = [*found["candidates"], *found["others"]]
    verdicts = {row["chassis"]: row["verdict"] for row in rows}
    assert verdicts["gw2"] == "dead"
    assert verdicts["gw4"] == "returning"
    assert verdicts["gw5"] == "live"
    assert found["verdicts"] == "daemon"
    assert whys(found)["gw4"] == "it is returning"
    assert whys(found, "candidates")["gw2"] == "silent for 30 s"


def test_who_the_daemon_knows_to_be_dead_leaves_the_plan() -> None:
    told = {"chassis": [chassis("gw2", verdict="dead", why="silent")]}
    (step,) = explaining("a", seen(), told=told)["planned"]
    assert "gw2" not in step["to"]


def test_who_the_daemon_trusts_with_nothing_new_gets_nothing_new() -> None:
    told = {"chassis": [chassis("gw3", verdict="returning", why="is back")]}
    lists = (unit("a", "gw1", "gw2"), *LISTS[1:])
    (assumed,) = explaining("a", seen(*lists))["planned"]
    assert assumed["to"][-1] == "gw3"
    (step,) = explaining("a", seen(*lists), told=told)["planned"]
    assert len(step["to"]) == 3
    assert "gw3" not in step["to"]
    # What it has it keeps, for it answers.
    kept = explaining("b", seen(*lists), told=told)
    assert kept["planned"] == []


def test_who_has_a_dead_uplink_by_the_daemon_leaves_the_plan() -> None:
    told = {"chassis": [chassis("gw4", bad_uplinks=["public"])]}
    (step,) = explaining("e", seen(), told=told)["planned"]
    assert step["reason"] == "uplink"
    assert "gw4" not in step["to"]


def test_the_daemons_bad_uplinks_are_taken() -> None:
    told = {"chassis": [chassis("gw4", bad_uplinks=["public"])]}
    found = explaining("a", seen(), told=told)
    assert whys(found)["gw4"] == "its uplink is dead"


def test_only_what_concerns_the_port_is_told() -> None:
    told = {
        "attention": [
            {"port": "a", "unit": "a", "what": "a foreign writer insists"},
            {"port": "b", "unit": "b", "what": "else"},
        ],
        "guards": [{"guard": "budget", "why": "later", "blocks": False}],
        "decisions": [
            decision("a", why="the last"),
            decision("b"),
            decision("group", ports=["a", "z"], why="by its port"),
        ],
    }
    found = explaining("a", seen(), told=told)
    assert found["attention"] == ["a foreign writer insists"]
    assert [d["why"] for d in found["decisions"]] == [
        "the last",
        "by its port",
    ]
    assert found["daemon"] == "http://ctl1:9977"
    text = explained.render(found, Screen(80, blocks=False))
    assert "guards        budget: later" in text
    assert "attention     a foreign writer insists" in text
    assert "changed       2026-03-04 05:06:00 move a: " in text


# -- the screen ------------------------------------------------------------

GOLDEN = """\
port          a of router r-a, facing public
list          gateway_chassis a
held by       gw1, its primary

RANK  PRIO  CHASSIS  VERDICT  LOAD  -1    -2    WHY (NOT)
1     3     gw1      live     1.00  -     -
2     2     gw2      live     2.00  2.00  -
3     1     gw3      live     1.00  1.00  2.00
-     -     gw4      live     3.00  3.00  3.00  more loaded: if the first two
                                                failed it would carry 3.00 and
                                                gw3 2.00
-     -     gw5      live     2.00  2.00  2.00  the list is full with 3
  and 1 that are no gateway
  LOAD is what each would carry with this port, per capacity; -1 and -2: if the
    first, and the first two of the list had failed (another zone first, where
    there are any); scheduler leastloaded; verdicts are the daemon's

planned       nothing: it stays as it is
last changes  none that the daemon remembers
"""


def test_the_screen() -> None:
    found = explaining("a", seen(), told={})
    assert explained.render(found, Screen(80, blocks=False)) == GOLDEN


def hostile() -> Snapshot:
    fleet = gateways(*(f"gateway-with-a-long-name-{i}" for i in range(40)))
    names = list(fleet)
    return seen(unit("a", *names[:3], holder=names[2]), chassis=fleet)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("snapshot", [seen, hostile])
def test_it_fits(width: int, snapshot: Callable[[], Snapshot]) -> None:
    text = explained.render(explaining("a", snapshot()), Screen(width))
    assert max(map(len, text.splitlines())) <= width


def test_many_others_are_counted() -> None:
    text = explained.render(explaining("a", hostile()), Screen(80))
    assert "and 17 more gateways: -f json has them all" in text


def test_a_mismatch_is_said() -> None:
    snapshot = seen(unit("a", "gw1", "gw2", holder="gw2"))
    text = explained.render(explaining("a", snapshot), Screen(80))
    assert "held by       gw2, though its primary is gw1" in text
    assert "failover: OVN has elected gw2 over gw1" in text
