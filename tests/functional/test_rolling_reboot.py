# SPDX-License-Identifier: Apache-2.0
"""docs/rolling-reboot.sh where it must stop; that it works is shown by docs.

Where it stops before anything was moved no gwsched is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.controllers import Controllers
from tests.functional.lab import Lab
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_docs import BRISK, Done, in_order, told

SCRIPT = "docs/rolling-reboot.sh -t 2 -p 1"
GATEWAYS = ("gw1", "gw2", "gw3", "gw4")


@pytest.fixture
def lab(ovn: Ovn, gateways: Controllers, tmp_path: Path) -> Iterator[Lab]:
    """Two ports on gw1, all well, and a command that reboots nothing."""
    ovn.quicken_bfd()
    for name in ("r1", "r2"):
        ovn.add_router(name, *GATEWAYS)
    with Lab(tmp_path, ovn) as found:
        remotes = {"ovn_nb_connection": ovn.nb, "ovn_sb_connection": ovn.sb}
        manual = {"mode": "manual"}
        rebalance = {"rebalance": {**BRISK["rebalance"], **manual}}
        found.configure({**rebalance, "ovn": remotes})
        found.program("usr/bin/reboot", f"echo $1 >>{tmp_path}/rebooted\n")
        wait_for(lambda: in_order(found), "the ports to be held")
        yield found


def stopped(lab: Lab, command: str, code: int) -> str:
    """Let it stop; return what it said."""
    done: Done = lab.type(command)
    assert done.returncode == code, told(done)
    return done.stderr


def rebooted(lab: Lab) -> list[str]:
    path = lab.directory / "rebooted"
    return path.read_text().split() if path.exists() else []


def draining(lab: Lab) -> bool:
    ids = lab.ovn.nbctl("get", "NB_Global", ".", "external_ids")
    return "gwsched-drain-gw1" in ids


@pytest.mark.parametrize("wrong", ["", "/usr/bin/reboot", "-x 1 reboot gw1"])
def test_usage(lab: Lab, wrong: str) -> None:
    assert "REBOOT CHASSIS..." in stopped(lab, f"{SCRIPT} {wrong}", 2)


def test_nothing_is_begun_where_something_is_wrong(lab: Lab) -> None:
    lab.ovn.intend("pin-nothing", "gw1")
    said = stopped(lab, f"{SCRIPT} /usr/bin/reboot gw1", 1)
    assert "not begun: all is not well" in said
    assert "there is no scheduled gateway port nothing" in said
    assert not draining(lab)


def test_a_refusal_is_passed_on(lab: Lab) -> None:
    for name in GATEWAYS[1:]:
        lab.ovn.intend(f"drain-{name}")
    said = stopped(lab, f"{SCRIPT} -c true /usr/bin/reboot gw1", 3)
    assert "refused to drain gw1" in said
    assert not draining(lab)
    assert rebooted(lab) == []


def test_who_is_not_there_is_not_drained(lab: Lab) -> None:
    said = stopped(lab, f"{SCRIPT} /usr/bin/reboot gw9", 2)
    assert "there is no chassis 'gw9'" in said


def test_what_is_not_empty_in_time_is_not_rebooted(lab: Lab) -> None:
    said = stopped(lab, f"{SCRIPT} /usr/bin/reboot gw1 gw2", 1)
    assert "gw1: not empty yet" in said
    assert draining(lab)
    assert rebooted(lab) == []


def test_after_a_failed_reboot_it_goes_no_further(lab: Lab) -> None:
    lab.program("usr/bin/reboot", "exit 7\n")
    lab.type("systemctl start gwsched")
    script = SCRIPT.replace("-t 2", "-t 60")
    said = stopped(lab, f"{script} /usr/bin/reboot gw1 gw2", 1)
    assert "gw1: was not rebooted; it stays drained" in said
    assert draining(lab)
    assert lab.ovn.holder("lrp-r1") != "gw1"


def test_who_does_not_come_back_is_waited_for(lab: Lab) -> None:
    lab.program("usr/bin/reboot", 'ovn-sbctl chassis-del "$1"\n')
    lab.ovn.add_chassis("gw5")  # which no list names
    said = stopped(lab, f"{SCRIPT} -c true /usr/bin/reboot gw5 gw1", 1)
    assert "there is no chassis 'gw5'" in said
    assert "gw5: has not come back; it stays drained" in said
    assert not draining(lab)


def test_who_comes_back_silent_is_waited_for(
    lab: Lab, gateways: Controllers
) -> None:
    """It has its row, and leaves heartbeats unanswered."""
    gateways.silence(["gw4"])
    lab.program("usr/bin/reboot", "ovn-nbctl --wait=sb sync\n" * 3)
    said = stopped(lab, f"{SCRIPT} /usr/bin/reboot gw4 gw1", 1)
    assert "left the last two heartbeats unanswered" in said
    assert "gw4: was rebooted, but all is not well" in said
    assert not draining(lab)
