# SPDX-License-Identifier: Apache-2.0
"""Others who write the same lists: gwsched gives way, and never fights."""

from __future__ import annotations

import re

import pytest

from tests.functional.beside import OPTIONS, Rival, fleet, wait_dense
from tests.functional.conftest import StartDaemon
from tests.functional.daemon import Daemon
from tests.functional.neutron import Neutron, Router
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_steady import heartbeats_pass


@pytest.fixture
def neutron(ovn: Ovn) -> Neutron:
    return Neutron(ovn)


@pytest.fixture
def public(neutron: Neutron) -> str:
    """The switch of an external network."""
    return neutron.add_network("public", "public")


def order(ovn: Ovn, router: Router) -> list[str]:
    return [name for name, _ in ovn.lists()[router.port]]


def plans(ovn: Ovn, router: Router) -> list[int]:
    """The numbers of our transactions that changed a router's list."""
    written = enumerate(ovn.plans_written())
    return [number for number, text in written if router.name in text]


def foreign_writes(daemon: Daemon) -> float:
    return daemon.metric("gwsched_foreign_writes_total") or 0


def wait_foreign_writes(daemon: Daemon, number: int) -> None:
    wait_for(
        lambda: foreign_writes(daemon) == number, f"{number} foreign writes"
    )


def gives_way(daemon: Daemon) -> bool:
    """Whether a list is left to somebody else, said and exported."""
    active = daemon.metric("gwsched_guard_active", guard="foreign_writer")
    return active == 1 and "; theirs stays for" in daemon.log


def quarrel(ovn: Ovn, daemon: Daemon, router: Router) -> None:
    """Put a short list of gw1 and gw2 back until it is left so."""

    def short_of(number: int) -> bool:
        lacking = daemon.metric("gwsched_ports_underreplicated")
        return lacking == number

    for _ in range(2):
        ovn.rewrite(router.name, "gw1", "gw2")
        wait_for(lambda: short_of(1), "the short list to be seen")
        wait_for(lambda: short_of(0), "its own list to be seen")
    ovn.rewrite(router.name, "gw1", "gw2")
    wait_for(lambda: gives_way(daemon), "gwsched to give way")


