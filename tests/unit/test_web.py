# SPDX-License-Identifier: Apache-2.0
"""The listener, asked over real sockets."""

import base64
import hashlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message

import pytest
from prometheus_client import CollectorRegistry, Gauge

from gwsched.web.app import App, Listener


@dataclass
class Probes:
    """What is wrong, if anything."""

    live: str | None = None
    ready: str | None = None
    status: dict[str, object] = field(default_factory=dict)


def silent() -> App:
    """Return an application that has nothing to say."""
    return App(CollectorRegistry(), lambda: None, lambda: None, dict)


@contextmanager
def listening(probes: Probes, bind: str = "127.0.0.1") -> Iterator[Listener]:
    registry = CollectorRegistry()
    Gauge("answer", "To everything.", registry=registry).set(42)
    app = App(
        registry,
        lambda: probes.live,
        lambda: probes.ready,
        lambda: probes.status,
    )
    listener = Listener(app, bind, 0)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


# The probes of the listener that most tests share: ending one takes time.
SHARED = Probes()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening(SHARED) as there:
        yield there


@pytest.fixture
def probes() -> Iterator[Probes]:
    """Hand out the shared listener's probes, and make them good again."""
    yield SHARED
    SHARED.live = SHARED.ready = None
    SHARED.status = {}


@dataclass
class Answer:
    """Of an answer, what is looked at here."""

    status: int
    content_type: str
    body: str
    headers: Message

    def __getitem__(self, name: str) -> str:
        return str(self.headers.get(name, ""))


def ask(
    listener: Listener,
    path: str,
    method: str = "GET",
    host: str = "127.0.0.1",
) -> Answer:
    with closing(
        http.client.HTTPConnection(host, listener.port, timeout=10)
    ) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return Answer(
            answer.status,
            answer.getheader("Content-Type", ""),
            answer.read().decode(),
            answer.headers,
        )


def test_metrics_are_served_as_prometheus_wants_them(
    listener: Listener,
) -> None:
    for path in ("/metrics", "/metrics?whatever=1"):
        answer = ask(listener, path)
        assert answer.status == 200
        assert answer.content_type.startswith("text/plain; version=")
        assert "charset=utf-8" in answer.content_type
        assert "answer 42.0\n" in answer.body


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_that_finds_nothing_wrong(
    listener: Listener, path: str
) -> None:
    answer = ask(listener, path)
    assert answer.status == 200
    assert answer.body == "ok\n"
    assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    ("live", "ready", "livez", "readyz"),
    [
        ("stuck", None, (503, "stuck\n"), (200, "ok\n")),
        (None, "NB is gone", (200, "ok\n"), (503, "NB is gone\n")),
        ("stuck", "é", (503, "stuck\n"), (503, "é\n")),
    ],
)
def test_a_probe_says_what_is_wrong(
    listener: Listener,
    probes: Probes,
    live: str | None,
    ready: str | None,
    livez: tuple[int, str],
    readyz: tuple[int, str],
) -> None:
    probes.live, probes.ready = live, ready
    for path, expected in (("/livez", livez), ("/readyz", readyz)):
        answer = ask(listener, path)
        assert (answer.status, answer.body) == expected


def test_a_probe_is_asked_anew_each_time(
    listener: Listener, probes: Probes
) -> None:
    assert ask(listener, "/readyz").status == 200
    probes.ready = "NB is gone"
    assert ask(listener, "/readyz").status == 503
    probes.ready = None
    assert ask(listener, "/readyz").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/script.js",
        "/api",
        "/api/",
        "/api/status/",
        "/api/status.json",
        "/metricsx",
        "/metrics/",
        "/metrics/x",
        "/Metrics",
        "/livezz",
        "/healthz",
        "/favicon.ico",
        "/%ff%00",
    ],
)
def test_anything_else_is_not_found(listener: Listener, path: str) -> None:
    assert ask(listener, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "path", ["/", "/api/status", "/metrics", "/livez", "/readyz"]
)
def test_only_reading_is_allowed(
    listener: Listener, path: str, method: str
) -> None:
    answer = ask(listener, path, method)
    assert answer.status == 405


def test_what_is_not_allowed_is_told_what_is(listener: Listener) -> None:
    # RFC 9110, 15.5.6: a 405 must have it.
    assert "GET" in ask(listener, "/livez", "POST")["Allow"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/api/status", 200),
        ("/metrics", 200),
        ("/livez", 200),
        ("/readyz", 503),
        ("/x", 404),
    ],
)
def test_head_is_answered_like_get(
    listener: Listener, probes: Probes, path: str, status: int
) -> None:
    probes.ready = "NB is gone"
    assert ask(listener, path, "HEAD").status == status


def test_head_gets_no_body(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port), 10) as client:
        client.sendall(b"HEAD /livez HTTP/1.0\r\n\r\n")
        with client.makefile("rb") as answer:
            _, _, body = answer.read().partition(b"\r\n\r\n")
    assert body == b""


def test_silent_clients_do_not_hold_up_others(listener: Listener) -> None:
    address = ("127.0.0.1", listener.port)
    silent = [socket.create_connection(address, 10) for _ in range(4)]
    try:
        silent[0].sendall(b"GET /met")
        assert ask(listener, "/livez").status == 200
        assert ask(listener, "/metrics").status == 200
    finally:
        for client in silent:
            client.close()


