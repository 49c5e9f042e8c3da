# SPDX-License-Identifier: Apache-2.0
"""The guarded write: what came in between makes it fail as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gwsched import apply, snapshot
from gwsched.apply import Result
from gwsched.connection import Database
from gwsched.decisions import Change, Reason
from gwsched.loop import Loop
from gwsched.model import Form, Unit
from gwsched.ovsdb.tenure import KEY
from gwsched.schedulers.leastloaded import LeastLoaded
from gwsched.telemetry.metrics import Metrics
from tests.functional.ovn import Ovn
from tests.functional.reading import catch_up, databases, settings_for

Meddling = Callable[[Ovn, str], None]
BOTH_FORMS = pytest.mark.parametrize("form", list(Form))
SEEN_OR_NOT = pytest.mark.parametrize("noticed", [True, False])


def units(ovn: Ovn, nb: Database, sb: Database) -> dict[str, Unit]:
    """Read the units, by the name of their port."""
    seen = snapshot.read(nb.rows, sb.rows, settings_for(ovn), {})
    return {unit.ports[0].name: unit for unit in seen.units}


def change(unit: Unit, *after: str, form: Form | None = None) -> Change:
    wanted = form or unit.form or Form.HA_CHASSIS_GROUP
    return Change(unit, wanted, after, Reason.REPAIR, "a test")


def listed(ovn: Ovn, table: str, column: str = "name") -> list[str]:
    """One column of all rows of a table."""
    return sorted(
        ovn.nbctl("--bare", f"--columns={column}", "list", table).split()
    )


def follow_by_switch_port(ovn: Ovn, group: str) -> None:
    """Let an external switch port (SR-IOV, say) follow a group."""
    ovn.add_switch_port("sriov", group)


def follow_by_router_port(ovn: Ovn, group: str) -> None:
    """Let a router port follow a group that is none of ours."""
    stranger = ovn.add_router("stranger", marker="none")
    ovn.refer("Logical_Router_Port", stranger, group)


USERS = pytest.mark.parametrize(
    "follow", [follow_by_switch_port, follow_by_router_port]
)


@pytest.fixture
def three(ovn: Ovn) -> Ovn:
    ovn.add_chassis("gw1", "gw2", "gw3")
    return ovn


@BOTH_FORMS
def test_a_new_list(three: Ovn, form: Form) -> None:
    port = three.add_router("r1")
    with databases(three) as (nb, sb):
        wanted = change(units(three, nb, sb)[port], "gw2", "gw1", form=form)
        assert apply.commit(nb, [wanted], 10)[0] is Result.COMMITTED
    assert three.candidates(port) == [("gw2", 2), ("gw1", 1)]


@BOTH_FORMS
def test_a_list_changed_in_every_way_at_once(three: Ovn, form: Form) -> None:
    port = three.add_router("r1", "gw1", "gw2", form=form.value)
    with databases(three) as (nb, sb):
        wanted = change(units(three, nb, sb)[port], "gw3", "gw1")
        assert apply.commit(nb, [wanted], 10)[0] is Result.COMMITTED
    assert three.candidates(port) == [("gw3", 2), ("gw1", 1)]


def another_priority(ovn: Ovn, port: str) -> None:
    ovn.nbctl("lrp-set-gateway-chassis", port, "gw2", "77")


def another_member(ovn: Ovn, port: str) -> None:
    ovn.nbctl("lrp-set-gateway-chassis", port, "gw3", "9")


def the_port_deleted(ovn: Ovn, port: str) -> None:
    ovn.nbctl("lrp-del", port)


def the_other_table(ovn: Ovn, port: str) -> None:
    ovn.set_candidates(port, ("gw3",), "ha_chassis_group")


MEDDLINGS = [
    another_priority,
    another_member,
    the_port_deleted,
    the_other_table,
]


@pytest.mark.parametrize("meddle", MEDDLINGS)
@SEEN_OR_NOT
def test_what_came_in_between_fails_the_whole_transaction(
    three: Ovn, meddle: Meddling, noticed: bool
) -> None:
    """Whether our replica shows it already, or only the server knows."""
    port = three.add_router("r1", "gw1", "gw2")
    other = three.add_router("r2", "gw1", "gw2")
    with databases(three) as (nb, sb):
        seen = units(three, nb, sb)
        plan = [change(seen[p], "gw2", "gw1") for p in (other, port)]
        meddle(three, port)
        if noticed:
            catch_up(nb, sb)
        assert apply.commit(nb, plan, 10)[0] is Result.STALE
        assert three.candidates(other) == [("gw1", 2), ("gw2", 1)]
        catch_up(nb, sb)
        fresh = [change(units(three, nb, sb)[other], "gw2", "gw1")]
        assert apply.commit(nb, fresh, 10)[0] is Result.COMMITTED


@SEEN_OR_NOT
def test_a_list_somebody_else_made_meanwhile_stays(
    three: Ovn, noticed: bool
) -> None:
    port = three.add_router("r1")
    with databases(three) as (nb, sb):
        plan = [change(units(three, nb, sb)[port], "gw2", "gw1")]
        three.set_candidates(port, ("gw3",), "gateway_chassis")
        if noticed:
            catch_up(nb, sb)
        assert apply.commit(nb, plan, 10)[0] is Result.STALE
    assert three.candidates(port) == [("gw3", 1)]


def test_without_the_lock_nothing_is_written(three: Ovn) -> None:
    port = three.add_router("r1")
    with (
        databases(three),
        databases(three, with_lock=False) as (nb, sb),
    ):
        plan = [change(units(three, nb, sb)[port], "gw2", "gw1")]
        assert apply.commit(nb, plan, 10)[0] is Result.NOT_LOCKED
        assert apply.bump(nb, 10)[0] is Result.NOT_LOCKED
        assert apply.finish_rebalance(nb, 10)[0] is Result.NOT_LOCKED
        assert apply.collect(nb, [], 10)[0] is Result.NOT_LOCKED
    assert three.candidates(port) == []


def test_a_server_that_does_not_answer_is_given_up(three: Ovn) -> None:
    port = three.add_router("r1")
    with databases(three) as (nb, sb):
        plan = [change(units(three, nb, sb)[port], "gw2", "gw1")]
        three.pause("nb")
        try:
            result, detail = apply.commit(nb, plan, 0.5)
        finally:
            three.resume("nb")
        assert result is Result.UNANSWERED
        assert "no answer" in detail
        catch_up(nb, sb)
        # The outcome was open; what is there now is what is read.
        order = units(three, nb, sb)[port].order
        assert list(order) == three.order(port)


def test_a_heartbeat_is_one_more_whoever_else_counts(three: Ovn) -> None:
    with databases(three) as (nb, _):
        three.nbctl("set", "NB_Global", ".", "nb_cfg=41")
        assert apply.bump(nb, 10)[0] is Result.COMMITTED
    assert three.nbctl("get", "NB_Global", ".", "nb_cfg") == "42"


def test_a_group_left_behind_is_used_again(three: Ovn) -> None:
    port = three.add_router("r1")
    three.nbctl("ha-chassis-group-add", f"gwsched-{port}")
    with databases(three) as (nb, sb):
        plan = [change(units(three, nb, sb)[port], "gw2", "gw1")]
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
    assert three.order(port) == ["gw2", "gw1"]


def test_a_group_of_several_ports_is_one_unit(three: Ovn) -> None:
    port = three.add_router("r1", "gw1", "gw2", form="ha_chassis_group")
    other = three.add_router("r2")
    group = three.nbctl("get", "Logical_Router_Port", port, "ha_chassis_group")
    three.nbctl(
        "set", "Logical_Router_Port", other, f"ha_chassis_group={group}"
    )
    with databases(three) as (nb, sb):
        found = units(three, nb, sb)
        assert [p.name for p in found[port].ports] == [port, other]
        plan = [change(found[port], "gw3", "gw1")]
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
    assert three.order(port) == three.order(other) == ["gw3", "gw1"]


def test_a_change_of_a_unit_nobody_knows_is_stale(three: Ovn) -> None:
    port = three.add_router("r1", "gw1", form="ha_chassis_group")
    with databases(three) as (nb, sb):
        known = units(three, nb, sb)[port]
        plan = [change(replace(known, name="no such group"), "gw2")]
        assert apply.commit(nb, plan, 10)[0] is Result.STALE


def test_where_the_server_refuses_all_each_is_tried_by_itself(
    three: Ovn,
) -> None:
    """Somebody takes a row's name between our reading and our writing."""
    port = three.add_router("r1")
    other = three.add_router("r2")
    stranger = three.add_router("r3", marker="none")
    with databases(three) as (nb, sb):
        seen = units(three, nb, sb)
        form = Form.GATEWAY_CHASSIS
        plan = tuple(
            change(seen[p], "gw2", "gw1", form=form) for p in (port, other)
        )
        three.nbctl(
            *("--id=@g", "create", "Gateway_Chassis", f"name={port}_gw1"),
            *("chassis_name=gw3", "priority=9", "--"),
            *("set", "Logical_Router_Port", stranger, "gateway_chassis=@g"),
        )
        metrics = Metrics()
        loop = Loop(nb, sb, LeastLoaded(), settings_for(three), metrics)
        loop.acting.commit(plan, 0.0)
        failed = metrics.transactions.labels(Result.FAILED)
        assert failed._value.get() == 1
    assert three.order(other) == three.order(port) == ["gw2", "gw1"]


