# SPDX-License-Identifier: Apache-2.0
"""The HTTP listener: the status page, metrics, health; 404 for the rest."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from gwsched.web import page
from gwsched.web.serving import Handler, Server, Server6

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# A probe answers with None if all is well, else with what is not.
Probe = Callable[[], str | None]
# Returns the document of /api/status, made at once from what is frozen.
Status = Callable[[], Mapping[str, Any]]
ALLOWED = ("Allow", "GET, HEAD")
# How many answers are made at once, beside the loop, which has the same
# interpreter; sending them takes next to nothing.
AT_ONCE = 2
PRIVATE = (
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class App:
    """The WSGI application: a path, an answer."""

    def __init__(
        self,
        registry: CollectorRegistry,
        live: Probe,
        ready: Probe,
        status: Status,
    ) -> None:
        self._metrics = make_wsgi_app(registry)
        self._probes = {"/livez": live, "/readyz": ready}
        self._status = status
        self._page = page.load()
        self._making = threading.Semaphore(AT_ONCE)

    def __call__(
        self, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        method = environ.get("REQUEST_METHOD")
        if method not in ("GET", "HEAD"):
            return _text(
                start, "405 Method Not Allowed", "only GET and HEAD", ALLOWED
            )
        with self._making:
            body = self._get({**environ, "REQUEST_METHOD": "GET"}, start)
        return body if method == "GET" else []

    def _get(
        self, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start)
            return answer
        if path == "/":
            policy = ("Content-Security-Policy", self._page.policy)
            return _private(start, "text/html", self._page.html, policy)
        if path == "/api/status":
            text = json.dumps(self._status(), ensure_ascii=False)
            return _private(start, "application/json", text)
        if path not in self._probes:
            return _text(start, "404 Not Found", f"there is no {path}")
        wrong = self._probes[path]()
        if wrong:
            return _text(start, "503 Service Unavailable", wrong)
        return _text(start, "200 OK", "ok")


def _text(
    start: StartResponse, status: str, body: str, *headers: tuple[str, str]
) -> list[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), *headers])
    return [body.encode(errors="replace") + b"\n"]


def _private(
    start: StartResponse, kind: str, body: str, *headers: tuple[str, str]
) -> list[bytes]:
    """Answer with what nobody is to keep, embed or guess the type of."""
    content_type = ("Content-Type", f"{kind}; charset=utf-8")
    start("200 OK", [content_type, *PRIVATE, *headers])
    return [body.encode(errors="replace")]


class Listener:
    """Serves an application on threads of its own."""

    def __init__(
        self,
        app: App,
        bind: str,
        port: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Open the port; :raises OSError: where that is not possible."""
        family = Server6 if ":" in bind else Server
        self._server = make_server(bind, port, app, family, Handler)
        self._server.tls = tls
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="web", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port; requests under way are not waited for."""
        self._server.shutdown()
        self._server.server_close()