def test_silent_clients_do_not_hold_up_the_end() -> None:
    with listening(Probes()) as listener:
        client = socket.create_connection(("127.0.0.1", listener.port), 10)
        assert ask(listener, "/livez").status == 200
        ending = threading.Thread(target=listener.stop, daemon=True)
        ending.start()
        ending.join(timeout=5)
        client.close()
        assert not ending.is_alive()


def exchange(listener: Listener, said: bytes, end: bool = False) -> bytes:
    """Say something, perhaps that it is all, and return what comes back."""
    with socket.create_connection(("127.0.0.1", listener.port), 10) as client:
        client.sendall(said)
        if end:
            client.shutdown(socket.SHUT_WR)
        found = b""
        while data := client.recv(65536):
            found += data
        return found


def test_half_closed_connections(listener: Listener) -> None:
    request = b"GET /livez HTTP/1.0\r\n\r\n"
    assert exchange(listener, request, end=True).startswith(b"HTTP/1.0 200 ")
    assert exchange(listener, b"", end=True) == b""
    exchange(listener, b"GET /livez HT", end=True)
    assert exchange(listener, request).startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET /" + b"x" * 65532, b"414"),
        (b"GET / HTTP/1.0\r\nX: " + b"x" * 65534, b"431"),
        (b"GET / HTTP/1.0\r\n" + b"X: y\r\n" * 101 + b"\r\n", b"431"),
        (b"\xff\xfe\x00 \x01\r\n\r\n", b"400"),
        (b"GET /%00%0a?\xff=%zz&a[]=1 HTTP/1.0\r\n\r\n", b"404"),
        (b"GET /api/status?x=%s%n HTTP/1.0\r\n\r\n", b"200"),
    ],
)
def test_requests_that_nobody_should_make(
    listener: Listener, said: bytes, status: bytes
) -> None:
    found = exchange(listener, said)
    assert found.split(b" ", 2)[1] == status or status in found
    assert exchange(listener, b"GET /livez HTTP/1.0\r\n\r\n")[9:12] == b"200"


def test_a_client_that_hangs_up_does_no_harm(
    listener: Listener,
) -> None:
    for request in (b"", b"GET /metrics HTTP/1.0\r\n\r\n", b"\xff\r\n\r\n"):
        address = ("127.0.0.1", listener.port)
        with socket.create_connection(address, 10) as client:
            client.sendall(request)
    assert ask(listener, "/livez").status == 200


def test_requests_are_not_written_to_stderr(
    listener: Listener, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(listener, "/livez")
    ask(listener, "/nonsense")
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_an_error(listener: Listener) -> None:
    app = silent()
    with pytest.raises(OSError, match="in use"):
        Listener(app, "127.0.0.1", listener.port)
    assert ask(listener, "/livez").status == 200


def test_an_address_of_somebody_else_is_an_error() -> None:
    app = silent()
    with pytest.raises(OSError, match="assign"):
        Listener(app, "192.0.2.1", 0)


def test_the_port_is_free_again_after_the_end() -> None:
    with listening(Probes()) as listener:
        ask(listener, "/livez")
        port = listener.port
    app = silent()
    again = Listener(app, "127.0.0.1", port)
    again.start()
    try:
        assert again.port == port
        assert ask(again, "/livez").status == 200
    finally:
        again.stop()


def test_ipv6() -> None:
    with listening(Probes(), "::1") as listener:
        assert ask(listener, "/livez", host="::1").status == 200


def test_opening_the_port_asks_no_name_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lookup(*_: object) -> str:
        raise AssertionError("a name server that is away takes seconds")

    monkeypatch.setattr(socket, "getfqdn", lookup)
    monkeypatch.setattr(socket, "gethostbyaddr", lookup)
    with listening(Probes()) as listener:
        assert ask(listener, "/livez").status == 200


def test_the_status_is_json_made_when_asked_for(
    listener: Listener, probes: Probes
) -> None:
    for status in ({"api": 1, "host": "é\ud800"}, {"api": 2}):
        probes.status = dict(status)
        answer = ask(listener, "/api/status?whatever")
        assert answer.status == 200
        assert answer.content_type == "application/json; charset=utf-8"
        found = json.loads(answer.body)
        assert found["api"] == status["api"]


def test_the_page_is_whole_and_loads_nothing(listener: Listener) -> None:
    answer = ask(listener, "/")
    assert answer.content_type == "text/html; charset=utf-8"
    assert "<script>" in answer.body
    assert "<style>" in answer.body
    assert "<!-- s" not in answer.body
    elsewhere = re.findall(r'(?:src|href)="(?!#|data:|/)', answer.body)
    assert elsewhere == []
    # A style attribute would need unsafe-inline.
    assert not re.search(
        r"<[^>]+ (style|on\w+)=", answer.body.split("<script>")[0]
    )


def test_the_page_makes_text_of_everything(listener: Listener) -> None:
    body = ask(listener, "/").body
    for name in ("innerHTML", "outerHTML", "insertAdjacent", "document.write"):
        assert name not in body


def test_the_page_holds_browsers_to_itself(listener: Listener) -> None:
    answer = ask(listener, "/")
    policy = dict(
        part.strip().split(" ", 1)
        for part in answer["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    for tag in ("style", "script"):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", answer.body, re.DOTALL)
        assert found is not None
        digest = hashlib.sha256(found.group(1).encode()).digest()
        hashed = base64.b64encode(digest).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{hashed}'"


@pytest.mark.parametrize("path", ["/", "/api/status"])
def test_nobody_keeps_embeds_or_guesses(listener: Listener, path: str) -> None:
    answer = ask(listener, path)
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
