# SPDX-License-Identifier: Apache-2.0
"""Since when who holds what, and since when who is in a list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from gwsched.decisions import Claim
from gwsched.health import census
from gwsched.health.claims import CLAIM_SETTLE, follow, settles_at, warm_at
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Unit,
)
from gwsched.placement.clock import Clock

BFD = 3.0


class Story:
    """One port, its list and its holder, second by second."""

    def __init__(self, order: str, holder: str | None) -> None:
        self.now = 1000.0
        self.claims: Mapping[str, Claim] = {}
        self.census = census.Census()
        self.unit = Unit("lrp", Form.HA_CHASSIS_GROUP, ())
        self.see(order, holder, after=0)

    def see(
        self,
        order: str,
        holder: str | None,
        after: float = 10.0,
        *,
        in_force: bool = True,
        rows: str = "gw1 gw2 gw3",
    ) -> Claim:
        self.now += after
        names = order.split()
        listed = [Candidate(c, len(names) - i) for i, c in enumerate(names)]
        self.unit = replace(
            self.unit,
            ports=(GatewayPort("lrp", holder=holder),),
            candidates=tuple(listed),
            in_force=in_force,
        )
        chassis = {name: Chassis(name) for name in rows.split()}
        self.census = census.follow(self.census, (self.unit,))
        self.claims = follow(self.claims, self.census, chassis, self.now)
        return self.claim

    @property
    def claim(self) -> Claim:
        return self.claims["lrp"]


def test_what_is_seen_first_was_always_so_but_for_the_holder() -> None:
    claim = Story("gw1 gw2", "gw1").claim
    assert claim.since == 1000
    assert claim.listed_since == -math.inf


def test_while_nothing_changes_a_claim_is_the_same_value() -> None:
    story = Story("gw1 gw2", "gw1")
    before = story.claim
    assert story.see("gw1 gw2", "gw1") is before


def test_a_new_holder_holds_since_now() -> None:
    claim = Story("gw1 gw2", "gw1").see("gw1 gw2", "gw2")
    assert (claim.since, claim.listed_since) == (1010, -math.inf)
    assert settles_at(claim, BFD) == 1010 + CLAIM_SETTLE


def test_after_a_change_of_the_list_bfd_is_waited_for_too() -> None:
    claim = Story("gw1 gw2", "gw1").see("gw2 gw1", "gw1")
    assert claim.since == 1000
    assert settles_at(claim, BFD) == 1010 + BFD + CLAIM_SETTLE


def test_a_list_is_new_until_northd_has_carried_it_over() -> None:
    story = Story("gw1 gw2", "gw1")
    story.see("gw2 gw1", "gw1", in_force=False)
    claim = story.see("gw2 gw1", "gw1", in_force=False)
    assert claim.listed_since == 1020
    claim = story.see("gw2 gw1", "gw1")
    assert claim.listed_since == 1020


def test_a_member_is_warm_twice_the_time_of_bfd_after_it_joined() -> None:
    story = Story("gw1 gw2", "gw1")
    claim = story.see("gw1 gw2 gw3", "gw1")
    assert warm_at(claim, "gw2", BFD) == 1006
    assert warm_at(claim, "gw3", BFD) == 1016
    assert warm_at(claim, "gw4", BFD) == math.inf


def test_who_only_changes_places_stays_warm() -> None:
    story = Story("gw1 gw2 gw3", "gw1")
    claim = story.see("gw3 gw1 gw2", "gw1")
    assert warm_at(claim, "gw3", BFD) == 1006


def test_who_leaves_and_comes_back_is_cold_again() -> None:
    story = Story("gw1 gw2", "gw1")
    story.see("gw1", "gw1")
    claim = story.see("gw1 gw2", "gw1")
    assert warm_at(claim, "gw2", BFD) == 1026


def test_who_is_not_in_force_yet_is_not_warming() -> None:
    """Its controller has not been told of the list."""
    story = Story("gw1", "gw1")
    claim = story.see("gw1 gw2", "gw1", in_force=False)
    assert warm_at(claim, "gw2", BFD) == math.inf
    assert warm_at(claim, "gw1", BFD) == 1006
    claim = story.see("gw1 gw2", "gw1", after=30)
    assert warm_at(claim, "gw2", BFD) == 1040 + 2 * BFD


def test_a_port_that_is_gone_is_forgotten() -> None:
    story = Story("gw1", "gw1")
    nothing = census.follow(story.census, ())
    assert follow(story.claims, nothing, (), 2000) == {}


def test_who_gives_up_a_port_is_known_until_somebody_holds_it() -> None:
    story = Story("gw1 gw2", "gw1")
    assert story.see("gw1 gw2", None).dropped_by == "gw1"
    assert story.see("gw2 gw1", None).dropped_by == "gw1"
    assert story.see("gw2 gw1", "gw2").dropped_by is None


def test_who_has_left_and_comes_back_has_given_up_nothing() -> None:
    """Whoever is new does not answer for what was before it."""
    story = Story("gw1 gw2", "gw1")
    story.see("gw1 gw2", None)
    assert story.see("gw1 gw2", None, rows="gw2").dropped_by is None
    assert story.see("gw1 gw2", None).dropped_by is None


# -- the clock --


@pytest.mark.parametrize(
    ("moments", "past", "wake_at"),
    [
        ([], [], math.inf),
        ([99.0, 100.0], [True, True], math.inf),
        ([101.0], [False], 101.0),
        ([105.0, 90.0, 101.0, 300.0], [False, True, False, False], 101.0),
        ([math.inf], [False], math.inf),
        ([-math.inf], [True], math.inf),
    ],
)
def test_the_clock_remembers_when_to_look_again(
    moments: list[float], past: list[bool], wake_at: float
) -> None:
    clock = Clock(100.0)
    assert [clock.past(moment) for moment in moments] == past
    assert clock.wake_at == wake_at
