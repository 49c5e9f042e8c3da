# SPDX-License-Identifier: Apache-2.0
"""What gwschedctl asks a daemon, and what it makes of any answer."""

from __future__ import annotations

import argparse
import copy
import json
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwsched import conf
from gwsched.cli.daemon import asking, contract
from gwsched.cli.daemon.asking import Report, UnheardError
from gwsched.cli.daemon.contract import NonsenseError
from gwsched.cli.output import UsageError
from gwsched.conf import Settings
from tests.status_server import DOCUMENT, chassis, decision, serving

NOTHING_ASKED = argparse.Namespace(daemon=None, ca_cert=None)


def settings(bind: str = "127.0.0.1", port: int = 9977) -> Settings:
    _, found = conf.load([])
    return replace(found, metrics_bind=bind, metrics_port=port)


def nonsense(**facts: object) -> str:
    with pytest.raises(NonsenseError) as caught:
        contract.checked({**DOCUMENT, **facts})
    return str(caught.value)


# -- where it is asked -----------------------------------------------------


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9977"),
        ("0.0.0.0", "http://127.0.0.1:9977"),  # noqa: S104
        ("::", "http://[::1]:9977"),
        ("2001:db8::5", "http://[2001:db8::5]:9977"),
        ("192.0.2.7", "http://192.0.2.7:9977"),
        ("controller1", "http://controller1:9977"),
    ],
)
def test_the_daemon_of_this_host_is_where_it_listens(
    bind: str, url: str
) -> None:
    assert asking.here(settings(bind)) == url


def test_a_port_that_is_not_fixed_is_nowhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert asking.ask(NOTHING_ASKED, settings(port=0)) is None
    said = capsys.readouterr().err
    assert "use --daemon URL" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://ctl1:9977", "http://ctl1:9977"),
        ("https://ctl1:9977/", "https://ctl1:9977"),
        ("http://ctl1:9977/api/status", "http://ctl1:9977"),
        ("http://[::1]:9977", "http://[::1]:9977"),
    ],
)
def test_urls(given: str, url: str) -> None:
    assert asking.base(given) == url


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ctl1",
        "ctl1:9977",
        "ftp://ctl1",
        "http://",
        "http://ctl1:port",
        "http://ctl1/metrics",
        "http://ctl1/?x=1",
        "http://[::1",
    ],
)
def test_what_is_no_url_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="is no URL such as"):
        asking.base(given)


def test_a_ca_that_is_not_there_is_refused(tmp_path: Path) -> None:
    asked = argparse.Namespace(
        daemon="https://ctl1:1", ca_cert=str(tmp_path / "ca.pem")
    )
    with pytest.raises(UsageError, match=r"cannot read .*ca\.pem: No such"):
        asking.ask(asked, settings())


# -- what it answers -------------------------------------------------------


def test_its_document_is_fetched() -> None:
    document = {**DOCUMENT, "chassis": [chassis("gw1")]}
    with serving(document) as url:
        found = asking.fetch(url)
    assert found == Report(url, document)
    assert not found.stands_by


def test_a_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(DOCUMENT) as url:
        assert asking.fetch(url).document == DOCUMENT


@pytest.mark.parametrize("role", ["standby", "connecting"])
def test_that_it_stands_by_is_said(
    role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving({**DOCUMENT, "role": role}) as url:
        asked = argparse.Namespace(daemon=url, ca_cert=None)
        found = asking.ask(asked, settings())
    assert found
    assert found.stands_by
    said = capsys.readouterr().err
    assert f"is {role}: decisions, guards and budget are its own" in said


def unheard(url: str) -> str:
    with pytest.raises(UnheardError) as caught:
        asking.fetch(url)
    return str(caught.value)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert unheard(f"http://127.0.0.1:{port}") == "Connection refused"


def test_nobody_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert asking.ask(NOTHING_ASKED, settings(port=port)) is None
    assert capsys.readouterr().err == (
        f"gwschedctl: no gwsched answers at http://127.0.0.1:{port}: "
        f"Connection refused; verdicts below are assumed from the databases "
        f"alone\n"
    )


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"", 404, "HTTP 404 Not Found: is it an older gwsched"),
        (b"", 500, "HTTP 500 Internal Server Error"),
        (b"<html>", 200, "its answer is no JSON: "),
        (b"", 200, "its answer is no JSON: "),
        (b"\xff\xfe\xfd", 200, "its answer is no JSON: "),
        (b"[" * 100_000, 200, "its answer is no JSON: "),
        (b'{"api": NaN}', 200, "NaN is no number"),
        (b"[]", 200, "it is no status of a gwsched"),
        (b'{"version": "2"}', 200, "it is no status of a gwsched"),
        (b'{"api": 2}', 200, "it speaks version 2, this tool version 1"),
    ],
)
def test_an_answer_that_is_none(body: bytes, code: int, said: str) -> None:
    with serving(body, code) as url:
        assert said in unheard(url)


