# SPDX-License-Identifier: Apache-2.0
"""python-ovs' session with a server, and all that depends on its insides.

python-ovs makes the session of an IDL and the connection of a session
itself; ours take their places before they are used.
"""

from __future__ import annotations

from typing import Any

from ovs import jsonrpc

from gwsched.ovsdb.bounds import Bounded


class Connection(Bounded, jsonrpc.Connection):  # type: ignore[misc]
    """A connection that hears no message without end."""


class Session(jsonrpc.Session):  # type: ignore[misc]
    """A session whose connections are ours."""

    @property
    def rpc(self) -> Any:
        """The connection, None while there is none."""
        return self.__dict__["rpc"]

    @rpc.setter
    def rpc(self, connection: Any) -> None:
        """Take the stream of one that python-ovs has just made."""
        if type(connection) is jsonrpc.Connection:
            connection = connect(connection.stream)
        self.__dict__["rpc"] = connection


def connect(stream: Any) -> Any:
    """Return a connection over a stream."""
    return Connection(stream)


def take_over(
    idl: Any, probe_ms: int, back_off_ms: tuple[int, int] | None = None
) -> None:
    """Give an IDL that has not run yet a session of ours.

    :param back_off_ms: between attempts to reconnect, the least and the most
    """
    theirs = idl._session
    session = Session(theirs.reconnect, None, theirs.remotes)
    session.pick_remote()
    # python-ovs never probes unix sockets; who listens there may hang.
    session.reconnect.set_probe_interval(probe_ms)
    if back_off_ms:
        session.reconnect.set_backoff(*back_off_ms)
    idl._session = session
