# SPDX-License-Identifier: Apache-2.0
"""The promises at the top of gwsched/planner.py, on random situations."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from gwsched.decisions import (
    Change,
    Guard,
    Health,
    Plan,
    State,
    Tunnels,
    Uplinks,
)
from gwsched.model import Snapshot, Unit, frozen_map
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.pace import VOLUNTARY
from gwsched.planner import basis, plan
from gwsched.schedulers import Scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.property.strategies import (
    NOW,
    POLICY,
    Situation,
    applied,
    healths,
    situations,
    undone,
)

SCHEDULERS = st.sampled_from([LeastLoaded(), Chance()])


def planned(situation: Situation, scheduler: Scheduler) -> Plan:
    snapshot, health, past = situation
    return plan(snapshot, health, scheduler, POLICY, NOW, past)


def repairs(made: Plan) -> list[Change]:
    """Return the changes that do not only even something out."""
    return [c for c in made.changes if c.reason not in VOLUNTARY]


def unrescued(situation: Situation, made: Plan) -> list[Change]:
    """Return the repairs of units that had not been stranded before."""
    stranded = situation.health.stranded
    return [c for c in repairs(made) if c.unit.name not in stranded]


def serving(situation: Situation, unit: str, order: Sequence[str]) -> int:
    """How many of a list are alive and fit for the unit."""
    snapshot, health, _ = situation
    who = Eligibility(snapshot, health)
    found = next(u for u in snapshot.units if u.name == unit)
    return sum(who.serves(found, chassis) for chassis in order)


def apart(health: Health, one: str, other: str) -> bool:
    """Whether two gateways have lost each other."""
    return frozenset({one, other}) in health.apart


def is_twofold(situation: Situation) -> bool:
    """Whether uplinks are dead while gateways have lost each other."""
    health = situation.health
    return bool(health.apart) and health.uplinks != Uplinks()


def sound(health: Health) -> Health:
    """The same, with no dead uplink, and nobody lost from sight."""
    return replace(health, apart=frozen_map({}), uplinks=Uplinks())


def is_undone(situation: Situation, unit: Unit) -> bool:
    """Whether the last move of a unit is to be taken back."""
    undo = situation.past.pace.undo
    return undo is not None and undo.unit == unit.name


@given(scheduler=SCHEDULERS, situation=situations())
def test_the_plan_of_an_applied_plan_is_empty(
    scheduler: Scheduler, situation: Situation
) -> None:
    """But for evening out, which waits until nothing is to be repaired."""
    assume(not is_twofold(situation))
    first = planned(situation, scheduler)
    again = planned(applied(situation, first.changes), scheduler)
    assert again.changes == () or repairs(first)
    assert unrescued(situation, again) == []


@given(scheduler=SCHEDULERS, situation=situations())
def test_applied_again_and_again_plans_soon_are_empty(
    scheduler: Scheduler, situation: Situation
) -> None:
    """Where uplinks are dead and gateways fight, one may lead to another."""
    for _ in range(3):
        changes = planned(situation, scheduler).changes
        situation = applied(situation, changes)
    assert repairs(planned(situation, scheduler)) == []


@given(scheduler=SCHEDULERS, situation=situations())
def test_after_any_prefix_the_rest_is_planned_again(
    scheduler: Scheduler, situation: Situation
) -> None:
    """For the same lists, though not always by the same chassis."""
    assume(not is_twofold(situation))
    changes = repairs(planned(situation, scheduler))
    names = [change.unit.name for change in changes]
    for cut in range(len(changes)):
        half_way = applied(situation, changes[:cut])
        rest = planned(half_way, scheduler)
        rescued = situation.health.stranded & set(names[:cut])
        again = {change.unit.name for change in repairs(rest)}
        assert again - rescued == set(names[cut:])


@given(scheduler=SCHEDULERS, situation=situations(), seed=st.integers())
def test_the_order_of_the_input_does_not_matter(
    scheduler: Scheduler, situation: Situation, seed: int
) -> None:
    snapshot = situation.snapshot
    shuffle = random.Random(seed)
    chassis = list(snapshot.chassis.items())
    units = list(snapshot.units)
    shuffle.shuffle(chassis)
    shuffle.shuffle(units)
    other = replace(
        snapshot, chassis=frozen_map(dict(chassis)), units=tuple(units)
    )
    mixed = situation._replace(snapshot=other)
    assert planned(mixed, scheduler) == planned(situation, scheduler)


@given(scheduler=SCHEDULERS, situation=situations())
def test_nobody_comes_in_who_is_not_live_and_eligible(
    scheduler: Scheduler, situation: Situation
) -> None:
    """But for who answers, as the last resort where nobody live can host.

    Or where nobody live reaches the next hop, or one would be left alone in
    its list.  Of these nobody is known to have dead tunnels.
    """
    snapshot, health, _ = situation
    who = Eligibility(snapshot, sound(health))
    for change in planned(situation, scheduler).changes:
        for newcomer in set(change.after) - set(change.unit.order):
            assert not apart(health, newcomer, change.after[0])
            if newcomer in who.names(change.unit):
                assert health.state(newcomer) is State.LIVE
                continue
            assert is_last_resort(health, newcomer)
            assert who.fits(change.unit, newcomer)
            unit, primary = change.unit, change.after[0]
            if newcomer != primary:
                assert health.state(newcomer) is State.RETURNING
                assert change.after[1] == newcomer
                assert {*who.names(unit)} <= {*unit.order, primary}
                continue
            holder = unit.holder or next(iter(unit.order), "")
            lost = is_lost(health, unit) or who.is_marked(unit, holder)
            assert lost or not can_host(situation, unit)


def is_last_resort(health: Health, name: str) -> bool:
    """Whether a chassis is put into service only where nobody else is."""
    doubted = health.state(name) in (State.SUSPECT, State.RETURNING)
    evidence = health.evidence[name]
    is_cut_off = evidence.tunnels is Tunnels.DOWN and evidence.watched
    return doubted and evidence.behind is None and not is_cut_off


def is_lost(health: Health, unit: Unit) -> bool:
    """Whether a unit's next hop is out of reach."""
    return any(port.name in health.uplinks.lost for port in unit.ports)


