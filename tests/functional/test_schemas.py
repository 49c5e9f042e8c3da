# SPDX-License-Identifier: Apache-2.0
"""The daemon and the tool on the schemas of other OVN releases.

northd is Debian's; it can do without what an older schema lacks, and knows
nothing of what a newer one has more.  That is filled in here.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.functional import schemas
from tests.functional.conftest import Options
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon, write_conf
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_gwschedctl import ctl

GATEWAYS = ("gw1", "gw2", "gw3", "gw4")
# As many columns as there are to read.
OPTIONS: Options = {
    "scheduler": {"load": "nat"},
    "rebalance": {"moves_per_minute": 6000},
}
LACKS = {"22.03": ["NB: this server's NAT has no gateway_port"]}


@pytest.mark.parametrize("release", schemas.TRIED)
def test_place_fail_over_drain_and_audit(release: str, tmp_path: Path) -> None:
    with Ovn(release=release) as ovn:
        ovn.add_chassis(*GATEWAYS)
        ovn.quicken_bfd()
        ports = [ovn.add_router(f"r{i}") for i in range(4)]
        ovn.add_nat("r0", "dnat_and_snat", "172.16.0.100")
        fill(ovn, release)
        with (
            Controllers(ovn.sb),
            Daemon(tmp_path, ovn.nb, ovn.sb, OPTIONS) as daemon,
        ):
            wait_for(lambda: primaries(ovn) == {*GATEWAYS}, "each to have one")
            fill(ovn, release)
            lost = ovn.order(ports[0])[0]
            ovn.remove_chassis(lost)
            wait_for(lambda: lost not in members(ovn), "the lost one to go")

            drained = ovn.order(ports[0])[0]
            conf = write_conf(tmp_path / "ctl.conf", ovn.nb, ovn.sb, OPTIONS)
            done = ctl("--config-file", conf, "drain", drained, "--wait")
            assert done.returncode == 0, done
            assert drained not in primaries(ovn)
            audit = ctl("--config-file", conf, "audit", "-f", "json")
            assert json.loads(audit.stdout) == []

            status = json.loads(daemon.get("/api/status")[1])
            assert status["problems"] == []
            assert daemon.metric("gwsched_errors_total", where="cycle") == 0
            said = [
                line.rpartition("] ")[2].removesuffix("; going without")
                for line in daemon.log.splitlines()
                if "going without" in line
            ]
            assert said == LACKS.get(release, [])


def test_servers_that_are_upgraded_and_go_back(tmp_path: Path) -> None:
    """python-ovs itself asks for what it began with, for ever."""
    newest, anew = schemas.TRIED[-1], "connecting to both anew"
    with Ovn(release="22.03") as ovn:
        ovn.add_chassis(*GATEWAYS)
        with (
            Controllers(ovn.sb),
            Daemon(tmp_path, ovn.nb, ovn.sb, OPTIONS) as daemon,
        ):
            wait_for(lambda: leads(daemon), "the lock")
            assert daemon.log.count("going without") == 1
            convert(ovn, newest)
            wait_for(lambda: daemon.log.count(anew) == 1, anew)
            port = ovn.add_router("r1")
            wait_for(lambda: len(ovn.order(port)) == 4, "a list")
            assert daemon.log.count("going without") == 1
            convert(ovn, "22.03")
            wait_for(lambda: daemon.log.count(anew) == 2, anew)
            wait_for(lambda: leads(daemon), "the lock")
            assert daemon.log.count("going without") == 2
            assert daemon.metric("gwsched_errors_total", where="cycle") == 0


def convert(ovn: Ovn, release: str) -> None:
    """Give the servers the schemas of another release, as they run."""
    for name, path in schemas.write(ovn.directory, release).items():
        subprocess.run(
            ["ovsdb-client", "convert", ovn.unix(name), str(path)], check=True
        )


def leads(daemon: Daemon) -> bool:
    return daemon.metric("gwsched_leader") == 1


def fill(ovn: Ovn, release: str) -> None:
    """Have something in every column that Debian's schema has not."""
    values = {
        "string": "gw1",
        "integer": 7,
        json.dumps(schemas.MAP): ["map", [["hosting-chassis", "gw1"]]],
    }
    for name, columns in schemas.more(release).items():
        for column, kind in columns:
            table, _, field = column.partition(".")
            text = kind if isinstance(kind, str) else json.dumps(kind)
            if text in values:
                row = {field: values[text]}
                operation = {"op": "update", "table": table, "where": []}
                ovn.transact(name, operation | {"row": row})


def primaries(ovn: Ovn) -> set[str]:
    return {order[0][0] for order in ovn.lists().values() if order}


def members(ovn: Ovn) -> set[str]:
    return {name for order in ovn.lists().values() for name, _ in order}
