# SPDX-License-Identifier: Apache-2.0
"""What sessions with next hops prove of uplinks, and for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.health.sessions import DEBOUNCE, START
from gwsched.health.step import UPLINK_REST
from gwsched.health.uplinks import CAUSE, FADING, Memory
from gwsched.model import Session
from tests.unit.fleet import HOP, STEP, Fleet

UP, DOWN = Session.UP, Session.DOWN
PLACE = ("gw1", "public")


@pytest.fixture
def fleet() -> Fleet:
    """A port of gw1 that reaches its next hop."""
    found = Fleet()
    found.watchers = ["hv1"]
    found.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    found.session("p", UP)
    found.run(3)
    assert PLACE in found.health.uplinks.good
    return found


def bad(fleet: Fleet) -> set[str]:
    """Whose uplink to the public network is bad."""
    return {c for c, network in fleet.health.uplinks.bad if network}


def moved(fleet: Fleet, holder: str) -> None:
    """Let another hold it; the row says what the last one said."""
    others = [name for name in ("gw1", "gw2", "gw3") if name != holder]
    fleet.write("p", holder, *others)
    fleet.hold("p", holder)
    fleet.step()


def fall(fleet: Fleet) -> None:
    fleet.session("p", DOWN)
    fleet.run(DEBOUNCE + STEP)


# -- what is believed --


def test_down_is_bad_once_it_has_lasted(fleet: Fleet) -> None:
    fleet.session("p", DOWN)
    fleet.run(STEP)
    assert not bad(fleet)
    assert fleet.health.wake_at <= fleet.now + DEBOUNCE
    fleet.run(DEBOUNCE)
    assert fleet.health.uplinks.lost == {"p": frozenset({"gw1"})}
    assert PLACE not in fleet.health.uplinks.good
    why = fleet.health.uplinks.bad[PLACE]
    assert all(word in why for word in ("gw1", "public", HOP))


def test_who_owes_an_answer_may_have_more_to_say(fleet: Fleet) -> None:
    """It lost SB before it could say that its session is up."""
    fall(fleet)
    moved(fleet, "gw2")
    fleet.silent = {"gw2"}
    fleet.policy = replace(fleet.policy, dead_after=60.0)
    fleet.run(3 * START)
    assert bad(fleet) == {"gw1"}
    fleet.silent = set()
    fleet.run(2 * STEP)
    assert bad(fleet) == {"gw1", "gw2"}


def test_down_for_a_moment_is_nothing(fleet: Fleet) -> None:
    for _ in range(5):
        fleet.session("p", DOWN)
        fleet.run(STEP)
        fleet.session("p", UP)
        fleet.run(STEP)
        assert not bad(fleet)
        assert not fleet.health.uplinks.lost


def test_up_again_is_good_again(fleet: Fleet) -> None:
    fall(fleet)
    assert bad(fleet) == {"gw1"}
    fleet.session("p", UP)
    fleet.step()
    assert not bad(fleet)
    assert PLACE in fleet.health.uplinks.good
    assert fleet.health.uplinks.reached == {HOP: frozenset({"gw1"})}


@pytest.mark.parametrize("session", [DOWN, Session.INIT, Session.ADMIN_DOWN])
def test_a_session_that_never_was_up_proves_nothing(
    session: Session,
) -> None:
    fleet = Fleet()
    fleet.unit("p", "gw1", "gw2", holder="gw1")
    fleet.session("p", session)
    fleet.run(20)
    moved(fleet, "gw2")
    fleet.run(20)
    assert fleet.health.uplinks == Memory().found


@pytest.mark.parametrize("session", [Session.INIT, Session.ADMIN_DOWN])
def test_only_down_is_down(fleet: Fleet, session: Session) -> None:
    fleet.session("p", session)
    fleet.run(20)
    assert not bad(fleet)
    assert not fleet.health.uplinks.lost


def test_one_of_several_next_hops_is_enough(fleet: Fleet) -> None:
    fleet.session("p", UP, "192.0.2.2")
    fleet.session("p", UP, "192.0.2.3")
    fleet.run(1)
    fall(fleet)
    assert not bad(fleet)
    assert not fleet.health.uplinks.lost
    fleet.session("p", Session.ADMIN_DOWN, "192.0.2.2")
    fleet.session("p", DOWN, "192.0.2.3")
    fleet.run(1)
    assert bad(fleet) == {"gw1"}


def test_a_suspect_is_not_believed(fleet: Fleet) -> None:
    """Where the host is dead its sessions are down as well."""
    fleet.dark = {"gw1"}
    fleet.run(STEP)
    fall(fleet)
    assert not bad(fleet)
    assert not fleet.health.uplinks.good


# -- under a new holder --


def test_up_is_the_word_of_the_last_holder(fleet: Fleet) -> None:
    moved(fleet, "gw2")
    fleet.run(20)
    assert not fleet.health.uplinks.good
    assert not fleet.health.uplinks.reached
    assert not fleet.health.uplinks.lost


def test_down_after_that_is_its_own_word(fleet: Fleet) -> None:
    moved(fleet, "gw2")
    fleet.run(2)
    fall(fleet)
    assert bad(fleet) == {"gw2"}


def test_down_over_up_is_the_word_of_who_had_it_up() -> None:
    """Though nobody saw it come up: it did while the port moved."""
    fleet = Fleet()
    fleet.watchers = ["hv1"]
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    fleet.session("p", DOWN)
    fleet.run(3)
    fleet.session("p", UP)
    moved(fleet, "gw2")
    fleet.run(3)
    assert not fleet.health.uplinks.good
    fall(fleet)
    assert bad(fleet) == {"gw2"}


def test_what_comes_up_in_a_fight_is_no_proof_of_an_uplink(
    fleet: Fleet,
) -> None:
    """Who has left it claims once more, when the next one's is up."""
    fall(fleet)
    moved(fleet, "gw2")
    fleet.run(1)
    fleet.hold("p", "gw1")
    fleet.step()
    fleet.session("p", UP)
    fleet.run(STEP)
    assert bad(fleet) == {"gw1"}
    fleet.hold("p", "gw2")
    fleet.run(1)
    assert bad(fleet) == {"gw1"}


