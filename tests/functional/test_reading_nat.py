# SPDX-License-Identifier: Apache-2.0
"""The NAT rows that make a gateway port heavy, and those that do not."""

from __future__ import annotations

import pytest

from tests.functional import schemas
from tests.functional.looking import looking
from tests.functional.ovn import Ovn, wait_for

NAT = "load = nat"


@pytest.fixture
def one(ovn: Ovn) -> Ovn:
    """A router with one gateway port, in 172.16.0.0/16."""
    ovn.add_chassis("gw1")
    ovn.add_router("r1", "gw1")
    return ovn


@pytest.fixture
def two(one: Ovn) -> Ovn:
    """The same with a second one, in two networks."""
    one.add_gateway_port("r1", "lrp-also", "192.168.7.1/24")
    table = "Logical_Router_Port"
    one.nbctl("add", table, "lrp-also", "networks", '"fd00::1/64"')
    return one


def test_every_row_that_passes_the_gateway_counts(one: Ovn) -> None:
    one.add_router("r2", "gw1")
    with looking(one, NAT) as look:
        assert look.weights() == {"lrp-r1": 1, "lrp-r2": 1}
        one.add_nat("r1", "snat", "172.16.0.50")
        assert look.weights() == {"lrp-r1": 2, "lrp-r2": 1}
        one.add_nat("r1", "dnat", "172.16.0.51")
        central = one.add_nat("r1", "dnat_and_snat", "172.16.0.52")
        assert look.weights() == {"lrp-r1": 4, "lrp-r2": 1}
        one.nbctl("remove", "Logical_Router", "r1", "nat", central)
        assert look.weights() == {"lrp-r1": 3, "lrp-r2": 1}


def test_a_distributed_floating_ip_does_not(one: Ovn) -> None:
    mac = {"external_mac": "02:00:00:00:09:09"}
    with looking(one, NAT) as look:
        one.add_nat(
            "r1", "dnat_and_snat", "172.16.0.50", logical_port="vm", **mac
        )
        assert look.weights() == {"lrp-r1": 1}
        # Half of what distribution takes is not enough for it.
        one.add_nat("r1", "dnat_and_snat", "172.16.0.51", **mac)
        one.add_nat("r1", "dnat_and_snat", "172.16.0.52", logical_port="vm")
        assert look.weights() == {"lrp-r1": 3}
        # Nor are the columns, where the type is another.
        one.add_nat("r1", "dnat", "172.16.0.53", logical_port="vm", **mac)
        assert look.weights() == {"lrp-r1": 4}


def test_centralised_and_distributed_in_turn(one: Ovn) -> None:
    with looking(one, NAT) as look:
        row = one.add_nat(
            "r1", "dnat_and_snat", "172.16.0.50", logical_port="vm"
        )
        assert look.weights() == {"lrp-r1": 2}
        one.nbctl("set", "NAT", row, 'external_mac="02:00:00:00:09:09"')
        assert look.weights() == {"lrp-r1": 1}
        one.nbctl("clear", "NAT", row, "external_mac")
        assert look.weights() == {"lrp-r1": 2}


@pytest.mark.parametrize(
    ("outside", "port"),
    [
        ("172.16.200.1", "lrp-r1"),
        ("192.168.7.250", "lrp-also"),
        ("fd00::99", "lrp-also"),
        # Those in no network, and no addresses: the first port by name.
        ("192.168.8.1", "lrp-also"),
        ("fd01::1", "lrp-also"),
        ("no address", "lrp-also"),
        ("", "lrp-also"),
    ],
)
def test_of_two_ports_the_one_in_whose_network_it_is(
    two: Ovn, outside: str, port: str
) -> None:
    two.add_nat("r1", "snat", outside)
    with looking(two, NAT) as look:
        assert look.weights() == {"lrp-r1": 1, "lrp-also": 1} | {port: 2}


def test_a_single_port_has_what_is_in_no_network_too(one: Ovn) -> None:
    one.add_nat("r1", "snat", "203.0.113.9")
    one.add_nat("r1", "snat", "no address")
    with looking(one, NAT) as look:
        assert look.weights() == {"lrp-r1": 3}