def test_a_write_that_broke_does_not_stop_the_next(three: Ovn) -> None:
    port = three.add_router("r1")
    with databases(three) as (nb, sb):
        known = units(three, nb, sb)[port]
        with pytest.raises(IndexError):
            apply.commit(nb, [change(replace(known, ports=()), "gw2")], 10)
        assert apply.commit(nb, [change(known, "gw1")], 10)[0] is (
            Result.COMMITTED
        )
    assert three.order(port) == ["gw1"]


def test_an_intent_is_taken_back_alone_whoever_else_writes(three: Ovn) -> None:
    three.nbctl("set", "NB_Global", ".", "external_ids:gwsched-rebalance=true")
    three.nbctl("set", "NB_Global", ".", "external_ids:theirs=old")
    with databases(three) as (nb, _):
        three.nbctl(
            *("set", "NB_Global", ".", "external_ids:theirs=new"),
            "external_ids:gwsched-pause=true",
        )
        assert apply.finish_rebalance(nb, 10)[0] is Result.COMMITTED
        assert apply.finish_rebalance(nb, 10)[0] is Result.COMMITTED
    three.nbctl("remove", "NB_Global", ".", "external_ids", KEY)
    left = three.nbctl("get", "NB_Global", ".", "external_ids")
    assert left == '{gwsched-pause="true", theirs=new}'