def test_a_new_holder_has_time_to_come_up(fleet: Fleet) -> None:
    fall(fleet)
    moved(fleet, "gw2")
    fleet.run(START - STEP)
    assert bad(fleet) == {"gw1"}
    assert not fleet.health.uplinks.lost
    fleet.session("p", UP)
    fleet.run(STEP)
    assert fleet.health.uplinks.good == {("gw2", "public")}


def test_who_does_not_come_up_in_time_has_tried_as_well(
    fleet: Fleet,
) -> None:
    fall(fleet)
    moved(fleet, "gw2")
    fleet.run(START + STEP)
    assert bad(fleet) == {"gw1", "gw2"}
    assert fleet.health.uplinks.lost == {"p": frozenset({"gw1", "gw2"})}


# -- the pair of chassis and network --


def test_all_on_that_network_are_bad_and_no_other_network(
    fleet: Fleet,
) -> None:
    dmz = frozenset({"dmz"})
    fleet.unit("d", "gw1", "gw2", holder="gw1", networks=dmz)
    fleet.session("d", UP)
    fleet.unit("q", "gw1", "gw2", holder="gw1")
    fleet.run(1)
    fall(fleet)
    assert fleet.health.uplinks.bad.keys() == {PLACE}
    assert fleet.health.uplinks.good == {("gw1", "dmz")}
    assert fleet.health.uplinks.lost.keys() == {"p"}


def test_where_some_are_up_only_the_others_are_lost(fleet: Fleet) -> None:
    fleet.unit("q", "gw1", "gw2", holder="gw1")
    fleet.session("q", UP, "192.0.2.9")
    fleet.run(1)
    fall(fleet)
    assert not bad(fleet)
    assert fleet.health.uplinks.lost.keys() == {"p"}
    assert fleet.health.uplinks.reached == {"192.0.2.9": frozenset({"gw1"})}
    fleet.session("q", DOWN, "192.0.2.9")
    fleet.run(1)
    assert bad(fleet) == {"gw1"}


