# SPDX-License-Identifier: Apache-2.0
"""Several gwschedctl at once, on databases that others write to as well."""

from __future__ import annotations

import subprocess
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from gwsched.cli.answer import REFUSED
from gwsched.cli.databases import Connections, opened
from gwsched.cli.steering.steering import Steering
from gwsched.cli.steering.steps import Scene, Step
from gwsched.cli.steering.verbs import VERBS
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.functional import schemas
from tests.functional.cluster import Cluster
from tests.functional.daemon import write_conf
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import settings_for
from tests.functional.steering import (
    NEUTRONS,
    SYSTEM_ID,
    as_json,
    asked,
    conf_of,
    external_ids_of,
    said,
    steerable,
)
from tests.functional.test_gwschedctl import GWSCHEDCTL, ctl


@pytest.fixture
def fleet(ovn: Ovn) -> Ovn:
    return steerable(ovn)


@pytest.fixture
def conf(fleet: Ovn, tmp_path: Path) -> Path:
    return conf_of(fleet, tmp_path)


def together(conf: Path, *verbs: tuple[str, ...]) -> Iterator[int]:
    """Run several at once; yield their exit codes in order."""
    runs = [
        subprocess.Popen(
            [GWSCHEDCTL, "--config-file", conf, *args],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for args in verbs
    ]
    try:
        for process in runs:
            yield process.wait(timeout=60)
    finally:
        for process in runs:
            process.kill()
            process.wait()


def test_several_at_once_lose_nobodys_keys(fleet: Ovn, conf: Path) -> None:
    verbs = [
        ("cordon", "gw1"),
        ("cordon", "gw2"),
        ("pin", "lrp-r2", SYSTEM_ID),
        ("rebalance",),
        ("pause",),
    ]
    assert list(together(conf, *verbs)) == [0] * len(verbs)
    assert asked(fleet) == {
        "cordon-gw1": "true",
        "cordon-gw2": "true",
        "pin-lrp-r2": SYSTEM_ID,
        "rebalance": "true",
        "pause": "true",
    }
    key, value = NEUTRONS
    assert external_ids_of(fleet)[key] == value


def test_of_two_that_drain_the_last_two_one_is_refused(
    fleet: Ovn, conf: Path
) -> None:
    said(conf, "drain", SYSTEM_ID)
    codes = together(conf, ("drain", "gw1"), ("drain", "gw2"))
    assert sorted(codes) == [0, 3]
    assert len(asked(fleet)) == 2


def test_what_changes_meanwhile_is_judged_anew(fleet: Ovn) -> None:
    """Until nothing has; a refusal then is one."""
    settings = settings_for(fleet)
    drain = VERBS["drain"]
    asked_for = Namespace(
        name="drain",
        chassis=SYSTEM_ID,
        steers=drain,
        wait=False,
        force=False,
        format="json",
    )
    meanwhile = ["drain-gw1", "drain-gw2"]

    def judge(found: Connections, there: Mapping[str, str]) -> Step:
        scene = Scene(found.read(), there, settings, LeastLoaded())
        step = drain.judge(scene, asked_for)
        if meanwhile:
            assert not step.obstacles
            fleet.intend(meanwhile.pop())
        return step

    with opened(settings, leader_only=True) as found:
        answer = Steering(found, settings, asked_for).run(judge)
    assert answer.code == REFUSED
    assert asked(fleet) == {"drain-gw1": "true", "drain-gw2": "true"}


def test_on_a_cluster(tmp_path: Path) -> None:
    with Cluster() as cluster, Ovn(nb=cluster.remotes) as ovn:
        ovn.add_chassis("gw1")
        conf = conf_of(ovn, tmp_path)
        assert as_json(conf, "cordon", "gw1")["changed"] is True
        assert asked(ovn) == {"cordon-gw1": "true"}


@contextmanager
def standby(ovn: Ovn) -> Iterator[str]:
    """A server that copies NB and takes no writes; yield its remote."""
    there = ovn.directory
    database, socket = there / "standby.db", there / "standby.sock"
    schema = schemas.write(there, schemas.chosen())["nb"]
    subprocess.run(["ovsdb-tool", "create", database, schema], check=True)
    server = subprocess.Popen(
        [
            "ovsdb-server",
            "-vconsole:off",
            f"--unixctl={there}/standby.ctl",
            f"--sync-from={ovn.unix('nb')}",
            f"--remote=punix:{socket}",
            database,
        ]
    )
    try:
        wait_for(socket.exists, "the standby to listen")
        yield f"unix:{socket}"
    finally:
        server.kill()
        server.wait()


def test_a_server_that_takes_no_writes(fleet: Ovn, tmp_path: Path) -> None:
    with standby(fleet) as remote:
        conf = write_conf(tmp_path / "c", remote, fleet.sb, {})
        copied = ("ovn-nbctl", f"--db={remote}", "get", "nb", ".", "_uuid")
        wait_for(
            lambda: not subprocess.run(copied, capture_output=True).returncode,
            "the copy",
        )
        done = ctl("--config-file", conf, "pause")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was written to NB: " in done.stderr
    assert "read only" in done.stderr
    assert asked(fleet) == {}
