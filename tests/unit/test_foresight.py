# SPDX-License-Identifier: Apache-2.0
"""What one write would lead to is written with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gwsched.decisions import Change, Reason, State
from gwsched.model import Candidate, Form, Unit
from gwsched.placement.foresight import completed
from tests.unit.placing import NOW, Gateways, listing


def written(world: Gateways) -> Gateways:
    """Let OVN carry over what is planned; nobody has claimed anything."""
    world.units = tuple(change.written for change in world.plan.changes)
    world.claimed_at = world.listed_at = NOW
    return world


def unfit(world: Gateways, name: str) -> None:
    """Let a chassis be no gateway any more."""
    no_more = replace(world.chassis[name], is_gateway=False)
    world.chassis[name] = no_more


def ranked(unit: Unit, **priorities: int) -> Unit:
    """Give a unit other candidates, in the order of their names."""
    rows = (Candidate(name, at) for name, at in priorities.items())
    return replace(unit, candidates=tuple(rows))


def test_who_fights_with_a_new_primary_goes_as_that_comes() -> None:
    world = Gateways(2, listing("gw3 gw1", "gw1"))
    world.judge("gw3", State.DEAD, age=60)
    world.judge("gw1", State.RETURNING)
    unfit(world, "gw1")
    world.part("gw1 gw2")
    assert world.after == "gw2"
    assert written(world).plan.changes == ()


def test_who_leaves_and_who_comes_for_it_are_one_write() -> None:
    world = Gateways(3, listing("gw1 gw2", "gw1"))
    world.mark(bad="gw2")
    assert world.after == "gw1 gw3"
    assert written(world).plan.changes == ()


def test_the_reason_of_the_first_step_stands_with_all_whys() -> None:
    world = Gateways(3, listing("gw1 gw2", "gw1"))
    world.mark(bad="gw2")
    assert world.change.reason is Reason.REPAIR
    assert "filled up with gw3" in world.change.why
    assert world.change.why.endswith("gw2 has a dead uplink: leaves")


def test_an_unfit_member_is_no_lone_survivor() -> None:
    """It would be put out of the list again as soon as it was in force."""
    world = Gateways(3, listing("gw3 gw1", references=frozenset()))
    world.judge("gw3", State.DEAD)
    del world.chassis["gw3"]
    unfit(world, "gw1")
    world.stranded = frozenset({world.units[0].name})
    assert world.after == "gw2"


def test_where_the_next_hop_is_lost_one_step_is_taken_at_a_time() -> None:
    """Whether the next one reaches it is only known when it has tried."""
    world = Gateways(3, listing("gw1 gw2 gw3", "gw1"))
    world.mark("gw1", tried="gw1")
    assert world.after == "gw2 gw3 gw1"


def test_of_surplus_members_those_that_serve_are_kept_for_the_dead() -> None:
    """Neutron appends with priority 0; two of the others are dead."""
    unit = listing("gw1 gw2 gw3 gw4", "gw1", neutron=True)
    world = Gateways(4, ranked(unit, gw1=4, gw2=3, gw3=2, gw4=0))
    world.judge("gw2", State.DEAD)
    world.judge("gw3", State.DEAD)
    assert {"gw1", "gw4"} <= set(world.after.split())


def test_who_is_in_a_list_twice_was_not_appended() -> None:
    unit = listing("gw1 gw2 gw3 gw4", "gw1", neutron=True)
    rows = (*unit.candidates, Candidate("gw2", 0))
    world = Gateways(4, replace(unit, candidates=rows))
    assert "gw2" in world.after.split()


class BackAndForth:
    """Repairs that would give every list its old order again."""

    def __init__(self, change: Change) -> None:
        self.scene = Gateways(2)
        self.undone = replace(change, after=change.unit.order)

    def following(self, *_: object) -> BackAndForth:
        return self

    def outcomes(self) -> list[Change]:
        return [self.undone]


def test_what_would_be_taken_back_at_once_is_not_written() -> None:
    """As where all are doubted, and each gives way to the next one."""
    unit = listing("gw1 gw2")
    order = ("gw2", "gw1")
    change = Change(
        unit, Form.HA_CHASSIS_GROUP, order, Reason.FAILOVER, "chosen"
    )
    repairs: Any = BackAndForth(change)
    assert completed(repairs, [change]) == []
