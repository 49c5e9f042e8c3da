# SPDX-License-Identifier: Apache-2.0
"""Moves under way: when they end, and how."""

import math

import pytest

from gwsched.decisions import Change, Reason
from gwsched.model import (
    Candidate,
    Form,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.watch import CLAIM_TIME, ClaimWatch, Outcome


def unit(
    order: str = "", holder: str | None = None, ports: str = "lrp"
) -> Unit:
    names = order.split()
    return Unit(
        "unit",
        Form.HA_CHASSIS_GROUP,
        tuple(GatewayPort(name, holder=holder) for name in ports.split()),
        tuple(Candidate(c, len(names) - i) for i, c in enumerate(names)),
    )


def change(before: Unit, after: str) -> Change:
    order = tuple(after.split())
    return Change(before, Form.HA_CHASSIS_GROUP, order, Reason.NEW, "why")


def seen(*units: Unit) -> Snapshot:
    return Snapshot(frozen_map({}), units)


def expecting(before: Unit, after: str, now: float = 100) -> ClaimWatch:
    watch = ClaimWatch()
    watch.expect([change(before, after)], now)
    return watch


def test_nothing_is_under_way_at_first() -> None:
    watch = ClaimWatch()
    assert watch.look(seen(unit("gw1", "gw1")), 0) == []
    assert watch.wake_at == math.inf


def test_a_claim_ends_a_move() -> None:
    watch = expecting(unit(), "gw1 gw2")
    assert watch.look(seen(unit("gw1 gw2")), 100.5) == []
    assert watch.look(seen(unit("gw1 gw2", "gw1")), 102) == [
        Outcome("lrp", "gw1", Reason.NEW, 2, claimed=True)
    ]
    assert watch.look(seen(unit("gw1 gw2", "gw1")), 200) == []
    assert watch.wake_at == math.inf


def test_a_claim_of_somebody_else_does_not() -> None:
    watch = expecting(unit("gw2 gw1", "gw2"), "gw1 gw2")
    assert watch.look(seen(unit("gw1 gw2", "gw2")), 101) == []
    assert watch.wake_at == 100 + CLAIM_TIME


@pytest.mark.parametrize("holder", [None, "gw2"])
def test_without_a_claim_in_time_a_move_has_failed(
    holder: str | None,
) -> None:
    watch = expecting(unit(), "gw1 gw2")
    still = seen(unit("gw1 gw2", holder))
    assert watch.look(still, 100 + CLAIM_TIME - 0.1) == []
    assert watch.look(still, 100 + CLAIM_TIME) == [
        Outcome("lrp", "gw1", Reason.NEW, CLAIM_TIME, claimed=False)
    ]
    assert watch.look(still, 200) == []


def test_a_claim_seen_late_is_a_claim() -> None:
    watch = expecting(unit(), "gw1")
    outcomes = watch.look(seen(unit("gw1", "gw1")), 100 + 2 * CLAIM_TIME)
    assert [outcome.claimed for outcome in outcomes] == [True]


def test_a_new_order_of_backups_is_no_move() -> None:
    watch = expecting(unit("gw1 gw2 gw3", "gw1"), "gw1 gw3 gw2")
    assert watch.wake_at == math.inf
    assert watch.look(seen(unit("gw1 gw3 gw2", "gw1")), 101) == []


@pytest.mark.parametrize(
    "now_there",
    [
        pytest.param(seen(), id="deleted"),
        pytest.param(seen(unit("gw1", "gw1", "other")), id="not in it"),
        pytest.param(seen(unit("gw3 gw1", "gw3")), id="given to another"),
    ],
)
def test_a_move_that_nobody_wants_any_more_is_forgotten(
    now_there: Snapshot,
) -> None:
    watch = expecting(unit(), "gw1 gw2")
    assert watch.look(now_there, 101) == []
    assert watch.wake_at == math.inf


def test_every_port_of_a_unit_is_watched() -> None:
    watch = expecting(unit(ports="a b"), "gw1")
    half = Unit(
        "unit",
        Form.HA_CHASSIS_GROUP,
        (GatewayPort("a", holder="gw1"), GatewayPort("b")),
        (Candidate("gw1", 1),),
    )
    assert [o.port for o in watch.look(seen(half), 101)] == ["a"]
    whole = seen(unit("gw1", "gw1", "a b"))
    assert [o.port for o in watch.look(whole, 102)] == ["b"]


def test_a_second_move_takes_the_place_of_the_first() -> None:
    watch = expecting(unit(), "gw1", now=100)
    watch.expect([change(unit("gw1"), "gw2 gw1")], 110)
    assert watch.wake_at == 110 + CLAIM_TIME
    assert watch.look(seen(unit("gw2 gw1", "gw2")), 111) == [
        Outcome("lrp", "gw2", Reason.NEW, 1, claimed=True)
    ]


def test_the_first_to_run_out_of_time_wakes() -> None:
    watch = expecting(unit(ports="a"), "gw1", now=100)
    watch.expect([change(unit(ports="b"), "gw2")], 110)
    assert watch.wake_at == 100 + CLAIM_TIME
    watch.look(seen(unit("gw1", "gw1", "a"), unit("gw2", ports="b")), 115)
    assert watch.wake_at == 110 + CLAIM_TIME
