# SPDX-License-Identifier: Apache-2.0
"""A real HTTP server that answers as a daemon would, or as none would."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DOCUMENT: dict[str, Any] = {
    "api": 1,
    "version": "0.1.0",
    "host": "ctl1",
    "role": "leader",
    "mode": "enforce",
    "scheduler": "leastloaded",
    "time": "2026-03-04T05:06:07.890Z",
    "databases": {"nb": True, "sb": True},
    "vantages": {},
    "configuration": {
        "read_at": "2026-03-04T00:00:00.000Z",
        "good": True,
        "error": None,
    },
    "paused": False,
    "guards": [],
    "ports": {
        "total": 3,
        "unscheduled": 0,
        "underreplicated": 0,
        "mismatched": 0,
        "unclaimed": 0,
    },
    "imbalance": {"n": 1.0, "n_minus_1_worst": 1.25},
    "chassis": [],
    "chassis_left_out": 0,
    "attention": [],
    "attention_left_out": 0,
    "refusals": [],
    "refusals_left_out": 0,
    "problems": [],
    "problems_left_out": 0,
    "waiting": {},
    "uneven": False,
    "decisions": [],
}


def chassis(name: str, **facts: object) -> dict[str, Any]:
    """A chassis of the document, live and well but for what is told."""
    known = {
        "name": name,
        "hostname": f"{name}.example.org",
        "gateway": True,
        "networks": ["public"],
        "zones": [],
        "capacity": 1,
        "verdict": "live",
        "seconds": 3600.0,
        "why": "answers heartbeats",
        "advice": "",
        "intents": [],
        "evidence": ["answered a heartbeat 2 s ago", "tunnels up"],
        "holds": 1,
        "ranks": [1, 1, 1],
        "carries": 1,
        "load": 1,
        "penalty": 0.0,
        "bad_uplinks": [],
        "if_failed": {},
        "if_failed_unserved": 0,
    }
    return {**known, **facts}


def decision(unit: str, **facts: object) -> dict[str, Any]:
    """A decision of the document."""
    known = {
        "time": "2026-03-04T05:06:00.000Z",
        "kind": "move",
        "unit": unit,
        "ports": [unit],
        "ports_left_out": 0,
        "from": ["gw1", "gw2"],
        "to": ["gw2", "gw1"],
        "reason": "rebalance",
        "why": "gw1 carries 6, gw2 0",
        "evidence": {"gw2": "live: answers heartbeats"},
        "result": "claimed",
        "seconds": 0.25,
    }
    return {**known, **facts}


@contextmanager
def serving(
    body: object, code: int = 200, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Answer every GET of /api/status; yield the URL of the server.

    Bytes are sent as they are, an event is waited for with nothing sent,
    anything else is sent as JSON.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if isinstance(body, threading.Event):
                body.wait()
                return
            found = code if self.path == "/api/status" else 404
            self.send_response(found)
            self.end_headers()
            text = body if isinstance(body, bytes) else json.dumps(body)
            self.wfile.write(
                text if isinstance(text, bytes) else text.encode()
            )

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        scheme = "https" if tls else "http"
        yield f"{scheme}://127.0.0.1:{server.server_port}"
    finally:
        if isinstance(body, threading.Event):
            body.set()
        server.shutdown()
        thread.join()
        server.server_close()
