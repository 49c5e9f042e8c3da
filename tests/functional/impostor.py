# SPDX-License-Identifier: Apache-2.0
"""Somebody between gwsched and a server: honest, until told otherwise."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

# What somebody says in place of the server, once there is a connection.
Speech = Callable[[socket.socket], None]
# What becomes of a message of the server; None is left out.
Twist = Callable[[dict[str, Any]], bytes | None]
_DECODER = json.JSONDecoder()
# Of 64 KiB; more than what a test allows a message to have.
MANY = 64


class Impostor:
    """Listens on a TCP port in the place of a unix socket's server.

    ``speech`` takes a connection over, ``twist`` changes the messages that
    pass through one; where both are None it is as if nobody was there.
    """

    def __init__(self, server: str) -> None:
        self._server = server.removeprefix("unix:")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.remote = f"tcp:127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.speech: Speech | None = None
        self.twist: Twist | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in [self._thread, *self._threads]:
            thread.join(10)

    def hang_up(self) -> None:
        """Break all connections there are."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def say(self, data: bytes) -> None:
        """Say something to all clients, as if the server had."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.sendall(data)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(
                target=self._serve, args=(client,), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self._open.add(client)
            try:
                if self.speech is not None:
                    self.speech(client)
                else:
                    self._relay(client)
            finally:
                self._open.discard(client)

    def _relay(self, client: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            back = threading.Thread(
                target=self._back, args=(server, client), daemon=True
            )
            back.start()
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)
            back.join(10)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        """Pass on what the server says, message by message."""
        pending = b""
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                pending += data
                pending = self._pass_on(pending, client)
            client.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, pending: bytes, client: socket.socket) -> bytes:
        """Pass on all messages that are whole; return what is left."""
        while pending:
            try:
                text = pending.decode()
                message, end = _DECODER.raw_decode(text)
            except ValueError:
                return pending
            said: bytes | None = text[:end].encode()
            if self.twist is not None:
                said = self.twist(message)
            if said is not None:
                client.sendall(said)
            pending = text[end:].encode()
        return pending


def listen(client: socket.socket) -> None:
    """Take in whatever is said until the client hangs up."""
    while client.recv(65536):
        pass


def saying(data: bytes) -> Speech:
    """Return who says one thing, and then listens."""

    def speak(client: socket.socket) -> None:
        client.sendall(data)
        listen(client)

    return speak


def answering(result: Any) -> Speech:
    """Return who gives every request the same answer."""

    def speak(client: socket.socket) -> None:
        pending = b""
        while data := client.recv(65536):
            pending += data
            try:
                request, end = _DECODER.raw_decode(pending.decode())
            except ValueError:
                continue
            pending = pending[end:]
            reply = {"id": request["id"], "result": result, "error": None}
            client.sendall(json.dumps(reply).encode())

    return speak


def endless(client: socket.socket) -> None:
    """Begin an array that is very long, and then hang up."""
    client.sendall(b'{"id":1,"error":null,"result":[')
    for _ in range(MANY):
        client.sendall(b'"x",' * 16384)