# -- marks --


def mark(fleet: Fleet) -> float:
    """Mark gw1, and let gw2 prove at once that it was gw1's own fault."""
    moved(fleet, "gw1")
    fleet.session("p", UP)
    fleet.run(1)
    fall(fleet)
    until = fleet.memory.uplinks.marks[PLACE].until
    lasts = until - fleet.now
    moved(fleet, "gw2")
    fleet.session("p", UP)
    fleet.run(1)
    assert bad(fleet) == {"gw1"}
    return lasts


def wait(fleet: Fleet, seconds: float) -> None:
    fleet.now += seconds
    fleet.step()


def test_a_mark_outlasts_the_ports_and_expires(fleet: Fleet) -> None:
    rest = UPLINK_REST * fleet.policy.hold_down
    assert mark(fleet) == pytest.approx(rest)
    fleet.run(rest - 3)
    assert bad(fleet) == {"gw1"}
    fleet.run(3)
    assert not bad(fleet)


def test_a_mark_lasts_on_while_the_session_is_down(fleet: Fleet) -> None:
    rest = UPLINK_REST * fleet.policy.hold_down
    fall(fleet)
    fleet.run(rest + 5)
    assert bad(fleet) == {"gw1"}
    left = fleet.memory.uplinks.marks[PLACE].until - fleet.now
    assert left == pytest.approx(rest)  # and is no longer for it


def test_marks_in_a_row_double_up_to_a_limit(fleet: Fleet) -> None:
    rest = UPLINK_REST * fleet.policy.hold_down
    for times in range(7):
        lasts = mark(fleet)
        expected = rest * min(2**times, 16)
        assert lasts == pytest.approx(expected)
        wait(fleet, lasts)
        assert not bad(fleet)


def test_in_peace_a_mark_is_forgotten(fleet: Fleet) -> None:
    rest = UPLINK_REST * fleet.policy.hold_down
    mark(fleet)
    wait(fleet, rest + FADING * rest - 5)
    assert mark(fleet) == pytest.approx(2 * rest)
    wait(fleet, 2 * rest + 2 * FADING * rest)
    assert mark(fleet) == pytest.approx(rest)


def test_in_peace_one_doubling_after_another_fades(fleet: Fleet) -> None:
    """What fails now and then is no worse in the end than at first."""
    rest = UPLINK_REST * fleet.policy.hold_down
    for _ in range(4):
        lasts = mark(fleet)
        wait(fleet, lasts)
    assert lasts == pytest.approx(8 * rest)
    for _ in range(5):
        wait(fleet, FADING * rest)
        assert mark(fleet) == pytest.approx(8 * rest)
        wait(fleet, 8 * rest)
    wait(fleet, 2 * FADING * rest)
    assert mark(fleet) == pytest.approx(4 * rest)


@pytest.mark.parametrize(
    ("after", "marked"), [(CAUSE - 2, set()), (CAUSE + 2, {"gw1"})]
)
def test_a_mark_whose_cause_comes_to_light_is_dropped(
    fleet: Fleet, after: float, marked: set[str]
) -> None:
    """Its host was dead, not its uplink: that says nothing once it is back."""
    fall(fleet)
    moved(fleet, "gw2")
    fleet.session("p", UP)
    fleet.run(after)
    fleet.dark = {"gw1"}
    fleet.run(1)
    assert bad(fleet) == marked


# -- when the next hop itself was dead --


def test_a_next_hop_that_comes_back_late_was_dead_for_all(
    fleet: Fleet,
) -> None:
    fall(fleet)
    moved(fleet, "gw2")
    fleet.run(START + 1)
    assert bad(fleet) == {"gw1", "gw2"}
    fleet.session("p", UP)
    fleet.run(2 * STEP)
    assert not bad(fleet)
    assert fleet.health.uplinks.reached == {HOP: frozenset({"gw2"})}


def test_sessions_that_are_removed_leave_nothing_behind(
    fleet: Fleet,
) -> None:
    fleet.unit("p", "gw1", "gw2", holder="gw1")
    fleet.run(1)
    assert fleet.health.uplinks == Memory().found
