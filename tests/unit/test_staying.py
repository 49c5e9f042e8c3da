# SPDX-License-Identifier: Apache-2.0
"""Who stays in a list, in which order, and who has to go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Reason, State
from gwsched.health.claims import CLAIM_SETTLE
from gwsched.model import Chassis
from gwsched.placement.staying import PATIENCE
from tests.unit.placing import NOW, Gateways, listing

FULL = "gw1 gw2 gw3"
# How long a suspect has its place, and the dead theirs, by the defaults.
PATIENT = PATIENCE * 20.0
HOLD_DOWN = 30.0
ALONE = frozenset[str]()


# -- whom OVN has elected --


@pytest.mark.parametrize(
    ("claimed", "listed", "after"),
    [(3, 6, "gw2 gw3 gw1"), (2.9, 60, FULL), (60, 5.9, FULL)],
)
def test_the_holder_is_followed_once_its_claim_has_stood_still(
    claimed: float, listed: float, after: str
) -> None:
    """For 3 s, and after a write for the time of BFD on top."""
    world = Gateways(4, listing(FULL, "gw2"))
    world.claimed_at, world.listed_at = NOW - claimed, NOW - listed
    assert world.after == after


def test_the_passed_over_are_last_in_the_order_they_had() -> None:
    world = Gateways(4, listing(FULL, "gw3"))
    assert world.after == "gw3 gw1 gw2"
    assert world.change.reason is Reason.FAILOVER
    assert "elected gw3 over gw1, gw2" in world.change.why


def test_a_holder_that_is_silent_is_not_followed() -> None:
    """It may go by an older list."""
    world = Gateways(4, listing(FULL, "gw2"))
    world.suspect("gw2", age=1)
    assert world.after == FULL


def test_a_holder_that_is_dead_is_not_followed() -> None:
    world = Gateways(4, listing(FULL, "gw2"))
    world.judge("gw2", State.DEAD, age=1)
    assert world.after == "gw1 gw3 gw2"


# -- the reason --


def test_the_reason_is_the_primarys_whoever_leaves_besides() -> None:
    world = Gateways(3, listing(FULL, "gw1"))
    world.chassis["gw1"] = Chassis("gw1")  # without a mapping
    world.judge("gw3", State.DEAD, age=HOLD_DOWN)
    assert world.after == "gw2 gw1"
    assert world.change.reason is Reason.REPAIR
    assert "gw3 leaves" in world.change.why


# -- beside a holder that does not see SB --


@pytest.mark.parametrize(
    ("silent", "after"), [(True, "gw1 gw2"), (False, "gw1")]
)
def test_the_last_beside_a_silent_holder_stays_though_it_is_drained(
    silent: bool, after: str
) -> None:
    """Nobody runs BFD for a list of one, and it goes by that of two."""
    world = Gateways(2, listing("gw1 gw2", "gw1"))
    world.suspect("gw1", silent=silent)
    world.drain("gw2")
    assert world.after == after


def test_it_leaves_if_another_stays() -> None:
    world = Gateways(3, listing(FULL, "gw1"))
    world.suspect("gw1")
    world.drain("gw2")
    assert world.after == "gw1 gw3"


# -- beside the suspect --


@pytest.mark.parametrize(
    ("references", "after"), [(ALONE, "gw1 gw3 gw2"), ({"hv1"}, "gw1 gw3")]
)
def test_nobody_is_left_alone_with_suspects_without_witness(
    references: set[str], after: str
) -> None:
    """Their tunnels may be down; it would give up what it carries."""
    lonely = listing(FULL, "gw1", references=frozenset(references))
    world = Gateways(3, lonely)
    world.suspect("gw3", silent=False)
    world.drain("gw2")
    assert world.after == after


def test_it_is_not_alone_where_another_comes_in() -> None:
    world = Gateways(4, listing(FULL, "gw1", references=ALONE))
    world.suspect("gw3", silent=False)
    world.drain("gw2")
    assert world.after == "gw1 gw4 gw3"


# -- the suspect --


@pytest.mark.parametrize(
    ("order", "suspect", "after"),
    [(FULL, "gw1", "gw2 gw3 gw1"), (FULL, "gw1 gw2", "gw3 gw1 gw2")],
)
def test_who_is_long_suspect_and_holds_nothing_goes_behind_the_live(
    order: str, suspect: str, after: str
) -> None:
    """OVN waits for it as long as BFD says that it is up."""
    world = Gateways(4, listing(order))
    world.suspect(suspect, PATIENT - 1)
    assert world.after == order
    assert world.plan.wake_at == NOW + 1
    world.suspect(suspect, PATIENT)
    assert world.after == after
    assert world.change.reason is Reason.FAILOVER


def test_who_lost_it_a_moment_ago_may_have_it_again() -> None:
    """Who comes in cold claims it for an instant (measured)."""
    world = Gateways(4, listing("gw1 gw2 gw3", "gw3"))
    world.suspect("gw1", PATIENT)
    world.claimed_at = NOW - CLAIM_SETTLE + 1
    assert world.after == "gw1 gw2 gw3"
    assert world.plan.wake_at == NOW + 1
    world.claimed_at = NOW - CLAIM_SETTLE
    assert world.after.endswith("gw1")


def test_a_suspect_backup_goes_behind_the_live_as_well() -> None:
    world = Gateways(4, listing(FULL, "gw1"))
    world.suspect("gw2", PATIENT)
    assert world.after == "gw1 gw3 gw2"
    assert not world.change.is_move


def test_the_time_of_a_silent_suspect_begins_when_it_was_last_heard() -> None:
    """It may have been suspect before, for another reason."""
    world = Gateways(4, listing(FULL))
    world.suspect("gw1", PATIENT, heard=NOW - PATIENT + 1)
    assert world.after == FULL
    world.suspect("gw1", PATIENT, heard=NOW - 1, silent=False)
    assert world.after == "gw2 gw3 gw1"


def test_a_suspect_that_holds_the_port_puts_nobody_last() -> None:
    world = Gateways(4, listing(FULL, "gw1"))
    world.suspect("gw1", PATIENT)
    world.suspect("gw2", age=1)
    assert world.after == FULL


def test_below_a_holder_that_is_suspect_nobody_is_put_last() -> None:
    """The live may not see that holder, and would take the port."""
    world = Gateways(4, listing(FULL, "gw1"))
    world.suspect("gw1 gw2", PATIENT)
    assert world.after == FULL


@pytest.mark.parametrize(
    "state", [State.UNKNOWN, State.RETURNING, State.SUSPECT]
)
def test_where_nobody_in_the_list_is_live_the_suspect_stay(
    state: State,
) -> None:
    world = Gateways(4, listing(FULL))
    world.judge("gw2 gw3", state)
    world.suspect("gw1", PATIENT)
    assert world.after == FULL


def test_a_live_one_that_may_not_serve_is_nobody_to_go_behind() -> None:
    world = Gateways(2, listing("gw1 gw2"))
    world.suspect("gw1", PATIENT)
    world.chassis["gw2"] = Chassis("gw2", physical_networks=frozenset({"dc"}))
    assert world.after.startswith("gw1")


# -- in whose place --


def test_after_a_bad_primary_who_would_take_the_port_up_is_first() -> None:
    """The holder, the live, the others, the suspect, and then the dead."""
    order = "gw1 gw2 gw3 gw4 gw5"
    world = Gateways(6, listing(order, "gw5"))
    world.policy = replace(world.policy, max_candidates=5)
    world.claimed_at = NOW - 1
    world.judge("gw1", State.DEAD, age=1)
    world.suspect("gw2", age=1)
    world.judge("gw3 gw5", State.RETURNING)
    assert world.after == "gw5 gw4 gw3 gw2 gw1"


def test_the_same_goes_where_the_bad_primary_leaves_at_once() -> None:
    world = Gateways(3, listing(FULL, "gw1"))
    world.judge("gw1", State.DEAD, HOLD_DOWN)
    world.suspect("gw2", age=1)
    assert world.after == "gw3 gw2"


def test_behind_a_good_primary_the_order_stays() -> None:
    world = Gateways(6, listing("gw1 gw2 gw3 gw4 gw5", "gw1"))
    world.policy = replace(world.policy, max_candidates=5)
    world.judge("gw2", State.DEAD, age=1)
    world.judge("gw3", State.RETURNING)
    assert world.after == "gw1 gw3 gw4 gw5 gw2"


def test_nothing_changes_where_all_that_is_left_is_doubted() -> None:
    world = Gateways(3, listing(FULL, "gw1"))
    world.judge("gw1", State.DEAD)
    world.suspect("gw2 gw3")
    assert world.plan.changes == ()


def test_one_that_is_left_and_not_doubted_comes_before_the_dead() -> None:
    world = Gateways(3, listing(FULL, "gw1"))
    world.judge("gw1", State.DEAD, age=1)
    world.suspect("gw2", age=1)
    assert world.after == "gw3 gw2 gw1"


# -- how long the dead stay --


def test_the_dead_leave_after_the_hold_down() -> None:
    world = Gateways(4, listing(FULL, "gw1"))
    world.judge("gw3", State.DEAD, HOLD_DOWN - 1)
    assert world.after == FULL
    assert world.plan.wake_at == NOW + 1
    world.judge("gw3", State.DEAD, HOLD_DOWN)
    assert world.after == "gw1 gw2 gw4"


def test_a_dead_one_stays_while_all_the_rest_is_suspect() -> None:
    world = Gateways(4, listing(FULL, "gw2"))
    world.judge("gw1", State.DEAD)
    world.suspect("gw2 gw3")
    assert world.after == FULL
    world.judge("gw2", State.LIVE)
    assert "gw1" not in world.after


def test_a_dead_one_stays_before_a_holder_that_may_not_hear_of_it() -> None:
    """Back by a new list, it would give way to who gives way by the old."""
    world = Gateways(4, listing(FULL, "gw2"))
    world.judge("gw1", State.DEAD)
    world.suspect("gw2")
    assert world.after == FULL
    world.judge("gw2", State.LIVE)
    assert world.after.startswith("gw2")


@pytest.mark.parametrize(
    ("references", "stays"),
    [
        ({"hv1"}, False),
        (ALONE, True),
        ({"gw2"}, True),
        ({"gw1", "gw3"}, True),
        ({"gw1", "gw4"}, False),
    ],
)
def test_a_dead_one_stays_beside_one_sure_member_without_witness(
    references: set[str], stays: bool
) -> None:
    """If the suspect is as dead, the sure one would be left alone."""
    lonely = listing(FULL, "gw2", references=frozenset(references))
    world = Gateways(4, lonely)
    world.judge("gw1", State.DEAD)
    world.suspect("gw3", age=1)
    assert ("gw1" in world.after) is stays


def test_so_does_one_that_may_not_serve_though_it_lives() -> None:
    lonely = listing("gw1 gw2 gw3", "gw1", references=ALONE)
    world = Gateways(4, lonely)
    world.chassis["gw2"] = Chassis("gw2", physical_networks=frozenset({"dc"}))
    world.suspect("gw3", age=1)
    assert world.after == "gw1 gw3 gw2"
    world.judge("gw3", State.LIVE)
    assert world.after == "gw1 gw3 gw4"


def test_two_sure_members_need_neither_a_witness_nor_the_dead() -> None:
    world = Gateways(4, listing(FULL, "gw2", references=ALONE))
    world.judge("gw1", State.DEAD)
    assert world.after == "gw2 gw3 gw4"


# -- a lone survivor --


def test_a_lone_live_one_without_witness_is_rid_of_the_dead_at_once() -> None:
    world = Gateways(3, listing(FULL, "gw1", references=ALONE))
    world.judge("gw1 gw2", State.DEAD, age=0)
    assert world.after == "gw3"
    assert world.change.reason is Reason.FAILOVER


@pytest.mark.parametrize(
    ("references", "after"),
    [
        ({"hv1"}, "gw3 gw1 gw2"),
        ({"gw3"}, "gw3"),
        ({"gw2"}, "gw3"),
        ({"gone"}, "gw3"),
    ],
)
def test_a_witness_is_live_and_somebody_else(
    references: set[str], after: str
) -> None:
    lone = listing(FULL, "gw1", references=frozenset(references))
    world = Gateways(3, lone)
    world.judge("gw1 gw2", State.DEAD, age=0)
    assert world.after == after


def test_two_live_ones_keep_the_dead_for_the_hold_down() -> None:
    world = Gateways(3, listing(FULL, "gw2", references=ALONE))
    world.judge("gw1", State.DEAD, age=0)
    assert world.after == "gw2 gw3 gw1"


# -- Neutron's lists --


def test_neutrons_short_list_keeps_who_is_dead_and_has_a_row() -> None:
    world = Gateways(3, listing("gw1 gw3 gw2", "gw1", neutron=True))
    world.judge("gw2", State.DEAD)
    assert world.plan.changes == ()


def test_neutrons_short_list_is_rid_of_who_has_no_row() -> None:
    world = Gateways(3, listing("gw1 gw3 gw2", "gw1", neutron=True))
    world.judge("gw2", State.DEAD)
    del world.chassis["gw2"]
    assert world.after == "gw1 gw3"


def test_neutrons_list_is_rid_of_the_dead_where_it_can_be_filled_up() -> None:
    world = Gateways(4, listing("gw1 gw3 gw2", "gw1", neutron=True))
    world.judge("gw2", State.DEAD)
    assert world.after == "gw1 gw3 gw4"


def test_what_neutron_appends_to_a_full_list_is_removed() -> None:
    long = listing("gw1 gw2 gw3 gw4", "gw1", neutron=True)
    last = replace(long.candidates[-1], priority=0)
    appended = replace(long, candidates=(*long.candidates[:-1], last))
    assert Gateways(4, appended).after == FULL
    held = replace(appended, ports=listing("", "gw4").ports)
    world = Gateways(4, held)
    world.claimed_at = NOW - 1
    assert "gw4" in world.after