def test_a_network_that_changes_hands(two: Ovn) -> None:
    two.add_nat("r1", "snat", "172.16.0.50")
    with looking(two, NAT) as look:
        assert look.weights() == {"lrp-r1": 2, "lrp-also": 1}
        table = "Logical_Router_Port"
        two.nbctl("set", table, "lrp-r1", 'networks="10.7.7.1/24"')
        two.nbctl("set", table, "lrp-also", 'networks="172.16.0.9/16"')
        assert look.weights() == {"lrp-r1": 1, "lrp-also": 2}
        two.nbctl("set", table, "lrp-also", 'networks=["x/y","10.0.0.1/99"]')
        two.nbctl("set", table, "lrp-r1", 'networks="172.16.0.9/16"')
        assert look.weights() == {"lrp-r1": 2, "lrp-also": 1}


def name_port(ovn: Ovn, row: str, port: str) -> None:
    find = ["find", "Logical_Router_Port", f"name={port}"]
    uuid = ovn.nbctl("--bare", "--columns=_uuid", *find)
    ovn.nbctl("set", "NAT", row, f"gateway_port={uuid}")


@pytest.mark.skipif(
    schemas.chosen() == "22.03", reason="its NAT has no gateway_port"
)
def test_a_row_that_names_its_port(two: Ovn) -> None:
    row = two.add_nat("r1", "snat", "172.16.0.50")
    two.nbctl("lrp-add", "r1", "inside", "02:00:00:00:08:08", "10.0.0.1/24")
    with looking(two, NAT) as look:
        name_port(two, row, "lrp-also")
        assert look.weights() == {"lrp-r1": 1, "lrp-also": 2}
        name_port(two, row, "lrp-r1")
        assert look.weights() == {"lrp-r1": 2, "lrp-also": 1}
        # No gateway port of the router: northd applies the row nowhere.
        name_port(two, row, "inside")
        assert look.weights() == {"lrp-r1": 1, "lrp-also": 1}
        two.nbctl("lrp-del", "inside")
        assert look.weights() == {"lrp-r1": 2, "lrp-also": 1}


def test_ports_of_no_candidates_have_no_part_in_it(one: Ovn) -> None:
    one.nbctl("lrp-add", "r1", "a", "02:00:00:00:08:08", "10.0.0.1/24")
    one.add_nat("r1", "snat", "10.0.0.50")
    one.nbctl("lr-add", "r9")
    one.add_nat("r9", "snat", "172.16.0.50")
    with looking(one, NAT) as look:
        assert look.weights() == {"lrp-r1": 2}


def test_ports_of_one_group_weigh_what_they_weigh_together(one: Ovn) -> None:
    one.add_router("r2", "gw1", form="ha_chassis_group")
    port = one.add_router("r3")
    one.refer("Logical_Router_Port", port, "group-lrp-r2")
    one.add_nat("r2", "snat", "172.16.0.50")
    one.add_nat("r3", "snat", "172.16.0.51")
    one.add_nat("r3", "dnat", "172.16.0.52")
    with looking(one, NAT) as look:
        assert look.units()["group-lrp-r2"].weight == 5


def test_a_schema_from_before_gateway_port() -> None:
    with Ovn(release="22.03") as old:
        old.add_chassis("gw1")
        old.add_router("r1", "gw1")
        old.add_gateway_port("r1", "lrp-also", "192.168.7.1/24")
        old.add_nat("r1", "snat", "172.16.0.50")
        old.add_nat("r1", "snat", "192.168.7.50")
        old.add_nat("r1", "snat", "10.1.1.50")
        with looking(old, NAT) as look:
            assert look.weights() == {"lrp-r1": 2, "lrp-also": 3}


def test_nat_is_not_even_looked_at_where_ports_are_counted(one: Ovn) -> None:
    one.add_nat("r1", "snat", "172.16.0.50")
    with looking(one) as look:
        assert look.weights() == {"lrp-r1": 1}
        assert "NAT" not in look.nb.rows
        look.nb.take_changed()
        one.add_nat("r1", "snat", "172.16.0.51")
        one.nbctl("set", "NB_Global", ".", "external_ids:done=true")

        def done() -> bool:
            look.nb.run()
            (top,) = look.nb.rows["NB_Global"].rows.values()
            return "done" in top.external_ids

        wait_for(done, "what was written after the NAT row")
        assert set(look.nb.take_changed() or ()) == {"NB_Global"}
