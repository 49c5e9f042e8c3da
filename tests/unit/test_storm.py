# SPDX-License-Identifier: Apache-2.0
"""Whatever happens: no step does harm, and in the end there is rest."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from gwsched.decisions import Change, Plan, Policy, State
from gwsched.model import Intents, frozen_map
from gwsched.placement.pace import VOLUNTARY
from tests.world import World

NETWORKS = ("public", "dmz")


class Storm:
    """A world in which all sorts of things happen by lot."""

    def __init__(self, seed: int) -> None:
        self.lots = lots = random.Random(seed)
        self.world = World(
            Policy(
                max_candidates=lots.choice([2, 3, 5]),
                moves_per_minute=lots.choice([10, 60, 600]),
                scatter_width=lots.choice([0, 0, 8, -1]),
            )
        )
        self.zones = lots.choice([[""], ["x", "y"], ["x", "y", "z"]])
        for number in range(lots.choice([3, 4, 6, 12])):
            self.world.add(f"gw{number}", **self.facts())
        for _ in range(lots.choice([5, 20, 40])):
            self.port()

    def facts(self) -> dict[str, object]:
        count = self.lots.randrange(1, 3)
        return {
            "zones": frozenset(self.lots.choice(self.zones).split()),
            "physical_networks": frozenset(self.lots.sample(NETWORKS, count)),
            "capacity": self.lots.choice([1, 1, 2]),
        }

    def chassis(self) -> str:
        return self.lots.choice(sorted(self.world.chassis))

    def unit(self) -> str:
        return self.lots.choice(sorted(self.world.units))

    def intend(self, **intents: object) -> None:
        world = self.world
        world.intents = replace(world.intents, **intents)  # type: ignore[arg-type]

    # -- what may happen --

    def port(self) -> None:
        name = f"lrp{self.lots.randrange(10**6)}"
        self.world.port(
            name,
            router=f"r{self.lots.randrange(20)}",
            physical_networks=frozenset({self.lots.choice(NETWORKS)}),
            weight=self.lots.choice([1, 1, 3]),
        )
        neutrons = self.lots.random() < 0.3
        unit = self.world.units[name]
        self.world.units[name] = replace(unit, neutron=neutrons)

    def kill(self) -> None:
        if len(self.world.chassis) > 1:
            self.world.kill(self.chassis(), stays=self.lots.random() < 0.5)

    def revive(self) -> None:
        verdicts = sorted(self.world.verdicts.items())
        dead = [n for n, v in verdicts if v.state is State.DEAD]
        if dead:
            self.world.revive(self.lots.choice(dead), **self.facts())

    def drain(self) -> None:
        self.intend(draining=frozenset({self.chassis()}))

    def cordon(self) -> None:
        self.intend(cordoned=frozenset({self.chassis()}))

    def pin(self) -> None:
        self.intend(pins=frozen_map({self.unit(): self.chassis()}))

    def ask(self) -> None:
        self.intend(rebalance=True)

    def forget(self) -> None:
        self.world.intents = Intents()

    def meddle(self) -> None:
        names = sorted(self.world.chassis)
        count = self.lots.randrange(1, min(len(names), 5) + 1)
        self.world.write(self.unit(), *self.lots.sample(names, count))

    def doubt(self) -> None:
        name = self.chassis()
        if self.world.is_up(name):
            state = self.lots.choice([State.SUSPECT, State.RETURNING])
            self.world.judge(name, state)

    def trust(self) -> None:
        for name in self.world.chassis:
            if self.world.is_up(name):
                self.world.judge(name, State.LIVE)

    def deafen(self) -> None:
        self.world.deaf = {self.chassis()}

    def blow(self) -> None:
        """Let something happen, and time pass."""
        happens = self.lots.choice(
            [
                *(self.port, self.kill, self.revive, self.drain, self.cordon),
                *(self.pin, self.ask, self.forget, self.meddle, self.doubt),
                *(self.trust, self.deafen),
            ]
        )
        happens()
        for _ in range(self.lots.choice([1, 3, 10, 40])):
            self.step()
            self.world.now += 1

    def step(self) -> Plan:
        plan = self.world.step()
        moves = [c for c in plan.changes if is_voluntary(c)]
        assert len(moves) <= 1
        names = [change.unit.name for change in plan.changes]
        assert len(set(names)) == len(names)
        for change in plan.changes:
            self.inspect(change)
        return plan

    def inspect(self, change: Change) -> None:
        """Assert that a change does something, and no harm."""
        unit, world = change.unit, self.world
        assert change.after
        assert len(set(change.after)) == len(change.after)
        tangled = unit.is_tangled or len(unit.candidates) > len(unit.order)
        assert change.after != unit.order or tangled, change.why
        for name in set(unit.order) - set(change.after):
            assert not (unit.held_by(name) and world.is_up(name)), change.why
        for name in set(change.after) - set(unit.order):
            assert world.verdicts[name].state is State.LIVE
            assert name not in world.intents.draining
            assert name not in world.intents.cordoned

    def calm_down(self) -> Plan:
        """Let all be well, and wait for rest."""
        self.world.deaf, self.world.intents = set(), Intents()
        self.trust()
        for _ in range(3000):
            plan = self.step()
            waiting = plan.wake_at < float("inf")
            if not (plan.changes or waiting or self.world.past.pace.flight):
                return plan
            later = plan.wake_at if waiting and not plan.changes else 0
            self.world.now = max(self.world.now + 1, later)
        raise AssertionError("there is no rest")


def is_voluntary(change: Change) -> bool:
    return change.is_move and change.reason in VOLUNTARY


@pytest.mark.parametrize("seed", range(24))
def test_no_step_does_harm_and_in_the_end_there_is_rest(seed: int) -> None:
    storm = Storm(seed)
    for _ in range(10):
        storm.blow()
    assert storm.calm_down().is_done
    for unit in storm.world.units.values():
        hosts = [n for n in unit.order if storm.world.is_up(n)]
        able = [
            name
            for name, chassis in storm.world.chassis.items()
            if storm.world.is_up(name)
            and chassis.physical_networks & unit.physical_networks[0]
        ]
        most = storm.world.policy.max_candidates
        assert len(hosts) >= min(len(able), most)
        assert unit.holder == (hosts[0] if hosts else unit.holder)