def test_what_somebody_sets_by_hand_stays(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    """A list with which nothing is wrong, though ours would be another."""
    with fleet(ovn, 6):
        routers = {
            neutron.add_router(chosen[0], public): chosen
            for chosen in (
                ["gw3", "gw1", "gw5", "gw2", "gw4"],
                ["gw2", "gw4", "gw1", "gw5", "gw3"],
                ["gw1", "gw3", "gw2", "gw4", "gw6"],
                ["gw6", "gw5", "gw4", "gw3", "gw1"],
            )
        }
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        heartbeats_pass(ovn, 2)
        for router, chosen in routers.items():
            ovn.rewrite(router.name, *chosen)
        written = ovn.plans_written()
        heartbeats_pass(ovn, 5)
        for router, chosen in routers.items():
            assert order(ovn, router) == chosen
            assert ovn.holder(router.port) == chosen[0]
        assert ovn.plans_written() == written


def test_a_list_in_the_making_is_waited_for(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    """Others write in several steps: we write once, after the last."""
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        steps = (["gw2"], ["gw2", "gw3"], ["gw3", "gw2"])
        for number, chosen in enumerate(steps, 1):
            ovn.rewrite(router.name, *chosen)
            wait_foreign_writes(daemon, number)
            assert plans(ovn, router) == []
        wait_dense(ovn, router.ports, 4)
        heartbeats_pass(ovn, 3)
        assert len(plans(ovn, router)) == 1
        assert order(ovn, router)[:2] == ["gw3", "gw2"]


def test_a_write_of_somebody_else_is_no_alarm(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    """Neutron writes whenever a chassis comes or goes."""
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        ovn.rewrite(router.name, "gw1", "gw2")
        wait_foreign_writes(daemon, 1)
        wait_dense(ovn, router.ports, 4)
        lines = daemon.log.split("\n")
        assert [text for text in lines if re.search("WARN|ERROR", text)] == []


def test_who_insists_wins(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        quarrel(ovn, daemon, router)
        ours = r"\[gw1, gw2, gw[34], gw[34]\]"
        daemon.wait_log(rf"\[gw1, gw2\] over our {ours} 2 times; theirs stays")
        assert foreign_writes(daemon) == 3
        heartbeats_pass(ovn, 4)
        assert order(ovn, router) == ["gw1", "gw2"]
        assert len(plans(ovn, router)) == 2
        assert gives_way(daemon)


def test_who_insists_at_once_wins(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    """Before we have seen that our own list was there."""
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        with Rival(ovn.nb, router.name, "gw1", "gw2"):
            wait_for(lambda: gives_way(daemon), "gwsched to give way")
            written = plans(ovn, router)
            heartbeats_pass(ovn, 4)
            assert plans(ovn, router) == written
            assert order(ovn, router) == ["gw1", "gw2"]
            assert len(written) <= 3


def test_who_insists_on_one_more_wins(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    """At the end, but not with priority 0: that is not Neutron's drift."""
    others = ["gw2", "gw3", "gw4", "gw5", "gw6"]
    with fleet(ovn, 6):
        router = neutron.add_router("r1", public, order=others)
        ovn.intend("drain-gw1")
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        with Rival(ovn.nb, router.name, *others, "gw1"):
            wait_for(lambda: gives_way(daemon), "gwsched to give way")
            assert order(ovn, router) == [*others, "gw1"]


def test_a_port_that_nobody_serves_is_not_waited_for(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    """A dead list is repaired while a short one must stand still first."""
    with fleet(ovn, 5) as controllers:
        dead = neutron.add_router("dead", public)
        short = neutron.add_router("short", public)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        controllers.silence(["gw5"])
        daemon.wait_log("chassis gw5: .* -> dead")
        wait_for(
            lambda: order(ovn, dead)[-1] == order(ovn, short)[-1] == "gw5",
            "gw5 to be last",
        )
        before = len(ovn.plans_written())
        ovn.rewrite(short.name, "gw1")
        ovn.rewrite(dead.name, "gw5")
        wait_for(lambda: len(order(ovn, dead)) > 1, "new candidates")
        wait_for(lambda: len(order(ovn, short)) > 1, "it to be filled up")
        [first, *_] = [n for n in plans(ovn, dead) if n >= before]
        [second, *_] = [n for n in plans(ovn, short) if n >= before]
        assert first < second
        assert ovn.holder(dead.port) == order(ovn, dead)[0] != "gw5"


def test_nobody_insists_on_the_dead(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    """We have given way; then everybody in their list dies."""
    with fleet(ovn, 4) as controllers:
        router = neutron.add_router("r1", public)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        quarrel(ovn, daemon, router)
        controllers.silence(["gw1", "gw2"])
        daemon.wait_log("chassis gw1: .* -> dead")
        wait_for(
            lambda: ovn.holder(router.port) in ("gw3", "gw4"),
            "somebody alive to serve it",
        )


def test_a_quarrel_holds_up_nobody_else(
    ovn: Ovn, neutron: Neutron, public: str, start: StartDaemon
) -> None:
    with fleet(ovn, 4):
        router = neutron.add_router("r1", public)
        chosen = ["gw3", "gw4", "gw1", "gw2"]
        other = neutron.add_router("r2", public, order=chosen)
        daemon = start(OPTIONS)
        daemon.wait_log("guard startup is over")
        quarrel(ovn, daemon, router)
        ovn.rewrite(other.name, "gw3", "gw4")
        wait_dense(ovn, other.ports, 4)
        ovn.intend("drain-gw3")
        wait_for(lambda: ovn.holder(other.port) != "gw3", "gw3 to be empty")
        assert order(ovn, other)[-1] == "gw3"
