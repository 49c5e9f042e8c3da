# SPDX-License-Identifier: Apache-2.0
"""The lock, sessions, and processes that can be harmed."""

from __future__ import annotations

from typing import Any

import pytest

from gwsched.decisions import Change, Reason
from gwsched.model import Form
from tests.simulation.clouds import cloud, holder, running, settle
from tests.simulation.reader import Reader
from tests.simulation.schedules import Schedule, Step
from tests.simulation.server import Result, Server
from tests.simulation.simulation import Simulation
from tests.simulation.soak import try_seed

THREE = ("gw1", "gw2", "gw3")
QUICK = {"probe_interval": 2.0, "dead_after": 4.0, "hold_down": 6.0}


def simulated(*steps: tuple[Any, ...], daemons: int = 2) -> Simulation:
    """Return a simulation of these steps, under way."""
    made = tuple(Step(at, what, tuple(facts)) for at, what, *facts in steps)
    run = Simulation(Schedule(cloud(THREE), made, QUICK, daemons))
    run.start()
    return run


def change(server: Server, *order: str) -> Change:
    """Return a change of the only list there is, as it is now."""
    ovn = server.ovn
    seen = Reader(ovn.cloud, ovn.known_ports).read(ovn.nb, ovn.sb, {}, {}, ())
    [unit] = seen.units
    form = unit.form or Form.HA_CHASSIS_GROUP
    return Change(unit, form, order, Reason.PIN, "wanted")


def test_only_the_first_in_line_writes() -> None:
    server = Server(running(THREE))
    first, second = server.connect("one"), server.connect("two")
    wanted = [change(server, "gw2", "gw1", "gw3")]
    assert server.admit(second, wanted) is Result.REFUSED
    assert server.admit(first, wanted) is Result.COMMITTED
    server.close(first)
    assert server.admit(first, wanted) is Result.REFUSED
    assert server.admit(second, wanted) is Result.COMMITTED
    assert server.refused == 2


def test_what_was_rewritten_meanwhile_is_not_written() -> None:
    server = Server(running(THREE))
    session = server.connect("one")
    wanted = [change(server, "gw2", "gw1", "gw3")]
    server.ovn.write_list("p1", ("gw3", "gw1"))
    assert server.admit(session, wanted) is Result.STALE


def test_what_is_written_is_what_ovn_does() -> None:
    server = Server(running(THREE))
    server.connect("one")
    server.write([change(server, "gw3", "gw1", "gw2")])
    settle(server.ovn)
    assert holder(server.ovn) == "gw3"


def test_the_lock_passes_when_a_daemon_dies() -> None:
    run = simulated((10.0, "daemon_crash", "daemon1"))
    run.go_on(9)
    assert run.server.owner_name == "daemon1"
    run.go_on(20)
    assert run.server.owner_name == "daemon2"
    assert run.daemons["daemon2"].leads


def test_a_stopped_daemon_loses_the_lock_and_finds_out() -> None:
    run = simulated(
        (10.0, "daemon_hang", "daemon1"), (60.0, "daemon_resume", "daemon1")
    )
    run.go_on(12)
    assert run.server.owner_name == "daemon1"
    run.go_on(59)
    assert run.server.owner_name == "daemon2"
    run.go_on(70)
    assert run.server.owner_name == "daemon2"
    assert not run.daemons["daemon1"].leads


def test_what_a_stopped_daemon_sends_late_is_refused() -> None:
    run = simulated(
        (10.0, "daemon_mishap", "daemon1", "hang"),
        (11.0, "drain", "gw1", True),
        (60.0, "daemon_resume", "daemon1"),
    )
    run.go_on(59)
    assert run.daemons["daemon1"].alive == "hung"
    assert run.server.refused == 0
    run.go_on(70)
    assert run.server.refused == 1
    assert holder(run.ovn) != "gw1"


def test_a_deposed_server_takes_no_writes() -> None:
    run = simulated((10.0, "nb_leader"), daemons=1)
    run.go_on(10)
    daemon = run.daemons["daemon1"]
    assert daemon.leads
    assert run.server.owner is None
    run.go_on(20)
    assert run.server.owner_name == "daemon1"
    assert daemon.sees_nb


def test_a_lost_answer_costs_the_connection_not_the_write() -> None:
    run = simulated(
        (10.0, "daemon_mishap", "daemon1", "answer"),
        (11.0, "drain", "gw1", True),
        daemons=1,
    )
    run.go_on(11.5)
    assert run.daemons["daemon1"].session is None
    run.go_on(60)
    assert holder(run.ovn) != "gw1"
    assert "gw1" not in [c.chassis for c in run.ovn.sb.groups["p1"]]


def test_a_daemon_without_sb_sees_what_it_saw() -> None:
    run = simulated(
        (10.0, "daemon_link", "daemon1", "sb", False),
        (11.0, "power", "gw1"),
        (14.5, "daemon_link", "daemon1", "sb", True),
        daemons=1,
    )
    run.go_on(14.4)
    daemon = run.daemons["daemon1"]
    assert daemon.sb is not None
    assert daemon.sb.holders["p1"] == "gw1"
    run.go_on(16)
    assert daemon.sb.holders["p1"] == holder(run.ovn) == "gw2"
    assert daemon.sb_sessions == 1  # it was too short to be noticed


@pytest.mark.parametrize("seed", range(20))
def test_who_asks_for_answers_holds_to_the_same(seed: int) -> None:
    """As the real daemon does (gwsched/ovsdb/polling.py)."""
    *_, what = try_seed(seed, polled=True)
    assert not what
