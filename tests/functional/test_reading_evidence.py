# SPDX-License-Identifier: Apache-2.0
"""Next hops, claims and L3 gateway routers, as SB and NB have them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gwsched.model import NOBODY, GatewayRouter, NextHop, Session
from gwsched.snapshot import Reader
from tests.functional import schemas
from tests.functional.looking import Look, looking
from tests.functional.ovn import Ovn
from tests.functional.reading import catch_up, databases, settings_for

Schema = dict[str, Any]


@pytest.fixture
def one(ovn: Ovn) -> Ovn:
    """A router whose port either of two gateways may hold."""
    ovn.add_chassis("gw1", "gw2")
    ovn.add_router("r1", "gw1", "gw2")
    return ovn


def with_schemas(
    monkeypatch: pytest.MonkeyPatch,
    directory: Path,
    change: Callable[[Schema], object],
) -> None:
    """Let databases that are made from now on have other schemas."""
    for name in ("ovn-nb.ovsschema", "ovn-sb.ovsschema"):
        schema = json.loads((schemas.PACKAGED / name).read_text())
        change(schema["tables"])
        (directory / name).write_text(json.dumps(schema))
    monkeypatch.setattr(schemas, "PACKAGED", directory)
    monkeypatch.delenv(schemas.CHOICE, raising=False)


# -- next hops -------------------------------------------------------------


def add_route(ovn: Ovn, port: str, address: str) -> None:
    """Add a route whose next hop is watched."""
    router, number = port.removeprefix("lrp-"), address.rpartition(".")[2]
    route = ("lr-route-add", router, f"10.{number}.0.0/16", address, port)
    ovn.nbctl("--bfd", *route)
    ovn.nbctl("--wait=sb", "sync")


def set_session(ovn: Ovn, address: str, status: str) -> None:
    """Let an ovn-controller say how a next hop is."""
    update = {"op": "update", "table": "BFD", "row": {"status": status}}
    operation = {**update, "where": [["dst_ip", "==", address]]}
    transaction = json.dumps(["OVN_Southbound", operation])
    # ovn-sbctl knows only what its own schema allows.
    command = ["ovsdb-client", "transact", ovn.unix("sb"), transaction]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [{"count": 1}]


def hops(look: Look, unit: str = "lrp-r1") -> tuple[NextHop, ...]:
    (port,) = look.units()[unit].ports
    return port.next_hops


def test_next_hops_by_address_and_how_they_are(one: Ovn) -> None:
    with looking(one) as look:
        assert hops(look) == ()
        for address in ("172.16.0.9", "172.16.0.7"):
            add_route(one, "lrp-r1", address)
        assert [hop.address for hop in hops(look)] == [
            "172.16.0.7",
            "172.16.0.9",
        ]
        for status in ("up", "down", "init"):
            set_session(one, "172.16.0.7", status)
            assert hops(look)[0].session is Session(status)
        one.nbctl("lr-route-del", "r1", "10.7.0.0/16")
        assert [hop.address for hop in hops(look)] == ["172.16.0.9"]
        one.nbctl("lr-route-del", "r1")
        assert hops(look) == (NextHop("172.16.0.9", Session.ADMIN_DOWN),)
        one.nbctl("--all", "destroy", "BFD")
        assert hops(look) == ()


def test_next_hops_are_those_of_their_port_only(one: Ovn) -> None:
    one.add_router("r2", "gw1")
    one.nbctl("lr-add", "pinned", "--", *pin("pinned", "gw1"))
    one.nbctl("lrp-add", "pinned", "lrp-pinned", *AT)
    with looking(one) as look:
        add_route(one, "lrp-r2", "172.16.0.7")
        add_route(one, "lrp-pinned", "172.16.9.9")
        set_session(one, "172.16.0.7", "up")
        assert hops(look) == ()
        assert hops(look, "lrp-r2") == (NextHop("172.16.0.7", Session.UP),)
        assert set(look.units()) == {"lrp-r1", "lrp-r2"}
        assert look.problems() == []


def test_only_the_unit_concerned_is_another(one: Ovn) -> None:
    one.add_router("r2", "gw1")
    add_route(one, "lrp-r1", "172.16.0.7")
    with looking(one) as look:
        before = look.units()
        set_session(one, "172.16.0.7", "up")
        after = look.units()
        assert after["lrp-r1"] != before["lrp-r1"]
        assert after["lrp-r2"] is before["lrp-r2"]


def test_a_status_that_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def any_status(tables: Schema) -> None:
        tables["BFD"]["columns"]["status"] = {"type": "string"}

    with_schemas(monkeypatch, tmp_path, any_status)
    with Ovn() as odd:
        odd.add_chassis("gw1")
        odd.add_router("r1", "gw1")
        for address in ("172.16.0.7", "172.16.0.8"):
            add_route(odd, "lrp-r1", address)
        with looking(odd) as look:
            set_session(odd, "172.16.0.7", "tired")
            set_session(odd, "172.16.0.8", "up")
            assert hops(look) == (NextHop("172.16.0.8", Session.UP),)
            assert look.problems() == [
                "SB BFD lrp-r1 172.16.0.7: status: cannot read 'tired'"
            ]
            set_session(odd, "172.16.0.7", "down")
            assert len(hops(look)) == 2
            assert look.problems() == []


def test_a_schema_from_before_bfd(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def without(tables: Schema) -> None:
        if "Port_Binding" in tables:
            del tables["BFD"]

    with_schemas(monkeypatch, tmp_path, without)
    with Ovn() as old:
        old.add_chassis("gw1")
        old.add_router("r1", "gw1")
        with looking(old) as look:
            assert "BFD" not in look.sb.rows
            assert hops(look) == ()
    said = [r.message for r in caplog.records if "BFD" in r.message]
    assert said == ["SB: this server has no BFD; going without"]


# -- claims ----------------------------------------------------------------


def test_each_claim_counts_even_if_nothing_is_left_of_it(one: Ovn) -> None:
    one.nbctl("--wait=sb", "sync")
    with databases(one) as (nb, sb):
        reader = Reader(nb.rows, sb.rows, settings_for(one))

        def look() -> Any:
            catch_up(nb, sb)
            return reader.read(
                nb.take_changed(),
                sb.take_changed(),
                answered=sb.answers,
                claimed=sb.claimed,
            )

        assert look().claimed == {}
        one.claim("lrp-r1", "gw1")
        before = look()
        assert before.claimed == {"lrp-r1": {"gw1": 1}}
        # Nobody looks in between, nor takes anything in.
        one.claim("lrp-r1", "gw2")
        one.claim("lrp-r1", "gw1")
        after = look()
        assert after.claimed == {"lrp-r1": {"gw1": 2, "gw2": 1}}
        assert after.units is before.units
        one.answer("gw1")
        assert look().claimed is after.claimed
        one.sbctl("clear", "Port_Binding", "cr-lrp-r1", "chassis")
        given_up = {"gw1": 2, "gw2": 1, NOBODY: 1}
        assert look().claimed == {"lrp-r1": given_up}


def test_what_is_there_at_first_sight_is_no_claim(one: Ovn) -> None:
    one.nbctl("--wait=sb", "sync")
    one.claim("lrp-r1", "gw1")
    with databases(one) as (nb, sb):
        assert sb.claimed == {}
        one.claim("lrp-r1", "gw2")
        catch_up(nb, sb)
        seen = sb.claimed
        assert seen == {"lrp-r1": {"gw2": 1}}
        sb.replica.force_reconnect()
        one.claim("lrp-r1", "gw1")
        catch_up(nb, sb)
        assert sb.claimed is seen
        one.claim("lrp-r1", "gw2")
        catch_up(nb, sb)
        assert sb.claimed == {"lrp-r1": {"gw2": 2}}


def test_pinned_ports_claim_nothing(one: Ovn) -> None:
    one.nbctl("lr-add", "pinned", "--", *pin("pinned", "gw1"))
    one.nbctl("--wait=sb", "lrp-add", "pinned", "lrp-pinned", *AT)
    with databases(one) as (nb, sb):
        bind(one, "lrp-pinned", "gw1")
        catch_up(nb, sb)
        assert sb.claimed == {}


# -- L3 gateway routers ----------------------------------------------------

AT = ("02:00:00:00:09:09", "172.16.9.1/24")


def pin(router: str, chassis: str) -> tuple[str, ...]:
    return ("set", "Logical_Router", router, f"options:chassis={chassis}")


def bind(ovn: Ovn, port: str, chassis: str) -> None:
    """Let a chassis take a port of a router that is pinned to it."""
    find = ["find", "Chassis", f"name={chassis}"]
    uuid = ovn.sbctl("--bare", "--columns=_uuid", *find)
    ovn.sbctl("set", "Port_Binding", port, f"chassis={uuid}")


@pytest.fixture
def pinned(ovn: Ovn) -> Ovn:
    """A router pinned to gw1 with a port to the outside and one inside."""
    ovn.add_chassis("gw1", "gw2")
    ovn.add_router("r1", marker="none")
    ovn.nbctl(*pin("r1", "gw1"))
    ovn.nbctl("lrp-add", "r1", "inside", "02:00:00:00:08:08", "10.0.0.1/24")
    ovn.intend("failover-r1")
    return ovn


def test_routers_that_may_be_failed_over(pinned: Ovn) -> None:
    pinned.add_router("r2", marker="none")
    pinned.nbctl(*pin("r2", "gw2"))
    public = (frozenset({"public"}),)
    with looking(pinned) as look:
        assert look.snapshot().routers == (
            GatewayRouter("r1", "gw1", frozenset(), public),
        )
        bind(pinned, "lrp-r1", "gw1")
        bind(pinned, "inside", "gw2")
        both = frozenset({"gw1", "gw2"})
        before = look.snapshot().routers
        assert before == (GatewayRouter("r1", "gw1", both, public),)
        assert look.snapshot().routers is before
        pinned.nbctl(*pin("r1", "gw2"))
        hints = "neutron:availability_zone_hints"
        ids = f'external_ids:"{hints}"="z1,z2"'
        pinned.nbctl("set", "Logical_Router", "r1", ids)
        pinned.intend("failover-r2")
        first, second = look.snapshot().routers
        assert (first.name, first.chassis) == ("r1", "gw2")
        assert first.zone_hints == {"z1", "z2"}
        assert (second.name, second.chassis) == ("r2", "gw2")
        pinned.intend("failover-r1", "false")
        assert [r.name for r in look.snapshot().routers] == ["r2"]
        assert look.units() == {}


def test_what_excludes_a_router_excludes_its_fail_over(pinned: Ovn) -> None:
    with looking(pinned, "deny_routers = r1") as look:
        assert look.snapshot().routers == ()
        assert look.problems() == []


def test_a_fail_over_that_cannot_be(pinned: Ovn) -> None:
    said = "NB NB_Global: gwsched-failover-r1"
    with looking(pinned) as look:
        assert look.problems() == []
        pinned.nbctl("remove", "Logical_Router", "r1", "options", "chassis")
        assert look.problems() == [
            f"{said}: the router has no options:chassis"
        ]
        pinned.nbctl("lr-del", "r1")
        assert look.problems() == [f"{said}: there is no such router"]
        assert look.snapshot().routers == ()
        for _ in range(2):
            pinned.nbctl("--add-duplicate", "lr-add", "r1")
        assert look.problems() == [
            f"{said}: there are several routers of that name"
        ]
        pinned.intend("failover-r1", "false")
        assert look.problems() == []
