# SPDX-License-Identifier: Apache-2.0
"""What each steering verb comes to, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gwsched import conf
from gwsched.cli import phrases
from gwsched.cli.steering import steps
from gwsched.cli.steering.steps import Scene
from gwsched.cli.steering.wishes import Wish
from gwsched.decisions import Policy
from gwsched.model import Candidate, Form, GatewayPort, Snapshot, Unit
from gwsched.reading import intents
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.world import PUBLIC, World, fleet

DEFAULTS = replace(conf.load([])[1], policy=Policy(scatter_width=0))


def calm(chassis: int = 4, ports: int = 8) -> World:
    world = fleet(chassis, ports)
    world.settle()
    return world


def scene(
    snapshot: Snapshot,
    there: Mapping[str, str] | None = None,
    **policy: object,
) -> Scene:
    """What is there, the intents parsed as the snapshot's reader does."""
    asked, wrong = intents.parse(there or {})
    assert not wrong
    settings = replace(DEFAULTS, policy=replace(DEFAULTS.policy, **policy))  # type: ignore[arg-type]
    snapshot = replace(snapshot, intents=asked)
    return Scene(snapshot, there or {}, settings, LeastLoaded())


@pytest.mark.parametrize(
    ("verb", "name", "key"),
    [
        ("pause", "", "gwsched-pause"),
        ("drain", "gw-1", "gwsched-drain-gw-1"),
        ("pin", "lrp-a", "gwsched-pin-lrp-a"),
    ],
)
def test_keys_are_what_is_parsed(verb: str, name: str, key: str) -> None:
    assert intents.key_of(verb, name) == key
    assert intents.parse({key: "1"})[1] == ()


@pytest.mark.parametrize(
    ("pace", "said"),
    [
        (10, "2 moves to make, in about 12 s (10 a minute)"),
        (1, "2 moves to make, in about 2 min (1 a minute)"),
        (6000, "2 moves to make, in about 1 s (6000 a minute)"),
    ],
)
def test_how_long_a_drain_takes(pace: int, said: str) -> None:
    found = steps.drain(scene(calm().snapshot, moves_per_minute=pace), "gw000")
    assert found.wish == Wish("gwsched-drain-gw000", "true")
    assert found.said == f"gw000 is draining now: {said}"
    assert not found.obstacles


def test_a_drain_of_nothing() -> None:
    world = calm()
    world.add("new")
    found = steps.drain(scene(world.snapshot), "new")
    assert found.said == "new is draining now: 0 moves to make"


def test_who_drains_already_is_not_judged_again() -> None:
    world = calm(1)
    there = {"gwsched-drain-gw000": "yes"}
    found = steps.drain(scene(world.snapshot, there), "gw000")
    assert found.stands
    assert not found.obstacles
    assert found.said == "gw000 is draining already: 8 ports left there"


def test_what_is_said_while_paused_or_observing() -> None:
    paused = scene(calm().snapshot, {"gwsched-pause": "true"})
    assert steps.drain(paused, "gw000").notes == (steps.PAUSED,)
    assert steps.rebalance(paused).notes == (steps.PAUSED,)
    assert steps.cordon(paused, "gw000").notes == ()
    idle = replace(paused, settings=replace(DEFAULTS, enforce=False))
    assert steps.drain(idle, "gw000").notes == (steps.PAUSED, steps.OBSERVES)


def test_a_pin_that_another_of_the_list_overrules() -> None:
    """The first pinned port of a shared list decides."""
    world = calm(3, 0)
    ports = tuple(GatewayPort(n, "r", PUBLIC, holder="gw000") for n in "ab")
    world.units["g"] = Unit(
        "g", Form.HA_CHASSIS_GROUP, ports, (Candidate("gw000", 1),)
    )
    there = {"gwsched-pin-a": "gw001"}
    found = steps.pin(scene(world.snapshot, there), "b", "gw002")
    assert [o.why for o in found.obstacles] == [
        "it shares its list with a, pinned to gw001"
    ]
    assert not steps.pin(scene(world.snapshot, there), "b", "gw001").obstacles
    assert not steps.pin(
        scene(world.snapshot, {"gwsched-pin-b": "gw001"}), "a", "gw002"
    ).obstacles


def test_a_pin_of_what_configuration_leaves_alone() -> None:
    world = calm(2, 1)
    (name,) = world.units
    world.units[name] = replace(world.units[name], excluded="denied")
    port = world.units[name].ports[0].name
    found = steps.pin(scene(world.snapshot), port, "gw001")
    assert [o.why for o in found.obstacles] == ["denied"]


def test_many_names_are_cut_short() -> None:
    assert phrases.quoted([]) == "none"
    assert phrases.quoted(["a", "b"]) == "a, b"
    assert phrases.quoted([str(i) for i in range(12)]).endswith("9 and 2 more")
