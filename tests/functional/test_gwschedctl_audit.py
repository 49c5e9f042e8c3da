# SPDX-License-Identifier: Apache-2.0
"""gwschedctl audit on real databases: what it finds, what it repairs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gwsched.cli import databases
from gwsched.cli.auditing import repair
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import write_conf
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import databases as connected
from tests.functional.reading import settings_for
from tests.functional.test_gwschedctl import GWSCHEDCTL, Done, ctl
from tests.functional.test_reading_evidence import add_route, set_session

COLUMNS = ["severity", "kind", "subject", "what", "todo"]
ASSUMED = "gwschedctl: verdicts are assumed from one look at the databases"

Rows = list[dict[str, Any]]


@pytest.fixture
def conf(ovn: Ovn, tmp_path: Path) -> Path:
    return write_conf(tmp_path / "ctl.conf", ovn.nb, ovn.sb, {})


def rows(done: Done, code: int = 0) -> Rows:
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(ASSUMED)
    found: Rows = json.loads(done.stdout)
    return found


def audit(conf: Path, *args: str, code: int = 0) -> Rows:
    done = ctl("--config-file", conf, "audit", "-f", "json", *args)
    return rows(done, code)


def found(conf: Path) -> list[tuple[str, str, str]]:
    keys = ("severity", "kind", "subject")
    return [(row[keys[0]], row[keys[1]], row[keys[2]]) for row in audit(conf)]


def settle(ovn: Ovn, *answering: str) -> None:
    ovn.nbctl("--wait=sb", "sync")
    ovn.answer(*answering)


def listed(ovn: Ovn, router: str, *order: str, holder: str) -> str:
    port = ovn.add_router(router, *order)
    ovn.nbctl("--wait=sb", "sync")
    ovn.claim(port, holder)
    return port


@pytest.fixture
def fleet(ovn: Ovn) -> Ovn:
    """Three gateways that answer, and a port that is well."""
    ovn.add_chassis("gw1", "gw2", "gw3")
    listed(ovn, "r1", "gw1", "gw2", "gw3", holder="gw1")
    settle(ovn, "gw1", "gw2", "gw3")
    return ovn


# -- what is found ---------------------------------------------------------


def test_a_fleet_that_is_well(fleet: Ovn, conf: Path) -> None:
    assert audit(conf) == []
    assert audit(conf, "--check") == []
    done = ctl("--config-file", conf, "audit", "-f", "csv")
    assert done.stdout == f"{','.join(COLUMNS)}\n"


def test_everything_at_once(fleet: Ovn, conf: Path) -> None:
    ovn = fleet
    ovn.add_router("empty")
    listed(ovn, "stale", "gw1", "gw9", holder="gw1")
    listed(ovn, "swapped", "gw1", "gw2", "gw3", holder="gw2")
    ovn.add_router("nobody", "gw1", "gw2", "gw3")
    listed(ovn, "tied", "gw1", "gw2", "gw3", holder="gw1")
    ovn.nbctl("lrp-set-gateway-chassis", "lrp-tied", "gw2", "3")
    listed(ovn, "both", "gw1", "gw2", "gw3", holder="gw1")
    ovn.set_candidates("lrp-both", ("gw1", "gw2", "gw3"), "ha_chassis_group")
    ovn.add_router("twice", form="ha_chassis_group")
    ovn.nbctl("ha-chassis-group-add", "gwsched-lrp-gone")
    ovn.nbctl(
        *("lr-add", "pinned", "--", "set", "Logical_Router", "pinned"),
        "options:chassis=gw8",
    )
    for intent in (
        *("cordon-gw9", "frobnicate-x", "adopt-nothing"),
        *("failover-pinned", "failover-lost"),
    ):
        ovn.intend(intent)
    for _ in range(3):
        settle(ovn, "gw1", "gw2")
    ovn.claim("lrp-tied", "gw2")
    ovn.claim("lrp-both", "gw1")
    assert found(conf) == [
        ("outage", "no_candidates", "lrp-empty"),
        ("outage", "no_candidates", "lrp-twice"),
        ("outage", "unclaimed", "lrp-nobody"),
        ("outage", "unknown_chassis", "pinned"),
        ("risk", "both_forms", "lrp-both"),
        ("risk", "mismatch", "lrp-swapped"),
        ("risk", "shallow_list", "lrp-stale"),
        ("risk", "silent_chassis", "gw3"),
        ("risk", "stale_candidate", "lrp-stale"),
        ("risk", "tie", "lrp-tied"),
        ("untidy", "idle_intent", "gwsched-adopt-nothing"),
        ("untidy", "idle_intent", "gwsched-cordon-gw9"),
        ("untidy", "orphan", "gwsched-lrp-gone"),
        ("untidy", "unclear", "NB NB_Global"),
        ("untidy", "unclear", "NB NB_Global"),
    ]
    every = audit(conf)
    assert all(list(row) == COLUMNS for row in every)
    assert all(all(row.values()) for row in every)


def test_a_chassis_twice_in_a_group(fleet: Ovn, conf: Path) -> None:
    ovn = fleet
    ovn.add_router("r2", "gw1", "gw2", "gw3", form="ha_chassis_group")
    ovn.nbctl(
        *("--id=@twin", "create", "HA_Chassis", "chassis_name=gw3"),
        *("priority=9", "--", "add", "HA_Chassis_Group"),
        *("group-lrp-r2", "ha_chassis", "@twin"),
    )
    settle(ovn, "gw1", "gw2", "gw3")
    ovn.claim("lrp-r2", "gw3")
    assert found(conf) == [("risk", "duplicate", "group-lrp-r2")]


def test_a_next_hop_that_is_down(fleet: Ovn, conf: Path) -> None:
    add_route(fleet, "lrp-r1", "172.16.0.254")
    fleet.answer("gw1", "gw2", "gw3")
    set_session(fleet, "172.16.0.254", "down")
    assert found(conf) == [("outage", "next_hop_down", "lrp-r1")]
    set_session(fleet, "172.16.0.254", "up")
    assert found(conf) == []


def test_what_a_silent_northd_does_not_carry(fleet: Ovn, conf: Path) -> None:
    fleet.pause("northd")
    fleet.nbctl("lrp-set-gateway-chassis", "lrp-r1", "gw3", "9")
    assert ("risk", "not_in_force", "lrp-r1") in found(conf)
    fleet.resume("northd")


def test_the_exit_code_says_it_only_if_asked(fleet: Ovn, conf: Path) -> None:
    fleet.add_router("empty")
    (row,) = audit(conf)
    assert (row["kind"], row["subject"]) == ("no_candidates", "lrp-empty")
    assert audit(conf, "--check", code=1) == [row]


# -- what is repaired ------------------------------------------------------


@pytest.fixture
def broken(fleet: Ovn) -> Ovn:
    """A stale backup, an empty list, and a primary that OVN passed over."""
    listed(fleet, "stale", "gw1", "gw9", "gw2", holder="gw1")
    fleet.add_router("empty")
    listed(fleet, "swapped", "gw1", "gw2", "gw3", holder="gw2")
    settle(fleet, "gw1", "gw2", "gw3")
    return fleet


def verdicts(shown: Rows) -> dict[str, str]:
    return {row["unit"]: row["repair"] for row in shown}


def test_the_plan_comes_first(broken: Ovn, conf: Path) -> None:
    before = broken.transactions()
    done = ctl("--config-file", conf, "audit", "--repair", "-f", "json")
    assert verdicts(rows(done)) == {"lrp-empty": "write", "lrp-stale": "write"}
    assert "nothing is written without --yes" in done.stderr
    assert broken.transactions() == before


def test_what_needs_no_verdict_is_repaired(broken: Ovn, conf: Path) -> None:
    done = ctl("--config-file", conf, "audit", "--repair", "--yes")
    assert done.returncode == 0
    assert "lists written: 2; " in done.stderr
    assert sorted(broken.order("lrp-empty")) == ["gw1", "gw2", "gw3"]
    assert broken.order("lrp-stale") == ["gw1", "gw2", "gw3"]
    assert broken.order("lrp-swapped") == ["gw1", "gw2", "gw3"]
    (written,) = broken.plans_written()
    assert "gwsched: 2 lists" in written
    broken.nbctl("--wait=sb", "sync")
    done = ctl("--config-file", conf, "audit", "--repair", "--yes")
    assert "there is nothing to write without a daemon" in done.stderr
    assert len(broken.plans_written()) == 1


def test_in_more_than_one_transaction(
    fleet: Ovn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of so many lists at once that northd would choke on them."""
    monkeypatch.setattr(repair, "MOST_CHANGES", 2)
    ports = [fleet.add_router(f"n{i}") for i in range(5)]
    settings = settings_for(fleet)
    made = repair.made(databases.read(settings), LeastLoaded(), settings)
    assert repair.write(made, LeastLoaded(), settings) == 5
    assert all(len(fleet.order(port)) == 3 for port in ports)
    assert len(fleet.plans_written()) == 3


