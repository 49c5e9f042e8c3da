# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron: what it writes by itself, and what is its own.

Of the seven rules these are 4 to 7: drift is removed quietly, lists are
changed in the form they have, what is none of ours is not touched, and
nothing of ours is where Neutron rewrites.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.functional.beside import OPTIONS, fleet, wait_dense
from tests.functional.conftest import StartDaemon
from tests.functional.daemon import Daemon
from tests.functional.neutron import Neutron, Router
from tests.functional.neutron_rows import GROUP, PORT
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_steady import heartbeats_pass

Rows = Mapping[str, Mapping[str, Any]]


def moves(daemon: Daemon) -> float:
    """How many primaries gwsched has changed."""
    results = [
        daemon.metric("gwsched_moves_total", reason=reason, result=result)
        for reason in ("failover", "repair", "rebalance", "drain", "pin")
        for result in ("claimed", "unclaimed")
    ]
    return sum(result or 0 for result in results)


def come_back(ovn: Ovn, neutron: Neutron, *names: str) -> None:
    """Stop gateways in order, and start them again."""
    for name in names:
        ovn.remove_chassis(name)
        neutron.chassis_deleted(name)
    for name in names:
        ovn.add_chassis(name)
        neutron.chassis_created(name)


# -- 4: who returns is added to every list, with priority 0 -------------------


def test_who_returns_is_removed_from_full_lists_quietly(
    ovn: Ovn, start: StartDaemon
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 8):
        lists = {
            neutron.add_router(
                chosen[0], public, order=chosen, priorities=(9, 8, 7, 6, 5)
            ).port: chosen
            for chosen in (
                ("gw1", "gw2", "gw5", "gw4", "gw3"),
                ("gw3", "gw4", "gw6", "gw2", "gw1"),
            )
        }
        daemon = start(OPTIONS)
        wait_dense(ovn, lists, 5)
        for number in (1, 2):
            # Two in a row: the second has priority 0 as well.
            come_back(ovn, neutron, "gw7", "gw8")
            wait_foreign_writes(daemon, number * len(lists))
            wait_orders(ovn, lists)
        wait_dense(ovn, lists, 5)
        assert {port: ovn.holder(port) for port in lists} == {
            port: chosen[0] for port, chosen in lists.items()
        }
        assert moves(daemon) == 0
        assert not gives_way(daemon)


def test_who_returns_to_short_lists_is_last(
    ovn: Ovn, start: StartDaemon
) -> None:
    """Its scan adds it at the end, what comes next makes that 0."""
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    chosen = ("gw2", "gw3", "gw1")
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public, order=chosen)
        daemon = start(OPTIONS)
        wait_dense(ovn, router.ports, 4)
        for _ in range(2):
            come_back(ovn, neutron, "gw4")
            wait_dense(ovn, router.ports, 4)
            wait_orders(ovn, {router.port: (*chosen, "gw4")})
        assert ovn.holder(router.port) == "gw2"
        assert moves(daemon) == 0
        assert not gives_way(daemon)


def orders(ovn: Ovn, ports: Iterable[str]) -> dict[str, tuple[str, ...]]:
    lists = ovn.lists()
    return {port: tuple(name for name, _ in lists[port]) for port in ports}


def wait_orders(ovn: Ovn, wanted: Mapping[str, tuple[str, ...]]) -> None:
    wait_for(lambda: orders(ovn, wanted) == wanted, f"{wanted}")


def foreign_writes(daemon: Daemon) -> float:
    return daemon.metric("gwsched_foreign_writes_total") or 0


def wait_foreign_writes(daemon: Daemon, least: float) -> None:
    wait_for(
        lambda: foreign_writes(daemon) >= least, f"{least} foreign writes"
    )


def gives_way(daemon: Daemon) -> bool:
    """Whether it leaves a list to somebody else, or has done so."""
    active = daemon.metric("gwsched_guard_active", guard="foreign_writer")
    return bool(active) or "; theirs stays for" in daemon.log


# -- 5: each list in the form it has ------------------------------------------


def uuids(rows: Rows, chassis: Iterable[str]) -> dict[object, str]:
    """The rows of members, by their chassis."""
    return {
        row["chassis_name"]: name
        for name, row in rows.items()
        if row["chassis_name"] in chassis
    }


