# SPDX-License-Identifier: Apache-2.0
"""What gwsched would do until it is at rest, from a snapshot alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from gwsched.cli.forecast import assumed, loads, outlook, plan
from gwsched.cli.forecast.outlook import Outlook, RestlessError, to_rest
from gwsched.decisions import Change, Health, Plan, Policy, Reason, State
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
from gwsched.placement.scene import Past
from gwsched.schedulers import Scheduler
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.world import PUBLIC, World, fleet

POLICY = Policy(scatter_width=0)


def unit(name: str, *order: str, holder: str | None = None) -> Unit:
    top = len(order)
    return Unit(
        name,
        Form.GATEWAY_CHASSIS if order else None,
        (GatewayPort(name, f"r-{name}", PUBLIC, holder=holder),),
        tuple(Candidate(c, top - i) for i, c in enumerate(order)),
        references=frozenset({"hv0"}),
    )


def seen(gateways: int, *units: Unit, **facts: object) -> Snapshot:
    names = [f"gw{i + 1}" for i in range(gateways)]
    chassis = {n: Chassis(n, physical_networks=PUBLIC) for n in names}
    chassis["hv0"] = Chassis("hv0", is_gateway=False)
    return Snapshot(frozen_map(chassis), units, **facts)  # type: ignore[arg-type]


def rest(snapshot: Snapshot, policy: Policy = POLICY) -> Outlook:
    return to_rest(snapshot, LeastLoaded(), policy)


def steps(found: Outlook) -> list[list[object]]:
    rows = plan.rows(found)
    return [[row[c] for c in ("unit", "kind", "reason")] for row in rows]


# -- verdicts --------------------------------------------------------------


def test_who_has_answered_the_last_heartbeat_but_one_is_live() -> None:
    answered = {"hv0": 7, "gw1": 7, "gw2": 6, "gw3": 5}
    found = assumed.health(
        seen(4, unit("p", "gw9"), answered=answered, published=7)
    )
    assert {name: v.state for name, v in found.verdicts.items()} == {
        "hv0": State.LIVE,
        "gw1": State.LIVE,
        "gw2": State.LIVE,
        "gw3": State.SUSPECT,
        "gw4": State.SUSPECT,
        "gw9": State.DEAD,
    }


def test_without_heartbeats_a_row_is_life() -> None:
    snapshot = seen(2, published=7, heartbeat=False)
    found = assumed.health(snapshot)
    assert {v.state for v in found.verdicts.values()} == {State.LIVE}
    assert "heartbeats are off" in assumed.sentence(snapshot, found)


def test_the_doubtful_are_named_but_no_hypervisors() -> None:
    snapshot = seen(3, unit("p", "gw9"), answered={"gw1": 7}, published=7)
    said = assumed.sentence(snapshot, assumed.health(snapshot))
    assert said.endswith("; suspect: gw2, gw3; dead: gw9")


def test_a_port_goes_to_nobody_who_does_not_answer() -> None:
    snapshot = seen(2, unit("p", "gw9"), answered={"hv0": 7}, published=7)
    found = rest(snapshot)
    assert not found.changes
    assert [refusal.unit.name for refusal in found.refusals] == ["p"]


# -- the way to rest -------------------------------------------------------


def grown() -> World:
    world = fleet(4, 40)
    world.settle()
    world.add("gw9")
    return world


def drained() -> World:
    world = fleet(4, 20)
    world.settle()
    world.intents = Intents(draining=frozenset({"gw001"}))
    return world


def bereft() -> World:
    world = fleet(5, 20)
    world.settle()
    world.kill("gw002")
    return world


@pytest.mark.parametrize(
    "situation", [lambda: fleet(5, 33), grown, drained, bereft]
)
def test_time_leads_to_the_same_end(situation: Callable[[], World]) -> None:
    """With pace, BFD and hold-down as without."""
    world = situation()
    # One look cannot know which lists are gwsched's own, nor can a daemon
    # that has just started.
    world.past = Past()
    found = rest(world.snapshot, world.policy)
    assert found.changes
    world.settle()
    assert [u.order for u in found.then.units] == world.orders
    assert found.then.units == world.snapshot.units


def test_at_rest_nothing_is_left_to_do() -> None:
    found = rest(rest(seen(4, *(unit(f"p{i}") for i in range(9)))).then)
    assert (found.changes, found.refusals) == ((), ())
    assert found.then == found.now


def test_an_unplaced_fleet() -> None:
    found = rest(seen(3, *(unit(f"p{i}") for i in range(6))))
    assert steps(found) == [[f"p{i}", "place", "new"] for i in range(6)]
    assert set(Counter(u.holder for u in found.then.units).values()) == {2}


def test_what_ovn_has_elected_is_followed_without_a_move() -> None:
    found = rest(seen(3, unit("p", "gw1", "gw2", "gw3", holder="gw2")))
    assert steps(found) == [["p", "rank", "failover"]]
    assert found.then.units[0].order == ("gw2", "gw3", "gw1")
    assert found.moves == 0


def test_a_cold_chassis_is_brought_in_before_it_is_moved_to() -> None:
    intents = Intents(pins=frozen_map({"p": "gw3"}))
    policy = replace(POLICY, max_candidates=2)
    listed = unit("p", "gw1", "gw2", holder="gw1")
    found = rest(seen(3, listed, intents=intents), policy)
    assert steps(found)[:2] == [["p", "rank", "pin"], ["p", "move", "pin"]]
    assert (found.moves, found.paced, found.lists) == (1, 1, 1)
    assert found.then.units[0].holder == "gw3"


def test_a_rescue_is_a_move_that_is_not_paced() -> None:
    found = rest(seen(3, unit("p", "gw8", "gw9")))
    assert steps(found) == [["p", "move", "failover"]]
    assert (found.moves, found.paced) == (1, 0)


def test_a_list_goes_to_the_other_table() -> None:
    policy = replace(POLICY, table=Form.HA_CHASSIS_GROUP)
    found = rest(seen(2, unit("p", "gw1", "gw2", holder="gw1")), policy)
    assert steps(found) == [["p", "switch", "repair"]]
    assert found.then.units[0].form is Form.HA_CHASSIS_GROUP


def test_a_table_that_ovn_ignores_is_cleared_once() -> None:
    both = replace(unit("p", "gw1", "gw2", holder="gw1"), shadowed=True)
    assert steps(rest(seen(2, both))) == [["p", "rank", "repair"]]


def test_what_ovn_is_yet_to_claim_is_evened_out_after() -> None:
    units = [unit(f"p{i}", "gw1", "gw2") for i in range(4)]
    found = rest(seen(2, *units))
    assert [step[1:] for step in steps(found)] == [["move", "rebalance"]] * 2


def test_what_is_refused_is_a_row_too() -> None:
    lonely = replace(unit("p"), neutron=True)
    dmz = GatewayPort("p", "r", frozenset({"dmz"}))
    (row,) = plan.rows(rest(seen(1, replace(lonely, ports=(dmz,)))))
    assert row == {
        "unit": "p",
        "kind": "refused",
        "reason": "physical_network",
        "before": None,
        "after": None,
        "why": "gw1: ovn-bridge-mappings has no dmz",
    }


def test_a_wish_that_cannot_be_granted() -> None:
    intents = Intents(draining=frozenset({"gw1"}))
    found = rest(seen(1, unit("p", "gw1", holder="gw1"), intents=intents))
    assert steps(found) == [["p", "refused", "drain"]]


def test_a_pause_is_left_out() -> None:
    found = rest(seen(2, unit("p"), intents=Intents(paused=True)))
    assert steps(found) == [["p", "place", "new"]]
    assert found.now.intents.paused


def test_a_list_that_sb_is_yet_to_carry_is_worked_on() -> None:
    late = replace(unit("p", "gw1", holder="gw1"), in_force=False)
    assert steps(rest(seen(2, late))) == [["p", "rank", "repair"]]


def test_a_suspect_keeps_what_it_has_and_gets_nothing() -> None:
    answered = {"gw1": 5, "gw2": 9, "gw3": 9}
    units = (unit("p", "gw1", "gw2", "gw3", holder="gw1"), unit("q"))
    found = rest(seen(3, *units, answered=answered, published=9))
    held, new = found.then.units
    assert (held.order, held.holder) == (("gw1", "gw2", "gw3"), "gw1")
    assert sorted(new.order) == ["gw2", "gw3"]


def test_plans_without_an_end_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def restless(snapshot: Snapshot, *_: object) -> Plan:
        (one,) = snapshot.units
        after = (*one.order[1:], one.order[0])
        change = Change(
            one, Form.GATEWAY_CHASSIS, after, Reason.REPAIR, "why not"
        )
        return Plan((change,))

    monkeypatch.setattr(outlook, "plan", restless)
    with pytest.raises(RestlessError, match="do not come to an end"):
        rest(seen(2, unit("p", "gw1", "gw2", holder="gw1")))


def test_what_waits_for_a_time_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def patient(
        snapshot: Snapshot,
        health: Health,
        scheduler: Scheduler,
        policy: Policy,
        now: float,
        past: Past,
    ) -> Plan:
        asked.append(now)
        return Plan(wake_at=math.inf if now >= 50 else now + 30)

    monkeypatch.setattr(outlook, "plan", patient)
    assert rest(seen(1)).changes == ()
    assert asked == [0, 30, 60]


# -- loads -----------------------------------------------------------------


def test_loads_and_what_one_failure_would_add() -> None:
    units = [unit(f"p{i}", "gw1", "gw2", "gw3", holder="gw1") for i in (1, 2)]
    units += [unit("p3", "gw2", "gw3", "gw1", holder="gw2")]
    snapshot = seen(3, *units)
    found = loads.of(snapshot, assumed.health(snapshot))
    assert found.ports == {"gw1": 2, "gw2": 1}
    assert found.worst == {"gw1": 2, "gw2": 3, "gw3": 1}
    assert found.hosts == {"gw1", "gw2", "gw3"}
    assert (found.ratio, found.worst_ratio) == (2.0, 1.5)


def test_weights_count_ports_do_not() -> None:
    heavy = GatewayPort("p", "r", PUBLIC, holder="gw1", weight=7)
    group = replace(
        unit("p", "gw1", "gw2"), ports=(heavy,), externals=("vm1", "vm2")
    )
    snapshot = seen(2, group)
    found = loads.of(snapshot, assumed.health(snapshot))
    assert (found.ports, found.weights) == ({"gw1": 1}, {"gw1": 9})


def test_capacity_makes_it_even() -> None:
    units = [unit(f"p{i}", "gw1", "gw2", holder="gw1") for i in (1, 2, 3)]
    units += [unit("p4", "gw2", "gw1", holder="gw2")]
    snapshot = seen(2, *units)
    big = replace(snapshot.chassis["gw1"], capacity=3)
    even = replace(snapshot, chassis={**snapshot.chassis, "gw1": big})
    assert loads.of(even, assumed.health(even)).ratio == 1.0
    assert loads.of(snapshot, assumed.health(snapshot)).ratio == 1.5


def test_load_rows_now_and_then() -> None:
    units = [unit(f"p{i}", "gw1", "gw2", holder="gw1") for i in range(4)]
    found = rest(seen(2, *units))
    both = plan.compared(found)
    assert plan.load_rows(found, both) == [
        {
            "chassis": name,
            "verdict": "live",
            "ports_now": now,
            "ports_then": 2,
            "weight_now": now,
            "weight_then": 2,
            "worst_now": 4,
            "worst_then": 4,
        }
        for name, now in (("gw1", 4), ("gw2", 0))
    ]


def test_the_summary() -> None:
    units = [unit(f"p{i}", "gw1", "gw2", holder="gw1") for i in range(6)]
    units += [unit("p9", "gw8")]
    policy = replace(POLICY, moves_per_minute=1)
    found = rest(seen(2, *units, orphans=("gwsched-old",)), policy)
    assert plan.summary(found, plan.compared(found), policy) == (
        "lists to write: 3; refused: 0; moves: 3, 2 of them paced: 2 min at "
        "1 a minute; imbalance: 2.00 -> 1.00, after the worst failure of one "
        "1.00 -> 1.00; unused groups to delete: 1\n"
    )