def refused(done: Done) -> str:
    """Return what was said of a refusal; the plan is printed all the same."""
    assert done.returncode == 3, done.stderr
    assert {row["unit"] for row in json.loads(done.stdout)}
    return done.stderr


def test_beside_a_daemon_nothing_is_written(
    broken: Ovn, start: StartDaemon, conf: Path
) -> None:
    """Even beside one that only observes: it holds the lock."""
    daemon = start({"scheduler": {"mode": "observe"}})
    daemon.wait_log("took the lock")
    args = ("audit", "--repair", "--yes", "-f", "json")
    done = ctl("--config-file", conf, *args)
    assert "the gwsched that holds the lock does this by itself" in (
        refused(done)
    )
    assert broken.plans_written() == []


def test_the_lock_is_given_back(broken: Ovn, conf: Path) -> None:
    assert ctl("--config-file", conf, "audit", "--repair", "--yes").stderr
    with connected(broken) as (nb, _):
        assert nb.has_lock


@pytest.mark.parametrize(
    ("intent", "mode", "said"),
    [
        ("pause", "enforce", "an operator has paused gwsched"),
        ("adopt-x", "observe", "mode is observe"),
    ],
)
def test_what_is_not_to_be_written_is_refused(
    broken: Ovn, tmp_path: Path, intent: str, mode: str, said: str
) -> None:
    broken.intend(intent)
    options = {"scheduler": {"mode": mode}}
    conf = write_conf(tmp_path / "c", broken.nb, broken.sb, options)
    args = ("audit", "--repair", "--yes", "-f", "json")
    assert said in refused(ctl("--config-file", conf, *args))
    assert broken.plans_written() == []