def test_a_routers_group_is_edited_in_place(
    ovn: Ovn, start: StartDaemon
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    other = neutron.add_network("other", "public")
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public, other, order=["gw1", "gw2"])
        ports = neutron.rows(PORT)
        members = neutron.rows("HA_Chassis")
        [(group, before)] = neutron.rows(GROUP).items()
        start(OPTIONS)
        wait_dense(ovn, router.ports, 4)
        assert neutron.rows(PORT) == ports
        found = uuids(neutron.rows("HA_Chassis"), ("gw1", "gw2"))
        assert found == uuids(members, ("gw1", "gw2"))
        [(same, after)] = neutron.rows(GROUP).items()
        assert (same, after["external_ids"]) == (group, before["external_ids"])
        assert neutron.rows("Gateway_Chassis") == {}


def test_gateway_chassis_are_edited_in_place(
    ovn: Ovn, start: StartDaemon
) -> None:
    neutron = Neutron(ovn, groups=False)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public, order=["gw1", "gw2"])
        before = neutron.rows("Gateway_Chassis")
        start(OPTIONS)
        wait_dense(ovn, router.ports, 4)
        after = neutron.rows("Gateway_Chassis")
        assert set(before) < set(after)
        names = {f"{router.port}_gw{number}" for number in range(1, 5)}
        assert {row["name"] for row in after.values()} == names
        assert neutron.rows(GROUP) == {}


def test_neutrons_migration_is_followed(ovn: Ovn, start: StartDaemon) -> None:
    neutron = Neutron(ovn, groups=False)
    public = neutron.add_network("public", "public")
    zones = "enable-chassis-as-gw,availability-zones=az1"
    with fleet(ovn, 6, zones):
        ports = [
            neutron.add_router(
                f"r{i}", public, order=[f"gw{i}", "gw4"], hints="az1"
            ).port
            for i in (1, 2, 3)
        ]
        start(OPTIONS)
        wait_dense(ovn, ports, 5)
        heartbeats_pass(ovn, 2)
        lists, written = orders(ovn, ports), len(ovn.plans_written())
        neutron.migrate()
        heartbeats_pass(ovn, 4)
        assert orders(ovn, ports) == lists
        assert len(ovn.plans_written()) == written
        ovn.remove_chassis("gw4")
        wait_for(
            lambda: "gw4" not in {*sum(orders(ovn, ports).values(), ())},
            "gw4 to leave",
        )
        wait_dense(ovn, ports, 5)
        assert neutron.rows("Gateway_Chassis") == {}
        assert [ovn.holder(port) for port in ports] == ["gw1", "gw2", "gw3"]
        assert neutron.scan() == set()


def test_what_neutron_left_in_both_forms_is_left_so(
    ovn: Ovn, start: StartDaemon
) -> None:
    """29.0.0 sees no Gateway_Chassis: its scan, before it migrates, adds.

    OVN heeds the group only, until the migration fills it as it was before.
    """
    old = Neutron(ovn, groups=False)
    public = old.add_network("public", "public")
    chosen = ("gw3", "gw1", "gw2")
    with fleet(ovn, 5):
        router = old.add_router("r1", public, order=chosen)
        neutron = Neutron(ovn)
        assert neutron.scan() == {router.port}
        shadowed = neutron.rows("Gateway_Chassis")
        listed = orders(ovn, router.ports)[router.port]
        start(OPTIONS)
        heartbeats_pass(ovn, 3)
        assert orders(ovn, router.ports) == {router.port: listed}
        ovn.remove_chassis("gw5")
        wait_dense(ovn, router.ports, 4)
        left = tuple(name for name in listed if name != "gw5")
        assert orders(ovn, router.ports) == {router.port: left}
        assert neutron.rows("Gateway_Chassis") == shadowed
        neutron.migrate()
        wait_dense(ovn, router.ports, 4)
        expected = (*chosen, "gw4")
        assert orders(ovn, router.ports) == {router.port: expected}
        assert neutron.rows("Gateway_Chassis") == {}


def test_a_group_of_ours_makes_room_for_neutrons(
    ovn: Ovn, start: StartDaemon
) -> None:
    """When a chassis goes, Neutron makes its own for every port it was in."""
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 5):
        router = neutron.add_router("r1", public, order=[])
        start(OPTIONS)
        wait_dense(ovn, router.ports, 5)
        primary, *_, last = orders(ovn, router.ports)[router.port]
        ovn.remove_chassis(last)
        neutron.chassis_deleted(last)
        wait_for(lambda: names(neutron) == {router.name}, "only its group")
        wait_dense(ovn, router.ports, 4)
        assert orders(ovn, router.ports)[router.port][0] == primary
        assert ovn.holder(router.port) == primary
        assert neutron.scan() == set()


