# SPDX-License-Identifier: Apache-2.0
"""The HTTP server: a thread for each client, of whom there are few at once.

Who is slow, on purpose or not, takes nothing from others: neither a thread
for long, nor the loop's time.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import socket
import ssl
import sys
import termios
import threading
import time
from dataclasses import dataclass, field
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

LOG = logging.getLogger(__name__)

# A client that says nothing for this long (seconds) is hung up on.
PATIENCE = 10
# So is one that has not got its answer by then, however busy it is.
LONGEST = 60.0
# How many clients are served at once; others wait to be let in.
MOST = 128
# While others wait, who has asked nothing for so long (seconds) has to go,
TURN = 1.0
# and who takes in his answer for so long.
ANSWER = 10.0
# How many bytes there are to be read, as the kernel says it.
NONE = bytes(4)


@dataclass(eq=False, slots=True)
class _Client:
    """A client: its socket, which TLS puts another in the place of."""

    socket: socket.socket
    since: float = field(default_factory=time.monotonic)
    turn: float = TURN

    @property
    def until(self) -> float:
        """When it has to go, while others wait (monotonic seconds).

        Not yet where it has said something that we have not come to.
        """
        return self.since + (ANSWER if self._waits() else self.turn)

    def begin(self) -> None:
        """Note that it is listened to from now on."""
        self.since = time.monotonic()

    def _waits(self) -> bool:
        """Whether there is something to be read, without waiting for it."""
        try:
            found = fcntl.ioctl(self.socket.fileno(), termios.FIONREAD, NONE)
        except (OSError, ValueError):
            return False
        return found != NONE

    def hang_up(self) -> None:
        """Make its thread end."""
        with contextlib.suppress(OSError):
            # Not TLS' own, which would first say goodbye, and wait.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class Clients:
    """Those that are served just now."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._there: dict[_Client, None] = {}
        self._change = threading.Condition()

    def admit(self, request: socket.socket) -> _Client:
        """Wait for room and let one in; the slow make room in the end."""
        with self._change:
            while len(self._there) >= self._most:
                next_one = min(self._there, key=lambda client: client.until)
                left = next_one.until - time.monotonic()
                if left <= 0:
                    del self._there[next_one]
                    next_one.hang_up()
                else:
                    self._change.wait(left)
            client = _Client(request)
            self._there[client] = None
            return client

    def asked(self, connection: Any) -> None:
        """Note that a client has asked something, whole."""
        with self._change:
            for client in self._there:
                if client.socket is connection:
                    client.turn = ANSWER

    def leave(self, client: _Client) -> None:
        """Note that one is served."""
        with self._change:
            self._there.pop(client, None)
            self._change.notify()

    def end_overdue(self) -> None:
        """Hang up on who has been there for too long."""
        with self._change:
            now = time.monotonic()
            for client in list(self._there):
                if now - client.since > LONGEST:
                    del self._there[client]
                    client.hang_up()


class Server(ThreadingMixIn, WSGIServer):
    """Listens on an IPv4 address."""

    daemon_threads = True
    block_on_close = False
    # The kernel bounds it (net.core.somaxconn).
    request_queue_size = 1024
    tls: ssl.SSLContext | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.clients = Clients()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a client on a thread of its own, when there is room."""
        client = self.clients.admit(request)
        threading.Thread(
            target=self._serve, args=(client, client_address), daemon=True
        ).start()

    def service_actions(self) -> None:
        """Called twice a second."""
        self.clients.end_overdue()

    def handle_error(
        self,
        request: Any,  # noqa: ARG002
        client_address: Any,
    ) -> None:
        """Say what went wrong; a client that goes away is no error."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            LOG.debug("client %s has gone: %s", client_address, error)
        else:
            LOG.error(
                "a request of %s was not answered",
                client_address,
                exc_info=error,
            )

    def server_bind(self) -> None:
        """Bind without http.server's look-up of our own name in the DNS."""
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()

    def _serve(self, client: _Client, address: Any) -> None:
        request = client.socket
        client.begin()
        try:
            self._answer(client, address)
        except Exception:
            self.handle_error(request, address)
        finally:
            self.shutdown_request(client.socket)
            self.clients.leave(client)

    def _answer(self, client: _Client, address: Any) -> None:
        """Answer a client; the handshake takes place on its thread, too."""
        if self.tls is not None:
            client.socket.settimeout(PATIENCE)
            try:
                client.socket = self.tls.wrap_socket(
                    client.socket, server_side=True
                )
            except OSError as error:
                LOG.debug("no TLS with %s: %s", address, error)
                return
        self.finish_request(client.socket, address)


class Server6(Server):
    """Listens on an IPv6 address."""

    address_family = socket.AF_INET6


class Handler(WSGIRequestHandler):
    """Reads one request, and waits for no client for long."""

    timeout = PATIENCE

    def get_environ(self) -> Any:
        """Called once a request has been read."""
        self.server.clients.asked(self.connection)  # type: ignore[attr-defined]
        return super().get_environ()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log requests where they disturb nobody."""
        LOG.debug(format, *args)
