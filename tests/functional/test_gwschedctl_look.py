# SPDX-License-Identifier: Apache-2.0
"""gwschedctl status and explain on real databases, with and without word."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon, write_conf
from tests.functional.ovn import Ovn, wait_for
from tests.functional.test_gwschedctl import (
    GWSCHEDCTL,
    SECOND,
    Done,
    ctl,
    one_line,
)
from tests.status_server import DOCUMENT, chassis, decision, serving

JSON = ("-f", "json")
ASSUMED = "; verdicts below are assumed from the databases alone\n"


@pytest.fixture(scope="module")
def ovn() -> Iterator[Ovn]:
    """Four gateways, one of them cordoned, and a port of each sort."""
    with Ovn() as ovn:
        ovn.add_chassis("gw1", "gw2", "gw3", "gw4")
        ovn.add_chassis("hv7", options="", mappings="")
        ovn.add_router("r1", "gw1", "gw2", "gw3")
        ovn.add_router("r2", "gw2", "gw1", form="ha_chassis_group")
        ovn.add_router("r3", "gw3", "gw9")
        ovn.add_router("r4", network="dmz")
        ovn.intend("cordon-gw4")
        ovn.nbctl("--wait=sb", "sync")
        ovn.claim("lrp-r1", "gw1")
        ovn.claim("lrp-r2", "gw1")
        ovn.claim("lrp-r3", "gw3")
        ovn.answer("gw1", "gw2", "gw3", "gw4", "hv7")
        yield ovn


@pytest.fixture(scope="module")
def closed_port() -> int:
    """A TCP port that nobody listens on: it was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def conf(ovn: Ovn, tmp_path: Path, closed_port: int) -> Path:
    metrics = {"metrics": {"port": closed_port}}
    return write_conf(tmp_path / "gwsched.conf", ovn.nb, ovn.sb, metrics)


def unheard(done: Done) -> str:
    """Return what was printed though no daemon was there to be asked."""
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"gwschedctl: no gwsched answers at http://127\.0\.0\.1:\d+: "
        rf"Connection refused{re.escape(ASSUMED)}",
        done.stderr,
    )
    return done.stdout


