# SPDX-License-Identifier: Apache-2.0
"""A server's socket behind another, that lets through only so much."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self


class Trickle:
    """Forwards connections; of what the server says, some until released."""

    def __init__(self, server: Path, path: Path, most: int) -> None:
        self.remote = f"unix:{path}"
        self._server = server
        self._most = most
        self._released = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        for one in (self._listening, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in (self._listening, *self._sockets):
            one.close()

    def release(self) -> None:
        """Let through all that comes."""
        self._released.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                self._sockets += [client, server]
                server.connect(str(self._server))
                for target, pair in (
                    (self._forward, (client, server)),
                    (self._trickle, (server, client)),
                ):
                    thread = threading.Thread(target=target, args=pair)
                    self._threads.append(thread)
                    thread.start()

    def _forward(self, source: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)

    def _trickle(self, source: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            left = self._most
            while left and (data := source.recv(left)):
                to.sendall(data)
                left -= len(data)
            self._released.wait()
        self._forward(source, to)
