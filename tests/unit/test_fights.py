# SPDX-License-Identifier: Apache-2.0
"""Who fights, who only fails over, and how long a pair is kept apart."""

from __future__ import annotations

import pytest

from gwsched.health import fights
from gwsched.health.fights import (
    AT_ONCE,
    LULL,
    MOST_DOUBLINGS,
    REST,
    SPREAD,
    WINDOW,
)
from tests.unit.fleet import STEP, Fleet

PAIR = frozenset({"gw1", "gw2"})


@pytest.fixture
def fleet() -> Fleet:
    """A port whose three members have had time to see each other."""
    found = Fleet()
    found.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    found.run(2 * found.bfd_time + 1)
    return found


def clash(
    fleet: Fleet, times: int = 1, every: float = 0.5, other: str = "gw2"
) -> None:
    """Let another take the port, and its holder take it back at once."""
    holder = fleet.units["p"].holder
    for _ in range(times):
        fleet.hold("p", other)
        fleet.hold("p", holder)
        fleet.step()
        fleet.run(every)


def rest(fleet: Fleet) -> float:
    """For how long the pair is kept apart from now on."""
    return fleet.health.apart[PAIR] - fleet.now


def test_two_that_overrule_each_other_at_once_are_kept_apart(
    fleet: Fleet,
) -> None:
    clash(fleet, 6)
    assert fleet.health.apart.keys() == {PAIR}


def test_slow_fights_are_fights(fleet: Fleet) -> None:
    """Every 2 s, as since OVN 24.03.7, and as often as it takes."""
    clash(fleet, 2, every=2)
    assert not fleet.health.apart
    clash(fleet)
    assert fleet.health.apart.keys() == {PAIR}


def test_claims_seen_one_by_one_are_a_fight_as_well(fleet: Fleet) -> None:
    for turn in range(10):
        fleet.hold("p", "gw1" if turn % 2 else "gw2")
        fleet.run(0.5)
    assert fleet.health.apart.keys() == {PAIR}


def test_a_flurry_is_none(fleet: Fleet) -> None:
    """Who comes up claims for an instant what it does not see taken."""
    clash(fleet, int(SPREAD / STEP), every=STEP)
    assert not fleet.health.apart
    clash(fleet)
    assert fleet.health.apart


def test_a_fail_over_and_the_way_back_is_none(fleet: Fleet) -> None:
    for holder in ("gw2", "gw1", "gw2", "gw1"):
        fleet.hold("p", holder)
        fleet.run(2.5)
    assert not fleet.health.apart


def test_a_flapping_tunnel_is_none(fleet: Fleet) -> None:
    """Its claims stand for longer than those of a fight."""
    for turn in range(20):
        fleet.hold("p", "gw1" if turn % 2 else "gw2")
        fleet.run(AT_ONCE + STEP)
        assert not fleet.health.apart


def test_one_that_claims_again_and_again_fights_with_nobody(
    fleet: Fleet,
) -> None:
    counts = {"p": {"gw2": 0}}
    for _ in range(12):
        counts = {"p": {"gw2": counts["p"]["gw2"] + 1}}
        fleet.claimed = counts
        fleet.run(0.5)
    assert not fleet.health.apart


def test_what_was_overruled_long_ago_does_not_count(fleet: Fleet) -> None:
    """Three times in all, but not within one window, and never a lull."""
    for _ in range(3):
        clash(fleet, every=2)
        for holder in ("gw3", "gw1"):
            fleet.hold("p", holder)
            fleet.run(2)
    assert WINDOW < 2 * 6
    assert not fleet.health.apart


def test_after_a_lull_it_is_not_the_same_fight(fleet: Fleet) -> None:
    for _ in range(3):
        clash(fleet, every=LULL + STEP)
    assert WINDOW > 2 * (LULL + STEP)
    assert not fleet.health.apart


def test_who_gives_the_port_up_is_in_no_fight(fleet: Fleet) -> None:
    """It has lost all its tunnels, and not only the other gateway."""
    for _ in range(3):
        clash(fleet, 2, every=0.75)
        fleet.drop("p")
        fleet.run(STEP)
        fleet.hold("p", "gw1")
    assert not fleet.health.apart
    clash(fleet, 3, every=0.75)
    assert fleet.health.apart


