# SPDX-License-Identifier: Apache-2.0
"""What the parts of a plan are told: the family of a unit, and its form."""

from __future__ import annotations

import pytest

from gwsched.decisions import Health, Policy
from gwsched.model import Form, GatewayPort, Snapshot, Unit, frozen_map
from gwsched.placement.scene import Past, Scene
from gwsched.schedulers.leastloaded import LeastLoaded


def unit(name: str, *routers: str, form: Form | None = None) -> Unit:
    ports = (GatewayPort(f"{name}-{r}", router=r) for r in routers)
    return Unit(name, form, tuple(ports))


def scene(*units: Unit, table: Form | None = None) -> Scene:
    seen = Snapshot(frozen_map({}), units, default_form=Form.GATEWAY_CHASSIS)
    return Scene(
        seen, Health(), LeastLoaded(), Policy(table=table), Past(), 0.0
    )


def test_siblings_are_the_other_units_of_a_units_routers() -> None:
    one, other, both = unit("1", "r"), unit("2", "s"), unit("3", "r", "s")
    found = scene(both, other, one, unit("4", "t"))
    assert [u.name for u in found.siblings(one)] == ["3"]
    assert sorted(u.name for u in found.siblings(both)) == ["1", "2"]
    assert found.siblings(unit("4", "t")) == []


def test_a_port_without_a_router_has_no_siblings() -> None:
    lone, other = unit("1", ""), unit("2", "")
    assert scene(lone, other).siblings(lone) == []


def test_units_are_in_the_order_of_their_names() -> None:
    found = scene(unit("2"), unit("10"), unit("1"))
    assert [u.name for u in found.units] == ["1", "10", "2"]


@pytest.mark.parametrize(
    ("form", "table", "wanted"),
    [
        (None, None, Form.GATEWAY_CHASSIS),
        (None, Form.HA_CHASSIS_GROUP, Form.HA_CHASSIS_GROUP),
        (Form.HA_CHASSIS_GROUP, None, Form.HA_CHASSIS_GROUP),
        (
            Form.HA_CHASSIS_GROUP,
            Form.GATEWAY_CHASSIS,
            Form.GATEWAY_CHASSIS,
        ),
        (
            Form.HA_CHASSIS_GROUP,
            Form.HA_CHASSIS_GROUP,
            Form.HA_CHASSIS_GROUP,
        ),
    ],
)
def test_the_form_of_a_list_is_what_it_is_unless_configured(
    form: Form | None, table: Form | None, wanted: Form
) -> None:
    mine = unit("1", "r", form=form)
    found = scene(mine, table=table)
    assert found.form(mine) is wanted
    assert found.switches(mine) is (form not in (None, wanted))
