# SPDX-License-Identifier: Apache-2.0
"""What an audit finds in a snapshot, and what it would repair of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from gwsched import conf
from gwsched.cli.auditing import audit, repair
from gwsched.cli.auditing.repair import Repair
from gwsched.conf import Settings
from gwsched.decisions import Policy
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    GatewayRouter,
    Intents,
    NextHop,
    Problem,
    Session,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.world import PUBLIC

POLICY = Policy(max_candidates=3, scatter_width=0)


def gateways(*names: str) -> dict[str, Chassis]:
    return {
        name: Chassis(name, f"{name}.example.org", physical_networks=PUBLIC)
        for name in names
    }


FLEET = gateways("gw1", "gw2", "gw3")
FLEET["hv0"] = Chassis("hv0", is_gateway=False)


def listed(*order: str) -> tuple[Candidate, ...]:
    top = len(order)
    return tuple(Candidate(c, top - i) for i, c in enumerate(order))


def unit(name: str, *order: str, holder: str | None = "") -> Unit:
    held = order[0] if holder == "" and order else holder
    return Unit(
        name,
        Form.GATEWAY_CHASSIS if order else None,
        (GatewayPort(name, f"r-{name}", PUBLIC, holder=held or None),),
        listed(*order),
        references=frozenset({"hv0"}),
    )


def seen(*units: Unit, **facts: Any) -> Snapshot:
    fleet = facts.pop("chassis", FLEET)
    return Snapshot(frozen_map(fleet), units, **facts)


def found(
    snapshot: Snapshot, *, but: Iterable[str] = ()
) -> list[tuple[object, ...]]:
    """Return severity, kind, subject and sentence of each finding."""
    return [
        (f.severity.value, f.kind, f.subject, f.what)
        for f in audit.findings(snapshot, POLICY)
        if f.kind not in but
    ]


WELL = unit("a", "gw1", "gw2", "gw3")


# -- what is found ---------------------------------------------------------


def test_what_is_well_is_not_found() -> None:
    assert found(seen(WELL)) == []


def test_an_empty_list() -> None:
    assert found(seen(unit("a"))) == [
        (
            "outage",
            "no_candidates",
            "a",
            "has no candidates, so OVN gives it to nobody",
        )
    ]


def test_an_unclaimed_port() -> None:
    assert found(seen(unit("a", "gw1", "gw2", "gw3", holder=None))) == [
        (
            "outage",
            "unclaimed",
            "a",
            "no chassis of its list holds it: gw1, gw2, gw3",
        )
    ]


def test_a_mismatch() -> None:
    assert found(seen(unit("a", "gw1", "gw2", "gw3", holder="gw2"))) == [
        ("risk", "mismatch", "a", "gw2 holds it, its primary is gw1")
    ]


def test_each_port_of_a_group_counts() -> None:
    ports = tuple(GatewayPort(f"p{i}", "r", PUBLIC) for i in (1, 2))
    group = Unit("g", Form.HA_CHASSIS_GROUP, ports, listed(*"321"))
    kinds = [(f[1], f[2]) for f in found(seen(group))]
    assert ("unclaimed", "p1") in kinds
    assert ("unclaimed", "p2") in kinds
    assert ("stale_candidate", "g") in kinds


def test_a_stale_candidate_and_a_list_that_is_short_for_it() -> None:
    assert found(seen(unit("a", "gw1", "gw2", "gw9"))) == [
        (
            "risk",
            "shallow_list",
            "a",
            "candidates that may be live: 2, could be 3",
        ),
        (
            "risk",
            "stale_candidate",
            "a",
            "names gw9, which has no SB Chassis row",
        ),
    ]


def test_a_list_that_cannot_be_longer_is_not_short() -> None:
    two = gateways("gw1", "gw2")
    assert found(seen(unit("a", "gw1", "gw2"), chassis=two)) == []


def test_what_configuration_leaves_alone_may_be_short() -> None:
    alone = replace(unit("a", "gw1"), excluded="router r-a is denied")
    assert found(seen(alone)) == []


def test_what_configuration_leaves_alone_is_an_outage_all_the_same() -> None:
    alone = replace(unit("a", "gw1", holder=None), excluded="denied")
    assert [f[:3] for f in found(seen(alone))] == [
        ("outage", "unclaimed", "a")
    ]


@pytest.mark.parametrize(
    "out",
    [
        Intents(cordoned=frozenset({"gw3"})),
        Intents(draining=frozenset({"gw3"})),
    ],
)
def test_who_gets_nothing_new_makes_no_list_longer(out: Intents) -> None:
    assert found(seen(unit("a", "gw1", "gw2"), intents=out)) == []
    (short,) = found(seen(unit("a", "gw1", "gw3"), intents=out))
    assert short[3] == "candidates that may be live: 2, could be 3"


def test_a_list_that_sb_does_not_carry() -> None:
    late = replace(WELL, in_force=False)
    (only,) = found(seen(late))
    assert only[:3] == ("risk", "not_in_force", "a")


@pytest.mark.parametrize(
    ("session", "count"),
    [
        (Session.DOWN, 1),
        (Session.UP, 0),
        (Session.INIT, 0),
        (Session.ADMIN_DOWN, 0),
    ],
)
def test_next_hops(session: Session, count: int) -> None:
    hop = NextHop("192.0.2.1", session)
    port = replace(WELL.ports[0], next_hops=(hop,))
    rows = found(seen(replace(WELL, ports=(port,))))
    assert len(rows) == count
    for row in rows:
        assert row[:3] == ("outage", "next_hop_down", "a")
        assert row[3] == "BFD with next hop 192.0.2.1 is down on gw1"


def test_silent_chassis() -> None:
    """Whoever serves is a risk; a hypervisor is only untidy."""
    answered = {"gw1": 9, "gw2": 8, "gw3": 7, "hv0": 1}
    rows = audit.findings(seen(WELL, answered=answered, published=9), POLICY)
    assert [(f.severity.value, f.kind, f.subject) for f in rows] == [
        ("risk", "silent_chassis", "gw3"),
        ("untidy", "silent_chassis", "hv0"),
    ]
    assert rows[0].todo == "look at ovn-controller on gw3 (gw3.example.org)"


def test_an_l3_gateway_router_on_nothing() -> None:
    routers = (GatewayRouter("r1", "gw1"), GatewayRouter("r2", "gw9"))
    (only,) = found(seen(WELL, routers=routers))
    assert only[:3] == ("outage", "unknown_chassis", "r2")


def test_intents_about_what_is_not_there() -> None:
    there = Intents(
        adopted=frozenset({"a"}),
        cordoned=frozenset({"gw1"}),
        draining=frozenset({"gw2"}),
        pins=frozen_map({"a": "gw1"}),
        weights=frozen_map({"a": 2}),
    )
    assert found(seen(WELL, intents=there)) == []
    gone = Intents(
        adopted=frozenset({"p"}),
        cordoned=frozenset({"gw8"}),
        draining=frozenset({"gw9"}),
        pins=frozen_map({"a": "gw7", "p": "gw1"}),
        weights=frozen_map({"p": 2}),
    )
    rows = audit.findings(seen(WELL, intents=gone), POLICY)
    assert {f.kind for f in rows} == {"idle_intent"}
    assert [(f.subject, f.what) for f in rows] == [
        (
            "gwsched-adopt-p",
            "there is no scheduled gateway port p",
        ),
        ("gwsched-cordon-gw8", "there is no chassis gw8"),
        ("gwsched-drain-gw9", "there is no chassis gw9"),
        ("gwsched-pin-a", "there is no chassis gw7"),
        ("gwsched-pin-p", "there is no scheduled gateway port p"),
        (
            "gwsched-weight-p",
            "there is no scheduled gateway port p",
        ),
    ]
    assert rows[1].todo == (
        "ovn-nbctl remove NB_Global . external_ids gwsched-cordon-gw8"
    )


def test_orphans_and_problems() -> None:
    problems = (
        Problem("NB", "a", "names a chassis twice"),
        Problem("NB", "a", "two candidates have one priority"),
        Problem(
            "NB",
            "a",
            "has both gateway_chassis and ha_chassis_group; OVN ignores the "
            "former",
        ),
        Problem("SB", "Chassis gw1", "ovn-cms-options: cannot read 'x'"),
    )
    rows = found(seen(WELL, orphans=("gwsched-z",), problems=problems))
    assert [row[:3] for row in rows] == [
        ("risk", "both_forms", "a"),
        ("risk", "duplicate", "a"),
        ("risk", "tie", "a"),
        ("untidy", "orphan", "gwsched-z"),
        ("untidy", "unclear", "SB Chassis gw1"),
    ]


def test_the_worst_come_first() -> None:
    everything = seen(
        unit("z"),
        unit("a", "gw1", "gw9"),
        orphans=("gwsched-q",),
    )
    severities = [f.severity for f in audit.findings(everything, POLICY)]
    assert severities == sorted(severities, key=list(audit.Severity).index)
    assert len(set(severities)) == 3


def test_every_row_has_the_columns_and_something_to_do() -> None:
    snapshot = seen(unit("z"), unit("a", "gw1", "gw9", holder="gw2"))
    for finding in audit.findings(snapshot, POLICY):
        assert tuple(finding.row) == audit.COLUMNS
        assert all(finding.row.values())


# -- what may be repaired without a daemon ---------------------------------


def settings(**facts: Any) -> Settings:
    _, found = conf.load([])
    return replace(found, policy=POLICY, **facts)


def made(snapshot: Snapshot) -> Repair:
    return repair.made(snapshot, LeastLoaded(), settings())


def written(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    return {c.unit.name: c.after for c in made(snapshot).changes}


def left(snapshot: Snapshot) -> list[str]:
    return [why for why in made(snapshot).left if why]


def test_what_is_well_is_not_repaired() -> None:
    assert made(seen(WELL)).rows == []


def test_an_empty_list_is_filled() -> None:
    (name,) = written(seen(unit("a")))
    assert name == "a"


def test_an_empty_list_stays_with_who_holds_the_port() -> None:
    assert written(seen(unit("a", holder="gw2")))["a"][0] == "gw2"


def test_a_stale_backup_is_replaced() -> None:
    now = seen(unit("a", "gw1", "gw2", "gw9"))
    assert written(now) == {"a": ("gw1", "gw2", "gw3")}


def test_a_stale_primary_gives_way_to_the_holder() -> None:
    now = seen(unit("a", "gw9", "gw2", "gw3", holder="gw2"))
    assert written(now) == {"a": ("gw2", "gw3", "gw1")}


def test_a_short_list_is_filled_up() -> None:
    assert written(seen(unit("a", "gw1")))["a"][0] == "gw1"


def test_duplicates_and_ties() -> None:
    tangled = replace(
        WELL,
        candidates=(
            Candidate("gw1", 5),
            Candidate("gw2", 2),
            Candidate("gw3", 2),
            Candidate("gw2", 1),
        ),
    )
    assert written(seen(tangled)) == {"a": ("gw1", "gw2", "gw3")}


def test_a_fail_over_is_the_daemons_to_judge() -> None:
    """One look cannot tell a fail-over from a claim under way."""
    now = seen(unit("a", "gw1", "gw2", "gw3", holder="gw2"))
    assert made(now).rows == []


def test_a_silent_primary_may_be_back() -> None:
    answered = {"gw1": 1, "gw2": 9, "gw3": 9, "hv0": 9}
    passed = unit("a", "gw1", "gw2", "gw3", holder="gw2")
    now = seen(passed, answered=answered, published=9)
    assert written(now) == {}
    assert left(now) == ["gw1 may be about to take it over"]


def test_who_has_a_row_does_not_leave() -> None:
    unfit = {**FLEET, "gw3": Chassis("gw3")}
    now = seen(unit("a", "gw1", "gw2", "gw3"), chassis=unfit)
    assert written(now) == {}
    assert left(now) == ["gw3 may be live"]


def test_a_held_port_is_not_moved() -> None:
    """Its holder is not fit, and would have to go behind another."""
    unfit = {**FLEET, "gw1": Chassis("gw1")}
    now = seen(unit("a", "gw1"), chassis=unfit)
    assert written(now) == {}
    assert left(now) == ["gw1 holds it"]


def test_a_drain_is_no_repair() -> None:
    draining = Intents(draining=frozenset({"gw3"}))
    fleet = {**FLEET, **gateways("gw4")}
    now = seen(WELL, chassis=fleet, intents=draining)
    assert written(now) == {}
    assert left(now) == ["drain by way of rank is no repair"]


def test_a_pause_does_not_keep_it_from_being_planned() -> None:
    paused = Intents(paused=True)
    assert set(written(seen(unit("a"), intents=paused))) == {"a"}


def test_evening_out_is_no_repair() -> None:
    lists = [unit(f"p{i}", "gw1", "gw2", "gw3") for i in range(9)]
    assert made(seen(*lists)).changes == ()


def test_what_goes_to_the_other_table_is_no_repair() -> None:
    policy = replace(POLICY, table=Form.HA_CHASSIS_GROUP)
    plan = repair.made(seen(WELL), LeastLoaded(), settings())
    assert plan.left == ()
    plan = repair.made(
        seen(WELL), LeastLoaded(), replace(settings(), policy=policy)
    )
    assert plan.left == ("repair by way of switch is no repair",)


def test_the_rows_say_what_is_written_and_what_is_left() -> None:
    unfit = {**FLEET, "gw3": Chassis("gw3")}
    odd = replace(
        unit("c"), ports=(GatewayPort("c", "r", frozenset({"dmz"})),)
    )
    now = seen(
        unit("a", "gw1", "gw9"), unit("b", "gw2", "gw3"), odd, chassis=unfit
    )
    rows = {row["unit"]: row["repair"] for row in made(now).rows}
    assert rows == {
        "a": "write",
        "b": "left: gw3 may be live",
        "c": "nothing to write",
    }
    assert all(tuple(row) == repair.COLUMNS for row in made(now).rows)


@pytest.mark.parametrize(
    ("facts", "how", "said"),
    [
        ({}, {}, ""),
        ({}, {"enforce": False}, "mode is observe"),
        ({"intents": Intents(paused=True)}, {}, "an operator has paused"),
        (
            {"answered": {"hv0": 9}, "published": 9},
            {},
            "3 of 3 gateways are silent or without a row",
        ),
    ],
)
def test_what_keeps_it_from_writing_anything(
    facts: dict[str, Any], how: dict[str, Any], said: str
) -> None:
    why = repair.against(seen(WELL, **facts), settings(**how))
    assert said in why
    assert bool(why) == bool(said)


def test_rows_that_are_gone_count_as_a_failure_of_many() -> None:
    """As while SB is rebuilt: all of them are back in a moment."""
    lists = (unit("a", "gw1", "gw2", "gw3"), unit("b", "gw2", "gw3", "gw1"))
    now = seen(*lists, chassis=gateways("gw1"))
    assert "2 of 3 gateways" not in repair.against(now, settings())
    more = unit("c", "gw4", "gw5", "gw1")
    now = seen(*lists, more, chassis=gateways("gw1"))
    assert "4 of 5 gateways" in repair.against(now, settings())
