# SPDX-License-Identifier: Apache-2.0
"""Quiet in peace, and nothing lost by a death of the daemon or a database."""

from __future__ import annotations

import re
import signal

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

FAR_APART = {"health": {"probe_interval": 600}}


def lists_written(ovn: Ovn) -> int:
    """How many candidate lists gwsched has written, in all transactions."""
    found = [
        re.search(r"gwsched: (\d+) lists", t) for t in ovn.plans_written()
    ]
    return sum(int(match.group(1)) for match in found if match)


def all_placed(ovn: Ovn, ports: list[str], depth: int = 4) -> None:
    wait_for(
        lambda: all(len(ovn.order(p)) == depth for p in ports),
        "every port to be placed",
    )


def heartbeats_pass(ovn: Ovn, number: int = 3) -> None:
    """Wait until chassis were asked, and so the loop went round, often."""
    start = len(ovn.transactions())
    wait_for(lambda: len(ovn.transactions()) >= start + number, "heartbeats")


def test_in_peace_nothing_is_written_but_heartbeats(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(5)]
    start()
    all_placed(ovn, ports)
    heartbeats_pass(ovn)
    before = lists_written(ovn)
    heartbeats_pass(ovn, 6)
    assert lists_written(ovn) == before == 5


def test_with_somebody_elses_heartbeats_nothing_at_all_is_written(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(5)]
    daemon = start(FAR_APART)
    all_placed(ovn, ports)
    daemon.wait_log("has claimed it")
    ours = [t for t in ovn.transactions() if "gwsched:" in t]
    for _ in range(5):
        beat = ovn.nbctl("--print-wait-time", "--wait=hv", "sync")
        assert "ovn-controller" in beat
    assert [t for t in ovn.transactions() if "gwsched:" in t] == ours


def test_a_restart_writes_nothing_that_was_written(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(5)]
    daemon = start()
    all_placed(ovn, ports)
    before = lists_written(ovn)
    daemon.kill()
    daemon.start()
    daemon.wait_log("guard startup is over")
    heartbeats_pass(ovn)
    assert lists_written(ovn) == before == 5


@pytest.mark.parametrize(
    "moment",
    [
        "NB: connected",
        "took the lock",
        "guard startup: ",
        "guard startup is over",
        "lrp-r0: ",
        "has claimed it",
    ],
)
def test_killed_at_any_moment_nothing_is_lost_or_done_twice(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, moment: str
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(20)]
    daemon = start()
    daemon.wait_log(moment)
    daemon.kill()
    daemon.start()
    all_placed(ovn, ports)
    heartbeats_pass(ovn)
    assert lists_written(ovn) == 20


def test_of_two_daemons_one_writes_and_both_export(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    first = start(name="first")
    first.wait_log("took the lock")
    second = start(name="second")
    second.wait_log("another gwsched holds the lock; standing by")
    ports = [ovn.add_router(f"r{i}") for i in range(4)]
    all_placed(ovn, ports)
    wait_for(lambda: second.metric("gwsched_ports") == 4, "the second to see")
    assert first.metric("gwsched_leader") == 1
    assert second.metric("gwsched_leader") == 0
    committed = second.metric("gwsched_transactions_total", result="committed")
    assert committed == 0
    assert second.get("/readyz")[0] == 200


@pytest.mark.parametrize("ending", ["kill", "terminate"])
def test_the_standby_takes_over(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, ending: str
) -> None:
    first = start(name="first")
    first.wait_log("took the lock")
    second = start(name="second")
    second.wait_log("standing by")
    second.wait_log("chassis gw1: unknown -> live")
    getattr(first, ending)()
    second.wait_log("took the lock")
    all_placed(ovn, [ovn.add_router("r1")])
    assert lists_written(ovn) == 1


def test_one_that_hangs_is_replaced(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    """On a unix socket too, where ovsdb-server never asks for life."""
    first = start(name="first")
    first.wait_log("took the lock")
    second = start(name="second")
    second.wait_log("chassis gw1: unknown -> live")
    first.process.send_signal(signal.SIGSTOP)
    try:
        second.wait_log("hangs or is cut off; taking the lock from it")
        second.wait_log("took the lock")
        all_placed(ovn, [ovn.add_router("r1")])
    finally:
        first.process.send_signal(signal.SIGCONT)
    first.wait_log("lost the lock; standing by")


def test_sigterm_ends_it_in_order(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    daemon = start()
    daemon.wait_log("guard startup is over")
    assert daemon.terminate() == 0
    assert "SIGTERM: stopping" in daemon.log
    assert daemon.log.rstrip().endswith("gwsched ends")


def recovers(ovn: Ovn, daemon: Daemon, port: str) -> None:
    """The daemon still works: it never ended, and places a new port."""
    all_placed(ovn, [port])
    assert daemon.process.poll() is None
    assert daemon.metric("gwsched_errors_total", where="cycle") == 0


@pytest.mark.parametrize("database", ["nb", "sb"])
def test_a_database_down_and_back(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, database: str
) -> None:
    all_placed_before = ovn.add_router("r1")
    daemon = start()
    all_placed(ovn, [all_placed_before])
    ovn.stop(database)
    daemon.wait_log(f"{database.upper()}: connection lost")
    wait_for(
        lambda: daemon.metric("gwsched_ovsdb_connected", db=database) == 0,
        "the metric",
    )
    code, body = daemon.get("/readyz")
    assert code == 503
    assert body.startswith(f"{database.upper()} is not in sync: ")
    assert daemon.get("/livez")[0] == 200
    ovn.start(database)
    recovers(ovn, daemon, ovn.add_router("r2"))
    assert daemon.get("/readyz")[0] == 200
    assert "dead" not in daemon.log


def test_both_databases_away_at_start(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    for database in ("nb", "sb"):
        ovn.stop(database)
    daemon = start()
    daemon.wait_log("NB: not to be reached")
    assert daemon.get("/readyz")[0] == 503
    for database in ("nb", "sb"):
        ovn.start(database)
    recovers(ovn, daemon, port)


def test_a_stopped_northd_holds_every_change_back(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    daemon = start()
    all_placed(ovn, [ovn.add_router("r1")])
    ovn.pause("northd")
    daemon.wait_log("guard isolation: .*is ovn-northd running")
    ovn.add_router("r2")
    heartbeats_pass(ovn, 2)
    assert ovn.order("lrp-r2") == []
    assert daemon.metric("gwsched_guard_active", guard="isolation") == 1
    ovn.resume("northd")
    recovers(ovn, daemon, "lrp-r2")


def test_all_silent_at_once_changes_nothing(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    daemon = start()
    all_placed(ovn, [ovn.add_router("r1")])
    before = ovn.candidates("lrp-r1")
    gateways.silence(["gw1", "gw2", "gw3", "gw4"])
    daemon.wait_log("guard isolation: ")
    assert ovn.candidates("lrp-r1") == before
    assert lists_written(ovn) == 1
    gateways.silence([])
    daemon.wait_log("guard isolation is over")
    recovers(ovn, daemon, ovn.add_router("r2"))
