# SPDX-License-Identifier: Apache-2.0
"""gwschedctl simulate on real databases."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.functional.daemon import write_conf
from tests.functional.ovn import Ovn
from tests.functional.test_gwschedctl import ctl, one_line
from tests.functional.test_gwschedctl_plan import (
    Rows,
    listed,
    rows,
    settle,
    told,
)

STATES = ["chassis", "state", "now", "at_once", "repaired", "share"]
WAYS = ["port", "from", "at_once", "repaired", "reason", "why"]


@pytest.fixture
def conf(ovn: Ovn, tmp_path: Path) -> Path:
    return write_conf(tmp_path / "ctl.conf", ovn.nb, ovn.sb, {})


@pytest.fixture
def fleet(ovn: Ovn) -> Ovn:
    """Four gateways in a ring, two ports on each, two backups to a port."""
    ovn.add_chassis("gw1", "gw2", "gw3", "gw4")
    for i in range(8):
        names = [f"gw{(i + j) % 4 + 1}" for j in range(3)]
        listed(ovn, f"r{i}", *names, holder=names[0])
    ovn.sbctl("set", "Chassis", "gw2", "hostname=host2")
    settle(ovn, "gw1", "gw2", "gw3", "gw4")
    return ovn


def total(found: Rows, state: str) -> int:
    return sum(row[state] for row in found)


def test_one_failure(fleet: Ovn, conf: Path) -> None:
    before = fleet.transactions()
    found = rows(conf, "simulate", "--fail", "gw1")
    assert [list(row) for row in found] == [STATES] * 4
    assert {total(found, s) for s in ("now", "at_once", "repaired")} == {8}
    assert list(found[0].values()) == ["gw1", "failed", 2, 0, 0, None]
    assert [row["at_once"] for row in found[1:]] == [4, 2, 2]
    assert [row["share"] for row in found[1:]] == [1.5, 0.75, 0.75]
    moved = rows(conf, "simulate", "--fail", "gw1", "--ports")
    assert [list(row) for row in moved] == [WAYS] * 2
    for row, port in zip(moved, ("lrp-r0", "lrp-r4"), strict=True):
        assert list(row.values())[:5] == [
            port,
            "gw1",
            "gw2",
            "gw2",
            "failover",
        ]
        assert row["why"].startswith("OVN has elected gw2 over gw1")
    assert fleet.transactions() == before


def test_two_failures_by_any_name(fleet: Ovn, conf: Path) -> None:
    """The ports of gw1 are lost: gw3, left alone, has no ref_chassis."""
    found = rows(conf, "simulate", "--fail", "gw1,host2")
    states = [row["state"] for row in found]
    assert states == ["failed", "failed", "live", "live"]
    assert [row["at_once"] for row in found] == [0, 0, 4, 2]
    assert [row["share"] for row in found] == [None, None, 1.0, 0.5]
    assert (total(found, "now"), total(found, "repaired")) == (8, 8)
    again = rows(conf, "simulate", "--fail", "host2", "--fail", "gw1")
    assert again == found
    args = ("simulate", "--fail", "gw1,gw2")
    text = told(ctl("--config-file", conf, *args))
    assert text.splitlines()[-1].startswith(
        "ports: 2 moved by OVN, 2 lost until gwsched acts, 0 that nobody "
    )


def test_all_candidates_of_a_port_fail(fleet: Ovn, conf: Path) -> None:
    args = ("--config-file", conf, "simulate", "--fail", "gw1,gw2,gw3")
    done = ctl(*args, "-f", "json")
    found = json.loads(done.stdout)
    assert "3 of 4 gateways silent at once is a mass failure" in done.stderr
    assert [row["at_once"] for row in found] == [0, 0, 0, 2]
    assert [row["repaired"] for row in found] == [0, 0, 0, 8]
    text = ctl(*args, "--ports", "-f", "value").stdout
    assert "lrp-r0 gw1 - gw4 failover none of its candidates is live; " in text
    assert "lrp-r1 gw2 - gw4 failover gw4, the only live candidate, " in text


def test_a_lone_survivor_without_a_witness(ovn: Ovn, conf: Path) -> None:
    """Nobody binds a port behind the router, so ref_chassis is empty."""
    ovn.add_chassis("gw1", "gw2")
    listed(ovn, "r1", "gw1", "gw2", holder="gw1")
    settle(ovn, "gw1", "gw2")
    (row,) = rows(conf, "simulate", "--fail", "gw1", "--ports")
    assert (row["at_once"], row["repaired"]) == (None, "gw2")
    assert row["why"].startswith(
        "gw2, the only live candidate, claims nothing"
    )
    text = told(ctl("--config-file", conf, "simulate", "--fail", "gw1"))
    assert text.splitlines()[-1] == (
        "ports: 0 moved by OVN, 1 lost until gwsched acts, 0 that nobody "
        "could host even then; lists changed after: 1"
    )


def test_states_in_other_formats(fleet: Ovn, conf: Path) -> None:
    args = ("simulate", "--fail", "gw1", "-c", "chassis", "-c", "share")
    text = told(ctl("--config-file", conf, *args, "-f", "csv"))
    assert list(csv.reader(io.StringIO(text))) == [
        ["chassis", "share"],
        ["gw1", "-"],
        ["gw2", "1.50"],
        ["gw3", "0.75"],
        ["gw4", "0.75"],
    ]
    text = told(ctl("--config-file", conf, *args))
    assert "| gw2     | 1.50  |\n" in text
    assert text.splitlines()[-1].startswith("ports: 2 moved by OVN, 0 lost ")


def test_an_unknown_chassis(fleet: Ovn, conf: Path) -> None:
    done = ctl("--config-file", conf, "simulate", "--fail", "gw1,gw9")
    said = one_line(done, code=2)
    assert "there is no chassis 'gw9'; did you mean " in said
    assert "known gateways are: gw1, gw2 (host2), gw3" in said
