# SPDX-License-Identifier: Apache-2.0
"""The vote on tunnels: who may cast one, who wins, what is remembered."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gwsched.decisions import State, Tunnels
from gwsched.health.claims import CLAIM_SETTLE
from gwsched.health.evidence import DISTRUST
from gwsched.health.tunnels import WARM_UP, Known, Sight, look
from gwsched.model import Snapshot, Vantage, frozen_map
from tests.unit.fleet import STEP, Fleet

BFD = 1.0
LASTS = 60.0
UP, DOWN, UNSEEN = Tunnels.UP, Tunnels.DOWN, Tunnels.UNSEEN


class Watch:
    """What is made of views, one look after another."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sight = Sight()
        self.owing: set[str] = set()
        self.silent: set[str] = set()
        self.claiming: set[str] = set()
        self.keeping: dict[str, float] = {}

    def see(self, *views: Vantage, after: float = 1.0) -> Sight:
        self.now += after
        seen = Snapshot(frozen_map({}), (), bfd_time=BFD, vantages=views)
        self.sight = look(
            self.sight,
            seen,
            Known(
                self.owing.__contains__,
                self.silent.__contains__,
                self.claiming.__contains__,
                self.keeping.get,
            ),
            LASTS,
            self.now,
        )
        return self.sight

    def of(self, name: str) -> Tunnels:
        return self.sight.of(name)[0]


def view(chassis: str, **tunnels: bool) -> Vantage:
    """What a chassis sees; it sees one more that is nobody's business."""
    return Vantage(f"tcp:{chassis}", chassis, frozen_map(tunnels))


@pytest.fixture
def watch() -> Watch:
    """Three who have seen gw1, and one another."""
    found = Watch()
    found.see(*(view(hv, gw1=True, gw2=True) for hv in ("a", "b", "c")))
    return found


@pytest.mark.parametrize(
    ("cast", "outcome"),
    [
        ((True, True, True), UP),
        ((True, True, False), UP),
        ((True, False, False), DOWN),
        ((False, False, False), DOWN),
        ((True, False), UP),  # a tie is no death
        ((False,), DOWN),
    ],
)
def test_the_majority_decides_and_a_tie_is_no_death(
    watch: Watch, cast: tuple[bool, ...], outcome: Tunnels
) -> None:
    votes = zip("abc", cast, strict=False)
    views = [view(name, gw1=up, gw2=True) for name, up in votes]
    watch.see(*views)
    assert watch.of("gw1") is outcome


def test_who_sees_nobody_has_no_vote(watch: Watch) -> None:
    cut_off = [view(hv, gw1=False, gw2=False) for hv in ("a", "b")]
    watch.see(*cut_off, view("c", gw1=True, gw2=False))
    assert watch.of("gw1") is UP
    watch.see(*cut_off)
    assert watch.of("gw1") is UNSEEN


def test_who_sees_somebody_is_seen(watch: Watch) -> None:
    watch.see(view("a", gw1=True, b=True), view("b", gw1=True, a=True))
    watch.see(view("a", gw1=True, b=False), view("b", gw1=True, a=False))
    assert watch.of("a") is watch.of("b") is UP


def test_a_session_says_nothing_until_it_was_up_or_should_be() -> None:
    watch = Watch()
    cold = view("a", gw1=False, gw2=True)
    sight = watch.see(cold)
    assert watch.of("gw1") is UNSEEN
    assert sight.wake_at == watch.now + WARM_UP * BFD
    watch.see(cold, after=WARM_UP * BFD - 0.1)
    assert watch.of("gw1") is UNSEEN
    sight = watch.see(cold, after=0.1)
    assert sight.of("gw1") == (DOWN, watch.now)
    assert sight.wake_at == math.inf


def test_a_session_that_was_up_says_at_once_that_it_is_down() -> None:
    watch = Watch()
    watch.see(view("a", gw1=True, gw2=True), after=0.1)
    sight = watch.see(view("a", gw1=False, gw2=True), after=0.1)
    assert sight.of("gw1") == (DOWN, watch.now)