@USERS
def test_a_group_of_our_name_that_others_follow_keeps_its_list(
    three: Ovn, follow: Meddling
) -> None:
    port = three.add_router("r1")
    own = f"gwsched-{port}"
    three.nbctl("ha-chassis-group-add", own)
    three.nbctl("ha-chassis-group-add-chassis", own, "gw3", "9")
    follow(three, own)
    with databases(three) as (nb, sb):
        plan = [change(units(three, nb, sb)[port], "gw1", "gw2")]
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
    assert three.order(port) == ["gw1", "gw2"]
    assert listed(three, "HA_Chassis", "chassis_name") == ["gw1", "gw2", "gw3"]


def left_behind(ovn: Ovn, *names: str) -> None:
    for name in names:
        ovn.nbctl("ha-chassis-group-add", name)
        ovn.nbctl("ha-chassis-group-add-chassis", name, "gw1", "1")


def test_only_groups_of_our_own_that_nobody_uses_are_collected(
    three: Ovn,
) -> None:
    names = ("gwsched-gone", "gwsched-router", "gwsched-switch", "theirs")
    left_behind(three, *names)
    follow_by_router_port(three, "gwsched-router")
    follow_by_switch_port(three, "gwsched-switch")
    with databases(three) as (nb, _):
        named = [*names, "gwsched-never-was"]
        assert apply.collect(nb, named, 10)[0] is Result.COMMITTED
        assert listed(three, "HA_Chassis_Group") == list(names[1:])
        assert len(listed(three, "HA_Chassis", "chassis_name")) == 3
        assert apply.collect(nb, named, 10)[0] is Result.COMMITTED


@USERS
def test_a_group_taken_up_meanwhile_is_not_collected(
    three: Ovn, follow: Meddling
) -> None:
    left_behind(three, "gwsched-gone", "gwsched-used")
    with databases(three) as (nb, sb):
        orphans = snapshot.read(
            nb.rows, sb.rows, settings_for(three), {}
        ).orphans
        assert orphans == ("gwsched-gone", "gwsched-used")
        follow(three, "gwsched-used")
        result, detail = apply.collect(nb, orphans, 10)
        assert result is Result.FAILED
        assert "referential integrity" in detail
        assert listed(three, "HA_Chassis_Group") == list(orphans)
        catch_up(nb, sb)
        assert apply.collect(nb, orphans, 10)[0] is Result.COMMITTED
    assert listed(three, "HA_Chassis_Group") == ["gwsched-used"]


def test_a_group_filled_meanwhile_is_not_collected(three: Ovn) -> None:
    left_behind(three, "gwsched-gone")
    with databases(three) as (nb, _):
        three.nbctl("ha-chassis-group-add-chassis", "gwsched-gone", "gw2", "2")
        assert apply.collect(nb, ["gwsched-gone"], 10)[0] is Result.STALE
    assert listed(three, "HA_Chassis_Group") == ["gwsched-gone"]


@pytest.mark.parametrize("collected_first", [True, False])
def test_a_port_gets_a_list_and_its_old_group_is_an_orphan(
    three: Ovn, collected_first: bool
) -> None:
    port = three.add_router("r1")
    orphans = [f"gwsched-{port}"]
    left_behind(three, *orphans)
    with databases(three) as (nb, sb):
        plan = [change(units(three, nb, sb)[port], "gw2", "gw1")]
        if collected_first:
            assert apply.collect(nb, orphans, 10)[0] is Result.COMMITTED
        assert apply.commit(nb, plan, 10)[0] is Result.COMMITTED
        assert apply.collect(nb, orphans, 10)[0] is Result.COMMITTED
    assert three.candidates(port) == [("gw2", 2), ("gw1", 1)]
    assert listed(three, "HA_Chassis_Group") == orphans
    assert listed(three, "HA_Chassis", "chassis_name") == ["gw1", "gw2"]
