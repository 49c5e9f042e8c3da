# SPDX-License-Identifier: Apache-2.0
"""Under limits: as even as an exact optimum by max-flow, on random fleets.

The limits are who may host what: physical networks, availability zones that
routers ask for, and that a backup is in another zone than its primary where
somebody there may have it.  The optimum after a failure leaves the ports of
the survivors where they are, as OVN does.
"""

from __future__ import annotations

import random
import statistics

import pytest

from gwsched.decisions import Policy
from gwsched.model import Unit
from tests.oracle import classes_of, least_peak
from tests.world import World

WORST = 1.05
MEAN = 1.015


def fleet(seed: int, *, zones: int) -> World:
    """A fleet with random networks and hints, placed and at rest."""
    chance = random.Random(seed)
    chassis = chance.randint(5, 20)
    networks = ["a", "b", "c", "d"][: chance.randint(1, 4)]
    policy = Policy(scatter_width=0, moves_per_minute=6000)
    world = World(policy=policy)
    for i in range(chassis):
        have = {n for n in networks if chance.random() < 0.7} or {networks[0]}
        world.add(
            f"gw{i:02}",
            physical_networks=frozenset(have),
            zones=frozenset({f"z{i % zones}"} if zones else ()),
        )
    for i in range(chance.randint(20, 40) * chassis):
        hinted = zones and chance.random() < 0.4
        zone = f"z{chance.randrange(zones)}" if hinted else None
        world.port(
            f"p{i:04}",
            physical_networks=frozenset({chance.choice(networks)}),
            zone_hints=frozenset({zone} if zone else ()),
        )
    world.settle()
    return world


def hosts(world: World, unit: Unit, besides: str = "") -> frozenset[str]:
    """Who may carry a unit, were one chassis to fail."""
    port = unit.ports[0]
    able = {
        name
        for name, chassis in world.chassis.items()
        if name != besides
        and port.physical_networks & chassis.physical_networks
        and (not port.zone_hints or port.zone_hints & chassis.zones)
    }
    if besides:
        lost = world.chassis[besides].zones
        away = {name for name in able if world.chassis[name].zones - lost}
        able = away or able
    return frozenset(able)


def before(world: World) -> float:
    """The highest load over the least possible."""
    units = [unit for unit in world.units.values() if unit.order]
    classes = classes_of(hosts(world, unit) for unit in units)
    best = least_peak(classes, dict.fromkeys(world.chassis, 0))
    return max(world.loads().values()) / best


def after_failures(world: World) -> list[float]:
    """The same for each failure of one chassis."""
    ratios = []
    units = [unit for unit in world.units.values() if unit.order]
    for failed in world.chassis:
        lost = [unit for unit in units if unit.order[0] == failed]
        standing = {c: n for c, n in world.loads().items() if c != failed}
        classes = classes_of(hosts(world, unit, failed) for unit in lost)
        best = least_peak(classes, standing)
        ratios.append(max(world.loads([failed]).values()) / best)
    return ratios


@pytest.mark.parametrize("zones", [0, 2, 3])
def test_within_reach_of_the_optimum(zones: int) -> None:
    ratios = []
    for seed in range(8):
        world = fleet(seed, zones=zones)
        assert before(world) <= WORST
        ratios += after_failures(world)
    assert max(ratios) <= WORST
    assert statistics.mean(ratios) <= MEAN


@pytest.mark.parametrize("seed", range(4))
def test_as_even_after_churn(seed: int) -> None:
    world = fleet(seed, zones=seed % 3)
    lost = sorted(world.chassis)[seed]
    facts = world.chassis[lost]
    world.kill(lost)
    world.now += world.policy.hold_down
    world.settle()
    assert max(after_failures(world)) <= WORST
    world.revive(
        lost, physical_networks=facts.physical_networks, zones=facts.zones
    )
    world.settle()
    assert max(after_failures(world)) <= WORST
    assert before(world) <= 1 + world.policy.threshold
