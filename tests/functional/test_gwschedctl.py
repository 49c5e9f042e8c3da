# SPDX-License-Identifier: Apache-2.0
"""The real gwschedctl on real databases, without a daemon."""

import csv
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched import __version__
from tests.functional.daemon import write_conf
from tests.functional.ovn import Ovn

GWSCHEDCTL = Path(sys.executable).with_name("gwschedctl")
SECOND = {"ovn": {"ovsdb_connection_timeout": 1}}
# Longer than that on a busy machine, shorter than the default of 10 s.
PATIENCE = 8

Done = subprocess.CompletedProcess[str]


def ctl(*args: object) -> Done:
    return subprocess.run(
        [GWSCHEDCTL, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def one_line(done: Done, code: int) -> str:
    """Return the one line of a failure that says nothing else."""
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("gwschedctl: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def objects(done: Done) -> list[dict[str, object]]:
    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def fill(ovn: Ovn) -> None:
    """Three gateways that answered, and a port of each kind."""
    ovn.add_chassis("gw1", "gw2", options="enable-chassis-as-gw")
    ovn.add_chassis("gw3", mappings="public:br-ex,dmz:br-dmz")
    ovn.add_chassis("odd7", options="availability-zones")
    ovn.add_router("r1", "gw1", "gw2", "gw3")
    ovn.add_router("r2", "gw2", "gw1", form="ha_chassis_group")
    ovn.add_router("r3", "gw3", "gw9")
    ovn.add_router("r4")
    ovn.nbctl("--wait=sb", "sync")
    ovn.claim("lrp-r1", "gw1")
    ovn.claim("lrp-r2", "gw1")
    ovn.answer("gw1")
    ovn.nbctl("--wait=sb", "sync")
    ovn.answer("gw2")


@pytest.fixture(scope="module")
def ovn() -> Iterator[Ovn]:
    """One OVN for the tests that only read."""
    with Ovn() as ovn:
        fill(ovn)
        yield ovn


@pytest.fixture
def conf(ovn: Ovn, tmp_path: Path) -> Path:
    return write_conf(tmp_path / "gwsched.conf", ovn.nb, ovn.sb, {})


# -- ports -----------------------------------------------------------------

PORTS: list[list[str | None]] = [
    ["lrp-r1", "r1", "gw1", "gw1", "gw1:3 gw2:2 gw3:1", "gateway_chassis"],
    ["lrp-r2", "r2", "gw1", "gw2", "gw2:2 gw1:1", "ha_chassis_group"],
    ["lrp-r3", "r3", None, "gw3", "gw3:2 gw9:1", "gateway_chassis"],
    ["lrp-r4", "r4", None, None, None, None],
]
NOTES: list[str | None] = [
    None,
    "held by another than its primary",
    "not held; candidate gw9 has no row",
    "no candidates",
]
PORT_COLUMNS = [
    "port",
    "router",
    "holder",
    "primary",
    "candidates",
    "list",
    "note",
]
PORT_ROWS = [[*row, n] for row, n in zip(PORTS, NOTES, strict=True)]
PORT_TEXTS = [[cell or "-" for cell in row] for row in PORT_ROWS]


def test_ports_as_json(conf: Path) -> None:
    found = objects(ctl("--config-file", conf, "ports", "-f", "json"))
    assert [list(row.values()) for row in found] == PORT_ROWS
    assert all(list(row) == PORT_COLUMNS for row in found)


def test_ports_as_csv(conf: Path) -> None:
    done = ctl("--config-file", conf, "ports", "--format", "csv")
    header, *rows = csv.reader(io.StringIO(done.stdout))
    assert header == PORT_COLUMNS
    assert rows == PORT_TEXTS


def test_ports_as_values(conf: Path) -> None:
    done = ctl("--config-file", conf, "ports", "-f", "value")
    assert done.stdout == "".join(f"{' '.join(r)}\n" for r in PORT_TEXTS)


def test_ports_as_a_table_by_default(conf: Path) -> None:
    done = ctl("--config-file", conf, "ports")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [x for x in done.stdout.splitlines() if x.startswith("|")]
    cells = [[c.strip() for c in x.split("|")[1:-1]] for x in lines]
    assert cells == [PORT_COLUMNS, *PORT_TEXTS]


def test_only_some_columns(conf: Path) -> None:
    columns = ("-c", "holder", "--column", "port")
    done = ctl("ports", "--config-file", conf, "-f", "value", *columns)
    assert done.stdout == "gw1 lrp-r1\ngw1 lrp-r2\n- lrp-r3\n- lrp-r4\n"


def test_the_file_may_be_named_after_the_verb(conf: Path) -> None:
    done = ctl("ports", "-c", "port", "-f", "value", f"--config-file={conf}")
    assert done.stdout == "lrp-r1\nlrp-r2\nlrp-r3\nlrp-r4\n"
    done = ctl("ports", "--config-dir", conf.parent, "-c", "port", "-f", "csv")
    assert done.stdout == "port\nlrp-r1\nlrp-r2\nlrp-r3\nlrp-r4\n"


# -- chassis ---------------------------------------------------------------


def test_chassis_as_json(conf: Path) -> None:
    found = objects(ctl("--config-file", conf, "chassis", "-f", "json"))
    rows = {row.pop("chassis"): row for row in found}
    assert list(rows) == ["gw1", "gw2", "gw3", "gw9", "odd7"]
    assert rows["gw3"] == {
        "hostname": None,
        "gateway": True,
        "networks": "dmz,public",
        "zones": None,
        "heartbeat": "never",
        "holds": 0,
        "primary": 1,
        "backup": 1,
        "note": None,
    }
    assert rows["odd7"]["gateway"] is False
    assert rows["odd7"]["note"] == (
        "ovn-cms-options: cannot read 'availability-zones'"
    )


@pytest.mark.parametrize("form", ["value", "csv", "table"])
def test_chassis_in_every_format(conf: Path, form: str) -> None:
    columns = ("chassis", "heartbeat", "holds", "primary", "backup")
    wanted = [x for c in columns for x in ("-c", c)]
    done = ctl("--config-file", conf, "chassis", "-f", form, *wanted)
    assert (done.returncode, done.stderr) == (0, "")
    rows = re.sub(r"[|,]| +", " ", done.stdout)
    for text in (
        "gw1 1 behind 2 1 1",
        "gw2 current 0 1 1",
        "gw9 - 0 0 1",
        "odd7 never 0 0 0",
    ):
        assert text in re.sub(" +", " ", rows)


def test_a_problem_of_no_row_goes_to_stderr(tmp_path: Path) -> None:
    with Ovn() as ovn:
        ovn.nbctl("set", "NB_Global", ".", "external_ids:gwsched-oops=1")
        conf = write_conf(tmp_path / "c", ovn.nb, ovn.sb, {})
        done = ctl("--config-file", conf, "ports", "-f", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "NB_Global: this version knows no intent" in done.stderr
    assert "gwsched-oops=1" in done.stderr


# -- databases -------------------------------------------------------------


def test_tls(tmp_path: Path) -> None:
    with Ovn(protocol="ssl") as ovn:
        ovn.add_router("r1")
        assert ovn.identity is not None
        files = {
            **ovn.identity.options("ovn_nb"),
            **ovn.identity.options("ovn_sb"),
        }
        conf = write_conf(tmp_path / "c", ovn.nb, ovn.sb, {"ovn": files})
        done = ctl("--config-file", conf, "ports", "-f", "json")
        assert [row["port"] for row in objects(done)] == ["lrp-r1"]


def test_nothing_is_written(ovn: Ovn, conf: Path) -> None:
    before = ovn.transactions()
    for verb in ("ports", "chassis", "check-config"):
        assert ctl("--config-file", conf, verb).returncode == 0
    assert ovn.transactions() == before


def test_the_daemons_debug_is_not_ours(ovn: Ovn, tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    options = {"DEFAULT": {"debug": True, "log_file": log}}
    conf = write_conf(tmp_path / "c", ovn.nb, ovn.sb, options)
    done = ctl("--config-file", conf, "ports", "-f", "json")
    assert len(objects(done)) == len(PORTS)
    assert not log.exists()
    assert "connected to" in ctl("--config-file", conf, "-d", "ports").stderr


@pytest.mark.parametrize("verb", ["ports", "chassis"])
@pytest.mark.parametrize("away", ["nb", "sb"])
def test_a_database_out_of_reach(
    ovn: Ovn, tmp_path: Path, verb: str, away: str
) -> None:
    nowhere = "unix:/nonexistent/db.sock"
    remotes = {"nb": ovn.nb, "sb": ovn.sb, away: nowhere}
    conf = write_conf(tmp_path / "c", remotes["nb"], remotes["sb"], SECOND)
    started = time.monotonic()
    said = one_line(ctl("--config-file", conf, verb), code=1)
    assert time.monotonic() - started < PATIENCE
    assert f"{away.upper()} could not be reached within 1 s" in said
    assert f"{nowhere}: No such file or directory" in said


@pytest.mark.parametrize("hung", ["nb", "sb"])
def test_a_database_that_does_not_answer(tmp_path: Path, hung: str) -> None:
    with Ovn() as ovn:
        conf = write_conf(tmp_path / "c", ovn.nb, ovn.sb, SECOND)
        ovn.pause(hung)
        started = time.monotonic()
        said = one_line(ctl("--config-file", conf, "ports"), code=1)
        assert time.monotonic() - started < PATIENCE
        ovn.resume(hung)
    assert f"{hung.upper()} could not be reached within 1 s" in said
    assert "no answer to get_schema" in said


def test_the_second_server_of_a_list_will_do(ovn: Ovn, tmp_path: Path) -> None:
    nb = f"unix:/nonexistent/db.sock,{ovn.nb}"
    conf = write_conf(tmp_path / "c", nb, ovn.sb, {})
    done = ctl("--config-file", conf, "ports", "-f", "json")
    assert len(objects(done)) == len(PORTS)


def test_a_database_that_comes_late(tmp_path: Path) -> None:
    with Ovn() as ovn:
        conf = write_conf(tmp_path / "c", ovn.nb, ovn.sb, {})
        ovn.stop("nb")
        with subprocess.Popen(
            [GWSCHEDCTL, "--debug", "--config-file", conf, "ports"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr
            assert any("not to be reached" in x for x in process.stderr)
            ovn.start("nb")
            out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "| port |" in out


# -- usage and configuration -----------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "required: verb"),
        (("frobnicate",), "frobnicate"),
        (("ports", "-c", "colour"), "'colour' (choose from"),
        (("chassis", "-c", "port"), "'port' (choose from"),
        (("ports", "-f", "yaml"), "'yaml' (choose from"),
        (("check-config", "-f", "json"), "unrecognized arguments"),
        (("ports", "--config-file"), "expected one argument"),
    ],
)
def test_usage_errors(args: tuple[str, ...], said: str) -> None:
    done = ctl(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["ports", "chassis", "check-config"])
def test_a_bad_value(tmp_path: Path, verb: str) -> None:
    wrong = {"scheduler": {"mode": "sometimes"}}
    conf = write_conf(tmp_path / "c", "unix:/n", "unix:/s", wrong)
    said = one_line(ctl("--config-file", conf, verb), code=2)
    assert "mode" in said
    assert "sometimes" in said


def test_a_missing_file(tmp_path: Path) -> None:
    missing = tmp_path / "missing.conf"
    said = one_line(ctl("check-config", "--config-file", missing), code=2)
    assert str(missing) in said


def test_an_unknown_scheduler_lists_those_installed(tmp_path: Path) -> None:
    wrong = {"scheduler": {"ovn_l3_scheduler": "best"}}
    conf = write_conf(tmp_path / "c", "unix:/n", "unix:/s", wrong)
    said = one_line(ctl("--config-file", conf, "check-config"), code=2)
    assert "no scheduler 'best'" in said
    assert "chance, leastloaded" in said


def test_a_good_configuration(tmp_path: Path) -> None:
    conf = write_conf(tmp_path / "c", "unix:/n", "unix:/s", {})
    done = ctl("--config-file", conf, "check-config")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"configuration is good: {conf}; NB unix:/n; SB unix:/s; "
        f"scheduler leastloaded, mode enforce\n"
    )


def test_version() -> None:
    done = ctl("--version")
    assert (done.returncode, done.stdout) == (0, f"{__version__}\n")


# -- a reader that goes away -----------------------------------------------


def test_a_broken_pipe_is_quiet(conf: Path) -> None:
    with subprocess.Popen(
        [GWSCHEDCTL, "--config-file", conf, "ports"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_full_disk_is_one_line(conf: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [GWSCHEDCTL, "--config-file", conf, "check-config"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "gwschedctl: cannot write: No space left on device\n"
