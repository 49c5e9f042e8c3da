# SPDX-License-Identifier: Apache-2.0
"""TCP sessions between namespaces that go on exchanging bytes.

Run as a program it is either end: ``serve ADDRESS`` or ``call ADDRESS PORT``.
"""

from __future__ import annotations

import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from gwsched.sandbox.namespaces import Namespace

# Slower than pings: it is not for counting, and the processors are few.
PACE = 0.2
PATIENCE = 30.0
LENGTH = 8


class Echo(socketserver.BaseRequestHandler):
    """Sends back whatever comes."""

    def handle(self) -> None:
        with suppress(ConnectionResetError):
            while data := self.request.recv(LENGTH):
                self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    """One thread per session, ended with the process."""

    daemon_threads = True
    request_queue_size = 64


def serve(address: str) -> None:
    with Server((address, 0), Echo) as server:
        print(server.server_address[1], flush=True)  # noqa: T201
        server.serve_forever()


def call(address: str, port: int) -> None:
    """Number what is sent; print each number that comes back."""
    with socket.create_connection((address, port), PATIENCE) as session:
        number = 0
        while True:
            number += 1
            session.sendall(number.to_bytes(LENGTH))
            if session.recv(LENGTH, socket.MSG_WAITALL) != number.to_bytes(
                LENGTH
            ):
                sys.exit("the session has broken")
            print(number, flush=True)  # noqa: T201
            time.sleep(PACE)


class Session:
    """A session that was set up once; it is never set up again."""

    def __init__(self, client: Namespace, address: str, port: int) -> None:
        self._process = _start(client, "call", address, str(port))
        self._count = 0
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def exchange(self, count: int = 5) -> None:
        """Wait until it has exchanged so many more messages."""
        with self._news:
            wanted = self._count + count
            assert self._news.wait_for(
                lambda: self._count >= wanted or self.is_broken, PATIENCE
            ), f"waited {PATIENCE} s in vain for a session"
        assert not self.is_broken, "a session has broken"

    @property
    def is_broken(self) -> bool:
        return self._process.poll() is not None

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for _ in lines:
                with self._news:
                    self._count += 1
                    self._news.notify_all()
        self._process.wait()
        with self._news:
            self._news.notify_all()


@contextmanager
def server(namespace: Namespace, address: str) -> Iterator[int]:
    """Serve sessions in a namespace; yield the port."""
    process = _start(namespace, "serve", address)
    try:
        assert process.stdout
        with process.stdout as lines:
            yield int(lines.readline())
    finally:
        process.kill()
        process.wait()


def _start(namespace: Namespace, *args: str) -> subprocess.Popen[str]:
    program = (sys.executable, str(Path(__file__).resolve()))
    return subprocess.Popen(
        namespace.inside(*program, *args), stdout=subprocess.PIPE, text=True
    )


if __name__ == "__main__":
    ends: dict[str, Callable[..., None]] = {"serve": serve, "call": call}
    end, where, *ports = sys.argv[1:]
    ends[end](where, *map(int, ports))
