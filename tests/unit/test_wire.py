# SPDX-License-Identifier: Apache-2.0
"""Our way of reading JSON beside python-ovs' own: the same from all input."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

import ovs.json
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovs import jsonrpc
from ovs.stream import Stream

from gwsched.ovsdb import session
from gwsched.ovsdb.framing import Framer
from gwsched.ovsdb.text import decoder, parse

# What OVS' own tests of its parsers are about (tests/json.at), and more.
VALID = [
    "[]",
    " [ 1 , 2,\t3\r\n] ",
    '{"b": 2, "a": {"c": [true, false, null]}, "": {}}',
    '{"a": 1, "a": 2}',
    r'["", "a", " \" \\ \/ \b \f \n \r \t", "[{", "}]\\"]',
    r'["\u0022 \u005c \u002F \u0008 \u00e9 \\u0000 \\\\ud834"]',
    r'["\ud834\udd1e", "\uDD1E", "\\\ud834\udd1e\ud834\udd1e"]',
    '["\u00e9\u20ac\U0001d11e"]',
    "[1.0000000000, 2.00, 2e5, 2.1234e4, 2.1230e3, 0e-10000, 0e10000]",
    "[9223372036854775807, -9223372036854775808, 9223372036854775807.0]",
    "[92233720.36854775807e11, -9.223372036854775808e18]",
    "[9223372036854775808, -9223372036854775809, -92233720368547758080000]",
    "[-0, -0.0, 1e-9999, -1e-9999, 3.5, 81.250, -1.525878906e-5, 125E-3]",
    "{}{}\n[]  {}",
]
INVALID = [
    "[ 1, 2, 3 4, 5 ]",
    "[1,2,]",
    "[1,,2]",
    "[1:2]",
    '{"a": }, "b": 2',
    '{"b": 2, "a" 1, "c": 3}',
    '{"b": 2 "a": 1}',
    '{"b": 2, }',
    "{1: 2}",
    '{"a", 1}',
    "[}",
    "{]",
    "]",
    '"xxx"',
    "null",
    "1",
    ";",
    '["xxx\n"]',
    '["xxx\f"]',
    "[\f]",
    "\f[]",
    r'["\x12"]',
    r'["\u1x"]',
    r'["\ud834xxx"]',
    r'["\ud834\u1234"]',
    r'["\ud834"]',
    r'["\uD834\\udd1e"]',
    r'["\u0000"]',
    r'["\\\u0000"]',
    r"[\n]",
    "[ nullify ]",
    "[ nubs ]",
    "[True]",
    "[0123]",
    "[1e9999]",
    "[-1e9999]",
    "[1e9999999999999999999]",
    "[1.]",
    "[.5]",
    "[+1]",
    "[-]",
    "[1e]",
    "[1e+]",
    "[0x10]",
    "[NaN]",
    "[Infinity]",
    "[-Infinity]",
    "[1]null",
    "{}x{}",
    "{}{}x",
    "\ufeff[]",
    "[" * 1001 + "]" * 1001,
    '{"x":' * 1002 + "}" * 1002,
    "HTTP/1.1 400 Bad Request\r\n\r\n",
]


class Read(NamedTuple):
    """The documents that were read, and whether there was an error."""

    documents: list[str]
    failed: bool


def read(pieces: Iterable[bytes]) -> Read:
    framer = Framer()
    found: list[str] = []
    try:
        for piece in pieces:
            for message in framer.feed(piece):
                document = parse(message.decode(), decoder())
                found.append(repr(document))
    except ValueError:
        return Read(found, True)
    return Read(found, False)


def read_by_python_ovs(text: str) -> Read:
    found: list[str] = []
    text += "\n"  # else it may wait for the rest of a word
    while text.strip(" \t\r\n"):
        parser = ovs.json.Parser()
        text = text[parser.feed(text) :]
        if not parser.is_done():
            break
        document = parser.finish()
        if isinstance(document, str):
            return Read(found, True)
        found.append(repr(document))
    return Read(found, False)


@pytest.mark.parametrize("text", VALID + INVALID)
def test_reads_what_python_ovs_reads(text: str) -> None:
    theirs = read_by_python_ovs(text)
    assert theirs.failed == (text in INVALID)
    assert read([text.encode()]) == theirs


@pytest.mark.parametrize("text", VALID + INVALID)
def test_wherever_it_is_cut(text: str) -> None:
    data, step = text.encode(), len(text) // 100 + 1
    whole = read([data])
    assert read(bytes([byte]) for byte in data) == whole
    for cut in range(1, len(data), step):
        assert read([data[:cut], data[cut:]]) == whole


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).filter(lambda found: isinstance(found, list | dict))
NOISE = st.sampled_from([*'[]{}",:\\ u0dn-1e.', "\x00", "\u00e9", "\ud834"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(DOCUMENTS, min_size=1, max_size=3),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 500), NOISE), max_size=2),
    st.integers(1, 40),
)
def test_reads_random_input_alike(
    documents: list[Any],
    in_ascii: bool,
    noise: list[tuple[int, str]],
    size: int,
) -> None:
    text = "".join(json.dumps(d, ensure_ascii=in_ascii) for d in documents)
    for place, character in noise:
        text = text[:place] + character + text[place + 1 :]
    # What cannot be sent as UTF-8 arrives as something else.
    data = text.encode(errors="replace")
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    ours, theirs = read(pieces), read_by_python_ovs(data.decode())
    if theirs.failed and not ours.failed:
        # It may take more to see it, but nothing is made of it.
        assert ours.documents == theirs.documents[: len(ours.documents)]
    else:
        assert ours == theirs


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"x":[', "]}")])
def test_nests_as_deep_as_python_ovs(begin: str, end: str) -> None:
    times = 1000 // begin.count("[") // (1 + begin.count("{"))
    (message,) = Framer().feed((begin * times + end * times).encode())
    document, depth = parse(message.decode(), decoder()), 0
    while document:
        document = document[0] if isinstance(document, list) else document["x"]
        depth += 1
    assert depth == 999


def received(kind: Any, data: bytes) -> tuple[list[str], int]:
    """Return the messages a connection gives, and its status at the end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        connection = kind(Stream(ours, "a server", 0))
        found: list[str] = []
        while True:
            error, message = connection.recv()
            if error not in (0, errno.EAGAIN):
                return found, connection.get_status()
            if message:
                found.append(str(message))


