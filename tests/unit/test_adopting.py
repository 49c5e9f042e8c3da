# SPDX-License-Identifier: Apache-2.0
"""Another policy or scheduler, while the decider knows what it knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decider import Decider
from gwsched.decisions import Plan, Policy, Rebalance
from gwsched.model import Snapshot
from gwsched.schedulers import Ledger, Request
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.unit.fleet import Fleet

POLICY = Policy(
    max_candidates=3,
    probe_interval=2.0,
    dead_after=4.0,
    hold_down=6.0,
    moves_per_minute=1,
)
NAMES = [f"p{i}" for i in range(6)]


class World:
    """A lopsided fleet, and the decider of its daemon."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.fleet = Fleet(3, policy, pace=1.0)
        self.decider = Decider(LeastLoaded(), policy)
        self.claiming = True
        self.moves = 0
        for name in NAMES:
            self.fleet.unit(name, "gw1", "gw2", "gw3", holder="gw1")

    def look(self, seen: Snapshot | None = None) -> Plan:
        return self.decider.decide(
            seen or self.fleet.snapshot,
            self.fleet.now,
            interrupted=False,
            writes=True,
        )

    def turn(self) -> None:
        """Let a second pass, and write what is planned."""
        self.fleet.run(1)
        made = self.look()
        for change in made.changes:
            self.moves += change.is_move
            self.fleet.write(change.unit.name, *change.after)
        self.decider.wrote(made.changes, self.fleet.now)
        self.decider.keep_going(made)
        if self.claiming:
            for name, unit in self.fleet.units.items():
                self.fleet.hold(name, unit.order[0])

    def until_moved(self, number: int, most: int = 300) -> float:
        """Let time pass until there were so many moves; how long was it?"""
        began = self.fleet.now
        for _ in range(most):
            if self.moves >= number:
                return self.fleet.now - began
            self.turn()
        raise AssertionError(f"{self.moves} moves in {most} s")


def test_a_plan_that_stands_is_made_anew() -> None:
    world = World(replace(POLICY, rebalance=Rebalance.OFF))
    for _ in range(20):
        world.turn()
    seen, now = world.fleet.snapshot, world.fleet.now
    plan = world.look(seen)
    assert world.look(seen) is plan
    assert not plan.changes
    world.decider.adopt(LeastLoaded(), POLICY, now)
    assert world.look(seen).changes


def test_the_next_plan_is_by_the_new_scheduler() -> None:
    class Backwards:
        """Takes them by their names, the last first."""

        def choose(self, request: Request, ledger: Ledger) -> str | None:
            names = [chassis.name for chassis in request.eligible]
            return max(names, default=None)

    world = World(replace(POLICY, rebalance=Rebalance.OFF))
    for _ in range(20):
        world.turn()
    world.decider.adopt(
        Backwards(), replace(POLICY, max_candidates=2), world.fleet.now
    )
    world.fleet.unit("new")
    world.turn()
    assert world.fleet.units["new"].order == ("gw3", "gw2")


def test_a_move_under_way_is_followed_to_its_end() -> None:
    world = World()
    world.until_moved(1)
    world.claiming = False
    world.until_moved(2)
    (moved,) = (u for u in world.fleet.units.values() if not u.works)
    policy = replace(POLICY, moves_per_minute=6000)
    world.decider.adopt(LeastLoaded(), policy, world.fleet.now)
    for _ in range(3):
        world.turn()
    assert world.moves == 2  # one at a time, also by the new policy
    world.fleet.hold(moved.name, moved.order[0])
    world.claiming = True
    assert world.until_moved(3) <= 2


@pytest.mark.parametrize(
    ("number", "least", "most"), [(1, 50, 61), (60, 0, 3)]
)
def test_a_larger_budget_is_to_be_had_at_once(
    number: int, least: float, most: float
) -> None:
    world = World()
    world.until_moved(1)
    policy = replace(POLICY, moves_per_minute=number)
    world.decider.adopt(LeastLoaded(), policy, world.fleet.now)
    assert least <= world.until_moved(2) <= most


def test_who_is_dead_stays_dead() -> None:
    world = World(replace(POLICY, rebalance=Rebalance.OFF))
    for _ in range(10):
        world.turn()
    world.fleet.kill("gw3")
    while world.decider.health.state("gw3") != "dead":
        world.turn()
    verdict = world.decider.health.verdicts["gw3"]
    world.decider.adopt(
        LeastLoaded(), replace(POLICY, hold_down=60.0), world.fleet.now
    )
    world.turn()
    assert world.decider.health.verdicts["gw3"].since == verdict.since
