# SPDX-License-Identifier: Apache-2.0
"""What is read again after a change is what a full read gives."""

from __future__ import annotations

from gwsched import snapshot
from gwsched.connection import Database
from gwsched.model import Snapshot
from gwsched.snapshot import Reader
from tests.functional.ovn import Ovn
from tests.functional.reading import catch_up, databases, settings_for

EDITS = [
    "nb set NB_Global . nb_cfg=5",
    "nb set NB_Global . external_ids:gwsched-adopt-lrp-r2=false",
    "nb set NB_Global . external_ids:gwsched-weight-lrp-r1=7",
    "nb set NB_Global . external_ids:gwsched-pause=true",
    "nb set NB_Global . options:bfd-mult=7",
    "nb lrp-set-gateway-chassis lrp-r1 gw3 9",
    "nb lrp-del-gateway-chassis lrp-r1 gw1",
    "nb set Logical_Router r1 options:chassis=gw1",
    "nb remove Logical_Router r1 options chassis",
    "nb lsp-set-options ln-public network_name=dmz",
    # While it is of no type that we see, the switch refers to it in vain.
    "nb lsp-set-type ln-public virtual",
    "nb lsp-set-type ln-public localnet",
    "nb lsp-del lrp-r1-peer",
    "nb set HA_Chassis_Group group-lrp-r3 external_ids:x=y",
    "nb ha-chassis-group-add-chassis group-lrp-r3 gw2 7",
    "nb set Logical_Switch_Port metal type=external",
    "nb clear Logical_Switch_Port metal ha_chassis_group",
    "nb clear Logical_Router_Port lrp-r4 ha_chassis_group",
    "nb lr-del r3",
    "sb set Chassis gw1 other_config:ovn-bridge-mappings=dmz:br",
    "sb set Chassis gw2 other_config:ovn-cms-options=nothing",
    "sb set Chassis gw2 other_config:ovn-cms-options=gwsched-capacity=3",
    "sb set Chassis_Private gw1 nb_cfg=3",
    "sb chassis-del gw3",
    "sb chassis-add gw4 geneve 10.0.0.44",
]


def read(reader: Reader, nb: Database, sb: Database) -> Snapshot:
    """Read what has changed."""
    changed = nb.take_changed(), sb.take_changed()
    return reader.read(*changed, answered=sb.answers)


def full(nb: Database, sb: Database, ovn: Ovn) -> Snapshot:
    return snapshot.read(nb.rows, sb.rows, settings_for(ovn), sb.answers)


def test_every_kind_of_change_is_seen(ovn: Ovn) -> None:
    ovn.add_chassis("gw1", "gw2", "gw3")
    ovn.add_router("r1", "gw1", "gw2")
    ovn.add_router("r2")
    ovn.add_router("r3", "gw2", "gw3", form="ha_chassis_group")
    ovn.nbctl("ha-chassis-group-add", "gwsched-r4")
    ovn.refer("Logical_Router_Port", ovn.add_router("r4"), "gwsched-r4")
    ovn.add_switch_port("metal", "group-lrp-r3", kind="")
    with databases(ovn) as (nb, sb):
        reader = Reader(nb.rows, sb.rows, settings_for(ovn))
        seen = [full(nb, sb, ovn)]
        for edit in EDITS:
            which, *args = edit.split()
            ctl = {"nb": ovn.nbctl, "sb": ovn.sbctl}[which]
            ctl(*args)
            ovn.nbctl("--wait=sb", "sync")
            catch_up(nb, sb)
            found = read(reader, nb, sb)
            assert found == full(nb, sb, ovn), edit
            assert found != seen[-1], f"{edit} changes nothing we see"
            seen.append(found)


def test_what_went_while_we_were_away_is_seen(ovn: Ovn) -> None:
    ovn.add_chassis("gw1", "gw2")
    ovn.add_router("r1", "gw1")
    with databases(ovn) as (nb, sb):
        reader = Reader(nb.rows, sb.rows, settings_for(ovn))
        read(reader, nb, sb)
        sb.replica.force_reconnect()
        ovn.sbctl("chassis-del", "gw2")
        ovn.nbctl("lr-del", "r1")
        catch_up(nb, sb)
        found = read(reader, nb, sb)
        assert found == full(nb, sb, ovn)
        assert set(found.chassis) == {"gw1"}


def test_rows_that_come_once_more_stay_what_was_read_of_them(ovn: Ovn) -> None:
    """A reconnect does not take twice the memory, nor is all read again."""
    ports = [ovn.add_router(name) for name in ("r1", "r2", "r3")]
    with databases(ovn) as (nb, sb):
        reader = Reader(nb.rows, sb.rows, settings_for(ovn))
        read(reader, nb, sb)
        rows = nb.rows["Logical_Router_Port"].rows
        before = {rows.name(ref): rows.record(ref) for ref in rows.refs()}
        assert {*before} == {*ports}
        nb.replica.force_reconnect()
        ovn.nbctl("set", "Logical_Router_Port", "lrp-r2", "external_ids:a=b")
        ovn.nbctl("lr-del", "r3")
        catch_up(nb, sb)
        after = [rows.record(ref) for ref in rows.refs()]
        assert [row for row in after if type(row) is not bytes] == [
            before["lrp-r1"]
        ]
        assert any(row is before["lrp-r1"] for row in after)
        assert len(after) == 2
        found = read(reader, nb, sb)
        assert found == full(nb, sb, ovn)


def test_heartbeats_leave_units_and_chassis_as_they_are(ovn: Ovn) -> None:
    """The very same objects: that is what spares planning again."""
    ovn.add_chassis("gw1", "gw2")
    ovn.add_router("r1", "gw1")
    with databases(ovn) as (nb, sb):
        reader = Reader(nb.rows, sb.rows, settings_for(ovn))
        before = read(reader, nb, sb)
        ovn.nbctl("--wait=sb", "sync")
        ovn.answer("gw1", "gw2")
        catch_up(nb, sb)
        after = read(reader, nb, sb)
        assert after.units is before.units
        assert after.chassis is before.chassis
        assert after.answered != before.answered
