# SPDX-License-Identifier: Apache-2.0
"""Who counts as lost at once, and of how many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Guard, Policy, State
from gwsched.health.losses import Losses, counted
from gwsched.model import Snapshot
from tests.unit.fleet import STEP, Fleet

GATEWAYS = frozenset({"gw1", "gw2", "gw3", "gw4"})


@pytest.fixture
def fleet() -> Fleet:
    found = Fleet()
    found.unit("p", "gw4", "gw1", "gw2", "gw3", holder="gw4")
    found.run(3)
    return found


def losses(fleet: Fleet) -> Losses:
    """What would be counted if one looked again at this moment."""
    seen, known = fleet.snapshot, fleet.memory
    names = sorted({*seen.chassis, *GATEWAYS})
    return counted(
        names, known, seen, known.beats, known.sight, fleet.policy, fleet.now
    )


def test_in_peace_nobody_is_lost_of_all_gateways(fleet: Fleet) -> None:
    assert losses(fleet) == Losses(frozenset(), GATEWAYS)


def test_late_compute_nodes_do_not_count(fleet: Fleet) -> None:
    fleet.silent = {"hv1"}
    fleet.until("hv1", State.SUSPECT)
    assert losses(fleet) == Losses(frozenset(), GATEWAYS)


def test_dead_compute_nodes_do_not_count(fleet: Fleet) -> None:
    """Their rows stay; they must not freeze everything for ever."""
    nodes = {f"hv{i}" for i in range(2, 12)}
    fleet.add(*nodes)
    for name in nodes:
        row = fleet.chassis[name]
        fleet.chassis[name] = replace(row, is_gateway=False)
    fleet.run(10)
    fleet.kill(*nodes)
    fleet.run(10)
    assert losses(fleet) == Losses(frozenset(), GATEWAYS)
    assert not fleet.health.guards


def test_where_nobody_has_the_flag_all_are_gateways() -> None:
    fleet = Fleet()
    for name, row in fleet.chassis.items():
        fleet.chassis[name] = replace(row, is_gateway=False)
    fleet.run(3)
    fleet.silent = {"gw1", "gw2", "gw3", "gw4"}
    fleet.run(10)
    assert Guard.MASS_FAILURE in fleet.health.guards
    assert State.DEAD not in {fleet.state(name) for name in GATEWAYS}


def test_the_silent_are_lost_and_the_late_with_them(fleet: Fleet) -> None:
    """One that is late alone is not lost."""
    fleet.policy = Policy(probe_interval=1.0, dead_after=8.0)
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.SUSPECT)
    fleet.silent = {"gw1", "gw2"}
    fleet.until("gw2", State.SUSPECT)
    assert losses(fleet).lost == frozenset()
    fleet.until("gw1", State.DEAD)
    assert losses(fleet).lost == {"gw1", "gw2"}
    assert fleet.state("gw2") is State.SUSPECT


def test_those_who_fall_silent_one_by_one_are_judged_together(
    fleet: Fleet,
) -> None:
    fleet.policy = Policy(probe_interval=1.0, dead_after=8.0)
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.SUSPECT)
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.run(60)
    assert Guard.MASS_FAILURE in fleet.health.guards
    assert State.DEAD not in {fleet.state(name) for name in GATEWAYS}


def test_tunnels_that_are_down_count_with_a_missed_heartbeat(
    fleet: Fleet,
) -> None:
    fleet.watchers = ["hv1"]
    fleet.run(1)
    fleet.dark = {"gw1"}
    fleet.run(10)
    assert losses(fleet).lost == frozenset()
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.DEAD)
    assert losses(fleet).lost == {"gw1"}


def test_a_loss_counts_for_one_hold_down(fleet: Fleet) -> None:
    fleet.remove("gw1")
    fleet.run(fleet.policy.hold_down)
    assert losses(fleet) == Losses(frozenset({"gw1"}), GATEWAYS)
    fleet.run(2 * STEP)
    assert losses(fleet) == Losses(frozenset(), GATEWAYS - {"gw1"})


# -- zones --


def zoned(**zones: str) -> Snapshot:
    fleet = Fleet(0)
    for name, words in zones.items():
        fleet.add(name)
        for zone in words.split():
            fleet.zone(zone, name)
            row = fleet.chassis[name]
            fleet.chassis[name] = replace(row, zones=frozenset(words.split()))
    return fleet.snapshot


def split(snapshot: Snapshot, lost: str, fleet: str) -> dict[str, str]:
    found = Losses(frozenset(lost.split()), frozenset(fleet.split()))
    return {
        zone: " ".join(sorted(part.lost)) + "/" + " ".join(sorted(part.fleet))
        for zone, part in found.zones(snapshot).items()
    }


def test_zones_have_their_own_losses() -> None:
    snapshot = zoned(a="x", b="x", c="y", d="x y", e="")
    assert split(snapshot, "a c d", "a b c d e") == {
        "x": "a d/a b d",
        "y": "c d/c d",
    }


def test_one_zone_is_no_zone() -> None:
    assert split(zoned(a="x", b="x", c=""), "a b", "a b c") == {}


def test_who_has_no_row_is_in_no_zone() -> None:
    snapshot = zoned(a="x", c="y")
    assert split(snapshot, "a b", "a b c") == {"x": "a/a", "y": "/c"}


def test_a_zone_that_is_long_dead_is_none() -> None:
    snapshot = zoned(a="x", b="x", c="y")
    assert split(snapshot, "a", "a b") == {}


# -- who is of a mass failure --


def mass_failure(fleet: Fleet) -> None:
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.wait_for(lambda: fleet.health.guards)
    assert fleet.health.guards.keys() == {Guard.MASS_FAILURE}
    assert fleet.memory.lost == {"gw1", "gw2", "gw3"}


def test_who_is_of_a_mass_failure_is_of_it_until_it_answers(
    fleet: Fleet,
) -> None:
    """A database that comes back restarts the clocks, not the failure."""
    mass_failure(fleet)
    for _ in range(3):
        fleet.step(interrupted=True)
        fleet.run(1)
        assert Guard.MASS_FAILURE in fleet.health.guards
    fleet.silent = {"gw1", "gw2"}
    fleet.run(2 * STEP)
    assert not fleet.health.guards
    assert not fleet.memory.lost


def test_a_row_alone_does_not_take_it_out_of_a_mass_failure(
    fleet: Fleet,
) -> None:
    fleet.remove("gw1", "gw2", "gw3")
    fleet.run(1)
    assert Guard.MASS_FAILURE in fleet.health.guards
    fleet.add("gw1", "gw2", "gw3")
    fleet.answered.update(gw1=0, gw2=0, gw3=0)
    fleet.silent = {"gw1", "gw2", "gw3"}
    fleet.run(3 * fleet.policy.hold_down)
    assert Guard.MASS_FAILURE in fleet.health.guards
    fleet.silent = set()
    fleet.run(1)
    assert not fleet.health.guards


def test_rows_that_stay_away_hold_the_guard_for_one_hold_down(
    fleet: Fleet,
) -> None:
    fleet.remove("gw1", "gw2", "gw3")
    fleet.run(fleet.policy.hold_down)
    assert Guard.MASS_FAILURE in fleet.health.guards
    assert fleet.state("gw1") is State.DEAD  # a row is proof by itself
    fleet.run(1)
    assert not fleet.health.guards
