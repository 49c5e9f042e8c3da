# SPDX-License-Identifier: Apache-2.0
"""A move that nobody has claimed is taken back, and stops the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Change, Guard, Policy, Reason, State
from gwsched.health.claims import CLAIM_TIME
from gwsched.model import Form, Snapshot, Unit, frozen_map
from gwsched.placement.pace import (
    HALT,
    Flight,
    Pace,
    follow,
    is_voluntary,
    launched,
)
from gwsched.placement.scene import Past
from tests.unit.placing import NOW, Gateways, listing

FULL = ("gw1", "gw2", "gw3")
MOVED = "gw2 gw1 gw3"
FLIGHT = Flight("p", "gw2", NOW - CLAIM_TIME, FULL)


def seen(*units: Unit) -> Snapshot:
    return Snapshot(frozen_map({}), units)


def unclaimed(order: str = MOVED, holder: str | None = None) -> Unit:
    """Return the unit as it was moved; what held it may have given it up."""
    return listing(order, holder)


def failed(pace: Pace | None = None) -> Pace:
    """Return what is remembered once the claim is overdue."""
    flying = replace(pace or Pace(), flight=FLIGHT)
    return follow(flying, seen(unclaimed()), NOW)


# -- what is remembered --


def test_a_move_remembers_what_it_came_from() -> None:
    after = tuple(MOVED.split())
    form = Form.HA_CHASSIS_GROUP
    move = Change(listing(" ".join(FULL)), form, after, Reason.PIN, "")
    old = Pace(undo=replace(FLIGHT, unit="other"))
    pace = launched(old, move, Policy(), NOW)
    assert pace.flight == Flight("p", "gw2", NOW, FULL)
    assert pace.undo is None


@pytest.mark.parametrize("holder", [None, "gw1", "gw3"])
def test_what_is_not_claimed_in_time_is_to_be_taken_back(
    holder: str | None,
) -> None:
    flying = Pace(FLIGHT)
    late = seen(unclaimed(holder=holder))
    assert follow(flying, late, NOW - 0.1) is flying
    pace = follow(flying, late, NOW)
    assert pace.undo == FLIGHT
    assert pace.flight is None
    assert pace.halted_until == NOW + HALT


def test_what_is_claimed_is_not_to_be_taken_back() -> None:
    pace = follow(Pace(FLIGHT), seen(unclaimed(holder="gw2")), NOW)
    assert (pace.undo, pace.flight, pace.failures) == (None, None, 0)


def test_what_somebody_has_taken_back_already_is_not_to_be() -> None:
    pace = follow(Pace(FLIGHT), seen(listing("gw1 gw2 gw3", "gw1")), NOW)
    assert pace.undo is None
    assert pace.failures == 1


def test_time_stands_while_northd_has_not_carried_the_move_over() -> None:
    waiting = seen(replace(unclaimed(), in_force=False))
    pace = follow(Pace(FLIGHT), waiting, NOW)
    assert pace.flight == replace(FLIGHT, since=NOW)
    assert pace.failures == 0
    told = seen(unclaimed())
    assert follow(pace, told, NOW + CLAIM_TIME - 0.1) is pace
    assert follow(pace, told, NOW + CLAIM_TIME).undo is not None


def test_it_is_to_be_taken_back_until_it_is() -> None:
    pace = failed()
    for holder in (None, "gw1"):
        same = seen(unclaimed(holder=holder))
        assert follow(pace, same, NOW + 60) is pace


@pytest.mark.parametrize(
    "unit",
    [
        unclaimed(holder="gw2"),
        listing("gw1 gw2 gw3"),
        listing("gw3 gw2 gw1", "gw1"),
        listing(MOVED, name="other"),
    ],
)
def test_that_ends_when_it_is_claimed_or_rewritten_or_gone(unit: Unit) -> None:
    pace = follow(failed(), seen(unit), NOW + 1)
    assert pace.undo is None
    assert pace.halted_until == NOW + HALT


def test_each_failure_in_a_row_stops_the_others_for_twice_as_long() -> None:
    pace, halts = Pace(), []
    for _ in range(3):
        pace = failed(pace)
        halts.append(pace.halted_until - NOW)
    assert halts == [HALT, 2 * HALT, 4 * HALT]


# -- what is written --


def undone(unit: Unit, *, gateways: int = 3) -> Gateways:
    world = Gateways(gateways, unit)
    world.claimed_at = NOW - 1  # nobody's claim is followed yet
    world.past = Past(failed())
    return world


def test_the_list_is_again_as_it_was() -> None:
    world = undone(unclaimed())
    assert world.after == "gw1 gw2 gw3"
    assert world.change.reason is Reason.REPAIR
    assert world.change.why == "gw2 has not claimed it; taken back"
    assert not is_voluntary(world.change)


def test_no_other_list_is_taken_back() -> None:
    world = undone(listing("gw2 gw3 gw1", "gw2", "other"))
    assert world.plan.changes == ()


def test_who_has_left_meanwhile_does_not_come_back_by_that() -> None:
    """And who has come in stays, at the end."""
    world = undone(unclaimed("gw2 gw4 gw1"), gateways=4)
    assert world.after == "gw1 gw2 gw4"


def test_who_has_died_meanwhile_is_not_made_primary() -> None:
    world = undone(unclaimed())
    world.judge("gw1", State.DEAD, age=1)
    assert world.after == "gw2 gw3 gw1"


def test_a_list_that_is_not_in_force_is_not_written_again() -> None:
    world = undone(replace(unclaimed(), in_force=False))
    assert world.plan.changes == ()


def test_meanwhile_nothing_else_is_moved_but_repaired() -> None:
    drained = listing("gw3 gw1 gw2", "gw3", "q")
    world = undone(listing("gw1 gw2 gw3", "gw1"))
    world.units = (*world.units, drained)
    world.drain("gw3")
    (change,) = world.plan.changes
    assert (change.unit.name, change.after) == ("p", ("gw1", "gw2"))
    world.units = (listing("gw1 gw2", "gw1"), drained)
    assert world.plan.changes == ()
    assert world.plan.deferred == {Guard.UNVERIFIED: 1}
    assert "gw2, which did not claim it" in world.plan.guards[Guard.UNVERIFIED]
    assert world.plan.wake_at == NOW + HALT


def test_after_the_halt_moves_go_on() -> None:
    world = Gateways(3, listing("gw3 gw1 gw2", "gw3"))
    world.drain("gw3")
    world.past = Past(Pace(halted_until=NOW + 1, failures=1))
    assert world.plan.changes == ()
    world.past = Past(Pace(halted_until=NOW, failures=1))
    assert world.change.reason is Reason.DRAIN
    assert world.change.is_move


# -- what counts as a move that need not be --


def test_a_drain_where_the_primary_is_dead_is_a_fail_over() -> None:
    """It is not paced, and its failure stops nothing."""
    world = Gateways(4, listing("gw1 gw2 gw3", "gw1"))
    world.judge("gw1", State.DEAD, age=1)
    world.drain("gw2")
    assert world.after.startswith("gw3")
    assert world.change.is_move
    assert world.change.reason is Reason.FAILOVER
    assert not is_voluntary(world.change)
    assert "gw2 is draining: leaves" in world.change.why


def test_a_drain_where_the_primary_itself_is_dead_is_one_too() -> None:
    world = Gateways(4, listing("gw1 gw2 gw3", "gw1"))
    world.judge("gw1", State.DEAD, age=1)
    world.drain("gw1")
    assert world.after == "gw2 gw3 gw1"
    assert world.change.reason is Reason.FAILOVER


def test_a_drain_of_a_backup_alone_is_a_drain_and_no_move() -> None:
    world = Gateways(4, listing("gw1 gw2 gw3", "gw1"))
    world.drain("gw2")
    assert world.change.reason is Reason.DRAIN
    assert not is_voluntary(world.change)
