# SPDX-License-Identifier: Apache-2.0
"""The listener, asked over real sockets."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry, Gauge

from gwsched.web import App, Listener


@dataclass
class Probes:
    """What is wrong, if anything."""

    live: str | None = None
    ready: str | None = None


@contextmanager
def listening(probes: Probes, bind: str = "127.0.0.1") -> Iterator[Listener]:
    registry = CollectorRegistry()
    Gauge("answer", "To everything.", registry=registry).set(42)
    app = App(registry, lambda: probes.live, lambda: probes.ready)
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


@dataclass
class Answer:
    """Of an answer, what is looked at here."""

    status: int
    content_type: str
    body: str
    allow: str


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
            answer.getheader("Allow", ""),
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
        "/",
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
@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz"])
def test_only_reading_is_allowed(
    listener: Listener, path: str, method: str
) -> None:
    answer = ask(listener, path, method)
    assert answer.status == 405


def test_what_is_not_allowed_is_told_what_is(listener: Listener) -> None:
    # RFC 9110, 15.5.6: a 405 must have it.
    assert "GET" in ask(listener, "/livez", "POST").allow


@pytest.mark.parametrize(
    ("path", "status"),
    [("/metrics", 200), ("/livez", 200), ("/readyz", 503), ("/", 404)],
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
    app = App(CollectorRegistry(), lambda: None, lambda: None)
    with pytest.raises(OSError, match="in use"):
        Listener(app, "127.0.0.1", listener.port)
    assert ask(listener, "/livez").status == 200


def test_an_address_of_somebody_else_is_an_error() -> None:
    app = App(CollectorRegistry(), lambda: None, lambda: None)
    with pytest.raises(OSError, match="assign"):
        Listener(app, "192.0.2.1", 0)


def test_the_port_is_free_again_after_the_end() -> None:
    with listening(Probes()) as listener:
        ask(listener, "/livez")
        port = listener.port
    app = App(CollectorRegistry(), lambda: None, lambda: None)
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