def test_a_fleet_that_is_silent_is_not_repaired(
    broken: Ovn, conf: Path
) -> None:
    for _ in range(3):
        settle(broken, "gw1")
    broken.remove_chassis("gw2")
    args = ("audit", "--repair", "--yes", "-f", "json")
    said = refused(ctl("--config-file", conf, *args))
    assert "gateways are silent or without a row" in said
    assert broken.plans_written() == []


# -- asked on a terminal ---------------------------------------------------


@contextmanager
def at_a_terminal(*args: object) -> Iterator[tuple[int, Any]]:
    """Run it with a terminal for its questions and answers."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [GWSCHEDCTL, *map(str, args)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        ) as process:
            yield ours, process
    finally:
        os.close(ours)
        os.close(theirs)


def until(terminal: int, text: str) -> str:
    said = ""

    def heard() -> bool:
        nonlocal said
        said += os.read(terminal, 4096).decode()
        return text in said

    wait_for(heard, f"{text!r} on the terminal")
    return said


@pytest.mark.parametrize(
    ("answer", "lists"), [("y", 2), ("yes", 2), ("n", 0), ("", 0)]
)
def test_it_asks(broken: Ovn, conf: Path, answer: str, lists: int) -> None:
    args = ("--config-file", conf, "audit", "--repair", "-f", "json")
    with at_a_terminal(*args) as (terminal, process):
        until(terminal, "write these 2 lists? [y/N] ")
        assert broken.plans_written() == []
        os.write(terminal, f"{answer}\n".encode())
        ending = "lists written: 2" if lists else "nothing is written"
        until(terminal, ending)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert len(json.loads(out)) == 2
    assert len(broken.plans_written()) == (1 if lists else 0)


def test_what_has_changed_since_is_not_written(
    broken: Ovn, conf: Path
) -> None:
    args = ("--config-file", conf, "audit", "--repair")
    with at_a_terminal(*args) as (terminal, process):
        until(terminal, "write these 2 lists? [y/N] ")
        broken.set_candidates("lrp-empty", ("gw3",), "gateway_chassis")
        os.write(terminal, b"y\n")
        until(terminal, "the databases have changed since")
        process.communicate(timeout=30)
    assert process.returncode == 1
    assert broken.plans_written() == []


# -- beside a running daemon -----------------------------------------------


def test_a_daemon_leaves_nothing_to_be_found(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, conf: Path
) -> None:
    ports = [ovn.add_router(f"r{i}") for i in range(6)]
    ovn.add_router("stale", "gw9", "gw1")
    start()
    wait_for(lambda: all(len(ovn.order(p)) == 4 for p in ports), "all lists")
    wait_for(lambda: audit(conf) == [], "nothing to be found")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--yes",), "--yes goes with --repair"),
        (("--check", "--repair"), "not allowed with argument"),
        (("-c", "repair"), "no column 'repair' in this listing"),
        (("--repair", "-c", "todo"), "no column 'todo' in this listing"),
    ],
)
def test_usage_errors(args: tuple[str, ...], said: str) -> None:
    done = ctl("audit", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
