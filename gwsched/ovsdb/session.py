# SPDX-License-Identifier: Apache-2.0
"""python-ovs' session with a server, and all that depends on its insides.

python-ovs makes the session of an IDL and the connection of a session
itself; ours take their places before they are used.
"""

from __future__ import annotations

import errno
import logging
import os
from collections import deque
from collections.abc import Callable
from typing import Any

import ovs.json
from ovs import jsonrpc
from ovs.poller import Poller

from gwsched.ovsdb.framing import Framer
from gwsched.ovsdb.text import Hook, decoder, parse

LOG = logging.getLogger(__name__)

CHUNK = 1 << 16
# So much is taken in at most before the loop has its turn (bytes).
AT_ONCE = 4 << 20
# The longest message.  20,000 gateway ports beside 100,000 other router ports
# of Neutron's make one of about 150 MiB, by estimate (bytes).
LONGEST = 1 << 30
# What we rely on of python-ovs' connections, besides what is documented.
ATTRIBUTES = frozenset({"name", "stream", "status", "received_bytes"})
METHODS = ("recv", "recv_wait", "error", "_Connection__log_msg")


class NonsenseError(Exception):
    """A message that does not fit the schema, or is none."""


class Connection(jsonrpc.Connection):  # type: ignore[misc]
    """A connection that reads by the standard library's JSON parser.

    What is no JSON-RPC closes it with a line of log, as with python-ovs.
    Unlike there, a character may arrive in two parts.
    """

    def __init__(self, stream: Any, hook: Hook | None = None) -> None:
        super().__init__(stream)
        self._decoder = decoder(hook)
        self._framer = Framer()
        self._messages: deque[bytearray] = deque()
        self._wrong = ""
        self._is_more = False
        self._begun = 0

    def recv(self) -> tuple[int, jsonrpc.Message | None]:
        """Return the next message, or why there is none."""
        if self.status:
            return self.status, None
        enough = self.received_bytes + AT_ONCE
        while not self._messages:
            if self._wrong:
                return self._refuse(self._wrong)
            self._is_more = self.received_bytes >= enough
            if self._is_more:
                return errno.EAGAIN, None
            error = self._take_in()
            if error:
                return error, None
        return self._deliver(self._messages.popleft())

    def recv_wait(self, poller: Poller) -> None:
        """Register what shall wake who waits for a message."""
        if self.status or self._messages or self._wrong or self._is_more:
            poller.immediate_wake()
        else:
            self.stream.recv_wait(poller)

    def _take_in(self) -> int:
        """Take in a part of the stream; return the error, if any."""
        error, data = self.stream.recv(CHUNK)
        if error == errno.EAGAIN:
            return int(error)
        if error or not data:
            if error:
                # As python-ovs, in whose log it can be hushed.
                why = os.strerror(error)
                jsonrpc.vlog.warn(f"{self.name}: receive error: {why}")
            self.error(error or jsonrpc.EOF)
            return int(self.status)
        self.received_bytes += len(data)
        try:
            self._messages.extend(self._framer.feed(data))
        except ValueError as wrong:
            self._wrong = str(wrong)  # what came before it is still good
        self._begun = 0 if self._messages else self._begun + len(data)
        if self._begun > LONGEST:
            self._wrong = f"a message of more than {LONGEST >> 20} MiB"
        return 0

    def _deliver(self, data: bytearray) -> tuple[int, jsonrpc.Message | None]:
        try:
            text = data.decode()
            del data  # a database's is as large as all that is made of it
            message = jsonrpc.Message.from_json(parse(text, self._decoder))
        except ValueError as error:
            return self._refuse(str(error))
        if not isinstance(message, jsonrpc.Message):
            return self._refuse(message)
        self._Connection__log_msg("received", message)
        return 0, message

    def _refuse(self, why: str) -> tuple[int, None]:
        LOG.warning(
            "%s: what the server sends is no JSON-RPC (%s); the connection "
            "is closed. Is it an ovsdb-server?",
            self.name,
            why,
        )
        self.error(errno.EPROTO)
        return self.status, None


class Session(jsonrpc.Session):  # type: ignore[misc]
    """A session whose connections are ours."""

    def __init__(self, theirs: jsonrpc.Session, hook: Hook | None) -> None:
        """Take the place of one that has not begun."""
        self._hook = hook
        self._asked: dict[Any, Callable[[jsonrpc.Message], None]] = {}
        super().__init__(theirs.reconnect, None, theirs.remotes)
        self.pick_remote()

    def ask(
        self,
        method: str,
        params: list[Any],
        hear: Callable[[jsonrpc.Message], None],
    ) -> None:
        """Send a request whose answer is not for python-ovs."""
        request = jsonrpc.Message.create_request(method, params)
        self._asked[request.id] = hear
        self.send(request)

    def forget(self) -> None:
        """Wait for no answers any more: the connection is another."""
        self._asked.clear()

    def recv(self) -> jsonrpc.Message | None:
        """Receive what is for python-ovs."""
        while (message := super().recv()) is not None:
            hear = self._asked.pop(message.id, None)
            if hear is None:
                break
            hear(message)
        return message

    @property
    def rpc(self) -> Any:
        """The connection, None while there is none."""
        return self.__dict__["rpc"]

    @rpc.setter
    def rpc(self, connection: Any) -> None:
        """Take the stream of one that python-ovs has just made."""
        if type(connection) is jsonrpc.Connection:
            connection = connect(connection.stream, self._hook)
        self.__dict__["rpc"] = connection


def is_known() -> bool:
    """Whether python-ovs' connections are as they are known to be."""
    theirs = jsonrpc.Connection
    assigned = set(theirs.__init__.__code__.co_names)
    return assigned >= ATTRIBUTES and all(hasattr(theirs, m) for m in METHODS)


def parser() -> str:
    """Name the JSON parser that is used."""
    return "stdlib" if is_known() else str(ovs.json.PARSER).lower()


def connect(stream: Any, hook: Hook | None = None) -> Any:
    """Return a connection over a stream; python-ovs' own if need be."""
    if is_known():
        return Connection(stream, hook)
    return jsonrpc.Connection(stream)


def take_over(
    idl: Any,
    probe_ms: int,
    *,
    back_off_ms: tuple[int, int] | None = None,
    hook: Hook | None = None,
) -> None:
    """Give an IDL that has not run yet a session of ours.

    :param back_off_ms: between attempts to reconnect, the least and the most
    :param hook: what may put other things in place of objects of JSON
    """
    session = Session(idl._session, hook)
    # python-ovs never probes unix sockets; who listens there may hang.
    session.reconnect.set_probe_interval(probe_ms)
    if back_off_ms:
        # Not by set_backoff(), which knows nothing below a second.
        least, most = back_off_ms
        session.reconnect.min_backoff = least
        session.reconnect.max_backoff = most
    idl._session = session


def received(idl: Any) -> int:
    """How many bytes the server has sent over the connection there is."""
    rpc = idl._session.rpc
    return 0 if rpc is None else int(rpc.get_received_bytes())
