# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron: what its lists are like once we have written them.

Seven rules keep the two from fighting.  These are 1 to 3: lists are as long
as Neutron wants them, with priorities that it counts, and without whom an
operator sends away.  What Neutron does in between is replayed (neutron.py).
"""

from __future__ import annotations

import pytest

from tests.functional.beside import OPTIONS, fleet, wait_dense
from tests.functional.conftest import StartDaemon
from tests.functional.neutron import Neutron
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_steady import heartbeats_pass

Order = tuple[str, ...]


def order(ovn: Ovn, port: str) -> Order:
    return tuple(name for name, _ in ovn.lists()[port])


def members(ovn: Ovn) -> set[str]:
    """Everybody who is in any list."""
    return {name for found in ovn.lists().values() for name, _ in found}


def wait_last(ovn: Ovn, name: str, *ports: str) -> None:
    wait_for(
        lambda: all(order(ovn, port)[-1] == name for port in ports),
        f"{name} to be last",
    )


# -- 1: as many members as Neutron wants --------------------------------------


@pytest.mark.parametrize(
    ("size", "groups"),
    [(3, True), (4, True), (6, True), (8, True), (3, False), (8, False)],
)
def test_after_our_writes_a_scan_of_neutrons_changes_nothing(
    ovn: Ovn, start: StartDaemon, size: int, groups: bool
) -> None:
    neutron = Neutron(ovn, groups=groups)
    public = neutron.add_network("public", "public")
    other = neutron.add_network("other", "public")
    with fleet(ovn, size):
        routers = [
            neutron.add_router("unscheduled", public, order=[]),
            neutron.add_router("short", public, order=["gw1", "gw2"]),
            neutron.add_router("gone", public, order=["gw2", "gone", "gw3"]),
            neutron.add_router("double", public, other, order=["gw3"]),
        ]
        start(OPTIONS)
        ports = [port for router in routers for port in router.ports]
        wait_for(lambda: "gone" not in members(ovn), "the dead one to leave")
        wait_dense(ovn, ports, min(size, 5))
        assert neutron.scan() == set()


def test_zones_are_no_reason_to_be_fewer(ovn: Ovn, start: StartDaemon) -> None:
    """Of three gateways in the zone asked for, three are in the list."""
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    zones = "enable-chassis-as-gw,availability-zones=az1"
    with fleet(ovn, 3, zones):
        ovn.add_chassis("gw4", "gw5")
        router = neutron.add_router("r1", public, hints="az1", order=["gw2"])
        start(OPTIONS)
        wait_dense(ovn, router.ports, 3)
        assert set(order(ovn, router.port)) == {"gw1", "gw2", "gw3"}
        assert neutron.scan() == set()


def test_what_neutron_adds_of_the_dead_stays_last(
    ovn: Ovn, start: StartDaemon
) -> None:
    """We bring in nobody dead; Neutron does, once, as its row is there."""
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 4) as controllers:
        controllers.silence(["gw4"])
        router = neutron.add_router("r1", public, order=["gw1"])
        daemon = start(OPTIONS)
        wait_dense(ovn, router.ports, 3)
        daemon.wait_log("chassis gw4: .* -> dead")
        assert neutron.scan() == {router.port}
        written = ovn.plans_written()
        heartbeats_pass(ovn, 4)
        assert order(ovn, router.port)[-1] == "gw4"
        assert ovn.plans_written() == written
        assert neutron.scan() == set()


# -- 2: priorities from the length of the list down to 1 ----------------------


def test_priorities_stay_dense_through_repairs(
    ovn: Ovn, start: StartDaemon
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 6) as controllers:
        routers = [neutron.add_router(f"r{i}", public) for i in range(4)]
        ports = [router.port for router in routers]
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        ovn.remove_chassis("gw1")
        wait_for(lambda: "gw1" not in members(ovn), "gw1 to leave")
        wait_dense(ovn, ports, 5)
        controllers.silence(["gw2"])
        # Neutron takes who has a row for valid, and would put it back.
        wait_last(ovn, "gw2", *ports)
        wait_dense(ovn, ports, 5)
        assert neutron.scan() == set()


@pytest.mark.parametrize("groups", [True, False])
def test_other_priorities_are_renumbered_in_their_order(
    ovn: Ovn, start: StartDaemon, groups: bool
) -> None:
    neutron = Neutron(ovn, groups=groups)
    public = neutron.add_network("public", "public")
    written: dict[tuple[int, ...], Order] = {
        (1000, 999, 998, 997, 996): ("gw3", "gw1", "gw5", "gw2", "gw4"),
        (5, 4, 3, 2, 0): ("gw2", "gw4", "gw1", "gw5", "gw3"),
        (32767, 90, 9, 1, 0): ("gw1", "gw3", "gw2", "gw4", "gw6"),
        # Of a tie the larger name is better (controller/ha-chassis.c).
        (7, 7, 2, 0, 0): ("gw6", "gw5", "gw4", "gw3", "gw1"),
    }
    with fleet(ovn, 6):
        wanted = {
            neutron.add_router(
                f"r{priorities[0]}",
                public,
                order=chassis,
                priorities=priorities,
            ).port: chassis
            for priorities, chassis in written.items()
        }
        start(OPTIONS)
        wait_dense(ovn, wanted, 5)
        heartbeats_pass(ovn, 2)
        for port, chassis in wanted.items():
            assert order(ovn, port) == chassis
            assert ovn.holder(port) == chassis[0]


def test_an_operators_change_of_a_priority_stands(
    ovn: Ovn, start: StartDaemon
) -> None:
    """Through Neutron's API, which takes any priority that is not in use."""
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    chosen = ["gw1", "gw2", "gw3", "gw4", "gw5"]
    with fleet(ovn, 6):
        router = neutron.add_router("r1", public, order=chosen)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        neutron.set_priority(router, "gw4", 9)
        wait_for(lambda: ovn.holder(router.port) == "gw4", "gw4 to claim")
        wait_dense(ovn, router.ports, 5)
        assert order(ovn, router.port) == ("gw4", "gw1", "gw2", "gw3", "gw5")
        assert ovn.holder(router.port) == "gw4"


