# SPDX-License-Identifier: Apache-2.0
"""Whom OVN has left, who has emptied, and who keeps what others could take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.decisions import Evidence, State
from gwsched.health.claims import CLAIM_SETTLE
from gwsched.health.evidence import DISTRUST, claimable, is_empty
from gwsched.model import GatewayPort
from tests.unit.fleet import STEP, Fleet


@pytest.fixture
def fleet() -> Fleet:
    """Four live gateways; gw1 holds what two others could."""
    found = Fleet()
    found.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    found.run(3)
    return found


def evidence(fleet: Fleet, name: str = "gw1") -> Evidence:
    return fleet.health.evidence[name]


def held(fleet: Fleet, *holders: str | None) -> None:
    """Let one after another hold the port, None being nobody."""
    for holder in holders:
        fleet.hold("p", holder)
        fleet.run(STEP)


# -- whom OVN has left --


def test_whose_port_another_claims_is_left(fleet: Fleet) -> None:
    assert evidence(fleet).left is None
    held(fleet, "gw2")
    assert evidence(fleet).left == fleet.now


def test_who_gives_up_is_left_if_nobody_takes_it_in_time(
    fleet: Fleet,
) -> None:
    held(fleet, None)
    since = fleet.now
    fleet.run(CLAIM_SETTLE / 2)
    assert evidence(fleet).left is None
    fleet.run(CLAIM_SETTLE)
    assert evidence(fleet).left == since


def test_who_gave_it_up_is_left_once_another_takes_it(fleet: Fleet) -> None:
    held(fleet, None)
    fleet.run(CLAIM_SETTLE / 2)
    held(fleet, "gw2")
    assert evidence(fleet).left == fleet.now


def test_who_takes_up_what_it_gave_up_is_not_left(fleet: Fleet) -> None:
    held(fleet, None, "gw1")
    fleet.run(1)
    assert evidence(fleet).left is None


def test_who_claims_what_it_lost_is_left_no_more(fleet: Fleet) -> None:
    held(fleet, "gw2", "gw1")
    fleet.run(2 * CLAIM_SETTLE)
    assert evidence(fleet).left is None
    assert fleet.state("gw1") is State.LIVE


def test_who_was_asked_to_give_it_up_is_not_left(fleet: Fleet) -> None:
    fleet.write("p", "gw1", "gw3", "gw2")  # the last of several lists
    held(fleet, "gw2")
    assert evidence(fleet).left is None


def test_a_list_that_ovn_has_not_been_told_of_asks_for_nothing(
    fleet: Fleet,
) -> None:
    """What happens under it may be the list before, or the next one."""
    fleet.write("p", "gw1", "gw3", "gw2", in_force=False)
    fleet.run(STEP)
    held(fleet, "gw2")
    assert evidence(fleet).left is None


def drop_p_while_q_is_held(fleet: Fleet, *holders: str) -> None:
    """Let nobody take up p, and others hold units beside gw4."""
    for holder in holders:
        fleet.unit(f"q-{holder}", holder, "gw4", holder=holder)
    fleet.run(STEP)
    held(fleet, None)
    fleet.run(CLAIM_SETTLE + fleet.bfd_time)


@pytest.mark.parametrize("survivor", ["gw1", "gw2", "gw3"])
def test_of_what_nobody_takes_up_all_are_left_but_who_has_tunnels(
    fleet: Fleet, survivor: str
) -> None:
    """It would have claimed if it saw any of them."""
    drop_p_while_q_is_held(fleet, survivor)
    doubted = {n for n in ("gw1", "gw2", "gw3") if evidence(fleet, n).left}
    assert doubted == {"gw1", "gw2", "gw3"} - {survivor}
    assert fleet.state(survivor) is State.LIVE


def test_until_bfd_would_have_told_the_others_only_the_first_is_left(
    fleet: Fleet,
) -> None:
    """Its switch may have died; then they are yet to see that."""
    fleet.unit("q", "gw2", "gw4", holder="gw2")
    fleet.run(STEP)
    held(fleet, None)
    fleet.run(CLAIM_SETTLE + STEP)
    assert evidence(fleet, "gw1").left
    assert not evidence(fleet, "gw3").left


def test_of_two_that_have_tunnels_the_primary_is_left(fleet: Fleet) -> None:
    drop_p_while_q_is_held(fleet, "gw1", "gw2")
    assert evidence(fleet, "gw1").left is not None
    assert evidence(fleet, "gw3").left is None


def test_a_unit_whose_list_is_one_needs_no_tunnels(fleet: Fleet) -> None:
    fleet.unit("q", "gw3", holder="gw3")
    held(fleet, None)
    fleet.run(CLAIM_SETTLE)
    assert evidence(fleet, "gw1").left is not None
    assert evidence(fleet, "gw2").left is None


def test_one_that_does_not_answer_may_have_taken_it_up(fleet: Fleet) -> None:
    fleet.silent = {"gw2"}
    fleet.until("gw2", State.SUSPECT)
    drop_p_while_q_is_held(fleet, "gw3")
    assert evidence(fleet, "gw2").left is None


def test_only_the_primary_is_left(fleet: Fleet) -> None:
    fleet.unit("q", "gw4", "gw2", "gw3", holder="gw2")
    fleet.run(STEP)
    fleet.hold("q", "gw3")
    held(fleet, "gw2", "gw3", "gw1")
    assert evidence(fleet, "gw4").left is None  # it did not hold q
    assert evidence(fleet, "gw2").left is None
    assert evidence(fleet, "gw3").left is None


def test_what_changed_hands_unseen_may_have_been_asked_for(
    fleet: Fleet,
) -> None:
    fleet.hold("p", "gw2")
    fleet.step(interrupted=True)
    assert evidence(fleet).left is None


def test_it_counts_once_it_has_not_come_back_at_once(fleet: Fleet) -> None:
    held(fleet, "gw2")
    fleet.run(CLAIM_SETTLE - STEP)
    assert fleet.state("gw1") is State.LIVE
    fleet.run(STEP)
    assert fleet.state("gw1") is State.SUSPECT
    assert "taken its ports away" in fleet.why("gw1")


def test_it_is_forgotten_after_some_hold_downs(fleet: Fleet) -> None:
    held(fleet, "gw2")
    lasts = DISTRUST * fleet.policy.hold_down
    fleet.run(lasts - STEP)
    assert fleet.state("gw1") is State.SUSPECT
    fleet.run(STEP)
    assert evidence(fleet).left is None
    assert fleet.state("gw1") is State.LIVE


def test_it_is_void_once_its_tunnels_have_come_up_since(
    fleet: Fleet,
) -> None:
    fleet.watchers = ["hv1"]
    fleet.run(1)
    held(fleet, "gw2")
    fleet.run(1)
    assert evidence(fleet).left is not None  # they were up all the time
    fleet.dark = {"gw1"}
    fleet.run(1)
    fleet.dark = set()
    fleet.run(2 * STEP)
    assert evidence(fleet).left is None


def test_a_death_that_is_over_has_settled_it(fleet: Fleet) -> None:
    fleet.silent = {"gw1"}
    held(fleet, "gw2")
    fleet.until("gw1", State.DEAD)
    assert evidence(fleet).left is not None
    fleet.silent = set()
    fleet.until("gw1", State.LIVE)
    assert evidence(fleet).left is None


# -- who holds --


@pytest.mark.parametrize(
    ("found", "empty"),
    [
        (Evidence(holds=1), False),
        (Evidence(), True),  # never held any
        (Evidence(emptied=100 - CLAIM_SETTLE), True),
        (Evidence(emptied=100.1 - CLAIM_SETTLE), False),
    ],
)
def test_empty_is_who_has_held_nothing_for_a_while(
    found: Evidence, empty: bool
) -> None:
    assert is_empty(found, 100.0) is empty


def test_a_claim_for_an_instant_does_not_empty_a_silent_one(
    fleet: Fleet,
) -> None:
    fleet.silent = {"gw1"}
    fleet.run(15)
    assert fleet.state("gw1") is State.SUSPECT
    for _ in range(5):
        held(fleet, "gw2")
        fleet.run(CLAIM_SETTLE - 2 * STEP)
        assert fleet.state("gw1") is State.SUSPECT
        held(fleet, "gw1")
    held(fleet, "gw2")
    emptied = fleet.now
    assert evidence(fleet).emptied == emptied
    fleet.until("gw1", State.DEAD)
    assert fleet.now >= emptied + CLAIM_SETTLE


def test_one_of_several_ports_of_a_unit_is_held(fleet: Fleet) -> None:
    ports = (GatewayPort("a", holder="gw2"), GatewayPort("b", holder="gw1"))
    fleet.units["p"] = replace(fleet.units["p"], ports=ports)
    fleet.silent = {"gw1"}
    fleet.run(20)
    assert fleet.units["p"].holder is None
    assert evidence(fleet).holds == evidence(fleet, "gw2").holds == 1
    assert fleet.state("gw1") is State.SUSPECT


# -- who keeps what others could claim --


@pytest.mark.parametrize(
    ("order", "references", "up", "expected"),
    [
        ("gw1 gw2 gw3", "", "gw2 gw3", True),
        ("gw1 gw2 gw3", "", "gw2", False),
        ("gw1 gw2 gw3", "hv1", "gw2", False),
        ("gw1 gw2 gw3", "hv1", "gw2 hv1", True),
        ("gw1 gw2", "gw2", "gw2", False),  # who vouches for itself
        ("gw1 gw2", "gw2 hv1", "gw2 hv1", True),
        ("gw1 gw2 gw3", "hv1", "hv1", False),
        ("gw1", "hv1", "gw2 gw3 hv1", False),
        ("gw1 gw2 gw3", "", "gw1 gw2", False),
    ],
)
def test_two_could_claim_or_one_with_a_witness(
    fleet: Fleet, order: str, references: str, up: str, expected: bool
) -> None:
    fleet.unit("q", *order.split(), references=references.split())
    assert (
        claimable(fleet.units["q"], "gw1", up.split().__contains__) is expected
    )


def test_only_of_who_has_missed_a_heartbeat_it_is_said_to_keep(
    fleet: Fleet,
) -> None:
    assert evidence(fleet).keeping is None
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.SUSPECT)
    assert evidence(fleet).keeps == 1
    since = evidence(fleet).keeping
    fleet.run(5)
    assert evidence(fleet).keeping == since


def test_who_could_not_claim_any_more_is_no_proof_of_death(
    fleet: Fleet,
) -> None:
    """It has kept its port for long while they could."""
    fleet.silent = {"gw1"}
    fleet.run(20)
    assert evidence(fleet).kept
    fleet.write("p", "gw1")
    fleet.run(20)
    assert evidence(fleet).keeps == 0
    assert fleet.state("gw1") is State.SUSPECT
    assert "while they could" in fleet.why("gw1")


def test_to_keep_for_less_than_bfd_needs_proves_nothing(
    fleet: Fleet,
) -> None:
    fleet.silent = {"gw1"}
    fleet.wait_for(lambda: evidence(fleet).keeping is not None)
    fleet.run(fleet.bfd_time + CLAIM_SETTLE - STEP)
    assert not evidence(fleet).kept
    fleet.write("p", "gw1")
    fleet.until("gw1", State.DEAD)


def test_who_answers_again_has_to_prove_it_anew(fleet: Fleet) -> None:
    fleet.silent = {"gw1"}
    fleet.run(20)
    fleet.silent = set()
    fleet.run(5)
    assert not evidence(fleet).kept
    fleet.write("p", "gw1")
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.DEAD)


def test_who_cannot_claim_is_no_heir(fleet: Fleet) -> None:
    """Those whose tunnels are down, or who are late themselves."""
    fleet.watchers = ["hv1"]
    fleet.run(1)
    fleet.silent = {"gw1"}
    fleet.until("gw1", State.SUSPECT)
    assert evidence(fleet).keeps == 1
    fleet.dark = {"gw2", "gw3"}
    fleet.run(STEP)
    assert evidence(fleet).keeps == 0


# -- ages --


def test_a_row_is_gone_since_it_went(fleet: Fleet) -> None:
    fleet.remove("gw1")
    fleet.run(STEP)
    gone, heard = evidence(fleet).gone, evidence(fleet).heard
    assert gone == fleet.now
    assert heard is not None  # it was there while we watched
    fleet.run(5)
    assert (evidence(fleet).gone, evidence(fleet).heard) == (gone, heard)
    fleet.add("gw1")
    fleet.run(STEP)
    assert evidence(fleet).gone is None