def names(neutron: Neutron) -> set[object]:
    return {row["name"] for row in neutron.rows(GROUP).values()}


# -- 6: what is none of ours --------------------------------------------------


def test_what_is_neutrons_own_is_not_touched(
    ovn: Ovn, start: StartDaemon
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    tenant = neutron.add_network("tenant", "public")
    overlay = neutron.add_network("overlay")
    # There is nobody yet to pin it to.
    unpinned = neutron.add_router("r3", overlay)
    with fleet(ovn, 6):
        router = neutron.add_router("r1", public, order=["gw1", "gw2"])
        inner = neutron.add_interface(router, tenant)
        ovn.nbctl("lsp-add", tenant, "metal")
        ovn.nbctl("lsp-set-type", "metal", "external")
        neutron.link_network(tenant, router)
        # networking-baremetal gives inner ports such groups.
        ovn.nbctl("ha-chassis-group-add", "metal")
        ovn.nbctl("ha-chassis-group-add-chassis", "metal", "gone", "7")
        ovn.refer(PORT, inner, tenant)
        ovn.refer(PORT, neutron.add_interface(router, overlay), "metal")
        pinned = [
            neutron.add_router("r2", overlay),
            neutron.add_router("r4", public, order=[]),
        ]
        ovn.nbctl("set", "Logical_Router", pinned[1].name, "options:chassis=x")
        before = foreign(neutron, router)
        start(OPTIONS)
        wait_dense(ovn, router.ports, 5)
        ovn.remove_chassis("gw1")
        wait_for(lambda: ovn.holder(router.port) == "gw2", "gw2 to claim")
        wait_for(
            lambda: "gw1" not in orders(ovn, router.ports)[router.port],
            "gw1 to leave",
        )
        wait_dense(ovn, router.ports, 5)
        assert foreign(neutron, router) == before
        for other in (*pinned, unpinned):
            assert ovn.lists()[other.port] == []
        # Now Neutron lets the network follow.
        neutron.link_network(tenant, router)
        after = foreign(neutron, router)
        heartbeats_pass(ovn, 3)
        assert foreign(neutron, router) == after


def foreign(neutron: Neutron, router: Router) -> Rows:
    """Every row that a list may be in, but for the list of one router."""
    found = neutron.rows(
        *("Logical_Router", PORT, "Logical_Switch", "Logical_Switch_Port"),
        *(GROUP, "HA_Chassis", "Gateway_Chassis"),
    )
    [group] = [
        key
        for key, row in found.items()
        if key.startswith(GROUP) and row["name"] == router.name
    ]
    members = str(found.pop(group)["ha_chassis"])
    return {
        key: row
        for key, row in found.items()
        if key.rpartition(" ")[2] not in members
    }


# -- 7: nothing of ours where Neutron rewrites --------------------------------


def test_intents_outlive_neutrons_rewrites(
    ovn: Ovn, start: StartDaemon
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 6):
        chosen = ["gw1", "gw2", "gw3", "gw4", "gw5"]
        router = neutron.add_router("r1", public, order=chosen)
        daemon = start(OPTIONS)
        intents = {
            f"pin-{router.port}": "gw3",
            f"weight-{router.port}": "7",
            "drain-gw1": "true",
        }
        for intent, value in intents.items():
            ovn.intend(intent, value)
        wait_for(lambda: ovn.holder(router.port) == "gw3", "gw3 to claim")
        seen = foreign_writes(daemon)
        for name in ("renamed", "renamed again"):
            neutron.update_router(router, name)
            neutron.check_liveness()
        heartbeats_pass(ovn, 3)
        [top] = neutron.rows("NB_Global").values()
        kept = dict(top["external_ids"][1])
        for intent, value in intents.items():
            assert kept[f"gwsched-{intent}"] == value
        for row in neutron.rows("Logical_Router", PORT).values():
            ids = dict(row["external_ids"][1])
            assert ids["neutron:revision_number"] == "3"
            assert all(key.startswith("neutron:") for key in ids)
        assert ovn.holder(router.port) == "gw3"
        assert "gw1" not in orders(ovn, router.ports)[router.port]
        assert foreign_writes(daemon) == seen
