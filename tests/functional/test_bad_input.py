# SPDX-License-Identifier: Apache-2.0
"""Bad content in the databases: survived, reported once, repaired."""

from __future__ import annotations

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for


def says_once(daemon: Daemon, text: str) -> None:
    """Wait for a line, and for the loop to come round a few times more."""
    daemon.wait_log(text)
    cycles = "gwsched_cycle_duration_seconds_count"
    seen = daemon.metric(cycles) or 0
    wait_for(lambda: (daemon.metric(cycles) or 0) > seen + 5, "more cycles")
    lines = [line for line in daemon.log.split("\n") if text in line]
    assert len([line for line in lines if " WARNING " in line]) == 1
    assert daemon.metric("gwsched_errors_total", where="cycle") == 0


def test_unparsable_options_of_a_chassis(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ovn.add_chassis("gw5", mappings="public")
    ovn.add_chassis("gw6", options="enable-chassis-as-gw,availability-zones")
    port = ovn.add_router("r1")
    daemon = start()
    wait_for(lambda: len(ovn.order(port)) == 5, "five candidates")
    assert sorted(ovn.order(port)) == ["gw1", "gw2", "gw3", "gw4", "gw6"]
    says_once(daemon, "Chassis gw5: ovn-bridge-mappings: cannot read 'public'")
    says_once(
        daemon,
        "Chassis gw6: ovn-cms-options: cannot read 'availability-zones'",
    )
    assert daemon.metric("gwsched_errors_total", where="sb") == 2


def test_mappings_that_become_unreadable_take_nothing_away(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start()
    wait_for(lambda: len(ovn.order(port)) == 4, "four candidates")
    before = ovn.candidates(port)
    first = before[0][0]
    ovn.sbctl(
        "set", "Chassis", first, "other_config:ovn-bridge-mappings=public;br"
    )
    says_once(daemon, f"Chassis {first}: ovn-bridge-mappings")
    assert ovn.candidates(port) == before


def test_mappings_taken_away_move_the_port_and_then_the_candidate_leaves(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start()
    wait_for(lambda: len(ovn.order(port)) == 4, "four candidates")
    first, second = ovn.order(port)[:2]
    daemon.wait_log(f"{first} has claimed it")
    ovn.sbctl("set", "Chassis", first, 'other_config:ovn-bridge-mappings=""')
    wait_for(lambda: first not in ovn.order(port), f"{first} to leave")
    assert ovn.order(port)[0] == second
    steps = [line for line in daemon.log.split("\n") if "(repair: " in line]
    assert f"{first} last" in steps[-2]
    assert f"{first} leaves" in steps[-1]


@pytest.mark.parametrize("form", ["gateway_chassis", "ha_chassis_group"])
def test_a_candidate_that_does_not_exist(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, form: str
) -> None:
    port = ovn.add_router("r1", "nobody", "gw1", form=form)
    daemon = start()
    wait_for(
        lambda: len(ovn.order(port)) == 4 and "nobody" not in ovn.order(port),
        "nobody to be replaced",
    )
    assert ovn.order(port)[0] == "gw1"
    says_once(daemon, "chassis nobody: unheard of -> dead")


@pytest.mark.parametrize("form", ["gateway_chassis", "ha_chassis_group"])
def test_a_chassis_twice_in_a_list(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, form: str
) -> None:
    order = ("gw2", "gw1", "gw3", "gw4")
    port = ovn.add_router("r1", *order, form=form)
    if form == "gateway_chassis":
        ovn.nbctl(
            *("--id=@g", "create", "Gateway_Chassis", "name=again"),
            *("chassis_name=gw2", "priority=0", "--"),
            *("add", "Logical_Router_Port", port, "gateway_chassis", "@g"),
        )
    else:
        ovn.nbctl(
            *("--id=@h", "create", "HA_Chassis", "chassis_name=gw2"),
            *("priority=0", "--"),
            *("add", "HA_Chassis_Group", f"group-{port}", "ha_chassis", "@h"),
        )
    daemon = start()
    wait_for(lambda: len(ovn.candidates(port)) == 4, "the repair")
    assert tuple(ovn.order(port)) == order
    says_once(daemon, "names a chassis twice")


def test_two_candidates_of_one_priority(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    ovn.set_candidates(port, ("gw1", "gw2", "gw3", "gw4"), "gateway_chassis")
    ovn.nbctl("lrp-set-gateway-chassis", port, "gw1", "3")
    daemon = start()
    wait_for(
        lambda: [p for _, p in ovn.candidates(port)] == [4, 3, 2, 1],
        "distinct priorities",
    )
    assert ovn.order(port) == ["gw2", "gw1", "gw3", "gw4"]
    says_once(daemon, "two candidates have one priority")


@pytest.mark.parametrize(
    ("marker", "cleared"), [("intent", True), ("neutron", False)]
)
def test_both_tables_set(
    ovn: Ovn,
    gateways: Controllers,
    start: StartDaemon,
    marker: str,
    cleared: bool,
) -> None:
    """OVN ignores gateway_chassis then; Neutron's is Neutron's affair."""
    order = ("gw4", "gw3", "gw2", "gw1")
    port = ovn.add_router("r1", *order, form="ha_chassis_group", marker=marker)
    ovn.nbctl("lrp-set-gateway-chassis", port, "gw1", "7")
    daemon = start()
    says_once(daemon, "has both gateway_chassis and ha_chassis_group")

    def column() -> str:
        return ovn.nbctl("get", "Logical_Router_Port", port, "gateway_chassis")

    if cleared:
        wait_for(lambda: column() == "[]", "the ignored list to go")
    assert (column() == "[]") == cleared
    assert tuple(ovn.order(port)) == order


def test_an_unknown_intent_is_named(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ovn.nbctl("set", "NB_Global", ".", "external_ids:gwsched-fly=high")
    says_once(start(), "this version knows no intent gwsched-fly=high")


def test_a_half_made_router_waits_until_it_is_whole(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    """A port that no switch faces yet has no network to ask for."""
    port = ovn.add_router("r1")
    ovn.nbctl("lsp-del", f"{port}-peer")
    daemon = start()
    daemon.wait_log(f"{port}: nobody hosts it: .*faces no switch")
    reason = {"reason": "physical_network"}
    assert daemon.metric("gwsched_ports_unscheduled", **reason) == 1
    ovn.nbctl(
        *("lsp-add", "ls-public", "peer", "--"),
        *("lsp-set-type", "peer", "router", "--"),
        *("lsp-set-options", "peer", f"router-port={port}"),
    )
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    assert daemon.metric("gwsched_ports_unscheduled", **reason) is None