@pytest.mark.parametrize(
    "views",
    [(), (view("a", gw1=False, gw2=False),)],
    ids=["it was away", "it saw nobody"],
)
def test_sessions_start_anew_of_a_vantage_point_that(
    watch: Watch, views: tuple[Vantage, ...]
) -> None:
    """Its switch may have been restarted; they do not come up together."""
    watch.see(*views)
    watch.see(view("a", gw1=False, gw2=True))
    assert (watch.of("gw1"), watch.of("gw2")) == (UNSEEN, UP)
    watch.see(view("a", gw1=False, gw2=True), after=WARM_UP * BFD)
    assert watch.of("gw1") is DOWN


def test_a_session_that_never_was_up_says_nothing_of_who_owes_an_answer() -> (
    None
):
    """Who does not see SB runs no BFD with newcomers."""
    watch = Watch()
    watch.owing = {"gw1"}
    for _ in range(2):
        watch.see(view("a", gw1=False, gw2=True), after=WARM_UP * BFD)
        assert watch.of("gw1") is UNSEEN
    watch.owing = set()
    watch.see(view("a", gw1=False, gw2=True))
    assert watch.of("gw1") is DOWN


def test_what_is_held_is_held_from_when_nobody_looks_any_more(
    watch: Watch,
) -> None:
    """However often was looked before."""
    watch.see(*(view(hv, gw1=False, gw2=True) for hv in ("a", "b", "c")))
    watch.see(after=LASTS)
    assert watch.of("gw1") is DOWN
    watch.see(after=LASTS)
    assert watch.of("gw1") is UNSEEN


def test_it_is_so_since_it_became_so(watch: Watch) -> None:
    assert watch.sight.of("gw1") == (UP, 101.0)
    watch.see(view("a", gw1=True, gw2=True))
    assert watch.sight.of("gw1") == (UP, 101.0)
    watch.see(view("a", gw1=False, gw2=True))
    watch.see(view("a", gw1=False, gw2=True))
    assert watch.sight.of("gw1") == (DOWN, 103.0)
    assert watch.sight.lost_at() == [103.0]


def test_without_vantage_points_nothing_is_made() -> None:
    watch = Watch()
    before = watch.sight
    assert watch.see() is before


# -- who leaves all lists --


def left_all_lists(watch: Watch) -> None:
    watch.see(view("a", gw1=False, gw2=True))
    watch.see(view("a", gw1=False, gw2=True))
    watch.see(view("a", gw2=True))


def test_who_was_cut_off_and_is_not_looked_at_any_more_still_is(
    watch: Watch,
) -> None:
    left_all_lists(watch)
    assert watch.sight.of("gw1") == (DOWN, 102.0)
    assert watch.sight.wake_at == watch.now + LASTS
    watch.see(view("a", gw2=True), after=LASTS - 0.5)
    assert watch.of("gw1") is DOWN
    watch.see(view("a", gw2=True), after=0.5)
    assert watch.of("gw1") is UNSEEN


def test_but_once_it_is_silent_its_answers_will_tell(watch: Watch) -> None:
    left_all_lists(watch)
    watch.silent = {"gw1"}
    watch.see(view("a", gw2=True))
    assert watch.of("gw1") is UNSEEN
    watch.silent = set()
    watch.see(view("a", gw2=True))
    assert watch.of("gw1") is UNSEEN


def test_the_word_of_one_that_is_being_cut_off_is_void(watch: Watch) -> None:
    """Its sessions end one by one."""
    watch.see(view("a", gw1=False, gw2=True))
    assert watch.of("gw1") is DOWN
    watch.see(view("a", gw1=False, gw2=False))
    assert watch.of("gw1") is UNSEEN


def test_the_word_of_one_that_is_away_is_not(watch: Watch) -> None:
    watch.see(view("a", gw1=False, gw2=True))
    watch.see()
    assert watch.of("gw1") is DOWN


def test_nor_is_that_of_one_that_looks_at_nobody_else(watch: Watch) -> None:
    watch.see(view("a", gw1=False, gw2=True))
    watch.see(view("a", gw1=False))
    watch.see(view("a"))
    assert watch.of("gw1") is DOWN


def test_but_once_it_has_kept_what_others_could_claim(watch: Watch) -> None:
    """They would have claimed it, had its tunnels been down."""
    left_all_lists(watch)
    watch.keeping = {"gw1": watch.now}
    watch.see(view("a", gw2=True), after=BFD + CLAIM_SETTLE - 0.1)
    assert watch.of("gw1") is DOWN
    watch.see(view("a", gw2=True), after=0.2)
    assert watch.of("gw1") is UNSEEN