def document(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# -- status ----------------------------------------------------------------


def test_status_without_a_daemon(conf: Path) -> None:
    found = json.loads(unheard(ctl("--config-file", conf, "status", *JSON)))
    assert found["daemon"] is None
    assert found["role"] is None
    assert found["mode"] == "enforce"
    assert found["ports"] == {
        "total": 4,
        "unscheduled": 1,
        "underreplicated": 3,
        "mismatched": 1,
        "unclaimed": 0,
    }
    rows = {row["name"]: row for row in found["chassis"]}
    assert list(rows) == ["gw1", "gw2", "gw3", "gw4", "gw9"]
    assert rows["gw9"]["verdict"] == "dead"
    assert rows["gw4"]["intents"] == ["cordoned"]
    assert rows["gw1"]["holds"] == 2
    assert rows["gw1"]["ranks"] == [1, 1]
    assert rows["gw1"]["seconds"] is None
    assert rows["gw1"]["if_failed"] == {"gw2": 2}
    assert [(r["unit"], r["reason"]) for r in found["refusals"]] == [
        ("lrp-r4", "physical_network")
    ]


def test_status_on_a_screen(conf: Path) -> None:
    text = unheard(ctl("--config-file", conf, "status"))
    assert max(map(len, text.splitlines())) <= 80
    lines = text.splitlines()
    assert lines[0].startswith("gwsched       no daemon was heard; mode")
    rows = [line for line in lines if re.match(r"gw\d ", line)]
    assert [row[:3] for row in rows] == ["gw9", "gw4", "gw1", "gw2", "gw3"]
    assert "CORDONED" in rows[1]
    assert "█" in text
    assert "NEEDS ATTENTION" in text
    said = " ".join(text.split())
    assert "lrp-r4: nobody hosts it: gw1: ovn-bridge-mappings has no" in said
    assert "lrp-r2: held by gw1 (live); its primary is gw2 (live)" in said


def run(*args: object, **environment: str) -> Done:
    return subprocess.run(
        [GWSCHEDCTL, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_a_terminal_without_blocks(conf: Path) -> None:
    done = run(
        *("--config-file", conf, "status"),
        PYTHONIOENCODING="ascii",
        COLUMNS="100",
    )
    text = unheard(done)
    assert text.isascii()
    assert "lists: # primary" in text
    assert 80 < max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("form", ["value", "csv"])
def test_status_for_scripts(conf: Path, form: str) -> None:
    text = unheard(ctl("--config-file", conf, "status", "-f", form))
    split = " " if form == "value" else ","
    for pair in (
        ("mode", "enforce"),
        ("ports.mismatched", "1"),
        ("chassis.gw4.intents", "cordoned"),
        ("daemon", "-"),
    ):
        assert split.join(pair) in text.splitlines()
    if form == "csv":
        header, *rows = csv.reader(io.StringIO(text))
        assert header == ["key", "value"]
        assert all(len(row) == 2 for row in rows)


def test_status_by_a_daemon_needs_no_database(tmp_path: Path) -> None:
    conf = write_conf(tmp_path / "c", "unix:/n", "unix:/s", SECOND)
    told = {**DOCUMENT, "chassis": [chassis("gw1")]}
    with serving(told) as url:
        args = ("--config-file", conf, "status", "--daemon", url)
        done = ctl(*args, *JSON)
        assert done.stderr == ""
        assert document(done) == {**told, "daemon": url}
        text = ctl(*args).stdout
    assert "0.1.0 on ctl1: leader" in text
    assert "answered a heartbeat 2 s ago" in text


def test_the_daemon_of_this_host_is_asked(ovn: Ovn, tmp_path: Path) -> None:
    with serving(DOCUMENT) as url:
        metrics = {"metrics": {"port": url.rpartition(":")[2]}}
        conf = write_conf(tmp_path / "c", ovn.nb, ovn.sb, metrics)
        assert document(ctl("--config-file", conf, "status", *JSON)) == {
            **DOCUMENT,
            "daemon": url,
        }


def test_a_standby_is_no_leader(conf: Path) -> None:
    with serving({**DOCUMENT, "role": "standby"}) as url:
        done = ctl("--config-file", conf, "status", "--daemon", url)
    assert done.returncode == 0
    assert f"the gwsched at {url} is standby" in done.stderr
    assert "standby" in done.stdout.splitlines()[0]


def test_neither_a_daemon_nor_databases(
    tmp_path: Path, closed_port: int
) -> None:
    options = {**SECOND, "metrics": {"port": closed_port}}
    conf = write_conf(tmp_path / "c", "unix:/n", "unix:/s", options)
    done = ctl("--config-file", conf, "status")
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert "no gwsched answers at" in first
    assert "NB could not be reached within 1 s" in second


def test_https_by_a_ca_of_ones_own(conf: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", "/CN=gwsched", "-addext"),
            *("subjectAltName=IP:127.0.0.1", "-keyout", key),
            *("-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with serving(DOCUMENT, tls=tls) as url:
        args = ("--config-file", conf, "status", *JSON, "--daemon", url)
        done = ctl(*args, "--ca-cert", certificate)
        assert document(done)["daemon"] == url
        done = ctl(*args)
        assert document(done)["daemon"] is None
        assert "certificate verify failed" in done.stderr
        assert done.stderr.count("\n") == 1


# -- explain ---------------------------------------------------------------


def test_explain_without_a_daemon(conf: Path) -> None:
    done = ctl("--config-file", conf, "explain", "lrp-r1", *JSON)
    found = json.loads(unheard(done))
    assert (found["port"], found["holder"]) == ("lrp-r1", "gw1")
    assert found["networks"] == ["public"]
    rows = found["candidates"]
    assert [(r["rank"], r["chassis"], r["priority"]) for r in rows] == [
        (1, "gw1", 3),
        (2, "gw2", 2),
        (3, "gw3", 1),
    ]
    assert {r["chassis"]: r["why"] for r in found["others"]} == {
        "gw4": "it is cordoned"
    }
    assert found["no_gateways"] == 1
    assert found["daemon"] is None


def test_the_shape_of_explain_is_always_the_same(conf: Path) -> None:
    shapes = set()
    for port in ("lrp-r1", "cr-lrp-r2", "lrp-r3", "lrp-r4"):
        done = ctl("--config-file", conf, "explain", port, *JSON)
        found = json.loads(unheard(done))
        shapes.add(tuple(found))
        rows = [*found["candidates"], *found["others"]]
        assert rows
        for row in rows:
            flat = row.values()
            assert not any(isinstance(cell, list | dict) for cell in flat)
    assert len(shapes) == 1


def test_what_is_planned_for_a_port(conf: Path) -> None:
    done = ctl("--config-file", conf, "explain", "lrp-r3", *JSON)
    (step,) = json.loads(unheard(done))["planned"]
    assert step["reason"] == "failover"
    assert step["to"][0] == "gw3"
    assert "gw9" not in step["to"]
    done = ctl("--config-file", conf, "explain", "lrp-r4")
    assert "refused       gw1: ovn-bridge-mappings has no dmz" in unheard(done)


def test_explain_on_a_screen(conf: Path) -> None:
    text = unheard(ctl("--config-file", conf, "explain", "cr-lrp-r2"))
    assert max(map(len, text.splitlines())) <= 80
    for line in (
        "port          lrp-r2 of router r2, facing public",
        "list          ha_chassis_group group-lrp-r2",
        "held by       gw1, though its primary is gw2",
        "last changes  only a daemon knows them",
    ):
        assert line in text.splitlines()


def test_explain_with_a_daemon(conf: Path) -> None:
    told = {
        **DOCUMENT,
        "chassis": [chassis("gw2", verdict="suspect", why="it is late")],
        "decisions": [
            decision("lrp-r1", why="it was needed"),
            decision("lrp-r2"),
        ],
    }
    with serving(told) as url:
        args = ("--config-file", conf, "explain", "lrp-r1", "--daemon", url)
        found = document(ctl(*args, *JSON))
        text = ctl(*args).stdout
    assert found["verdicts"] == "daemon"
    assert found["candidates"][1]["verdict"] == "suspect"
    assert [d["why"] for d in found["decisions"]] == ["it was needed"]
    assert "it is late" in text
    assert "it was needed" in text


def test_what_is_planned_rests_on_the_daemons_verdicts(conf: Path) -> None:
    ask = ("--config-file", conf, "explain", "lrp-r2", *JSON)
    last = json.loads(unheard(ctl(*ask)))["planned"][-1]
    assert set(last["to"]) == {"gw1", "gw2", "gw3"}
    told = {**DOCUMENT, "chassis": [chassis("gw3", verdict="returning")]}
    with serving(told) as url:
        planned = document(ctl(*ask, "--daemon", url))["planned"]
    assert planned
    assert not any("gw3" in step["to"] for step in planned)


@pytest.mark.parametrize(
    ("port", "near"),
    [
        ("lrp-1", "did you mean lrp-r1"),
        ("cr-lrp-r9", "did you mean lrp-r"),
        ("r2", "router r2 has lrp-r2"),
    ],
)
def test_an_unknown_port(conf: Path, port: str, near: str) -> None:
    said = one_line(ctl("--config-file", conf, "explain", port), code=2)
    assert f"there is no gateway port {port!r}" in said
    assert near in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("explain",), "required: PORT"),
        (("status", "-c", "key"), "unrecognized arguments"),
        (("status", "-f", "yaml"), "'yaml' (choose from"),
        (("status", "--daemon", "ctl1"), "'ctl1' is no URL such as"),
        (("status", "--daemon", "http://h", "--ca-cert", "/x"), "read /x"),
    ],
)
def test_usage_errors(conf: Path, args: tuple[str, ...], said: str) -> None:
    done = ctl("--config-file", conf, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", [("status",), ("explain", "lrp-r1")])
def test_looking_writes_nothing(
    ovn: Ovn, conf: Path, verb: tuple[str, ...]
) -> None:
    before = ovn.transactions()
    unheard(ctl("--config-file", conf, *verb))
    assert ovn.transactions() == before


# -- with the real daemon --------------------------------------------------


def test_what_a_real_daemon_says(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ovn = stack.enter_context(Ovn())
        ovn.add_chassis("gw1", "gw2", "gw3")
        stack.enter_context(Controllers(ovn.sb))
        port = ovn.add_router("r1")
        daemon = stack.enter_context(Daemon(tmp_path, ovn.nb, ovn.sb))
        url = f"http://127.0.0.1:{daemon.port}"
        args = ("--config-file", tmp_path / "gwsched.conf", "--daemon", url)

        def look(*verb: str) -> dict[str, Any]:
            found = document(ctl(*args[:2], *verb, *args[2:], *JSON))
            assert found["daemon"] == url
            return found

        wait_for(lambda: len(ovn.order(port)) == 3, "a list")
        wait_for(
            lambda: look("explain", port)["decisions"], "decisions to be told"
        )
        wait_for(lambda: ovn.holder(port) == ovn.order(port)[0], "a claim")
        found = look("status")
        assert found["role"] == "leader"
        assert found["ports"]["total"] == 1
        rows = found["chassis"]
        assert [row["verdict"] for row in rows] == ["live"] * 3
        explained = look("explain", port)
        assert explained["verdicts"] == "daemon"
        assert explained["decisions"][0]["to"] == ovn.order(port)
        done = ctl(*args[:2], "status", *args[2:])
        assert (done.returncode, done.stderr) == (0, "")
        assert "leader, mode enforce, scheduler leastloaded" in done.stdout
        assert "answered a heartbeat" in done.stdout
        assert "LAST DECISIONS" in done.stdout
