# SPDX-License-Identifier: Apache-2.0
"""The units in order, each with a name of its own."""

from __future__ import annotations

from gwsched.health import census
from gwsched.model import Form, GatewayPort, Unit
from gwsched.reading.catalogue import Catalogue
from gwsched.sharing import lineage

ALONE, GROUP = Form.GATEWAY_CHASSIS, Form.HA_CHASSIS_GROUP


def unit(name: str, form: Form | None = GROUP, router: str = "") -> Unit:
    return Unit(name, form, (GatewayPort(name, router),))


def catalogue(*units: Unit) -> Catalogue:
    made = Catalogue()
    for one in units:
        made.replace(None, one)
    made.settle()
    return made


def test_units_are_in_the_order_of_their_names() -> None:
    units = [unit(name) for name in "cab"]
    assert [u.name for u in catalogue(*units).units] == ["a", "b", "c"]


def test_one_takes_the_place_of_another() -> None:
    a, b, changed = unit("a"), unit("b"), unit("a", router="r")
    made = catalogue(a, b)
    before = made.units
    made.settle()
    assert made.units is before
    made.replace(a, changed)
    made.settle()
    assert made.units == (changed, b)
    assert made.units[1] is b
    made.replace(changed, None)
    made.settle()
    assert [u.name for u in made.units] == ["b"]


def test_a_unit_may_change_its_name() -> None:
    a, b = unit("a"), unit("b")
    made = catalogue(a, b)
    made.replace(a, c := unit("c"))
    made.settle()
    assert made.units == (b, c)


def test_of_two_with_one_name_there_is_neither() -> None:
    group, port = unit("a"), unit("a", ALONE)
    made = catalogue(group, unit("b"))
    assert made.problems() == []
    made.replace(None, port)
    made.settle()
    assert [u.name for u in made.units] == ["b"]
    assert [str(problem) for problem in made.problems()] == [
        "NB a: a group and a router port share this name; both are left alone"
    ]
    made.replace(group, None)
    made.settle()
    assert made.units == (port, unit("b"))
    assert made.problems() == []


def test_the_usual_form_is_that_of_most() -> None:
    assert Catalogue().usual_form is GROUP
    units = [unit("a", ALONE), unit("b", ALONE), unit("c"), unit("d", None)]
    made = catalogue(*units)
    assert made.usual_form is ALONE
    made.replace(units[1], unit("b"))
    made.settle()
    assert made.usual_form is GROUP


def test_who_knows_the_units_before_is_told_what_has_changed() -> None:
    a, b, c = unit("a"), unit("b"), unit("c")
    made = catalogue(a, b)
    first = made.units
    changed = unit("a", router="r")
    made.replace(a, changed)
    made.replace(b, None)
    made.replace(None, c)
    made.settle()
    second = made.units
    pairs = [(a, changed), (b, None), (None, c)]
    assert lineage.changes(first, second) == tuple(pairs)
    assert census.differing(tuple(first), second) == pairs
    assert lineage.changes(first, first) is None
    made.replace(c, None)
    made.settle()
    assert lineage.changes(first, made.units) is None
    assert lineage.changes(second, made.units) == ((c, None),)
