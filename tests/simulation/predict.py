# SPDX-License-Identifier: Apache-2.0
"""What the model says real OVN will do: schedules for the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from tests.simulation.facts import Cloud, Host, Port
from tests.simulation.happenings import SANDBOX_FAULTS, ChassisHappenings
from tests.simulation.ovn import Ovn
from tests.simulation.schedules import Schedule, Step
from tests.simulation.simulation import Simulation

# How far apart steps are, so that everything settles in between (seconds).
APART = 30.0
GATEWAYS = ("gw1", "gw2", "gw3")


class Settled(NamedTuple):
    """How it is when OVN has settled after a step.

    ``tunnels`` are by chassis whose switch runs: who it sees by BFD.
    """

    step: Step
    holders: Mapping[str, str | None]
    tunnels: Mapping[str, frozenset[str]]


def for_sandbox(seed: int, steps: int = 6) -> Schedule:
    """Draw a schedule that the sandbox can do, one step after another.

    Three gateways and one compute, as ``Sandbox.up`` makes and names them;
    every second step heals what the last ones did.
    """
    rng = Random(seed)
    cloud = sandbox_cloud(
        tuple(tuple(rng.sample(GATEWAYS, rng.randint(1, 3))) for _ in range(3))
    )
    happened: list[tuple[str, tuple[Any, ...]]] = []
    ill: list[str] = []
    while len(happened) < steps or ill:
        well = [name for name in GATEWAYS if name not in ill]
        if ill and (len(ill) > 1 or len(happened) >= steps):
            happened.append(("heal", (ill.pop(0),)))
        else:
            name = rng.choice(well)
            happened.append((rng.choice(SANDBOX_FAULTS), (name,)))
            ill.append(name)
    return spaced(cloud, happened)


def sandbox_cloud(orders: tuple[tuple[str, ...], ...]) -> Cloud:
    """Return the cloud of a sandbox with one router for each list."""
    hosts = {name: Host(name) for name in GATEWAYS}
    hosts["hv1"] = Host("hv1", is_gateway=False, networks=())
    routers = [f"r{number + 1}" for number in range(len(orders))]
    ports = {f"lrp-{name}": Port(f"lrp-{name}", name) for name in routers}
    lists = {
        name: ((name,), order)
        for name, order in zip(ports, orders, strict=True)
    }
    return Cloud(hosts, ports, lists, form="gateway_chassis")


def spaced(
    cloud: Cloud,
    happened: list[tuple[str, tuple[Any, ...]]],
    **policy: Any,
) -> Schedule:
    """Return a schedule whose steps are far apart."""
    steps = (
        Step(APART * (number + 1), what, facts)
        for number, (what, facts) in enumerate(happened)
    )
    return Schedule(cloud, tuple(steps), policy)


def initial(schedule: Schedule) -> Settled:
    """Return how it is before the first step, when all BFD is up."""
    return _settled(Step(0.0, "start"), Ovn.running(schedule.cloud))


def native(schedule: Schedule) -> Iterator[Settled]:
    """Yield what OVN does by itself after each step."""
    ovn = Ovn.running(schedule.cloud)
    happenings = ChassisHappenings(ovn)
    for step in schedule.steps:
        happenings.do(step.what, *step.facts)
        ovn.run(ovn.now + APART)
        yield _settled(step, ovn)


def is_certain(schedule: Schedule, clouds: int = 12) -> bool:
    """Whether it all ends the same, however long each thing takes.

    Where a chassis comes back beside one without SB it may not: it claims
    for an instant what the other cannot claim again.
    """
    cloud = schedule.cloud
    found = [
        [(s.holders, s.tunnels) for s in native(replace(schedule, cloud=c))]
        for c in (replace(cloud, seed=seed) for seed in range(clouds))
    ]
    return all(one == found[0] for one in found)


def with_daemon(schedule: Schedule) -> Iterator[Settled]:
    """Yield what OVN and a daemon have done until the next step."""
    run = Simulation(schedule)
    run.start()
    for step in schedule.steps:
        run.go_on(step.at + APART - 0.001)
        yield _settled(step, run.ovn)


def _settled(step: Step, ovn: Ovn) -> Settled:
    tunnels = {
        name: node.tunnels
        for name, node in ovn.nodes.items()
        if node.switching
    }
    return Settled(step, dict(ovn.sb.holders), tunnels)
