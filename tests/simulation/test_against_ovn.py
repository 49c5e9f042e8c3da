# SPDX-License-Identifier: Apache-2.0
"""The model against real OVN: the same harm, the same holders and tunnels."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox
from gwsched.sandbox.tables import tables
from tests.functional.daemon import QUICK, Daemon
from tests.functional.ovn import wait_for
from tests.simulation.predict import (
    Settled,
    for_sandbox,
    initial,
    native,
    sandbox_cloud,
    spaced,
    with_daemon,
)
from tests.simulation.schedules import Schedule, Step

pytestmark = pytest.mark.packets

NUMBERS = itertools.count()
SETTLES = 30.0
SEEDS = (5, 6, 7, 9, 10, 11)
# The daemon's quick timers, as the model is to have them.
TEMPER = {
    "probe_interval": float(str(QUICK["health"]["probe_interval"])),
    "dead_after": float(str(QUICK["health"]["dead_after"])),
    "hold_down": float(str(QUICK["failover"]["hold_down"])),
}
EVERYBODY = (
    ("gw1", "gw2", "gw3"),
    ("gw2", "gw3", "gw1"),
    ("gw3", "gw1", "gw2"),
)
KEPT = (
    # A gateway loses its power, and comes back in the bad order.
    (("power", ("gw1",)), ("heal_ovs", ("gw1",)), ("heal", ("gw1",))),
    # All are restarted in turn.
    tuple(
        (what, (name,))
        for name in ("gw1", "gw2", "gw3")
        for what in ("graceful", "heal")
    ),
)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Three gateways and a compute node."""
    sandbox = Sandbox.up(
        name=f"m{os.getpid()}-{next(NUMBERS)}", gateways=3, computes=1
    )
    try:
        yield sandbox
    finally:
        sandbox.down()


def build(box: Sandbox, schedule: Schedule) -> None:
    """Make the routers that a schedule is about, and let them settle."""
    cloud = schedule.cloud
    for (port,), order in cloud.lists.values():
        box.add_router(cloud.ports[port].router, candidates=order)
    settle(box, initial(schedule))


def do(box: Sandbox, step: Step) -> None:
    """Let a step happen."""
    [name] = step.facts
    if step.what in ("heal", "heal_ovs"):
        box.heal(name, ovs_only=step.what == "heal_ovs")
    else:
        box.fault(name, step.what)


def tunnels(box: Sandbox, chassis: str) -> frozenset[str]:
    """Return whom a chassis sees by tunnel BFD."""
    # fmt: off
    ports, interfaces = tables(box.execute(
        chassis, "ovs-vsctl", "--format=json",
        "--columns=name,external_ids", "list", "Port",
        "--", "--columns=name,bfd_status", "list", "Interface",
    ))
    # fmt: on
    up = {
        row["name"]
        for row in interfaces
        if dict(row["bfd_status"][1]).get("state") == "up"
    }
    found = {
        row["name"]: dict(row["external_ids"][1]).get("ovn-chassis-id", "")
        for row in ports
    }
    return frozenset(found[name].split("@")[0] for name in up if found[name])


def seen(
    box: Sandbox, expected: Settled
) -> tuple[Mapping[str, str | None], Mapping[str, frozenset[str]]]:
    """Return of the real thing what was predicted of the model."""
    return box.holders(), {n: tunnels(box, n) for n in expected.tunnels}


def settle(box: Sandbox, expected: Settled) -> None:
    """Wait until the real thing is as predicted."""
    wanted = (expected.holders, expected.tunnels)
    try:
        wait_for(lambda: seen(box, expected) == wanted, "", SETTLES)
    except AssertionError:
        pytest.fail(
            f"after {expected.step}: {seen(box, expected)}, not {wanted}"
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_holders_are_as_predicted(box: Sandbox, seed: int) -> None:
    schedule = for_sandbox(seed)
    build(box, schedule)
    for expected in native(schedule):
        do(box, expected.step)
        settle(box, expected)


@pytest.mark.parametrize("happened", KEPT)
def test_with_the_daemon(
    box: Sandbox,
    tmp_path: Path,
    happened: tuple[tuple[str, tuple[str, ...]], ...],
) -> None:
    schedule = spaced(sandbox_cloud(EVERYBODY), list(happened), **TEMPER)
    build(box, schedule)
    with Daemon(tmp_path, box.nb, box.sb) as daemon:
        daemon.wait_log("guard startup is over")
        for expected in with_daemon(schedule):
            do(box, expected.step)
            settle(box, expected)
