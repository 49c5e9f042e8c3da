# SPDX-License-Identifier: Apache-2.0
"""A list goes from one table to the other: whole, and without a packet."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from gwsched import apply, conf, snapshot
from gwsched.apply import Result
from gwsched.connection import Database, open_databases
from gwsched.decisions import Change, Reason
from gwsched.model import Form
from gwsched.sandbox import Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import catch_up, databases
from tests.functional.test_apply import (
    BOTH_FORMS,
    MEDDLINGS,
    SEEN_OR_NOT,
    USERS,
    Meddling,
    another_member,
    change,
    listed,
    the_port_deleted,
    units,
)
from tests.functional.test_failover import traffic, warm


@pytest.fixture
def three(ovn: Ovn) -> Ovn:
    ovn.add_chassis("gw1", "gw2", "gw3")
    return ovn


def other(form: Form) -> Form:
    return next(f for f in Form if f is not form)


@BOTH_FORMS
def test_a_list_goes_to_the_other_table_and_leaves_nothing(
    three: Ovn, form: Form
) -> None:
    port = three.add_router("r1", "gw1", "gw2", form=form.value)
    with databases(three) as (nb, sb):
        wanted = change(
            units(three, nb, sb)[port], "gw1", "gw3", form=other(form)
        )
        assert apply.commit(nb, [wanted], 10)[0] is Result.COMMITTED
        unit = units(three, nb, sb)[port]
        assert (unit.form, unit.shadowed) == (other(form), False)
    assert three.candidates(port) == [("gw1", 2), ("gw3", 1)]
    own = [f"{port}_gw1", f"{port}_gw3"]
    to_group = other(form) is Form.HA_CHASSIS_GROUP
    assert listed(three, "Gateway_Chassis") == ([] if to_group else own)
    assert listed(three, "HA_Chassis_Group") == (
        [f"gwsched-{port}"] if to_group else []
    )
    assert listed(three, "HA_Chassis", "chassis_name") == (
        ["gw1", "gw3"] if to_group else []
    )
    assert listed(three, "Logical_Router_Port", form.value) == []


def test_what_a_group_hid_gives_way_to_its_list(three: Ovn) -> None:
    port = three.add_router("r1", "gw1", "gw2", form="ha_chassis_group")
    three.set_candidates(port, ("gw3", "gw2"), "gateway_chassis")
    with databases(three) as (nb, sb):
        plan = [
            change(
                units(three, nb, sb)[port],
                *("gw1", "gw2"),
                form=Form.GATEWAY_CHASSIS,
            )
        ]
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
    assert three.candidates(port) == [("gw1", 2), ("gw2", 1)]
    # The row that ovn-nbctl named is still there.
    assert listed(three, "Gateway_Chassis") == [f"{port}-gw2", f"{port}_gw1"]
    assert listed(three, "HA_Chassis_Group") == []


def test_the_name_of_a_group_that_goes_is_free_at_once(three: Ovn) -> None:
    port, late = three.add_router("r1"), three.add_router("r2")
    name = f"gwsched-{late}"
    three.nbctl("ha-chassis-group-add", name)
    three.nbctl("ha-chassis-group-add-chassis", name, "gw1", "1")
    three.refer("Logical_Router_Port", port, name)
    with databases(three) as (nb, sb):
        seen = units(three, nb, sb)
        plan = [
            change(seen[port], "gw1", form=Form.GATEWAY_CHASSIS),
            change(seen[late], "gw2", form=Form.HA_CHASSIS_GROUP),
        ]
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
    assert (three.order(port), three.order(late)) == (["gw1"], ["gw2"])
    assert listed(three, "HA_Chassis_Group") == [name]


def another_member_of_the_group(ovn: Ovn, port: str) -> None:
    ovn.nbctl("ha-chassis-group-add-chassis", f"group-{port}", "gw3", "9")


def another_priority_in_the_group(ovn: Ovn, port: str) -> None:
    ovn.nbctl("ha-chassis-group-add-chassis", f"group-{port}", "gw2", "77")


def the_port_left_the_group(ovn: Ovn, port: str) -> None:
    ovn.nbctl("clear", "Logical_Router_Port", port, "ha_chassis_group")


@pytest.mark.parametrize(
    ("form", "meddle"),
    [
        *[(Form.GATEWAY_CHASSIS, meddle) for meddle in MEDDLINGS],
        (Form.HA_CHASSIS_GROUP, another_member_of_the_group),
        (Form.HA_CHASSIS_GROUP, another_priority_in_the_group),
        (Form.HA_CHASSIS_GROUP, the_port_left_the_group),
        (Form.HA_CHASSIS_GROUP, the_port_deleted),
        # Both forms at once, and not by our planning.
        (Form.HA_CHASSIS_GROUP, another_member),
    ],
)
@SEEN_OR_NOT
def test_a_list_changed_meanwhile_stays_where_it_is(
    three: Ovn, form: Form, meddle: Meddling, noticed: bool
) -> None:
    port = three.add_router("r1", "gw1", "gw2", form=form.value)
    with databases(three) as (nb, sb):
        known = units(three, nb, sb)[port]
        meddle(three, port)
        before = written(three)
        if noticed:
            catch_up(nb, sb)
        plan = [change(known, "gw1", "gw2", form=other(form))]
        assert apply.commit(nb, plan, 10)[0] is Result.STALE
    assert written(three) == before


def written(ovn: Ovn) -> list[str]:
    """All candidate lists, row by row."""
    return [
        ovn.nbctl("list", table)
        for table in (
            *("Logical_Router_Port", "HA_Chassis_Group"),
            *("Gateway_Chassis", "HA_Chassis"),
        )
    ]


@USERS
def test_a_group_that_others_follow_outlives_the_switch(
    three: Ovn, follow: Meddling
) -> None:
    """First the server alone knows of them, then the replica does."""
    port = three.add_router("r1", "gw1", "gw2", form="ha_chassis_group")
    with databases(three) as (nb, sb):
        known = units(three, nb, sb)[port]
        plan = [change(known, "gw1", "gw2", form=Form.GATEWAY_CHASSIS)]
        follow(three, f"group-{port}")
        before = written(three)
        result, detail = apply.commit(nb, plan, 10)
        assert result is Result.FAILED
        assert "referential integrity" in detail
        assert written(three) == before
        catch_up(nb, sb)
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
    assert listed(three, "Gateway_Chassis") == [f"{port}_gw1", f"{port}_gw2"]
    assert listed(three, "HA_Chassis_Group") == [f"group-{port}"]
    assert listed(three, "HA_Chassis", "chassis_name") == ["gw1", "gw2"]


@SEEN_OR_NOT
def test_a_group_left_behind_serves_for_the_switch_as_it_was_seen(
    three: Ovn, noticed: bool
) -> None:
    port = three.add_router("r1", "gw1", "gw2")
    own = f"gwsched-{port}"
    three.nbctl("ha-chassis-group-add", own)
    with databases(three) as (nb, sb):
        known = units(three, nb, sb)[port]
        plan = [change(known, "gw1", "gw2", form=Form.HA_CHASSIS_GROUP)]
        three.nbctl("ha-chassis-group-add-chassis", own, "gw3", "9")
        if not noticed:
            assert apply.commit(nb, plan, 10)[0] is Result.STALE
            assert listed(three, "HA_Chassis", "chassis_name") == ["gw3"]
        catch_up(nb, sb)
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
    assert listed(three, "HA_Chassis_Group") == [own]
    assert listed(three, "HA_Chassis", "chassis_name") == ["gw1", "gw2"]
    assert listed(three, "Gateway_Chassis") == []


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Three gateways and a compute node."""
    sandbox = Sandbox.up(name=f"s{os.getpid()}", gateways=3, computes=1)
    try:
        yield sandbox
    finally:
        sandbox.down()


