# SPDX-License-Identifier: Apache-2.0
"""README and docs, typed from top to bottom as a new operator would."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.functional.controllers import Controllers
from tests.functional.lab import Lab
from tests.functional.ovn import Ovn, wait_for
from tests.packaging import docblocks, pages
from tests.packaging.docblocks import LAB
from tests.packaging.pages import Block

GATEWAYS = ("gw1", "gw2", "gw3", "gw4")
PORTS = tuple(f"lrp-r{number}" for number in range(1, 9))
BRISK = {"rebalance": {"moves_per_minute": 6000}}
Place = tuple[str, int]
Step = Callable[[Lab], None]
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def lab(ovn: Ovn, gateways: Controllers, tmp_path: Path) -> Iterator[Lab]:
    """A controller beside four gateways; gwsched is not there yet."""
    ovn.quicken_bfd()
    with Lab(tmp_path, ovn) as found:
        yield found


@pytest.fixture
def running(lab: Lab) -> Lab:
    """The same with gwsched and eight ports, in order."""
    remotes = {
        "ovn_nb_connection": lab.ovn.nb,
        "ovn_sb_connection": lab.ovn.sb,
    }
    sample = pages.ROOT / "etc/gwsched/gwsched.conf.sample"
    lab.configure({**BRISK, "ovn": remotes})
    lab.conf.write_text(sample.read_text())
    for port in PORTS:
        lab.ovn.add_router(port.removeprefix("lrp-"))
    assert lab.type("systemctl start gwsched").returncode == 0
    wait_for(lambda: in_order(lab), "all ports to be placed and held")
    return lab


def in_order(lab: Lab) -> bool:
    return lab.type("gwschedctl audit --check").returncode == 0


def held(lab: Lab, chassis: str) -> list[str]:
    return [port for port in PORTS if lab.ovn.holder(port) == chassis]


def nothing(_lab: Lab) -> None: ...


def follow(
    page: str,
    lab: Lab,
    before: Mapping[Place, Step],
    after: Mapping[Place, Step],
) -> dict[Place, str]:
    """Type what a page says; return what was printed, by block.

    Blocks are counted below their heading, those that are only looked at too.
    """
    said = {}
    blocks = docblocks.tried(LAB, page)
    places = {(block.anchor, block.number) for block in blocks}
    assert {*before, *after} <= places
    for block in blocks:
        place = (block.anchor, block.number)
        before.get(place, nothing)(lab)
        done = lab.type(block.text)
        assert done.returncode == 0, f"{block}\n{block.text}\n{told(done)}"
        said[place] = done.stdout
        after.get(place, nothing)(lab)
    return said


def told(done: Done) -> str:
    return f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"


def block(page: str, anchor: str, number: int) -> Block:
    (found,) = (
        b
        for b in pages.blocks(page)
        if (b.anchor, b.number) == (anchor, number)
    )
    return found


# -- docs/install.md -------------------------------------------------------

INSTALL = "docs/install.md"


def installed(lab: Lab) -> None:
    """All is where the unit looks for it; then configure as shown."""
    unit = lab.directory / "etc/systemd/system/gwsched.service"
    assert "ExecStart=/usr/bin/gwsched\n" in unit.read_text()
    assert (lab.directory / "usr/bin/gwsched").is_symlink()
    assert (lab.directory / "usr/lib/sysusers.d/gwsched.conf").is_file()
    assert (lab.directory / "usr/local/share/man/man8/gwsched.8").is_file()
    for number in (1, 2):
        shown = block(INSTALL, "configure", number).text
        shown = re.sub(r"= tcp:\S+:6641\S*", f"= {lab.ovn.nb}", shown)
        shown = re.sub(r"= tcp:\S+:6642\S*", f"= {lab.ovn.sb}", shown)
        shown = shown.replace("192.0.2.11", "127.0.0.1")
        with lab.conf.open("a") as file:
            file.write(f"\n{shown}")


def observes(lab: Lab) -> None:
    """The log has what the page says it has, and no list is written."""
    for line in block(INSTALL, "the-first-week-observe", 2).text.splitlines():
        lab.wait_log(re.escape(line))
    assert lab.ovn.order("lrp-r2") == []
    assert lab.ovn.plans_written() == []


def enforces(lab: Lab) -> None:
    wait_for(lambda: in_order(lab), "all to be repaired")
    assert len(lab.ovn.order("lrp-r2")) == 4
    assert lab.type("gwschedctl pin lrp-r1 gw3").returncode == 0
    wait_for(lambda: lab.ovn.holder("lrp-r1") == "gw3", "the pin")


def gone(lab: Lab) -> None:
    """No trace of it is left but the lists."""
    ids = lab.ovn.nbctl("get", "NB_Global", ".", "external_ids")
    assert "gwsched" not in ids
    assert "gwsched ends" in lab.log
    assert all(len(lab.ovn.order(f"lrp-r{n}")) == 4 for n in (1, 2, 3))
    assert {"NB_Global", "Logical_Router_Port"} < written(lab) <= allowed()


def written(lab: Lab) -> set[str]:
    """The tables that gwsched and gwschedctl have written to."""
    done = lab.type("ovsdb-tool show-log -m /var/lib/ovn/ovnnb_db.db")
    records = re.split(r"^record ", done.stdout, flags=re.MULTILINE)
    ours = [r for r in records if "gwsched: " in r]
    assert len(ours) > 3
    tables = re.compile(r"^\s+table (\w+)", re.MULTILINE)
    return {table for record in ours for table in tables.findall(record)}


def allowed() -> set[str]:
    """The tables that the page says are written to."""
    lines = (pages.ROOT / INSTALL).read_text().splitlines()
    rows = [line for line in lines if line.startswith("| NB |")]
    return {t for row in rows for t in re.findall(r"`([A-Z]\w+)`", row)}


def test_from_installation_to_removal(lab: Lab) -> None:
    lab.configure(BRISK)
    lab.ovn.add_router("r1", "gw1", "gone")
    lab.ovn.add_router("r2", marker="none")
    lab.ovn.add_router("r3", marker="neutron")
    said = follow(
        INSTALL,
        lab,
        {},
        {
            ("install", 2): installed,
            ("the-first-week-observe", 1): observes,
            ("enforce", 1): enforces,
            ("taking-it-away-again", 1): gone,
        },
    )
    assert "mode observe" in said["configure", 3]
    assert "mode observe" in said["the-first-week-observe", 3]
    assert "mode enforce" in said["enforce", 1]


# -- docs/operations.md ----------------------------------------------------

OPERATIONS = "docs/operations.md"


def emptied(lab: Lab) -> None:
    assert held(lab, "gw1") == []


def rebooted(lab: Lab) -> None:
    """Each was rebooted once, in order, empty; all is even in the end."""
    names = (lab.directory / "rebooted").read_text().split()
    assert names == [*GATEWAYS]
    wait_for(
        lambda: {len(held(lab, name)) for name in GATEWAYS} == {2}, "evenness"
    )
    wait_for(lambda: in_order(lab), "nothing to be found wrong")


def reboots(lab: Lab) -> None:
    lab.program("usr/local/sbin/reboot-host", reboot(lab))


def reboot(lab: Lab) -> str:
    """A command that takes a gateway's rows away and makes them anew."""
    return f"""\
set -eu
echo "$1" >>{lab.directory}/rebooted
uuid=$(ovn-sbctl --bare --columns=_uuid find Chassis "name=$1")
test -z "$(ovn-sbctl --bare --columns=_uuid find Port_Binding "chassis=$uuid")"
ip=$(ovn-sbctl --bare --columns=ip find Encap "chassis_name=$1")
ovn-sbctl chassis-del "$1"
ovn-sbctl chassis-add "$1" geneve "$ip" -- set Chassis "$1" \\
    other_config:ovn-cms-options=enable-chassis-as-gw \\
    other_config:ovn-bridge-mappings='"public:br-ex"' -- \\
    create Chassis_Private "name=$1"
"""