def test_nor_is_it_in_one_for_other_ports(fleet: Fleet) -> None:
    """Of those it only claimed what others hold, each time it was cut off."""
    fleet.unit("q", "gw2", "gw1", holder="gw2")
    fleet.run(2 * fleet.bfd_time + 1)
    for _ in range(3):
        clash(fleet)
        fleet.drop("q")
        fleet.run(1)
        fleet.hold("q", "gw2")
        fleet.run(1)
        assert not fleet.health.apart
    clash(fleet, 4)
    assert fleet.health.apart.keys() == {PAIR}


def test_a_backup_that_gives_up_a_port_is_not_cut_off(fleet: Fleet) -> None:
    """It sees the first of the list again."""
    fleet.unit("q", "gw1", "gw2", holder="gw2")
    fleet.run(2 * fleet.bfd_time + 1)
    clash(fleet, 2, every=1)
    fleet.drop("q")
    clash(fleet, 2, every=1)
    assert fleet.health.apart.keys() == {PAIR}


def test_the_cold_are_not_counted(fleet: Fleet) -> None:
    """They claim for an instant until they see the other gateways."""
    fleet.write("p", "gw1", "gw2", "gw3", "gw4")
    fleet.run(STEP)
    clash(fleet, 9, other="gw4")
    assert not fleet.health.apart
    fleet.run(2 * fleet.bfd_time)
    clash(fleet, 4, other="gw4")
    assert fleet.health.apart.keys() == {frozenset({"gw1", "gw4"})}


def test_nobody_is_warm_at_the_first_look() -> None:
    fleet = Fleet()
    fleet.unit("p", "gw1", "gw2", "gw3", holder="gw1")
    clash(fleet, 10)
    assert not fleet.health.apart


def test_who_is_in_no_list_fights_with_nobody(fleet: Fleet) -> None:
    clash(fleet, 6, other="gw4")
    assert not fleet.health.apart


def test_of_several_pairs_the_best_is_parted_first(fleet: Fleet) -> None:
    """Each look shows gw3 with gw2 as well as with gw1."""
    for _ in range(4):
        for name in ("gw2", "gw3", "gw1"):
            fleet.hold("p", name)
        fleet.run(0.5)
    assert fleet.health.apart.keys() == {frozenset({"gw1", "gw3"})}


# -- the rest --


def test_a_pair_is_kept_apart_for_some_hold_downs(fleet: Fleet) -> None:
    clash(fleet, 4)
    first = REST * fleet.policy.hold_down
    until = fleet.health.apart[PAIR]
    assert rest(fleet) == pytest.approx(first, abs=1)
    clash(fleet, 4)
    assert fleet.health.apart[PAIR] == until  # nor any longer for it
    fleet.now = until - STEP
    fleet.step()
    assert fleet.health.apart
    fleet.run(STEP)
    assert not fleet.health.apart


def again(fleet: Fleet, after: float) -> float:
    """Fight once more some time after the rest; how long is the next?"""
    fleet.now = fleet.memory.fights.pairs[PAIR].until + after
    fleet.step()
    clash(fleet, 4)
    return rest(fleet)


def test_the_rest_doubles_where_the_fight_starts_again(
    fleet: Fleet,
) -> None:
    clash(fleet, 4)
    first = REST * fleet.policy.hold_down
    for times in range(1, MOST_DOUBLINGS + 3):
        expected = first * 2 ** min(times, MOST_DOUBLINGS)
        assert again(fleet, after=1) == pytest.approx(expected, abs=1)


def test_after_a_rest_in_peace_it_is_forgotten(fleet: Fleet) -> None:
    clash(fleet, 4)
    first = REST * fleet.policy.hold_down
    assert again(fleet, after=first - 5) == pytest.approx(2 * first, abs=1)
    assert again(fleet, after=2 * first) == pytest.approx(first, abs=1)


def test_peace_makes_nothing_new() -> None:
    fleet = Fleet()
    fleet.unit("p", "gw1", "gw2", holder="gw1")
    fleet.run(1)
    before = fleet.memory.fights
    fleet.run(5)
    assert fleet.memory.fights is before
    assert before == fights.Fights(fleet.claimed)
