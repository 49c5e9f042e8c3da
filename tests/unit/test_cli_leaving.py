# SPDX-License-Identifier: Apache-2.0
"""What a chassis has yet, and what of it would have nowhere to go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from gwsched.cli.steering import leaving
from gwsched.cli.steering.leaving import Forecast, Left
from gwsched.decisions import Policy
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
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.world import PUBLIC, fleet

POLICY = Policy(scatter_width=0)


def unit(name: str, *order: str, **facts: object) -> Unit:
    """A unit of one port, held by its primary if nothing else is said."""
    holder = facts.pop("holder", next(iter(order), None))
    networks = facts.pop("networks", PUBLIC)
    port = GatewayPort(name, f"r-{name}", networks, holder=holder)  # type: ignore[arg-type]
    listed = (Candidate(c, len(order) - i) for i, c in enumerate(order))
    known = Unit(name, Form.GATEWAY_CHASSIS, (port,), tuple(listed))
    return replace(known, **facts)  # type: ignore[arg-type]


def seen(
    *units: Unit, silent: Collection[str] = (), **asked: object
) -> Snapshot:
    """Gateways gw1 to gw3 and a hypervisor; the silent do not answer."""
    names = ("gw1", "gw2", "gw3", "hv1")
    chassis = {
        name: Chassis(
            name,
            is_gateway=name.startswith("gw"),
            physical_networks=PUBLIC if name != "gw3" else frozenset({"dmz"}),
        )
        for name in names
    }
    return Snapshot(
        frozen_map(chassis),
        units,
        answered={name: 0 if name in silent else 9 for name in names},
        published=9,
        intents=Intents(**asked),  # type: ignore[arg-type]
    )


def forecast(snapshot: Snapshot, chassis: str = "gw1") -> Forecast:
    return leaving.forecast(snapshot, chassis, LeastLoaded(), POLICY)


def against(snapshot: Snapshot, chassis: str = "gw1") -> dict[str, str]:
    found = forecast(snapshot, chassis).obstacles
    return {str(o.port): o.why for o in found}


# -- what is left ----------------------------------------------------------


def test_what_is_left() -> None:
    snapshot = seen(
        unit("held", "gw1", "gw2"),
        unit("moving", "gw2", "gw1", holder="gw1"),
        unit("leads", "gw1", "gw2", holder="gw2"),
        unit("nobodys", "gw1", holder=None),
        unit("told", "gw2", "gw1"),
        unit("untold", "gw2", "gw1", in_force=False),
        unit("other", "gw2"),
        unit("fresh"),
    )
    assert leaving.left(snapshot, "gw1") == Left(
        holds=("held", "moving"),
        leads=("leads", "nobodys"),
        unsettled=("untold",),
        backs=3,
    )
    assert leaving.left(snapshot, "hv1").ports == ()


# -- what is ahead ---------------------------------------------------------


def test_every_port_has_somewhere_to_go() -> None:
    world = fleet(4, 20)
    world.settle()
    found = leaving.forecast(world.snapshot, "gw001", LeastLoaded(), POLICY)
    assert found == Forecast(moves=5)


def test_evening_out_is_no_part_of_a_drain() -> None:
    """Else a drain would seem to take what the whole fleet needs."""
    uneven = [unit(f"p{i}", "gw2", "gw1") for i in range(9)]
    snapshot = seen(*uneven, unit("q", "gw1", "gw2"))
    assert forecast(snapshot) == Forecast(moves=1)


def test_a_pause_is_not_against_it() -> None:
    snapshot = seen(unit("p", "gw1", "gw2"), paused=True)
    assert forecast(snapshot) == Forecast(moves=1)


def test_who_is_in_no_list_needs_no_forecast() -> None:
    assert forecast(seen(unit("p", "gw2", "gw9")), "hv1") == Forecast()


DMZ = frozenset({"dmz"})
WAN = frozenset({"wan"})


@pytest.mark.parametrize(
    ("snapshot", "why"),
    [
        # Nobody else has the network; a hypervisor is further away from it.
        (
            seen(unit("p", "gw1", networks=WAN)),
            "gw2: ovn-bridge-mappings has no wan; "
            "gw3: ovn-bridge-mappings has no wan",
        ),
        # Everybody else who could is on the way out, or gets nothing new.
        (
            seen(unit("p", "gw1", "gw2"), draining=frozenset({"gw2"})),
            "gw2: it is draining",
        ),
        (
            seen(unit("p", "gw1", "gw2"), cordoned=frozenset({"gw2"})),
            "gw2: it is cordoned",
        ),
        (seen(unit("p", "gw1", "gw2"), silent={"gw2"}), "gw2: it is suspect"),
        # It is only a backup, but who is above it is leaving or silent.
        (
            seen(unit("p", "gw2", "gw1"), draining=frozenset({"gw2"})),
            "gw2: it is draining",
        ),
        (seen(unit("p", "gw2", "gw1"), silent={"gw2"}), "gw2: it is suspect"),
        # It only holds it, by what is no list of anybody's.
        (
            seen(unit("p", holder="gw3", networks=DMZ)),
            "gw1: ovn-bridge-mappings has no dmz; "
            "gw2: ovn-bridge-mappings has no dmz",
        ),
    ],
)
def test_a_port_that_has_nobody_else(snapshot: Snapshot, why: str) -> None:
    holder = "gw3" if "dmz" in why else "gw1"
    assert against(snapshot, holder) == {"p": why}


@pytest.mark.parametrize(
    "snapshot",
    [
        # Who serves may go on, though it gets nothing new.
        seen(unit("p", "gw2", "gw1"), cordoned=frozenset({"gw2"})),
        seen(unit("p", "gw2", "gw1")),
        seen(unit("p", "gw1")),
        # It stays for now: nothing is moved off who does not answer.
        seen(unit("p", "gw1", "gw2"), silent={"gw1"}),
        # Nobody holds it, and somebody else may.
        seen(unit("p", "gw1", "gw2", holder=None)),
    ],
)
def test_a_port_that_has_somebody_else(snapshot: Snapshot) -> None:
    assert against(snapshot) == {}


def test_what_configuration_leaves_alone_stays() -> None:
    out = "a pattern denies it"
    snapshot = seen(
        unit("held", "gw1", "gw2", excluded=out),
        unit("backed", "gw2", "gw1", excluded=out),
    )
    assert against(snapshot) == {"held": out}


def test_of_many_reasons_a_few_are_quoted() -> None:
    world = fleet(9, 0)
    world.port("p", physical_networks=WAN)
    world.add("gw999", physical_networks=WAN)
    world.write("p", "gw999")
    world.settle()
    found = leaving.forecast(world.snapshot, "gw999", LeastLoaded(), POLICY)
    (obstacle,) = found.obstacles
    assert obstacle.why.count("has no wan") == 5
    assert obstacle.why.endswith("; and 4 more")


def test_who_is_alone_in_the_world() -> None:
    world = fleet(1, 1)
    world.settle()
    found = leaving.forecast(world.snapshot, "gw000", LeastLoaded(), POLICY)
    assert [o.why for o in found.obstacles] == ["there is no other chassis"]


def test_every_port_of_a_shared_list_is_named() -> None:
    both = (
        GatewayPort("a", "r", PUBLIC, holder="gw1"),
        GatewayPort("b", "r", PUBLIC, holder="gw1"),
    )
    snapshot = seen(unit("g", "gw1", ports=both), draining=frozenset({"gw2"}))
    assert list(against(snapshot)) == ["a", "b"]


def test_what_is_stuck_on_a_draining_chassis() -> None:
    snapshot = seen(
        unit("p", "gw1", networks=WAN),
        unit("q", "gw1", "gw2"),
        draining=frozenset({"gw1"}),
    )
    found = leaving.stuck(snapshot, "gw1", POLICY)
    assert [o.port for o in found] == ["p"]
