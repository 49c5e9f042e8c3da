# SPDX-License-Identifier: Apache-2.0
"""Servers that answer nonsense: named, left, and tried again.

Whatever is said in the place of NB, a daemon goes on and a tool ends, with
a line that says what it was; when the server is there again all is well.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwsched import connection
from gwsched.cli import databases as cli_databases
from gwsched.cli.databases import UnreachableError
from gwsched.connection import Database, open_databases
from gwsched.ovsdb import session
from tests.functional.daemon import BIN, Daemon, write_conf
from tests.functional.impostor import (
    Impostor,
    Speech,
    answering,
    endless,
    listen,
    saying,
)
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import settings_for

UUID = "00000000-0000-0000-0000-000000000001"
SPEECHES: dict[str, Speech] = {
    "hangs up": lambda client: None,
    "says nothing": listen,
    "speaks HTTP": saying(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>"),
    "no UTF-8": saying(b'{"id":"\xff\xfe"}'),
    "no JSON-RPC": saying(b'{"hello":"world"}'),
    "a list": saying(b"[1,2,3]"),
    "nothing but null": saying(b"null"),
    "half a message": saying(b'{"id":1,"result":'),
    "nested": saying(b"[" * 200_000),
    "deep and whole": saying(b"[" * 100_000 + b"]" * 100_000),
    "answers null": answering(None),
    "answers a number": answering(5),
    "a schema of nothing": answering({"name": "x", "tables": {}}),
    "a schema without columns": answering(
        {"name": "OVN_Northbound", "tables": {"NB_Global": 5}}
    ),
    "endless": endless,
}
# Of those, what python-ovs and a tool meet in different ways.
OF_CONTENT = (
    *("hangs up", "says nothing", "no UTF-8", "no JSON-RPC"),
    *("deep and whole", "answers null", "answers a number", "endless"),
)
OF_A_TOOL = ("says nothing", "speaks HTTP", "answers null", "endless")
# A column that is unknown, or of another type, python-ovs names and skips.
REPLIES: dict[str, Any] = {
    "null": None,
    "a number": 5,
    "a text": "x",
    "an empty list": [],
    "three nulls": [None, None, None],
    "a list of nonsense": [True, UUID, {"NB_Global": 7}],
    "an unknown table": [False, UUID, {"X": {UUID: {"initial": {}}}}],
}
UPDATES: dict[str, list[Any]] = {
    "no parameters": [],
    "a number": [None, UUID, 5],
    "no uuid": [None, 5, {}],
    "a table of nothing": [None, UUID, {"NB_Global": None}],
    "an unknown table": [None, UUID, {"X": {UUID: {"insert": {}}}}],
    "no such row": [
        None,
        UUID,
        {"NB_Global": {UUID: {"modify": {"nb_cfg": 1}}}},
    ],
    "a bad uuid": [None, UUID, {"NB_Global": {"x": {"insert": {}}}}],
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Ovn]:
    with Ovn() as ovn:
        yield ovn


@pytest.fixture
def impostor(shared: Ovn) -> Iterator[Impostor]:
    with Impostor(shared.unix("nb")) as found:
        yield found


@pytest.fixture
def nb(
    shared: Ovn, impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """NB as the impostor has it, tried again and again without a rest."""
    monkeypatch.setattr(connection, "LONGEST_RETRY", 0.05)
    monkeypatch.setattr(session, "LONGEST", 1 << 20)
    settings = replace(
        settings_for(shared), nb=(impostor.remote,), timeout=0.5
    )
    found, _ = open_databases(settings)
    yield found
    found.close()


def run_until(nb: Database, condition: Callable[[], bool], what: str) -> None:
    def turn() -> bool:
        nb.run()
        return condition()

    wait_for(turn, what)


def connect(nb: Database) -> None:
    """Be in sync, and then take no rest between attempts."""
    nb.connect(threading.Event(), lambda: None)
    nb.replica._session.reconnect.min_backoff = 10
    nb.replica._session.reconnect.max_backoff = 20
    run_until(nb, is_synced(nb), "NB to be in sync")


def is_synced(nb: Database) -> Callable[[], bool]:
    return lambda: nb.synced and bool(nb.rows["NB_Global"].rows)


@pytest.mark.parametrize("speech", SPEECHES)
def test_in_the_place_of_the_schema(
    speech: str,
    impostor: Impostor,
    nb: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Named, tried again, and there when the server is."""
    impostor.speech = SPEECHES[speech]
    stop = threading.Event()
    done = threading.Event()

    def try_on() -> None:
        nb.connect(stop, lambda: None)
        done.set()

    thread = threading.Thread(target=try_on)
    thread.start()
    try:
        wait_for(lambda: impostor.connections > 2, "it to be tried again")
        assert not done.is_set()
        impostor.speech = None
        impostor.hang_up()
        assert done.wait(30)
    finally:
        stop.set()
        thread.join(30)
    assert "NB: not to be reached (" in caplog.text