# -- 3: who is drained or cordoned --------------------------------------------


@pytest.mark.parametrize("verb", ["drain", "cordon"])
def test_who_is_sent_away_leaves_where_five_others_remain(
    ovn: Ovn, start: StartDaemon, verb: str
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 6):
        router = neutron.add_router(
            "r1", public, order=["gw2", "gw1", "gw3", "gw4", "gw5"]
        )
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        ovn.intend(f"{verb}-gw1")
        others = {"gw2", "gw3", "gw4", "gw5", "gw6"}
        wait_for(
            lambda: set(order(ovn, router.port)) == others, "gw1 to leave"
        )
        wait_dense(ovn, router.ports, 5)
        assert ovn.holder(router.port) == "gw2"
        assert neutron.scan() == set()


@pytest.mark.parametrize("verb", ["drain", "cordon"])
@pytest.mark.parametrize("size", [4, 5])
def test_who_is_sent_away_stays_last_where_neutron_would_put_it_back(
    ovn: Ovn, start: StartDaemon, verb: str, size: int
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, size):
        router = neutron.add_router("r1", public, order=["gw2", "gw1", "gw3"])
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        ovn.intend(f"{verb}-gw1")
        wait_last(ovn, "gw1", router.port)
        wait_dense(ovn, router.ports, size)
        assert order(ovn, router.port)[0] == "gw2"
        assert neutron.scan() == set()


def test_a_drained_primary_is_moved_and_leaves(
    ovn: Ovn, start: StartDaemon
) -> None:
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 6):
        chosen = ["gw1", "gw2", "gw3", "gw4", "gw5"]
        router = neutron.add_router("r1", public, order=chosen)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        ovn.intend("drain-gw1")
        wait_for(lambda: "gw1" not in order(ovn, router.port), "gw1 to leave")
        wait_dense(ovn, router.ports, 5)
        assert ovn.holder(router.port) == order(ovn, router.port)[0]
        assert neutron.scan() == set()


def test_a_cordoned_primary_stays(ovn: Ovn, start: StartDaemon) -> None:
    """It gets nothing new and keeps what it holds."""
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    with fleet(ovn, 6):
        kept = neutron.add_router("kept", public, order=["gw1", "gw2", "gw3"])
        start(OPTIONS)
        wait_dense(ovn, kept.ports, 5)
        ovn.intend("cordon-gw1")
        other = neutron.add_router("other", public, order=["gw2", "gw3"])
        wait_dense(ovn, other.ports, 5)
        assert "gw1" not in order(ovn, other.port)
        assert order(ovn, kept.port)[0] == ovn.holder(kept.port) == "gw1"


def test_neutron_does_not_bring_a_drained_chassis_back(
    ovn: Ovn, start: StartDaemon
) -> None:
    """When another goes, Neutron chooses all below it anew, by load.

    So it puts who was drained, and has none, where the other one was; and
    a new router's gateway on top.
    """
    neutron = Neutron(ovn)
    public = neutron.add_network("public", "public")
    ovn.intend("drain-gw1")
    with fleet(ovn, 6):
        for name, *chosen in (
            ("r2", "gw5", "gw4", "gw6", "gw2", "gw3"),
            ("r3", "gw6", "gw5", "gw4", "gw2", "gw3"),
            ("r4", "gw4", "gw6", "gw5", "gw2", "gw3"),
        ):
            neutron.add_router(name, public, order=chosen)
        chosen = ["gw2", "gw3", "gw4", "gw5", "gw6"]
        old = neutron.add_router("old", public, order=chosen)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        ovn.intend("pause")  # Neutron is to be the first
        daemon.wait_log("guard pause")
        ovn.remove_chassis("gw3")
        neutron.chassis_deleted("gw3")
        assert order(ovn, old.port)[:2] == ("gw2", "gw1")
        new = neutron.add_router("new", public)
        assert order(ovn, new.port)[0] == "gw1"
        ovn.intend("pause", "false")
        wait_last(ovn, "gw1", old.port, new.port)
        wait_dense(ovn, [old.port, new.port], 5)
        assert ovn.holder(old.port) == "gw2"
        wait_for(lambda: ovn.holder(new.port) != "gw1", "gw1 to be empty")
        assert neutron.scan() == set()