def test_what_it_kept_while_it_was_seen_is_no_proof(watch: Watch) -> None:
    watch.keeping = {"gw1": watch.now - LASTS}
    left_all_lists(watch)
    assert watch.of("gw1") is DOWN


def test_that_tunnels_were_up_is_not_remembered(watch: Watch) -> None:
    watch.see(view("a", gw2=True))
    assert watch.of("gw1") is UNSEEN
    assert watch.of("gw2") is UP


def test_silence_does_not_overrule_who_sees_it(watch: Watch) -> None:
    watch.silent = {"gw1"}
    watch.see(view("a", gw1=False, gw2=True))
    assert watch.of("gw1") is DOWN


# -- and what comes of it --


def out_of_sight() -> Fleet:
    fleet = Fleet()
    fleet.watchers = ["hv1"]
    fleet.run(3)
    fleet.dark = {"gw1"}
    fleet.run(2)
    assert fleet.state("gw1") is State.SUSPECT
    fleet.watchers = []
    return fleet


def test_who_was_cut_off_is_distrusted_for_some_hold_downs() -> None:
    fleet = out_of_sight()
    lasts = DISTRUST * fleet.policy.hold_down
    fleet.run(lasts - 2 * STEP)
    assert fleet.state("gw1") is State.SUSPECT
    fleet.run(3 * STEP)
    assert fleet.state("gw1") is State.LIVE


def test_who_is_not_looked_at_any_more_and_falls_silent() -> None:
    """Its heartbeats tell, and who keeps a port has a data plane."""
    fleet = out_of_sight()
    fleet.policy = replace(fleet.policy, dead_after=2.0)  # soon overdue
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    fleet.silent = {"gw1"}
    fleet.run(20)
    assert fleet.health.evidence["gw1"].tunnels is UNSEEN
    assert fleet.state("gw1") is State.SUSPECT
    assert "others could claim" in fleet.why("gw1")


@pytest.mark.parametrize(
    ("order", "state"),
    [
        (("gw1", "gw2", "gw3"), State.LIVE),
        (("gw1",), State.SUSPECT),  # nobody else could claim it
    ],
)
def test_who_is_not_looked_at_any_more_and_keeps_a_port(
    order: tuple[str, ...], state: State
) -> None:
    fleet = out_of_sight()
    fleet.unit("p", *order, holder="gw1")
    fleet.run(fleet.snapshot.bfd_time + CLAIM_SETTLE + 4 * STEP)
    assert fleet.state("gw1") is state


def test_who_is_not_looked_at_any_more_and_claims_has_tunnels() -> None:
    fleet = out_of_sight()
    fleet.unit("p", "gw2", "gw1", "gw3", holder="gw2")
    fleet.run(1)
    assert fleet.health.evidence["gw1"].tunnels is DOWN
    fleet.hold("p", "gw1")
    fleet.run(2 * STEP)
    assert fleet.health.evidence["gw1"].tunnels is UNSEEN


def test_tunnels_that_nobody_looks_at_confirm_no_death() -> None:
    fleet = out_of_sight()
    fleet.run(30)
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    fleet.silent = {"gw1"}
    for _ in range(40):
        fleet.run(STEP)
        assert fleet.state("gw1") is State.SUSPECT


def test_but_once_it_claims_something_it_is_seen_again(watch: Watch) -> None:
    left_all_lists(watch)
    assert watch.of("gw1") is DOWN
    watch.claiming = {"gw1"}
    watch.see(view("a", gw2=True))
    assert watch.of("gw1") is UNSEEN


def test_who_does_not_see_sb_watches_old_lists_and_has_no_vote(
    watch: Watch,
) -> None:
    watch.silent = {"a", "b"}
    watch.see(*(view(hv, gw1=False, gw2=True) for hv in ("a", "b")))
    assert watch.of("gw1") is UNSEEN
    watch.silent = {"a"}
    watch.see(*(view(hv, gw1=False, gw2=True) for hv in ("a", "b")))
    assert watch.of("gw1") is DOWN
