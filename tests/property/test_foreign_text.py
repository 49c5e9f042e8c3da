# SPDX-License-Identifier: Apache-2.0
"""Text of others, any at all: understood, or refused in a line.

That of OVN's databases is in tests/unit/test_parsing.py and test_intents.py.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge

from gwsched import conf
from gwsched.cli.daemon import contract
from gwsched.cli.daemon.asking import base
from gwsched.cli.daemon.contract import NonsenseError
from gwsched.cli.output import UsageError
from gwsched.conf import ConfigurationError, Settings
from gwsched.conf.options import GROUPS
from gwsched.conf.plain import LONGEST, InOneLine
from gwsched.conf.unknown import unknown
from gwsched.ovsdb import vswitch
from gwsched.web.app import App

TEXT = st.text() | st.text("unix:tcpsl[]0.9,/= \n\\%$\0é#;", max_size=40)
NAMES = [(group, o.dest) for group, options in GROUPS.items() for o in options]
VALUES = (
    TEXT
    | st.integers().map(str)
    | st.floats().map(str)
    | st.sampled_from(["true", "", "auto", "$x", "tcp:1.2.3.4:5", "ssl:::1:6"])
)
ASSIGNED = st.tuples(
    st.sampled_from(NAMES) | st.tuples(TEXT, TEXT), st.just("="), VALUES
)


@contextmanager
def in_one_line(refusal: type[Exception]) -> Iterator[None]:
    """Expect that it is understood, or refused in a line."""
    refused = ""
    try:
        yield
    except refusal as error:
        refused = str(error)
    assert len(refused.splitlines()) <= 1


def file_of(assigned: list[tuple[tuple[str, str], str, str]]) -> str:
    lines = []
    for (group, name), sign, value in assigned:
        lines += [f"[{group}]", f"{name} {sign} {value}"]
    return "\n".join(lines)


@given(st.lists(ASSIGNED, max_size=4).map(file_of) | TEXT)
@example("[ovn]\novn_nb_connection = ssl:[::1]:99999999999999999999\n")
@example("[ovn]\novn_nb_connection = tcp:1.2.3.4:" + "9" * 5000)
def test_a_configuration_file(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "gwsched.conf"
        path.write_text(text, errors="surrogatepass")
        with in_one_line(ConfigurationError):
            options, found = conf.load(["--config-file", str(path)])
            assert isinstance(found, Settings)
            assert all(str(name) for name in unknown(options))


@given(st.lists(st.binary(max_size=60), max_size=3))
def test_bytes_for_a_configuration_file(lines: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "gwsched.conf"
        path.write_bytes(b"\n".join(lines))
        with in_one_line(ConfigurationError):
            conf.load(["--config-file", str(path)])


@given(TEXT)
def test_the_mark_of_a_tunnel(mark: str) -> None:
    found = vswitch._chassis(mark)
    assert found == "" or mark.startswith(found + "@")


@given(TEXT)
def test_the_address_of_a_daemon(url: str) -> None:
    with in_one_line(UsageError):
        assert base(url).startswith(("http://", "https://"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*contract.STATUS]) | TEXT, inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_what_a_daemon_says_of_itself(document: Any) -> None:
    with in_one_line(NonsenseError):
        found = contract.checked(json.loads(json.dumps(document)))
        assert found.keys() >= contract.STATUS.keys()


def application() -> App:
    registry = CollectorRegistry()
    Gauge("answer", "To everything.", registry=registry).set(42)
    return App(registry, lambda: None, lambda: None, dict)


APP = application()
PATHS = st.sampled_from(["/", "/metrics", "/livez", "/api/status", "/api/"])


@given(PATHS | TEXT, TEXT, TEXT)
@example("/metrics", "name[]=answer&name[]=", "")
@example("/metrics", "name[]=" + "a" * 9000, "application/openmetrics-text")
def test_a_request(path: str, query: str, header: str) -> None:
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_ACCEPT": header,
        "HTTP_ACCEPT_ENCODING": header,
    }

    def start(status: str, *_: Any) -> Any:
        said.append(status)

    body = APP(environ, start)
    assert all(isinstance(part, bytes) for part in body)
    assert said[0][:3] in ("200", "404")


@given(st.text() | st.text("a\n\x1b\u202e🦄", max_size=20_000))
@example("x" * 20_000)
def test_a_line_of_log(name: str) -> None:
    record = logging.makeLogRecord({"msg": "%s: odd", "args": (name,)})
    assert InOneLine().filter(record)
    said = record.getMessage()
    assert len(said) < LONGEST + 60
    assert len(said.splitlines()) == 1
    assert said.isprintable()