REPLY = b'{"id":1,"result":[{}],"error":null}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        REPLY * 3,
        b'{"id":null,"method":"update","params":["\xc3\xa9"]}' + REPLY,
        REPLY + b"garbage ",
        REPLY + b'{"id":1,"surprise":[],"error":null}' + REPLY,
        REPLY + b"[]",
        b'{"id":1,"result":[{}],"error":',
    ],
)
def test_a_connection_ends_as_python_ovs_one(data: bytes) -> None:
    ours = received(session.Connection, data)
    theirs = received(jsonrpc.Connection, data)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]


def test_what_is_no_utf_8_closes_the_connection() -> None:
    wrong = b'{"id":1,"result":["\xff"],"error":null}'
    found, status = received(session.Connection, REPLY + wrong + REPLY)
    assert (len(found), status) == (1, errno.EPROTO)


def test_garbage_is_named(caplog: pytest.LogCaptureFixture) -> None:
    received(session.Connection, REPLY + b"HTTP/1.1 400")
    (line,) = caplog.messages
    assert "a server: what the server sends is no JSON-RPC" in line
    assert "Is it an ovsdb-server?" in line


def test_python_ovs_unlike_what_is_known_reads_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert session.is_known()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = Stream(ours, "a server", 0)
        assert type(session.connect(stream)) is session.Connection
        monkeypatch.setattr(session, "METHODS", ("recv", "unheard_of"))
        assert type(session.connect(stream)) is jsonrpc.Connection