def can_host(situation: Situation, unit: Unit) -> tuple[str, ...]:
    """Who is live and may be put before the members of a list."""
    snapshot, health, _ = situation
    return Eligibility(snapshot, health).names(unit)


@given(scheduler=SCHEDULERS, situation=situations())
def test_never_fewer_who_serve_than_before(
    scheduler: Scheduler, situation: Situation
) -> None:
    """But for the lower of two that fight, dead uplinks, and surplus."""
    snapshot, health, _ = situation
    who = Eligibility(snapshot, health)
    for change in planned(situation, scheduler).changes:
        unit, after = change.unit, change.after
        assert after, "a list was emptied"
        bad = [
            name
            for name in unit.order
            if who.is_marked(unit, name) or apart(health, name, after[0])
        ]
        good = [name for name in unit.order if name not in bad]
        before = serving(situation, unit.name, good)
        enough = min(before, POLICY.max_candidates)
        assert serving(situation, unit.name, after) >= enough


@given(scheduler=SCHEDULERS, situation=situations())
def test_the_last_live_candidate_never_leaves(
    scheduler: Scheduler, situation: Situation
) -> None:
    """But for the lower of two that fight: the other lives as well."""
    snapshot, health, _ = situation
    who = Eligibility(snapshot, health)
    for change in planned(situation, scheduler).changes:
        unit, first = change.unit, change.after[0]
        live = {
            name
            for name in snapshot.chassis
            if health.state(name) is State.LIVE and who.fits(unit, name)
        }
        before = [c for c in unit.order if not apart(health, c, first)]
        assert live.intersection(change.after) or not live.intersection(before)


@given(scheduler=SCHEDULERS, situation=situations())
def test_a_live_holder_is_never_deleted(
    scheduler: Scheduler, situation: Situation
) -> None:
    health = situation.health
    for change in planned(situation, scheduler).changes:
        for chassis in change.unit.order:
            if change.unit.held_by(chassis):
                dead = health.state(chassis) is State.DEAD
                fights = apart(health, chassis, change.after[0])
                assert dead or fights or chassis in change.after


