# SPDX-License-Identifier: Apache-2.0
"""Each invariant is found to be broken where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gwsched.decider import Decider
from gwsched.decisions import Change, Plan, Reason
from gwsched.model import Form, Intents, Snapshot
from tests.simulation import daemon as daemons
from tests.simulation.clouds import cloud
from tests.simulation.invariants import ViolationError
from tests.simulation.schedules import Schedule, Step
from tests.simulation.server import Result, Server
from tests.simulation.simulation import Simulation

QUICK = {"probe_interval": 2.0, "dead_after": 4.0, "hold_down": 6.0}
LISTS = (("gw1", "gw2", "gw3"), ("gw2", "gw3", "gw1"))

Careless = Callable[[Snapshot, Plan, float], Plan]


def violated(
    monkeypatch: pytest.MonkeyPatch,
    careless: Careless,
    *steps: tuple[Any, ...],
    daemons_there: int = 1,
) -> str:
    """Return what a careless daemon breaks in a run."""

    class Decides(Decider):
        def decide(self, seen: Snapshot, now: float, **how: bool) -> Plan:
            plan = super().decide(seen, now, **how)
            return careless(seen, plan, now)

    monkeypatch.setattr(daemons, "Decider", Decides)
    made = tuple(Step(at, what, tuple(facts)) for at, what, *facts in steps)
    places = cloud(*LISTS)
    run = Simulation(Schedule(places, made, QUICK, daemons_there))
    with pytest.raises(ViolationError) as found:
        run.run()
    return found.value.name


def writes(
    seen: Snapshot, which: int, *order: str, reason: Reason = Reason.PIN
) -> Change:
    unit = seen.units[which]
    form = unit.form or Form.HA_CHASSIS_GROUP
    return Change(unit, form, order, reason, "carelessly")


def always(*order: str, reason: Reason = Reason.PIN) -> Careless:
    """Write one list as soon as it is another."""

    def careless(seen: Snapshot, plan: Plan, now: float) -> Plan:
        if seen.units[0].order == order or not seen.answered:
            return plan
        return replace(plan, changes=(writes(seen, 0, *order, reason=reason),))

    return careless


def test_a_primary_that_works_is_moved_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moves = always("gw3", "gw1", "gw2", "gw4")
    assert violated(monkeypatch, moves) == "reason"


def test_a_list_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    assert violated(monkeypatch, always("gw1", "gw2")) == "floor"


def test_a_list_names_a_chassis_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moves = always("gw1", "gw2", "gw2", "gw3")
    assert violated(monkeypatch, moves) == "list"


def test_what_is_there_is_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(seen: Snapshot, plan: Plan, now: float) -> Plan:
        same = writes(seen, 0, *seen.units[0].order)
        return replace(plan, changes=(same,))

    assert violated(monkeypatch, careless) == "list"


def test_a_cold_chassis_is_put_on_top(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moves = always("gw4", "gw1", "gw2", "gw3", reason=Reason.REBALANCE)
    assert violated(monkeypatch, moves) == "warm"


def test_two_are_moved_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(seen: Snapshot, plan: Plan, now: float) -> Plan:
        both = (
            writes(seen, 0, "gw2", "gw1", "gw3", reason=Reason.REBALANCE),
            writes(seen, 1, "gw3", "gw2", "gw1", reason=Reason.REBALANCE),
        )
        return replace(plan, changes=both)

    assert violated(monkeypatch, careless) == "budget"


def test_it_writes_though_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(seen: Snapshot, plan: Plan, now: float) -> Plan:
        if not seen.intents.paused:
            return plan
        return replace(plan, changes=(writes(seen, 0, "gw2", "gw1", "gw3"),))

    steps = ((20.0, "pause", True), (30.0, "pause", False))
    assert violated(monkeypatch, careless, *steps) == "paused"


def test_it_writes_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is at fault, too: it grants the lock to everybody."""
    admits = Server.admit

    def admit(server: Server, session: int | None, changes: Any) -> Result:
        return admits(server, server.owner, changes)

    monkeypatch.setattr(Server, "admit", admit)
    steps = (
        (10.0, "daemon_mishap", "daemon1", "hang"),
        (11.0, "power", "gw1"),
        (16.0, "pause", True),
        (60.0, "daemon_resume", "daemon1"),
    )
    found = violated(
        monkeypatch, lambda seen, plan, now: plan, *steps, daemons_there=2
    )
    assert found == "writer"


def test_it_does_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(seen: Snapshot, plan: Plan, now: float) -> Plan:
        return replace(plan, changes=())

    assert violated(monkeypatch, careless, (20.0, "power", "gw3")) == "rest"


def test_it_leaves_a_port_to_the_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(seen: Snapshot, plan: Plan, now: float) -> Plan:
        return plan if now < 40 else replace(plan, changes=())

    steps = (
        (30.0, "pause", True),
        (31.0, "rewrite", "p1", ("gw1", "gw2")),
        (32.0, "power", "gw1"),
        (33.0, "power", "gw2"),
        (34.0, "pause", False),
        (200.0, "pause", False),
    )
    assert violated(monkeypatch, careless, *steps) == "candidate"


def test_it_moves_what_a_deaf_controller_carries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(seen: Snapshot, plan: Plan, now: float) -> Plan:
        if now < 60 or seen.units[0].order[:1] != ("gw1",):
            return plan
        order = (*seen.units[0].order[1:], "gw1")
        moved = writes(seen, 0, *order, reason=Reason.FAILOVER)
        return replace(plan, changes=(moved,))

    steps = ((20.0, "hang", "gw1"), (90.0, "heal", "gw1"))
    assert violated(monkeypatch, careless, *steps) == "worse"


def test_it_spins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Decider, "wake_at", 0.0)
    assert violated(monkeypatch, lambda seen, plan, now: plan) == "spin"


def test_a_careful_daemon_breaks_nothing() -> None:
    steps = (Step(20.0, "power", ("gw1",)), Step(40.0, "heal", ("gw1",)))
    run = Simulation(Schedule(cloud(*LISTS), steps, QUICK))
    run.run()
    assert run.checks.done
    assert run.ovn.nb.intents == Intents()