@pytest.mark.parametrize("speech", OF_CONTENT)
def test_in_the_place_of_the_content(
    speech: str, impostor: Impostor, nb: Database
) -> None:
    connect(nb)
    seen = impostor.connections
    impostor.speech = SPEECHES[speech]
    impostor.hang_up()
    run_until(nb, lambda: impostor.connections > seen + 2, "another try")
    assert not nb.synced
    impostor.speech = None
    impostor.hang_up()
    run_until(nb, is_synced(nb), "NB to be in sync again")


@pytest.mark.parametrize("reply", REPLIES)
def test_in_the_place_of_what_is_monitored(
    reply: str, impostor: Impostor, nb: Database
) -> None:
    """Never in sync with what is not there."""

    def twist(message: dict[str, Any]) -> bytes:
        """Twist the answer about the content; that is a list of three."""
        found = message.get("result")
        if isinstance(found, list) and len(found) == 3:
            message = {**message, "result": REPLIES[reply]}
        return json.dumps(message).encode()

    connect(nb)
    impostor.twist = twist
    nb.replica.begin_anew()
    seen = impostor.connections
    run_until(nb, lambda: impostor.connections > seen + 2, "another try")
    assert not nb.synced
    impostor.twist = None
    impostor.hang_up()
    run_until(nb, is_synced(nb), "NB to be in sync")


@pytest.mark.parametrize("update", UPDATES)
def test_in_the_place_of_an_update(
    update: str,
    impostor: Impostor,
    nb: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing of it stays."""
    connect(nb)
    sessions = nb.sessions
    params = [str(nb.replica.uuid), *UPDATES[update][1:]]
    message = {"method": "update3", "params": params, "id": None}
    impostor.say(json.dumps(message).encode())
    for other in ("stolen", "monitor_canceled"):
        nonsense: dict[str, Any] = {"method": other, "params": [], "id": None}
        impostor.say(json.dumps(nonsense).encode())
    run_until(nb, lambda: nb.sessions > sessions, "another session")
    assert "has sent what is no OVSDB" in caplog.text
    assert [row.nb_cfg for row in nb.rows["NB_Global"].rows.values()] == [0]


@pytest.mark.parametrize("speech", OF_A_TOOL)
def test_a_tool_gives_up(
    speech: str,
    shared: Ovn,
    impostor: Impostor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "LONGEST", 1 << 20)
    impostor.speech = SPEECHES[speech]
    settings = replace(
        settings_for(shared), nb=(impostor.remote,), timeout=0.3
    )
    with pytest.raises(UnreachableError, match="NB could not be reached"):
        cli_databases.read(settings)


def test_a_daemon_goes_on_and_a_tool_ends(
    shared: Ovn, impostor: Impostor, tmp_path: Path
) -> None:
    """Alive meanwhile, with a word about it, and back when NB is."""
    with Daemon(tmp_path, impostor.remote, shared.sb) as daemon:
        daemon.wait_log("NB: connected to")
        for name in ("endless", "speaks HTTP"):
            impostor.speech = SPEECHES[name]
            impostor.connections = 0
            impostor.hang_up()
            wait_for(lambda: impostor.connections > 1, "tries")
            wait_for(lambda: daemon.get("/readyz")[0] == 503, "it to know")
            assert daemon.get("/livez")[0] == 200
        daemon.wait_log("NB: connection lost")
        conf = write_conf(
            tmp_path / "tool.conf",
            impostor.remote,
            shared.sb,
            {"ovn": {"ovsdb_connection_timeout": 2}},
        )
        done = subprocess.run(
            [str(BIN / "gwschedctl"), "--config-file", str(conf), "ports"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1
        assert "gwschedctl: NB could not be reached within 2 s" in done.stderr
        assert "Traceback" not in done.stderr
        impostor.speech = None
        impostor.hang_up()
        wait_for(lambda: daemon.get("/readyz")[0] == 200, "NB to be back")
        assert daemon.metric("gwsched_errors_total", where="cycle") == 0
        assert "Traceback" not in daemon.log
        assert daemon.terminate() == 0