def test_what_speaks_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(b"\x00\x01 SSH-2.0\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        said = unheard(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert said
    assert "\n" not in said


def test_one_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.1)
    with serving(threading.Event()) as url:
        assert unheard(url) == "no answer within 0.1 s"


def test_one_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, all of them never."""
    monkeypatch.setattr(asking, "PATIENCE", 1.0)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not over.wait(0.02):
                    try:
                        client.sendall(b" ")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            said = unheard(f"http://127.0.0.1:{server.getsockname()[1]}")
        finally:
            over.set()
            thread.join()
    assert said == "its answer took more than 1 s"


def test_one_that_says_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LONGEST", 100)
    with serving(DOCUMENT) as url:
        assert unheard(url) == "its answer is longer than 100 bytes"


# -- what a document must be -----------------------------------------------


def test_what_is_missing_is_filled_in() -> None:
    found = contract.checked({"api": 1, "chassis": [{"name": "gw1"}]})
    assert found["role"] is None
    assert found["ports"]["total"] is None
    assert found["decisions"] == []
    assert found["waiting"] == {}
    (row,) = found["chassis"]
    assert (row["name"], row["verdict"], row["ranks"]) == ("gw1", None, [])
    assert found == contract.checked(found)


def test_what_is_more_stays() -> None:
    row = {**chassis("gw1"), "colour": "red"}
    found = contract.checked({**DOCUMENT, "chassis": [row], "more": [1]})
    assert found["more"] == [1]
    assert found["chassis"][0]["colour"] == "red"


def test_the_document_of_the_contract_stays_as_it_is() -> None:
    document = {
        **DOCUMENT,
        "chassis": [chassis("gw1", if_failed={"gw2": 3})],
        "decisions": [decision("lrp", seconds=None)],
        "guards": [{"guard": "pause", "why": "asked", "blocks": True}],
        "vantages": {"tcp:192.0.2.1:6640": False},
    }
    given: Any = copy.deepcopy(document)
    assert contract.checked(given) == document


def test_it_is_what_the_daemon_promises() -> None:
    """The names in its schema, no more and no less."""
    path = Path(__file__).parents[2] / "docs" / "status.schema.json"
    kinds = json.loads(path.read_text())["$defs"]
    for kind, model in (
        ("status", contract.STATUS),
        ("chassis", contract.CHASSIS),
        ("decision", contract.DECISION),
        ("ports", contract.STATUS["ports"]),
        ("imbalance", contract.STATUS["imbalance"]),
        ("configuration", contract.STATUS["configuration"]),
        ("guard", contract.STATUS["guards"][0]),
        ("attention", contract.STATUS["attention"][0]),
        ("refusal", contract.STATUS["refusals"][0]),
    ):
        assert set(model) == set(kinds[kind]["properties"]), kind


def test_a_whole_number_is_a_number_too() -> None:
    rows = [chassis("gw1", seconds=5)]
    found = contract.checked({**DOCUMENT, "chassis": rows})
    assert found["chassis"][0]["seconds"] == 5


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"role": 1}, "role is 1, which is no str"),
        ({"paused": "no"}, "paused is 'no', which is no bool"),
        ({"chassis": {}}, "chassis is {}, which is no list"),
        ({"chassis": [[]]}, "chassis.0 is [], which is no dict"),
        ({"waiting": {"budget": 1.5}}, "waiting.budget is 1.5"),
        ({"ports": {"total": True}}, "ports.total is True"),
        (
            {"chassis": [chassis("a"), chassis("b", ranks=["x"])]},
            "chassis.1.ranks.0 is 'x', which is no int",
        ),
        ({"api": "1"}, "it speaks version '1'"),
    ],
)
def test_what_is_not_of_its_kind(facts: dict[str, Any], said: str) -> None:
    assert said in nonsense(**facts)
