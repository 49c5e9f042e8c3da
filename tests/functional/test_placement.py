# SPDX-License-Identifier: Apache-2.0
"""What the daemon writes, on real databases with a real northd."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.ovn import Ovn, wait_for

ALL = ["gw1", "gw2", "gw3", "gw4"]


def placed(ovn: Ovn, *ports: str, depth: int = 4) -> None:
    wait_for(
        lambda: all(len(ovn.order(p)) == depth for p in ports),
        f"{depth} candidates for each of {ports}",
    )


@pytest.mark.parametrize("marker", ["intent", "neutron"])
def test_marked_ports_are_placed_evenly(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, marker: str
) -> None:
    ports = [ovn.add_router(f"r{i}", marker=marker) for i in range(8)]
    start()
    placed(ovn, *ports)
    primaries = Counter(ovn.order(port)[0] for port in ports)
    assert set(primaries.values()) == {2}
    for port in ports:
        assert [p for _, p in ovn.candidates(port)] == [4, 3, 2, 1]


def test_what_is_not_ours_is_left_alone(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    unmarked = ovn.add_router("plain", marker="none")
    inner = ovn.add_router("inner", "gw1", marker="none")
    ovn.nbctl(
        *("set", "Logical_Router_Port", inner),
        'external_ids:"neutron:revision_number"="7"',
    )
    pinned = ovn.add_router("pinned")
    ovn.nbctl("set", "Logical_Router", "pinned", "options:chassis=gw1")
    ours = ovn.add_router("ours")
    start()
    placed(ovn, ours)
    assert ovn.order(unmarked) == []
    assert ovn.order(inner) == ["gw1"]
    assert ovn.order(pinned) == []


def test_with_adopt_localnet_every_port_that_faces_one_is_ours(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("plain", marker="none")
    start({"scheduler": {"adopt": "localnet"}})
    placed(ovn, port)


def test_an_intent_withdrawn_leaves_the_list_as_it_is(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start()
    placed(ovn, port)
    before = ovn.candidates(port)
    ovn.nbctl(
        "remove", "NB_Global", ".", "external_ids", f"gwsched-adopt-{port}"
    )
    ovn.add_router("r2")
    placed(ovn, "lrp-r2")
    after = ovn.candidates(port)
    assert after[0] == before[0]
    assert {name for name, _ in after} == {name for name, _ in before}
    assert daemon.metric("gwsched_errors_total", where="cycle") == 0


@pytest.mark.parametrize(
    ("table", "existing", "expected"),
    [
        ("auto", None, "ha_chassis_group"),
        ("auto", "gateway_chassis", "gateway_chassis"),
        ("auto", "ha_chassis_group", "ha_chassis_group"),
        ("gateway_chassis", "ha_chassis_group", "gateway_chassis"),
    ],
)
def test_the_form_of_new_lists(
    ovn: Ovn,
    gateways: Controllers,
    start: StartDaemon,
    table: str,
    existing: str | None,
    expected: str,
) -> None:
    if existing:
        ovn.add_router("old", *ALL, form=existing)
    port = ovn.add_router("new")
    start({"scheduler": {"table": table}})
    placed(ovn, port)
    columns = ["gateway_chassis", "ha_chassis_group"]
    found = ovn.nbctl("get", "Logical_Router_Port", port, *columns)
    filled = dict(zip(columns, found.split("\n"), strict=True))
    assert [c for c in columns if filled[c] != "[]"] == [expected]


@pytest.mark.parametrize("form", ["gateway_chassis", "ha_chassis_group"])
def test_lists_are_changed_in_place(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, form: str
) -> None:
    table = {"gateway_chassis": "Gateway_Chassis"}.get(form, "HA_Chassis")
    port = ovn.add_router("r1", "gw2", "gw1", form=form)

    def rows() -> set[str]:
        return set(
            ovn.nbctl("--bare", "--columns=_uuid", "list", table).split()
        )

    before = rows()
    start()
    placed(ovn, port)
    assert ovn.order(port)[:2] == ["gw2", "gw1"]
    assert before < rows()


def test_gateway_chassis_rows_have_neutrons_names(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    start({"scheduler": {"table": "gateway_chassis"}})
    placed(ovn, port)
    names = ovn.nbctl("--bare", "--columns=name", "list", "Gateway_Chassis")
    assert sorted(names.split()) == [f"{port}_{c}" for c in ALL]


def test_a_name_that_is_taken_is_no_obstacle(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    """Somebody named gw2's row as ours for gw1 would be."""
    port = ovn.add_router("r1")
    ovn.nbctl(
        *("--id=@g", "create", "Gateway_Chassis", f"name={port}_gw1"),
        *("chassis_name=gw2", "priority=9"),
        *("--", "set", "Logical_Router_Port", port, "gateway_chassis=@g"),
    )
    start()
    placed(ovn, port)
    assert ovn.order(port)[0] == "gw2"


def test_no_more_than_max_candidates(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    start({"scheduler": {"max_candidates": 2}})
    placed(ovn, port, depth=2)


def test_only_chassis_with_the_flag_and_the_network(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ovn.add_chassis("gw5", mappings="dmz:br-dmz")
    ovn.add_chassis("hv6", options="")
    port = ovn.add_router("r1")
    other = ovn.add_router("r2", network="dmz")
    start()
    placed(ovn, port)
    wait_for(lambda: ovn.order(other) == ["gw5"], "gw5 for the dmz")
    assert sorted(ovn.order(port)) == ALL


def test_the_zones_a_router_asks_for(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ovn.add_chassis(
        "gw5", options="enable-chassis-as-gw,availability-zones=az1:az2"
    )
    port = ovn.add_router("r1")
    ovn.nbctl(
        *("set", "Logical_Router", "r1"),
        'external_ids:"neutron:availability_zone_hints"="az2"',
    )
    start()
    wait_for(lambda: ovn.order(port) == ["gw5"], "the only one in az2")


def test_candidates_whose_rows_are_gone_are_replaced(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    start({"scheduler": {"max_candidates": 2}})
    placed(ovn, port, depth=2)
    first = ovn.order(port)
    for chassis in first:
        ovn.sbctl("chassis-del", chassis)
    wait_for(
        lambda: not set(ovn.order(port)) & set(first) and ovn.order(port),
        "two others",
    )
    placed(ovn, port, depth=2)
    wait_for(lambda: ovn.holder(port) == ovn.order(port)[0], "its claim")


def test_silent_chassis_that_hold_nothing_are_replaced(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start({"scheduler": {"max_candidates": 3}})
    placed(ovn, port, depth=3)
    backup = ovn.order(port)[1]
    daemon.wait_log(f"{ovn.order(port)[0]} has claimed it")
    gateways.silence([backup])
    wait_for(lambda: backup not in ovn.order(port), f"{backup} to leave")
    assert daemon.metric("gwsched_chassis_state", chassis=backup, state="dead")
    assert len(ovn.order(port)) == 3


def test_a_new_port_is_never_placed_on_a_corpse(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    gateways.silence(["gw1"])
    daemon = start()
    daemon.wait_log("guard startup is over")
    ports = [ovn.add_router(f"r{i}") for i in range(4)]
    placed(ovn, *ports, depth=3)
    for port in ports:
        assert "gw1" not in ovn.order(port)


def test_observe_writes_nothing_and_says_what_it_would(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start({"scheduler": {"mode": "observe"}})
    daemon.wait_log(f"observe: would write {port}: ")
    beats = len(ovn.transactions())
    wait_for(lambda: len(ovn.transactions()) > beats + 2, "heartbeats")
    assert ovn.plans_written() == []
    assert daemon.log.count("observe: would write") == 1
