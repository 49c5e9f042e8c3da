# SPDX-License-Identifier: Apache-2.0
"""The promises at the top of gwsched/planner.py, on random situations."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwsched.decisions import Guard, Health, Plan, State
from gwsched.model import Snapshot, frozen_map
from gwsched.placement.eligibility import Eligibility
from gwsched.planner import basis, plan
from gwsched.schedulers import Scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.property.strategies import NOW, POLICY, applied, situations

Situation = tuple[Snapshot, Health]
SCHEDULERS = pytest.mark.parametrize(
    "scheduler", [LeastLoaded(), Chance()], ids=["leastloaded", "chance"]
)


def planned(situation: Situation, scheduler: Scheduler) -> Plan:
    return plan(*situation, scheduler, POLICY, NOW)


def serving(situation: Situation, unit: str, order: tuple[str, ...]) -> int:
    """How many of a list are alive and fit for the unit."""
    snapshot, health = situation
    who = Eligibility(snapshot, health)
    found = next(u for u in snapshot.units if u.name == unit)
    return sum(who.serves(found, chassis) for chassis in order)


@SCHEDULERS
@given(situation=situations())
def test_the_plan_of_an_applied_plan_is_empty(
    scheduler: Scheduler, situation: Situation
) -> None:
    first = planned(situation, scheduler)
    again = planned(applied(situation, first.changes), scheduler)
    assert again.changes == ()


@SCHEDULERS
@given(situation=situations())
def test_after_any_prefix_the_rest_is_planned_again(
    scheduler: Scheduler, situation: Situation
) -> None:
    changes = planned(situation, scheduler).changes
    for cut in range(len(changes)):
        half_way = applied(situation, changes[:cut])
        rest = planned(half_way, scheduler).changes
        assert rest == changes[cut:]


@SCHEDULERS
@given(situation=situations(), seed=st.integers())
def test_the_order_of_the_input_does_not_matter(
    scheduler: Scheduler, situation: Situation, seed: int
) -> None:
    snapshot, health = situation
    shuffle = random.Random(seed)
    chassis = list(snapshot.chassis.items())
    units = list(snapshot.units)
    shuffle.shuffle(chassis)
    shuffle.shuffle(units)
    other = replace(
        snapshot, chassis=frozen_map(dict(chassis)), units=tuple(units)
    )
    assert planned((other, health), scheduler) == planned(situation, scheduler)


@SCHEDULERS
@given(situation=situations())
def test_nobody_comes_in_who_is_not_live_and_eligible(
    scheduler: Scheduler, situation: Situation
) -> None:
    snapshot, health = situation
    who = Eligibility(snapshot, health)
    for change in planned(situation, scheduler).changes:
        for newcomer in set(change.after) - set(change.unit.order):
            assert health.state(newcomer) is State.LIVE
            assert newcomer in who.names(change.unit)


@SCHEDULERS
@given(situation=situations())
def test_never_fewer_who_serve_than_before(
    scheduler: Scheduler, situation: Situation
) -> None:
    for change in planned(situation, scheduler).changes:
        name = change.unit.name
        before = serving(situation, name, change.unit.order)
        after = serving(situation, name, change.after)
        assert after >= before
        assert change.after, "a list was emptied"


@SCHEDULERS
@given(situation=situations())
def test_a_live_holder_is_never_deleted(
    scheduler: Scheduler, situation: Situation
) -> None:
    _, health = situation
    for change in planned(situation, scheduler).changes:
        for chassis in change.unit.order:
            if change.unit.held_by(chassis):
                dead = health.state(chassis) is State.DEAD
                assert dead or chassis in change.after


@SCHEDULERS
@given(situation=situations())
def test_who_serves_is_only_overtaken_by_the_holder(
    scheduler: Scheduler, situation: Situation
) -> None:
    """A primary that works stays, unless OVN itself has left it."""
    snapshot, health = situation
    who = Eligibility(snapshot, health)
    for change in planned(situation, scheduler).changes:
        primary = next(iter(change.unit.order), None)
        if primary and who.serves(change.unit, primary):
            assert change.after[0] in (primary, change.unit.holder)


@SCHEDULERS
@given(situation=situations())
def test_no_lone_survivor_beside_the_dead_without_a_witness(
    scheduler: Scheduler, situation: Situation
) -> None:
    snapshot, health = situation
    changes = planned(situation, scheduler).changes
    for unit in applied(situation, changes)[0].units:
        dead = [c for c in unit.order if health.state(c) is State.DEAD]
        alive = set(unit.order) - set(dead)
        if unit.in_force and len(alive) == 1 and dead:
            witnesses = unit.references - alive - set(dead)
            assert any(
                w in snapshot.chassis
                and health.state(w) in (State.LIVE, State.UNKNOWN)
                for w in witnesses
            )


@SCHEDULERS
@given(situation=situations())
def test_priorities_are_dense_and_each_chassis_is_named_once(
    scheduler: Scheduler, situation: Situation
) -> None:
    for change in planned(situation, scheduler).changes:
        priorities = [c.priority for c in change.candidates]
        assert priorities == list(range(len(priorities), 0, -1))
        assert len(set(change.after)) == len(change.after)


@SCHEDULERS
@given(situation=situations())
def test_a_change_changes_something_and_says_why(
    scheduler: Scheduler, situation: Situation
) -> None:
    for change in planned(situation, scheduler).changes:
        unit = change.unit
        assert change.candidates != unit.candidates or unit.shadowed
        assert change.why
        assert unit.in_force


@SCHEDULERS
@given(situation=situations(), guard=st.sampled_from(Guard))
def test_under_a_guard_nothing_is_changed_and_it_is_counted(
    scheduler: Scheduler, situation: Situation, guard: Guard
) -> None:
    snapshot, health = situation
    free = planned(situation, scheduler)
    guarded = replace(health, guards=frozen_map({guard: "drawn"}))
    held = planned((snapshot, guarded), scheduler)
    assert held.changes == ()
    assert sum(held.deferred.values()) == len(free.changes)


@SCHEDULERS
@given(situation=situations())
def test_who_can_be_placed_is_placed(
    scheduler: Scheduler, situation: Situation
) -> None:
    snapshot, health = situation
    who = Eligibility(snapshot, health)
    changes = planned(situation, scheduler).changes
    for unit in applied(situation, changes)[0].units:
        if unit.in_force and who.names(unit):
            served = any(who.serves(unit, c) for c in unit.order)
            assert served, f"{unit} could be hosted by {who.names(unit)}"


@given(situation=situations(), later=st.floats(0, 100))
def test_on_the_same_basis_the_plan_is_the_same(
    situation: Situation, later: float
) -> None:
    """Nothing but what the basis names, and time past wake_at, matters."""
    snapshot, health = situation
    first = plan(snapshot, health, LeastLoaded(), POLICY, NOW)
    again = plan(snapshot, health, LeastLoaded(), POLICY, NOW + later)
    assert basis(snapshot, health) == basis(*situation)
    assert NOW + later >= first.wake_at or first == again


class Liar:
    """A scheduler plug-in that answers with whatever it likes."""

    balances = True

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def choose(self, request: object, ledger: object) -> Any:
        return self.answer


@given(
    situation=situations(),
    answer=st.sampled_from(["gw1", "nobody", "hv1", None, 7, ["gw1"], ""]),
)
def test_a_wrong_answer_of_a_plugin_does_no_harm(
    situation: Situation, answer: object
) -> None:
    snapshot, health = situation
    who = Eligibility(snapshot, health)
    for change in planned(situation, Liar(answer)).changes:
        newcomers = [c for c in change.after if c not in change.unit.order]
        assert set(newcomers) <= set(who.names(change.unit))
        assert len(set(change.after)) == len(change.after)


PRINT_A_PLAN = """
from tests.property.test_planner import example_plan
print(example_plan())
"""


def example_plan() -> str:
    """Plan a made-up deployment; every set in it is hashed by strings."""
    from gwsched.decisions import Verdict
    from gwsched.model import Chassis, GatewayPort, Unit

    chassis = {
        f"gw{i}": Chassis(
            f"gw{i}", physical_networks=frozenset({"public", "dmz"})
        )
        for i in range(9)
    }
    units = tuple(
        Unit(
            f"lrp{i}",
            None,
            (GatewayPort(f"lrp{i}", physical_networks=frozenset({"public"})),),
        )
        for i in range(40)
    )
    verdicts = {name: Verdict(State.LIVE, 0.0, "") for name in chassis}
    situation = (
        Snapshot(frozen_map(chassis), units),
        Health(frozen_map(verdicts)),
    )
    both = (planned(situation, LeastLoaded()), planned(situation, Chance()))
    return str([[(c.unit.name, c.after) for c in p.changes] for p in both])


def test_every_process_makes_the_same_plan() -> None:
    plans = {
        subprocess.run(
            [sys.executable, "-c", PRINT_A_PLAN],
            env={**os.environ, "PYTHONHASHSEED": seed},
            text=True,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert plans == {example_plan() + "\n"}