@given(scheduler=SCHEDULERS, situation=situations())
def test_who_serves_is_only_overtaken_by_the_holder(
    scheduler: Scheduler, situation: Situation
) -> None:
    """A primary that works stays, unless OVN itself has left it.

    Or its uplink is dead, or it has not claimed what it was given.  One that
    is suspect and holds nothing does not work, for all that is known.
    """
    snapshot, health, _ = situation
    who = Eligibility(snapshot, health)
    for change in planned(situation, scheduler).changes:
        unit = change.unit
        named = {*unit.order, unit.holder or ""}
        marked = any(who.is_marked(unit, name) for name in named)
        lost = any(port.name in health.uplinks.lost for port in unit.ports)
        if marked or lost or is_undone(situation, unit):
            continue
        primary = next(iter(unit.order), None)
        if primary is None or who.doubts(unit, primary):
            continue
        if who.serves(unit, primary):
            assert change.after[0] in (primary, unit.holder)


@given(scheduler=SCHEDULERS, situation=situations())
def test_nothing_goes_to_a_dead_uplink_where_another_has_none(
    scheduler: Scheduler, situation: Situation
) -> None:
    snapshot, health, _ = situation
    who = Eligibility(snapshot, health)
    for change in planned(situation, scheduler).changes:
        unit, primary = change.unit, change.after[0]
        able = Eligibility(snapshot, sound(health)).names(unit)
        lost = health.uplinks.lost
        tried = [lost.get(port.name, frozenset()) for port in unit.ports]
        if all(
            who.is_marked(unit, name)
            or any(name in names for names in tried)
            or apart(health, name, primary)
            or (unit.order and apart(health, name, unit.order[0]))
            for name in able
        ):
            continue
        first = who.serving(unit, unit.order)[:1]
        stayed = primary in (unit.holder, *first)
        if not (stayed or is_undone(situation, unit)):
            assert not who.is_marked(unit, primary)
        for newcomer in set(change.after) - set(unit.order):
            assert not who.is_marked(unit, newcomer)


@given(scheduler=SCHEDULERS, situation=situations())
def test_who_fights_with_the_primary_is_not_in_its_list(
    scheduler: Scheduler, situation: Situation
) -> None:
    """Or behind a third, which both of them see: that ends it as well.

    Unless it is the only one of them known to live.
    """
    health = situation.health
    changes = planned(situation, scheduler).changes
    then = applied(situation, changes)
    who = Eligibility(then.snapshot, then.health)
    for unit in then.snapshot.units:
        if not unit.in_force or unit.excluded:
            continue
        order = who.serving(unit, unit.order)
        live = [name for name in order if health.state(name) is State.LIVE]
        for place, name in enumerate(order):
            if place and apart(health, order[0], name) and live != [name]:
                third = [
                    c for c in order[1:place] if not apart(health, order[0], c)
                ]
                assert unit.neutron
                assert third


@given(scheduler=SCHEDULERS, situation=situations())
def test_a_stranded_unit_gets_somebody_who_lives(
    scheduler: Scheduler, situation: Situation
) -> None:
    """Before its members, where all of them answer and yet leave it.

    Or one of them is left alone: it has nobody to wait for, and claims.
    """
    snapshot, health, _ = situation
    changes = planned(situation, scheduler).changes
    who = Eligibility(snapshot, health)
    then = applied(situation, changes).snapshot
    for before, after in zip(snapshot.units, then.units, strict=True):
        stranded = before.name in health.stranded and before.in_force
        if not (stranded and who.names(before)):
            continue
        assert State.LIVE in {health.state(name) for name in after.order}
        if who.is_stranded(before):
            first = after.order[0]
            assert health.state(first) is State.LIVE
            assert first not in before.order or after.order == (first,)


@given(scheduler=SCHEDULERS, situation=undone())
def test_a_move_that_nobody_claimed_is_taken_back(
    scheduler: Scheduler, situation: Situation
) -> None:
    """Where the list has somebody else who is not in doubt to claim it."""
    undo = situation.past.pace.undo
    assert undo is not None
    changes = planned(situation, scheduler).changes
    then = applied(situation, changes)
    who = Eligibility(situation.snapshot, situation.health)
    [before] = [u for u in situation.snapshot.units if u.name == undo.unit]
    [after] = [u for u in then.snapshot.units if u.name == undo.unit]
    if any(
        name != undo.target and not who.doubts(before, name)
        for name in who.serving(before, undo.before)
    ):
        assert after.order[0] != undo.target


