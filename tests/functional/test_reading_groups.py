# SPDX-License-Identifier: Apache-2.0
"""External ports that follow a group, and groups that nobody refers to."""

from __future__ import annotations

import pytest

from tests.functional.looking import looking
from tests.functional.ovn import Ovn

LRP = "Logical_Router_Port"
LSP = "Logical_Switch_Port"


@pytest.fixture
def shared(ovn: Ovn) -> Ovn:
    """A router whose port has the list group-lrp-r1."""
    ovn.add_chassis("gw1", "gw2")
    ovn.add_router("r1", "gw1", "gw2", form="ha_chassis_group")
    return ovn


def add_group(ovn: Ovn, name: str) -> None:
    ovn.nbctl("ha-chassis-group-add", name)
    ovn.nbctl("ha-chassis-group-add-chassis", name, "gw1", "1")


def test_external_ports_follow_the_list_they_share(shared: Ovn) -> None:
    with looking(shared) as look:
        assert look.units()["group-lrp-r1"].externals == ()
        for name in ("metal-2", "metal-1", "metal-3"):
            shared.add_switch_port(name, "group-lrp-r1")
        unit = look.units()["group-lrp-r1"]
        assert unit.externals == ("metal-1", "metal-2", "metal-3")
        assert unit.weight == 4
        shared.refer(LSP, "metal-2", "")
        assert look.units()["group-lrp-r1"].externals == ("metal-1", "metal-3")
        shared.nbctl("ls-del", "ls-metal-1")
        assert look.units()["group-lrp-r1"].externals == ("metal-3",)


def test_ports_of_other_types_do_not_follow(shared: Ovn) -> None:
    shared.add_switch_port("metal", "group-lrp-r1", kind="")
    with looking(shared) as look:
        assert look.units()["group-lrp-r1"].externals == ()
        shared.nbctl("lsp-set-type", "metal", "external")
        assert look.units()["group-lrp-r1"].externals == ("metal",)
        shared.nbctl("lsp-set-type", "metal", "virtual")
        assert look.units()["group-lrp-r1"].externals == ()


def test_a_group_of_external_ports_only_is_not_ours(shared: Ovn) -> None:
    add_group(shared, "metals")
    shared.add_switch_port("metal", "metals")
    with looking(shared) as look:
        assert set(look.units()) == {"group-lrp-r1"}


def test_a_list_in_the_other_table_has_no_externals(shared: Ovn) -> None:
    shared.add_router("r2", "gw1")
    shared.add_switch_port("metal", "group-lrp-r1")
    with looking(shared) as look:
        assert look.units()["lrp-r2"].externals == ()


def test_groups_of_our_own_that_nobody_refers_to(shared: Ovn) -> None:
    ours = [f"gwsched-{letter}" for letter in "cfadbe"]
    for name in (*ours, "gwsched", "x-gwsched-a"):
        add_group(shared, name)
    shared.add_router("r2")
    with looking(shared) as look:
        assert look.snapshot().orphans == tuple(sorted(ours))
        shared.refer(LRP, "lrp-r2", "gwsched-a")
        assert look.snapshot().orphans == tuple(sorted(ours)[1:])
        for name in sorted(ours)[1:]:
            shared.nbctl("ha-chassis-group-del", name)
        assert look.snapshot().orphans == ()
        shared.nbctl("lr-del", "r2")
        assert look.snapshot().orphans == ("gwsched-a",)


@pytest.mark.parametrize("kind", ["external", "", "virtual", "localport"])
def test_a_switch_port_of_any_type_keeps_a_group(
    shared: Ovn, kind: str
) -> None:
    """OVN heeds external ports only; the server would refuse to delete."""
    add_group(shared, "gwsched-a")
    shared.add_switch_port("metal", "gwsched-a", kind)
    with looking(shared) as look:
        assert look.snapshot().orphans == ()
        shared.refer(LSP, "metal", "")
        assert look.snapshot().orphans == ("gwsched-a",)
        shared.refer(LSP, "metal", "gwsched-a")
        assert look.snapshot().orphans == ()
        shared.nbctl("lsp-del", "metal")
        assert look.snapshot().orphans == ("gwsched-a",)


def test_a_router_port_that_is_none_of_ours_keeps_a_group(
    shared: Ovn,
) -> None:
    add_group(shared, "gwsched-a")
    add_group(shared, "gwsched-b")
    for router, group in (("r2", "gwsched-a"), ("r3", "gwsched-b")):
        port = shared.add_router(router, marker="none")
        shared.refer(LRP, port, group)
    # One of Neutron's that is no gateway, and one of a pinned router.
    shared.nbctl("set", LRP, "lrp-r2", 'external_ids:"neutron:x"=y')
    shared.nbctl("set", "Logical_Router", "r3", "options:chassis=gw1")
    with looking(shared, "deny_routers = *") as look:
        seen = look.snapshot()
        assert [unit.name for unit in seen.units] == ["group-lrp-r1"]
        assert seen.orphans == ()


def test_plain_switch_ports_are_not_looked_at(shared: Ovn) -> None:
    shared.add_switch_port("vm", kind="")
    shared.add_switch_port("metal", "group-lrp-r1")
    with looking(shared) as look:
        rows = look.nb.rows[LSP].rows.values()
        assert {row.name for row in rows} == {
            "ln-public",
            "lrp-r1-peer",
            "metal",
        }