def arrives(lab: Lab) -> None:
    """A fifth gateway comes; it was cordoned before."""
    since = len(lab.log)
    lab.ovn.add_chassis("gw5")
    lab.wait_log(r"chassis gw5: \w+ -> live", since)
    assert not any("gw5" in lab.ovn.order(port) for port in PORTS)
    assert lab.type("gwschedctl uncordon gw5").returncode == 0
    wait_for(
        lambda: any("gw5" in lab.ovn.order(port) for port in PORTS),
        "gw5 to be listed",
    )


def forgotten(lab: Lab) -> None:
    wait_for(
        lambda: not any("gw5" in lab.ovn.order(port) for port in PORTS),
        "gw5 to leave all lists",
    )


def reloaded(lab: Lab) -> None:
    lab.wait_log("taken over: .*use_json: False -> True")
    assert not (lab.etc / "gwsched.conf.new").exists()


def intents(lab: Lab) -> set[str]:
    ids = lab.ovn.nbctl("get", "NB_Global", ".", "external_ids")
    return set(re.findall(r"gwsched-[^,}]*", ids))


def test_day_by_day(running: Lab, gateways: Controllers) -> None:
    kept: set[str] = set()

    def fails(lab: Lab) -> None:
        since = len(lab.log)
        gateways.silence(["gw4"])
        lab.wait_log('"reason": "failover"', since)
        gateways.silence([])

    def lost(lab: Lab) -> None:
        kept.update(intents(lab))
        assert len(kept) > len(PORTS)
        lab.ovn.nbctl("clear", "NB_Global", ".", "external_ids")

    def restored(lab: Lab) -> None:
        assert intents(lab) == kept

    def pinned(lab: Lab) -> None:
        lab.ovn.intend("pin-lrp-r2", "gw2")

    said = follow(
        OPERATIONS,
        running,
        {
            ("all-gateways-one-after-another", 2): reboots,
            ("the-decision-log", 1): fails,
            ("intents-backup-and-restore", 1): pinned,
            ("intents-backup-and-restore", 2): lost,
        },
        {
            ("maintenance-of-one-gateway", 1): emptied,
            ("all-gateways-one-after-another", 2): rebooted,
            ("adding-a-gateway", 2): arrives,
            ("losing-one", 1): forgotten,
            ("another-configuration", 1): reloaded,
            ("intents-backup-and-restore", 2): restored,
        },
    )
    assert "mode enforce" in said["looking", 1]
    assert '"what": "' in said["the-decision-log", 1]


# -- the others ------------------------------------------------------------


@pytest.mark.parametrize("page", ["README.md", "docs/beside.md"])
def test_the_other_pages(running: Lab, page: str) -> None:
    assert follow(page, running, {}, {})


def test_every_block_that_can_be_run_is_on_a_page_that_is_followed() -> None:
    followed = {INSTALL, OPERATIONS, "README.md", "docs/beside.md"}
    assert {block.page for block in docblocks.tried(LAB)} == followed