@given(scheduler=SCHEDULERS, situation=situations())
def test_no_lone_survivor_beside_the_dead_without_a_witness(
    scheduler: Scheduler, situation: Situation
) -> None:
    snapshot, health, _ = situation
    changes = planned(situation, scheduler).changes
    for unit in applied(situation, changes).snapshot.units:
        dead = [c for c in unit.order if health.state(c) is State.DEAD]
        alive = set(unit.order) - set(dead)
        if unit.in_force and len(alive) == 1 and dead:
            witnesses = unit.references - alive - set(dead)
            assert any(
                w in snapshot.chassis
                and health.state(w) in (State.LIVE, State.UNKNOWN)
                for w in witnesses
            )


@given(scheduler=SCHEDULERS, situation=situations())
def test_priorities_are_dense_and_each_chassis_is_named_once(
    scheduler: Scheduler, situation: Situation
) -> None:
    for change in planned(situation, scheduler).changes:
        priorities = [c.priority for c in change.candidates]
        assert priorities == list(range(len(priorities), 0, -1))
        assert len(set(change.after)) == len(change.after)


@given(scheduler=SCHEDULERS, situation=situations())
def test_a_change_changes_something_and_says_why(
    scheduler: Scheduler, situation: Situation
) -> None:
    for change in planned(situation, scheduler).changes:
        unit = change.unit
        assert change.candidates != unit.candidates or unit.shadowed
        assert change.why
        assert unit.in_force


@given(
    scheduler=SCHEDULERS, situation=situations(), guard=st.sampled_from(Guard)
)
def test_under_a_guard_nothing_is_changed_and_it_is_counted(
    scheduler: Scheduler, situation: Situation, guard: Guard
) -> None:
    free = planned(situation, scheduler)
    guarded = replace(situation.health, guards=frozen_map({guard: "drawn"}))
    held = planned(situation._replace(health=guarded), scheduler)
    assert held.changes == ()
    assert sum(held.deferred.values()) == len(free.changes)


@given(scheduler=SCHEDULERS, situation=situations())
def test_who_can_be_placed_is_placed(
    scheduler: Scheduler, situation: Situation
) -> None:
    changes = planned(situation, scheduler).changes
    then = applied(situation, changes)
    who = Eligibility(then.snapshot, then.health)
    for unit in then.snapshot.units:
        if unit.in_force and who.names(unit):
            served = any(who.serves(unit, c) for c in unit.order)
            assert served, f"{unit} could be hosted by {who.names(unit)}"


@given(situation=situations(), later=st.floats(0, 100))
def test_until_it_is_time_the_plan_is_the_same(
    situation: Situation, later: float
) -> None:
    snapshot, health, past = situation
    first = planned(situation, LeastLoaded())
    assume(NOW + later < first.wake_at)
    again = plan(snapshot, health, LeastLoaded(), POLICY, NOW + later, past)
    assert first == again


@given(situation=situations(), data=st.data())
def test_on_the_same_basis_the_plan_is_the_same(
    situation: Situation, data: st.DataObject
) -> None:
    """Nothing matters but what the basis names."""
    snapshot, health, _ = situation
    other = data.draw(healths(snapshot))
    mixed = [
        replace(health, **{name: getattr(other, name)})
        for name in ("apart", "stranded", "damped", "evidence", "penalties")
    ]
    mixed += [
        replace(
            health,
            uplinks=replace(
                health.uplinks, **{name: getattr(other.uplinks, name)}
            ),
        )
        for name in ("bad", "good", "lost", "reached")
    ]
    first = planned(situation, LeastLoaded())
    for mix in mixed:
        if basis(snapshot, mix) == basis(snapshot, health):
            again = planned(situation._replace(health=mix), LeastLoaded())
            assert again == first


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
    snapshot, health, _ = situation
    who = Eligibility(snapshot, sound(health))
    for change in planned(situation, Liar(answer)).changes:
        newcomers = [c for c in change.after if c not in change.unit.order]
        for name in newcomers:
            able = name in who.names(change.unit)
            assert able or is_last_resort(health, name)
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
    situation = Situation(
        Snapshot(frozen_map(chassis), units), Health(frozen_map(verdicts))
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