@contextmanager
def connected(
    box: Sandbox,
) -> Iterator[tuple[Database, Database, conf.Settings]]:
    """NB and SB of a sandbox, in sync, with the lock."""
    settings = replace(conf.load([])[1], nb=(box.nb,), sb=(box.sb,))
    nb, sb = open_databases(settings)
    try:
        for database in (nb, sb):
            database.connect(threading.Event(), lambda: None)
        nb.set_lock()
        catch_up(nb, sb)
        yield nb, sb, settings
    finally:
        nb.close()
        sb.close()


@pytest.mark.packets
def test_no_packet_is_lost_by_a_switch_either_way(box: Sandbox) -> None:
    box.add_router("r1", candidates=("gw1", "gw2", "gw3"))
    wait_for(lambda: box.holder("r1") == "gw1", "gw1 to claim")
    warm(box)
    with (
        connected(box) as (nb, sb, settings),
        ClaimLog(box.sb) as claims,
        traffic(box, "r1") as run,
    ):
        for form in (Form.HA_CHASSIS_GROUP, Form.GATEWAY_CHASSIS):
            [unit] = snapshot.read(
                nb.rows, sb.rows, settings, sb.answers
            ).units
            assert unit.form is other(form)
            plan = [Change(unit, form, unit.order, Reason.REPAIR, "a test")]
            assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
            # Every chassis has acted on it, and a while of packets more.
            box.nbctl("--wait=hv", "sync")
            run.wait_replies(200, timeout=30)
            catch_up(nb, sb)
            assert box.holder("r1") == "gw1"
        assert claims.of("lrp-r1") == ["gw1"]
    assert run.report.lost == 0
    assert box.candidates("r1") == [("gw1", 3), ("gw2", 2), ("gw3", 1)]
