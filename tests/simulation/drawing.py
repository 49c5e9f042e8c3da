# SPDX-License-Identifier: Apache-2.0
"""Random clouds, and random misfortune: a schedule from a seed."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.simulation.facts import Cloud, Host, Port
from tests.simulation.incidents import Incidents
from tests.simulation.schedules import Schedule

# How quick the daemon is to judge, and how often so: [health] and
# [failover] of its configuration.
TEMPERS: tuple[tuple[int, dict[str, float]], ...] = (
    (4, {"probe_interval": 2.0, "dead_after": 4.0, "hold_down": 6.0}),
    (3, {"probe_interval": 5.0, "dead_after": 10.0, "hold_down": 12.0}),
    (1, {"probe_interval": 10.0, "dead_after": 20.0, "hold_down": 30.0}),
    (1, {"probe_interval": 1.0, "dead_after": 1.0, "hold_down": 1.0}),
)


def draw(seed: int, incidents: int = 0, most: int = 5) -> Schedule:
    """Return the schedule of a seed.

    :param incidents: how many there shall be; 0 leaves that to the seed
    :param most: how many gateways there are at the most
    """
    rng = Random(seed)
    cloud = _cloud(rng, seed, most)
    policy = _policy(rng)
    daemons = rng.choices((1, 2, 3), (6, 3, 1))[0]
    patience = policy["probe_interval"] + policy["dead_after"]
    drawn = Incidents(rng, cloud, daemons, patience + policy["hold_down"])
    drawn.draw(incidents or rng.randint(1, 5))
    vantages = rng.sample(sorted(cloud.hosts), rng.randint(1, 2))
    return Schedule(
        cloud=cloud,
        steps=tuple(drawn.steps),
        policy=policy,
        daemons=daemons,
        vantages=tuple(vantages) if rng.random() < 0.25 else (),
    )


def _policy(rng: Random) -> dict[str, Any]:
    tempers = [temper for _, temper in TEMPERS]
    policy: dict[str, Any] = dict(
        rng.choices(tempers, [weight for weight, _ in TEMPERS])[0]
    )
    policy["max_candidates"] = rng.choices((1, 2, 3, 4, 5), (1, 2, 3, 3, 3))[0]
    policy["moves_per_minute"] = rng.choice((6, 10, 30, 60))
    return policy


def _cloud(rng: Random, seed: int, most: int) -> Cloud:
    hosts = _hosts(rng, most)
    networks = sorted({n for host in hosts.values() for n in host.networks})
    computes = [name for name, host in hosts.items() if not host.is_gateway]
    ports: dict[str, Port] = {}
    lists: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for number in range(rng.randint(1, 5)):
        name = f"lrp{number + 1}"
        ports[name] = _port(rng, name, networks, computes)
        lists[name] = ((name,), _order(rng, hosts, ports[name]))
    form = rng.choice(("ha_chassis_group", "gateway_chassis"))
    if form == "ha_chassis_group":
        lists = _grouped(rng, ports, lists)
    return Cloud(
        hosts=hosts,
        ports=ports,
        lists=lists,
        form=form,
        bfd_time=rng.choice((3.0, 3.0, 0.6)),
        claim_pause=rng.choice((0.5, 2.0)),
        seed=seed,
    )


def _hosts(rng: Random, most: int) -> dict[str, Host]:
    zones = rng.choice((1, 1, 2))
    second = rng.random() < 0.25
    hosts = {}
    networks: tuple[str, ...]
    for number in range(rng.choices(range(2, most + 1), _weights(most))[0]):
        networks = ("public",)
        if second and rng.random() < 0.6:
            networks = rng.choice((("dmz",), ("dmz", "public")))
        name = f"gw{number + 1}"
        hosts[name] = Host(name, True, networks, f"az{number % zones + 1}")
    for number in range(rng.randint(1, 2)):
        name = f"hv{number + 1}"
        hosts[name] = Host(name, False, ())
    return hosts


def _weights(most: int) -> list[int]:
    """Few clouds have two gateways."""
    return [1, *[3] * (most - 2)]


def _port(
    rng: Random, name: str, networks: list[str], computes: list[str]
) -> Port:
    """A port; behind one in eight there is nothing."""
    behind = rng.sample(computes, rng.randint(1, len(computes)))
    return Port(
        name,
        router=f"r{rng.randint(1, 9)}",
        network=rng.choice(networks),
        computes=tuple(sorted(behind)) if rng.random() < 0.875 else (),
        next_hop=rng.random() < 0.3,
    )


def _order(rng: Random, hosts: dict[str, Host], port: Port) -> tuple[str, ...]:
    """What somebody has listed before: anything, or nothing."""
    fit = [h.name for h in hosts.values() if port.network in h.networks]
    if rng.random() < 0.3:
        return ()
    rng.shuffle(fit)
    return tuple(fit[: rng.randint(1, 5)])


def _grouped(
    rng: Random,
    ports: dict[str, Port],
    lists: dict[str, tuple[tuple[str, ...], tuple[str, ...]]],
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Let two ports of one network share a group, at times."""
    names = [name for name, (_, order) in lists.items() if order]
    found = {
        f"group-{name}" if name in names else name: one
        for name, one in lists.items()
    }
    if len(names) < 2 or rng.random() < 0.7:
        return found
    one, other = rng.sample(names, 2)
    if ports[one].network == ports[other].network:
        order = lists[one][1]
        del found[f"group-{one}"], found[f"group-{other}"]
        found["group-shared"] = ((one, other), order)
    return found
