# SPDX-License-Identifier: Apache-2.0
"""OVN's election, as far as SB and the verdicts tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gwsched.cli.forecast.election import Election
from gwsched.decisions import Health, State, Verdict
from gwsched.model import Candidate, Form, GatewayPort, Unit, frozen_map

UP = Election(frozenset({"gw1", "gw2", "gw3", "hv0"}))


def unit(
    name: str,
    *order: str,
    holder: str | None = None,
    references: tuple[str, ...] = ("hv0",),
) -> Unit:
    top = len(order)
    return Unit(
        name,
        Form.GATEWAY_CHASSIS if order else None,
        (GatewayPort(name, holder=holder),),
        tuple(Candidate(c, top - i) for i, c in enumerate(order)),
        references=frozenset(references),
    )


def holder(
    election: Election, one: Unit, *, rewritten: bool = False
) -> str | None:
    return election.on(one, rewritten=rewritten).holder


def test_the_first_that_is_up_claims() -> None:
    one = unit("p", "gw1", "gw2", "gw3")
    assert holder(UP, one) == "gw1"
    assert holder(UP.without(["gw1"]), one) == "gw2"
    assert holder(UP.without(["gw1", "gw2"]), one) == "gw3"
    assert holder(UP.without(["gw1", "gw2", "gw3"]), one) is None


def test_who_answers_claims_and_who_does_not_keeps() -> None:
    states = {
        "gw1": State.UNKNOWN,
        "gw2": State.SUSPECT,
        "gw3": State.RETURNING,
        "gw4": State.LIVE,
        "gw5": State.DEAD,
    }
    verdicts = {name: Verdict(s, 0, "") for name, s in states.items()}
    found = Election.among(Health(frozen_map(verdicts)))
    order = ("gw5", "gw1", "gw2", "gw3", "gw4")
    assert holder(found, unit("p", *order)) == "gw3"
    for name in order[1:]:
        assert holder(found, unit("p", *order, holder=name)) == name
    assert holder(found, unit("p", *order, holder="gw5")) == "gw3"


def test_who_holds_goes_on_unless_the_list_is_new() -> None:
    one = unit("p", "gw1", "gw2", holder="gw2")
    assert UP.on(one) is one
    assert holder(UP, one, rewritten=True) == "gw1"


def test_who_holds_but_is_not_listed_loses_it() -> None:
    assert holder(UP, unit("p", "gw1", holder="gw3")) == "gw1"


def test_a_port_without_a_list_stays_with_its_last_claim() -> None:
    one = unit("p", holder="gw3")
    assert holder(UP, one) == "gw3"
    assert holder(UP.without(["gw3"]), one) is None


def test_the_silent_keep_and_do_not_claim() -> None:
    some = Election(frozenset({"gw2", "gw3"}), frozenset({"gw1"}))
    one = unit("p", "gw1", "gw2", "gw3")
    assert holder(some, one) == "gw2"
    held = unit("p", "gw1", "gw3", "gw2", holder="gw1")
    assert holder(some, held, rewritten=True) == "gw1"
    assert holder(some.without(["gw1"]), held) == "gw3"


@pytest.mark.parametrize(
    ("order", "references", "claims"),
    [
        (("gw1", "gw2"), (), False),
        (("gw1", "gw2"), ("hv0",), True),
        (("gw1", "gw2"), ("gw2",), False),
        (("gw1", "gw2"), ("gw1",), False),
        (("gw1", "gw2"), ("gw3",), True),
        (("gw1", "gw2"), ("hv9",), False),
        (("gw2",), (), True),
        (("gw1", "gw2", "gw3"), (), True),
        (("gw1", "gw9", "gw2"), (), False),
    ],
)
def test_a_lone_survivor_wants_a_witness(
    order: tuple[str, ...], references: tuple[str, ...], claims: bool
) -> None:
    """A witness is not itself, not a dead one, and not one unheard of."""
    one = unit("p", *order, holder="gw1", references=references)
    found = holder(UP.without(["gw1"]), one)
    assert found == ("gw2" if claims else None)


def test_ports_of_one_group_may_have_two_holders() -> None:
    ports = (GatewayPort("a", holder="gw1"), GatewayPort("b", holder="gw2"))
    group = replace(unit("g", "gw1", "gw2", "gw3"), ports=ports)
    after = UP.without(["gw1"]).on(group)
    assert [port.holder for port in after.ports] == ["gw2", "gw2"]
    assert UP.on(group) is group
