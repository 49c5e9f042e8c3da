# SPDX-License-Identifier: Apache-2.0
"""Back to who lost a port, where that is wanted, and not at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decider import Decider
from gwsched.decisions import Change, Failback, Guard, Policy, Reason, State
from gwsched.model import Form, Snapshot, Unit, frozen_map
from gwsched.placement import origins
from gwsched.placement.origins import LOSSES
from gwsched.placement.pace import Flight, Pace
from gwsched.placement.rivals import Feud, Rivals
from gwsched.placement.scene import Past
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.unit.fleet import Fleet
from tests.unit.placing import NOW, Gateways, listing

DELAY = 300.0
NOTHING = frozen_map(dict[str, str]())
LOST = frozen_map({"p": "gw1"})


def change(order: str, after: str, reason: Reason) -> Change:
    form = Form.HA_CHASSIS_GROUP
    return Change(listing(order), form, tuple(after.split()), reason, "")


def seen(*units: Unit) -> Snapshot:
    return Snapshot(frozen_map({}), units)


# -- what is remembered --


@pytest.mark.parametrize("reason", Reason)
def test_only_what_a_failure_has_moved_is_noted(reason: Reason) -> None:
    moved = change("gw1 gw2", "gw2 gw1", reason)
    found = origins.wrote(NOTHING, [moved])
    assert found == (LOST if reason in LOSSES else NOTHING)
    assert {Reason.FAILOVER, Reason.UPLINK} == LOSSES


@pytest.mark.parametrize("reason", sorted(LOSSES))
def test_who_lost_it_first_is_who_gets_it_back(reason: Reason) -> None:
    again = change("gw2 gw3", "gw3 gw2", reason)
    assert origins.wrote(LOST, [again]) == LOST


@pytest.mark.parametrize("reason", sorted({*Reason} - LOSSES))
def test_any_other_move_is_the_last_word(reason: Reason) -> None:
    assert origins.wrote(LOST, [change("gw2 gw3", "gw3 gw2", reason)]) == {}


@pytest.mark.parametrize("reason", Reason)
def test_what_moves_nothing_is_not_noted(reason: Reason) -> None:
    ranked = change("gw2 gw1 gw3", "gw2 gw3 gw1", reason)
    assert origins.wrote(LOST, [ranked]) is LOST
    assert origins.wrote(NOTHING, [ranked]) is NOTHING


def test_a_first_list_is_nobodys_loss() -> None:
    assert origins.wrote(NOTHING, [change("", "gw1", Reason.NEW)]) is NOTHING


def test_what_is_back_or_gone_or_has_no_list_is_settled() -> None:
    """A list that is empty has lost nothing yet: it stays noted."""
    away = seen(listing("gw2 gw1"))
    assert origins.follow(LOST, away) is LOST
    assert origins.follow(LOST, seen(listing("gw1 gw2"))) == {}
    assert origins.follow(LOST, seen(listing("gw2", name="other"))) == {}
    assert origins.follow(NOTHING, away) is NOTHING


# -- what is given back --


def moved_away(gateways: int = 3) -> Gateways:
    """The port was on gw1, which is live again for long enough."""
    world = Gateways(gateways, listing("gw2 gw3 gw1", "gw2"))
    world.policy = replace(
        world.policy, failback=Failback.DELAYED, failback_delay=DELAY
    )
    world.past = Past(origins=LOST)
    world.judge("gw1", State.LIVE, DELAY)
    return world


def test_it_goes_back_once_its_chassis_was_live_for_long_enough() -> None:
    world = moved_away()
    world.judge("gw1", State.LIVE, DELAY - 1)
    assert world.plan.changes == ()
    assert world.plan.wake_at == NOW + 1
    world.judge("gw1", State.LIVE, DELAY)
    assert world.after == "gw1 gw2 gw3"
    assert world.change.reason is Reason.REBALANCE
    assert world.change.why == "gw1 had it before it failed"


def test_it_stays_where_nothing_is_remembered() -> None:
    world = moved_away()
    world.past = Past()
    assert world.plan.changes == ()


@pytest.mark.parametrize("state", [s for s in State if s is not State.LIVE])
def test_it_stays_while_its_chassis_is_not_live(state: State) -> None:
    world = moved_away()
    world.judge("gw1", state, DELAY)
    assert not any(c.is_move for c in world.plan.changes)


@pytest.mark.parametrize("holder", ["gw1", "gw3", None])
def test_it_is_not_moved_while_its_primary_does_not_hold_it(
    holder: str | None,
) -> None:
    world = moved_away()
    world.units = (listing("gw2 gw3 gw1", holder),)
    world.claimed_at = NOW - 1
    assert world.plan.changes == ()


def test_it_goes_back_by_a_paced_move() -> None:
    world = moved_away()
    flight = Flight("other", "gw3", NOW - 1)
    for busy in (Pace(flight), Pace(next_at=NOW + 5)):
        world.past = Past(busy, origins=LOST)
        assert world.plan.changes == ()
        assert world.plan.deferred == {Guard.BUDGET: 1}
    world.past = Past(Pace(halted_until=NOW + 5), origins=LOST)
    assert world.plan.deferred == {Guard.UNVERIFIED: 1}
    world.past = Past(origins=LOST)
    assert len(world.plan.changes) == 1


def test_of_several_one_goes_back_at_a_time() -> None:
    world = moved_away()
    world.units = tuple(
        listing("gw2 gw3 gw1", "gw2", name) for name in ("p", "q", "r")
    )
    both = frozen_map({"p": "gw1", "q": "gw1"})
    world.past = Past(origins=both)
    moves = [c for c in world.plan.changes if c.is_move]
    assert [move.unit.name for move in moves] == ["p"]


def test_a_chassis_that_is_cold_is_brought_in_first() -> None:
    world = moved_away(4)
    world.units = (listing("gw2 gw3 gw4", "gw2"),)
    assert world.after == "gw2 gw3 gw1"
    assert not world.change.is_move
    world.units = (listing("gw2 gw3 gw1", "gw2"),)
    world.listed_at = NOW - 5
    assert world.plan.changes == ()
    world.listed_at = NOW - 6
    assert world.after == "gw1 gw2 gw3"


@pytest.mark.parametrize("intent", ["cordoned", "draining"])
def test_nothing_goes_back_to_who_is_to_get_nothing(intent: str) -> None:
    world = moved_away()
    facts = {intent: frozenset({"gw1"})}
    world.intents = replace(world.intents, **facts)  # type: ignore[arg-type]
    assert not any(c.is_move for c in world.plan.changes)


@pytest.mark.parametrize("pinned", ["gw2", "gw3"])
def test_a_pin_comes_before_what_was(pinned: str) -> None:
    world = moved_away()
    pins = frozen_map({"p": pinned})
    world.intents = replace(world.intents, pins=pins)
    assert world.after.startswith(pinned)


def test_a_list_that_somebody_has_just_written_is_let_stand() -> None:
    world = moved_away()
    feuds = frozen_map({"p": Feud(NOW - 1)})
    world.past = Past(rivals=Rivals(feuds=feuds), origins=LOST)
    assert world.plan.changes == ()


# -- as configured --


@pytest.mark.parametrize(
    ("failback", "comes_back"),
    [(Failback.NEVER, False), (Failback.DELAYED, True)],
)
def test_a_gateway_that_died_gets_its_port_back_only_if_configured(
    failback: Failback, comes_back: bool
) -> None:
    policy = Policy(
        max_candidates=3,
        probe_interval=2.0,
        dead_after=4.0,
        hold_down=6.0,
        failback=failback,
        failback_delay=10.0,
    )
    fleet, decider = Fleet(3, policy, pace=1.0), Decider(LeastLoaded(), policy)
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    fleet.run(5)

    def live(seconds: float) -> None:
        """Write what is planned; the first that lives holds the port."""
        end = fleet.now + seconds
        while fleet.now < end:
            fleet.run(fleet.pace)
            made = decider.decide(
                fleet.snapshot, fleet.now, interrupted=False, writes=True
            )
            for planned in made.changes:
                fleet.write("p", *planned.after)
            decider.wrote(made.changes, fleet.now)
            order = fleet.units["p"].order
            alive = (c for c in order if c not in fleet.silent)
            fleet.hold("p", next(alive, None))

    live(10)
    fleet.kill("gw1")
    live(20)
    assert fleet.units["p"].order == ("gw2", "gw3")
    fleet.revive("gw1")
    live(13)
    assert fleet.units["p"].order[0] == "gw2"
    live(40)
    assert (fleet.units["p"].holder == "gw1") is comes_back
