# SPDX-License-Identifier: Apache-2.0
"""gwschedctl plan on real databases, and what simulate has in common."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import write_conf
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_gwschedctl import Done, ctl, one_line

STEP = ["unit", "kind", "reason", "before", "after", "why"]
LOADS = [
    "chassis",
    "verdict",
    "ports_now",
    "ports_then",
    "weight_now",
    "weight_then",
    "worst_now",
    "worst_then",
]
ASSUMED = "gwschedctl: verdicts are assumed from one look at the databases"

Rows = list[dict[str, Any]]


@pytest.fixture
def conf(ovn: Ovn, tmp_path: Path) -> Path:
    return write_conf(tmp_path / "ctl.conf", ovn.nb, ovn.sb, {})


def told(done: Done, doubted: str = "suspect: none") -> str:
    """Return what was printed; stderr has the one line on verdicts."""
    assert (done.returncode, done.stderr) == (0, f"{ASSUMED}; {doubted}\n")
    return done.stdout


def rows(conf: Path, *args: str, doubted: str = "suspect: none") -> Rows:
    """Return the rows of JSON, which must be flat and of one kind."""
    done = ctl("--config-file", conf, *args, "-f", "json")
    found: Rows = json.loads(told(done, doubted))
    assert len({tuple(row) for row in found}) <= 1
    for row in found:
        assert not any(isinstance(cell, (list, dict)) for cell in row.values())
    return found


def settle(ovn: Ovn, *answering: str) -> None:
    """Let northd catch up, and chassis answer its heartbeat."""
    ovn.nbctl("--wait=sb", "sync")
    ovn.answer(*answering)


def listed(ovn: Ovn, router: str, *order: str, holder: str) -> str:
    """Add a router port with a list, held by a chassis."""
    port = ovn.add_router(router, *order)
    ovn.nbctl("--wait=sb", "sync")
    ovn.claim(port, holder)
    return port


def primaries_and_members(
    orders: Mapping[str, list[str]],
) -> dict[str, tuple[str, list[str]]]:
    return {port: (o[0], sorted(o)) for port, o in orders.items()}


# -- plan ------------------------------------------------------------------


def test_the_plan_of_an_unplaced_fleet(ovn: Ovn, conf: Path) -> None:
    ovn.add_chassis("gw1", "gw2", "gw3")
    ports = [ovn.add_router(f"r{i}") for i in range(6)]
    settle(ovn, "gw1", "gw2", "gw3")
    before = ovn.transactions()
    found = rows(conf, "plan")
    assert [list(row) for row in found] == [STEP] * 6
    assert sorted(row["unit"] for row in found) == ports
    for row in found:
        assert (row["kind"], row["reason"]) == ("place", "new")
        assert row["before"] is None
        assert sorted(row["after"].split(" ")) == ["gw1", "gw2", "gw3"]
        assert row["why"].startswith("had no candidates; ")
    primaries = Counter(row["after"].split(" ")[0] for row in found)
    assert primaries == {"gw1": 2, "gw2": 2, "gw3": 2}
    assert ovn.transactions() == before


def test_the_daemon_writes_what_the_plan_shows(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, conf: Path
) -> None:
    """And then nothing is left, as the plan knows beside the daemon."""
    ports = [ovn.add_router(f"r{i:02}") for i in range(14)]
    ovn.nbctl("--wait=sb", "sync")
    shown = {r["unit"]: r["after"].split(" ") for r in rows(conf, "plan")}
    assert sorted(shown) == ports
    start()
    wait_for(lambda: all(len(ovn.order(p)) == 4 for p in ports), "all lists")
    wait_for(
        lambda: all(ovn.holder(p) == ovn.order(p)[0] for p in ports),
        "all claims",
    )
    written = {port: ovn.order(port) for port in ports}
    assert primaries_and_members(written) == primaries_and_members(shown)
    done = ctl("--config-file", conf, "plan", "-f", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_nothing_to_do(ovn: Ovn, conf: Path) -> None:
    ovn.add_chassis("gw1", "gw2")
    listed(ovn, "r1", "gw1", "gw2", holder="gw1")
    settle(ovn, "gw1", "gw2")
    assert rows(conf, "plan") == []
    text = told(ctl("--config-file", conf, "plan"))
    assert "lists to write: 0; refused: 0; moves: 0, " in text
    assert "imbalance: 1.00 -> 1.00" in text


@pytest.fixture
def uneven(ovn: Ovn) -> Ovn:
    """Six ports on gw1, all of them backed up by gw2."""
    ovn.add_chassis("gw1", "gw2")
    for i in range(6):
        listed(ovn, f"r{i}", "gw1", "gw2", holder="gw1")
    settle(ovn, "gw1", "gw2")
    return ovn


def test_an_imbalance(uneven: Ovn, conf: Path) -> None:
    found = rows(conf, "plan")
    assert [row["kind"] for row in found] == ["move"] * 3
    for row in found:
        assert (row["before"], row["after"]) == ("gw1 gw2", "gw2 gw1")
        assert row["reason"] == "rebalance"
    assert found[0]["why"].startswith("gw1 carries 6, gw2 0; ")


def test_for_people_there_are_loads_and_a_summary(
    uneven: Ovn, conf: Path
) -> None:
    text = told(ctl("--config-file", conf, "plan", "-c", "unit", "-c", "kind"))
    lines = [re.findall(r"[^|\s]+", x) for x in text.splitlines() if "|" in x]
    assert lines[0] == ["unit", "kind"]
    assert lines[4] == LOADS
    assert lines[5:] == [
        ["gw1", "live", "6", "3", "6", "3", "6", "3"],
        ["gw2", "live", "0", "3", "0", "3", "0", "3"],
    ]
    assert text.splitlines()[-1] == (
        "lists to write: 3; refused: 0; moves: 3, 3 of them paced: 18 s at "
        "10 a minute; imbalance: 2.00 -> 1.00, after the worst failure of "
        "one 1.00 -> 1.00"
    )


def test_only_the_loads(uneven: Ovn, conf: Path) -> None:
    found = rows(conf, "plan", "--loads")
    assert [list(row) for row in found] == [LOADS] * 2
    assert [(r["weight_now"], r["weight_then"]) for r in found] == [
        (6, 3),
        (0, 3),
    ]
    args = ("plan", "--loads", "-f", "csv", "-c", "chassis", "-c", "verdict")
    text = told(ctl("--config-file", conf, *args))
    assert text == "chassis,verdict\ngw1,live\ngw2,live\n"


def test_a_refusal(ovn: Ovn, conf: Path) -> None:
    ovn.add_chassis("gw1")
    ovn.add_router("r1", network="dmz")
    settle(ovn, "gw1")
    assert rows(conf, "plan") == [
        {
            "unit": "lrp-r1",
            "kind": "refused",
            "reason": "physical_network",
            "before": None,
            "after": None,
            "why": "gw1: ovn-bridge-mappings has no dmz",
        }
    ]
    text = told(ctl("--config-file", conf, "plan", "-f", "value"))
    assert text.startswith("lrp-r1 refused physical_network - - gw1: ")


def test_the_silent_and_the_gone(ovn: Ovn, conf: Path) -> None:
    ovn.add_chassis("gw1", "gw2", "gw3")
    ovn.add_router("r1", "gw9")
    for _ in range(3):
        settle(ovn, "gw1", "gw2")
    found = rows(conf, "plan", doubted="suspect: gw3; dead: gw9")
    (row,) = found
    assert (row["kind"], row["reason"]) == ("move", "failover")
    assert sorted(row["after"].split(" ")) == ["gw1", "gw2"]


@pytest.mark.parametrize(
    ("intent", "mode", "said"),
    [
        ("gwsched-pause=true", "enforce", "an operator has paused gwsched"),
        ("gwsched-oops=1", "enforce", "this version knows no intent"),
        ("other=1", "observe", "mode is observe: gwsched writes nothing"),
    ],
)
def test_what_stands_in_its_way_is_said(
    ovn: Ovn, tmp_path: Path, intent: str, mode: str, said: str
) -> None:
    options = {"scheduler": {"mode": mode}}
    conf = write_conf(tmp_path / "c", ovn.nb, ovn.sb, options)
    ovn.add_chassis("gw1")
    ovn.add_router("r1")
    ovn.nbctl("set", "NB_Global", ".", f"external_ids:{intent}")
    for verb in (("plan",), ("simulate", "--fail", "gw1")):
        done = ctl("--config-file", conf, *verb, "-f", "json")
        assert done.returncode == 0
        assert said in done.stderr
        assert json.loads(done.stdout)


# -- usage -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("simulate",), "required: --fail"),
        (("simulate", "--fail", "gw1,"), "'gw1,' is no list of chassis"),
        (("simulate", "--fail", ""), "'' is no list of chassis"),
        (("simulate", "--fail", "a", "-c", "x"), "'x' (choose from"),
        (("simulate", "--fail", "a", "-c", "port"), "no column 'port'"),
        (("plan", "-c", "verdict"), "no column 'verdict' in this listing"),
        (("plan", "--loads", "-c", "unit"), "no column 'unit'"),
        (("plan", "gw1"), "unrecognized arguments"),
    ],
)
def test_usage_errors(args: tuple[str, ...], said: str) -> None:
    done = ctl(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", [("plan",), ("simulate", "--fail", "gw1")])
def test_failures_of_both_verbs(tmp_path: Path, verb: tuple[str, ...]) -> None:
    second = {"ovn": {"ovsdb_connection_timeout": 1}}
    conf = write_conf(tmp_path / "c", "unix:/n", "unix:/s", second)
    said = one_line(ctl("--config-file", conf, *verb), code=1)
    assert "NB could not be reached within 1 s" in said
    wrong = {"scheduler": {"ovn_l3_scheduler": "best"}}
    conf = write_conf(tmp_path / "c", "unix:/n", "unix:/s", wrong)
    said = one_line(ctl("--config-file", conf, *verb), code=2)
    assert "no scheduler 'best'" in said


@pytest.mark.parametrize("verb", ["plan", "simulate"])
def test_the_help_says_what_is_assumed(verb: str) -> None:
    done = ctl(verb, "--help")
    assert done.returncode == 0
    assert "Verdicts are assumed" in " ".join(done.stdout.split())
