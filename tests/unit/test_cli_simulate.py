# SPDX-License-Identifier: Apache-2.0
"""What becomes of a fleet when chassis fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.cli import tables
from gwsched.cli.forecast import assumed, failing, simulate
from gwsched.cli.forecast.failing import Case
from gwsched.cli.output import UsageError
from gwsched.decisions import Policy
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Intents,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.schedulers.leastloaded import LeastLoaded

PUBLIC = frozenset({"public"})
POLICY = Policy(max_candidates=3, scatter_width=0)


def unit(
    name: str,
    *order: str,
    holder: str | None = None,
    references: tuple[str, ...] = ("hv0",),
) -> Unit:
    top = len(order)
    return Unit(
        name,
        Form.GATEWAY_CHASSIS if order else None,
        (GatewayPort(name, f"r-{name}", PUBLIC, holder=holder),),
        tuple(Candidate(c, top - i) for i, c in enumerate(order)),
        references=frozenset(references),
    )


def seen(gateways: int, *units: Unit, **facts: object) -> Snapshot:
    chassis = {"hv0": Chassis("hv0", "compute0", is_gateway=False)}
    for i in range(1, gateways + 1):
        name = f"gw{i}"
        chassis[name] = Chassis(name, f"host{i}", physical_networks=PUBLIC)
    return Snapshot(frozen_map(chassis), units, **facts)  # type: ignore[arg-type]


def fail(snapshot: Snapshot, *names: str) -> Case:
    return failing.simulate(snapshot, names, LeastLoaded(), POLICY)


# -- who fails -------------------------------------------------------------


def test_chassis_by_name_or_host_name() -> None:
    snapshot = seen(3)
    assert failing.named(snapshot, ["gw1", "host2"]) == {"gw1", "gw2"}


def test_all_chassis_of_a_host_fail_with_it() -> None:
    twin = Chassis("twin", "host1")
    snapshot = seen(1)
    snapshot = replace(snapshot, chassis={**snapshot.chassis, "twin": twin})
    assert failing.named(snapshot, ["host1"]) == {"gw1", "twin"}
    assert failing.named(snapshot, ["gw1"]) == {"gw1"}


def test_an_unknown_chassis_names_those_known() -> None:
    said = "no chassis 'gw9'; .* known gateways are: gw1 \\(host1\\)"
    with pytest.raises(UsageError, match=said):
        failing.named(seen(1), ["gw1", "gw9"])


# -- what becomes of it ----------------------------------------------------


def even(ports: int) -> Snapshot:
    """Ports on gw1..gw4 in turn, each backed up by the next two."""
    found = []
    for i in range(ports):
        names = [f"gw{(i + j) % 4 + 1}" for j in range(3)]
        found.append(unit(f"p{i}", *names, holder=names[0]))
    return seen(4, *found)


def states(case: Case) -> list[list[tables.Cell]]:
    return [list(row.values()) for row in simulate.rows(case)]


def stories(case: Case) -> dict[tables.Cell, list[tables.Cell]]:
    rows = simulate.port_rows(case)
    return {row["port"]: list(row.values())[1:5] for row in rows}


def why(case: Case) -> object:
    (row,) = simulate.port_rows(case)
    return row["why"]


def test_one_failure() -> None:
    case = fail(even(8), "gw1")
    assert states(case) == [
        ["gw1", "failed", 2, 0, 0, None],
        ["gw2", "live", 2, 4, 4, 1.5],
        ["gw3", "live", 2, 2, 2, 0.75],
        ["gw4", "live", 2, 2, 2, 0.75],
    ]
    moved = ["gw1", "gw2", "gw2", "failover"]
    assert stories(case) == {"p0": moved, "p4": moved}
    assert simulate.summary(case).startswith(
        "ports: 2 moved by OVN, 0 lost until gwsched acts, 0 that nobody "
        "could host even then; lists changed after: "
    )


def test_a_port_whose_candidates_all_fail() -> None:
    case = fail(even(8), "gw1", "gw2", "gw3")
    assert states(case)[3] == ["gw4", "live", 2, 6, 8, 0.75]
    assert stories(case)["p0"] == ["gw1", None, "gw4", "failover"]
    assert stories(case)["p1"] == ["gw2", "gw4", "gw4", "failover"]
    assert simulate.summary(case).startswith(
        "ports: 4 moved by OVN, 2 lost until gwsched acts, 0 that nobody "
    )


def test_a_lone_survivor_is_lost_until_it_is_alone_in_its_list() -> None:
    case = fail(
        seen(2, unit("p", "gw1", "gw2", holder="gw1", references=())), "gw1"
    )
    assert stories(case) == {"p": ["gw1", None, "gw2", "failover"]}
    assert why(case) == (
        "gw2, the only live candidate, claims nothing without a live "
        "ref_chassis; gw1 leaves: it has failed"
    )


def test_a_port_that_nobody_could_host() -> None:
    case = fail(seen(1, unit("p", "gw1", holder="gw1")), "gw1")
    assert stories(case) == {"p": ["gw1", None, None, "verdict"]}
    assert why(case) == "none of its candidates is live; gw1: it is dead"
    assert "0 lost until gwsched acts, 1 that nobody could host even" in (
        simulate.summary(case)
    )


def test_what_configuration_excludes_is_nobodys_to_repair() -> None:
    one = unit("p", "gw1", "gw2", holder="gw1", references=())
    case = fail(seen(3, replace(one, excluded="router r is denied")), "gw1")
    assert stories(case) == {"p": ["gw1", None, None, "unclaimed"]}
    assert why(case) == (
        "gw2, the only live candidate, claims nothing without a live "
        "ref_chassis; router r is denied"
    )
    one = replace(one, references=frozenset({"hv0"}), excluded="it is so")
    case = fail(seen(3, one), "gw1")
    assert stories(case) == {"p": ["gw1", "gw2", "gw2", "failover"]}
    assert why(case) == "OVN elects gw2; it is so"


def test_the_silent_inherit_nothing() -> None:
    answered = {"hv0": 9, "gw1": 9, "gw2": 5, "gw3": 9}
    facts = {"answered": answered, "published": 9}
    one = unit("p", "gw1", "gw2", "gw3", holder="gw1")
    two = unit("q", "gw2", "gw1", holder="gw2")
    case = fail(seen(3, one, two, **facts), "gw1")
    assert stories(case)["p"][1:3] == ["gw3", "gw3"]
    assert states(case)[1][:5] == ["gw2", "suspect", 1, 1, 1]


def test_a_repair_may_move_what_did_not_fail() -> None:
    """A drain under way goes on; the last word is whoever moved it."""
    intents = Intents(draining=frozenset({"gw3"}))
    one = unit("p", "gw3", "gw2", holder="gw3")
    case = fail(seen(3, one, intents=intents), "gw1")
    assert stories(case) == {"p": ["gw3", "gw3", "gw2", "drain"]}
    assert "0 moved by OVN" in simulate.summary(case)
    assert [row[5] for row in states(case)] == [None, 0.0, 2.0]


def test_the_last_move_decides() -> None:
    """OVN elects gw2, which drains: followed first, then moved off."""
    intents = Intents(draining=frozenset({"gw2"}))
    one = unit("p", "gw1", "gw2", "gw3", holder="gw1")
    case = fail(seen(3, one, intents=intents), "gw1")
    assert stories(case) == {"p": ["gw1", "gw2", "gw3", "drain"]}
    (move,) = [c for c in case.repair.changes if c.kind == "move"]
    again = replace(move, why="once more")
    longer = replace(case.repair, changes=(*case.repair.changes, again))
    assert why(replace(case, repair=longer)) == "once more"


def test_ports_that_nobody_holds_are_neither_moved_nor_lost() -> None:
    """OVN has yet to react to the first, gwsched to the others."""
    units = (unit("p", "gw2"), unit("q"), unit("s", "gw1"))
    case = fail(seen(2, *units), "gw1")
    assert {port: row[:3] for port, row in stories(case).items()} == {
        "p": [None, "gw2", "gw2"],
        "q": [None, None, "gw2"],
        "s": [None, None, "gw2"],
    }
    assert simulate.summary(case).startswith(
        "ports: 0 moved by OVN, 0 lost until gwsched acts, 0 that nobody "
    )


def test_shares_are_of_the_capacity_of_the_survivors() -> None:
    snapshot = even(8)
    chassis = dict(snapshot.chassis)
    chassis["gw2"] = replace(chassis["gw2"], capacity=2)
    chassis["gw3"] = replace(chassis["gw3"], denied="denied by name")
    drained = [u for u in snapshot.units if u.holder != "gw3"]
    rows = states(
        fail(replace(snapshot, chassis=chassis, units=tuple(drained)), "gw1")
    )
    assert [row[5] for row in rows] == [None, 1.0, None, 1.0]


def test_without_load_there_is_no_share() -> None:
    assert [row[5] for row in states(fail(seen(2), "gw1"))] == [None, None]


def test_a_failed_compute_node_is_a_row_too() -> None:
    assert ["hv0", "failed", 0, 0, 0, None] in states(fail(even(4), "hv0"))


@pytest.mark.parametrize(
    ("names", "fleet", "guarded"),
    [
        (("gw1", "gw2"), 4, False),
        (("gw1", "gw2"), 3, False),
        (("gw1", "gw2"), 2, True),
        (("gw1",), 1, False),
        (("gw1", "gw2", "gw3"), 4, True),
        (("gw1", "gw2", "gw3"), 6, False),
        (("gw1", "gw2", "hv0"), 4, False),
    ],
)
def test_a_mass_failure_is_said_to_be_one(
    names: tuple[str, ...], fleet: int, guarded: bool
) -> None:
    snapshot = seen(fleet)
    said = assumed.mass_failure(snapshot, assumed.health(snapshot, names))
    wanted = f"{len(names)} of {fleet} gateways silent at once"
    assert said.startswith(wanted) if guarded else said == ""


def test_every_row_has_exactly_the_columns() -> None:
    case = fail(even(8), "gw1")
    for rows, columns in (
        (simulate.rows(case), simulate.COLUMNS),
        (simulate.port_rows(case), simulate.PORTS),
    ):
        assert rows
        assert all(tuple(row) == columns for row in rows)
