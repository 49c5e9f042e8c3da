# SPDX-License-Identifier: Apache-2.0
"""Which tables, columns and rows gwsched sees, and if a server has them."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ovs import jsonrpc
from ovs.poller import Poller
from ovs.stream import Stream

from gwsched.ovsdb import session
from gwsched.ovsdb.identity import trouble


@dataclass(frozen=True, slots=True)
class Table:
    """What is monitored of a table: columns, and the rows if not all.

    An ``optional`` one may be missing altogether.  One that is ``asked`` for
    (polling.py) is not monitored.
    """

    columns: tuple[str, ...]
    where: tuple[tuple[str, str, Any], ...] = ()
    optional: bool = False
    asked: bool = False

    @property
    def condition(self) -> list[Any]:
        """The condition of the monitor, as RFC 7047 has it; [] for none."""
        return [list(part) for part in self.where]


NOTHING = ("set", ())
# What python-ovs calls nonsense of a server: as text, as JSON, by length.
NONSENSE = (errno.EILSEQ, errno.EPROTO, errno.EMSGSIZE)


NORTHBOUND: dict[str, Table] = {
    "NB_Global": Table(("nb_cfg", "external_ids", "options")),
    "Logical_Router": Table(("name", "ports", "options", "external_ids")),
    "Logical_Router_Port": Table(
        ("name", "gateway_chassis", "ha_chassis_group", "external_ids")
    ),
    "Logical_Switch": Table(("ports",)),
    "Logical_Switch_Port": Table(
        ("name", "type", "options", "ha_chassis_group"),
        (
            ("type", "==", "router"),
            ("type", "==", "localnet"),
            ("type", "==", "external"),
            # OVN heeds the column on external ports only, but sets no bound;
            # a group must not look unused for a row we do not see.
            ("ha_chassis_group", "!=", NOTHING),
        ),
    ),
    "Gateway_Chassis": Table(("name", "chassis_name", "priority")),
    "HA_Chassis_Group": Table(("name", "ha_chassis", "external_ids")),
    "HA_Chassis": Table(("chassis_name", "priority")),
}
SOUTHBOUND: dict[str, Table] = {
    "SB_Global": Table(("nb_cfg",)),
    "Chassis": Table(("name", "hostname", "other_config")),
    "Chassis_Private": Table(("name", "nb_cfg"), asked=True),
    "Port_Binding": Table(
        ("logical_port", "type", "chassis", "ha_chassis_group"),
        (("type", "==", "chassisredirect"), ("type", "==", "l3gateway")),
    ),
    "HA_Chassis_Group": Table(("ha_chassis", "ref_chassis")),
    "HA_Chassis": Table(("chassis", "priority", "external_ids")),
    # Came with OVN 21.03.
    "BFD": Table(("logical_port", "dst_ip", "status"), optional=True),
}


def northbound(*, nat: bool) -> dict[str, Table]:
    """Return what is monitored of NB; what NAT is about, on request only."""
    if not nat:
        return NORTHBOUND
    more = {"Logical_Router": "nat", "Logical_Router_Port": "networks"}
    return NORTHBOUND | {
        "NAT": Table(
            (
                "type",
                "external_ip",
                "external_mac",
                "logical_port",
                "gateway_port",
            )
        ),
        **{
            name: Table((*NORTHBOUND[name].columns, column))
            for name, column in more.items()
        },
    }


def columns_there(
    schema: dict[str, Any], tables: Mapping[str, Table]
) -> dict[str, tuple[str, ...]]:
    """Return the columns we want that a server has, by table.

    :raises OSError: where a table is missing that is not optional
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, table in tables.items():
        there = schema["tables"].get(name, {}).get("columns")
        if there is not None:
            found[name] = tuple(c for c in table.columns if c in there)
        elif not table.optional:
            raise OSError(errno.EPROTO, f"the schema has no table {name}")
    return found


def lacking(
    tables: Mapping[str, Table], there: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """Say what we want that a server has not, table by table."""
    for name, table in tables.items():
        if name not in there:
            yield f"this server has no {name}"
            continue
        missing = [c for c in table.columns if c not in there[name]]
        if missing:
            yield f"this server's {name} has no {', '.join(missing)}"


def fetch_schema(
    remotes: tuple[str, ...], name: str, timeout: float, *, leads: bool = False
) -> dict[str, Any]:
    """Fetch a database's schema from the first server that has it.

    :param timeout: for one server, in seconds
    :param leads: whether the server has to be one that can lead a cluster
    :raises OSError: where none answered
    """
    failures = []
    for remote in remotes:
        try:
            return _fetch_schema(remote, name, timeout, leads=leads)
        except OSError as error:
            failures.append(f"{remote}: {trouble(remote, error)}")
    raise OSError(errno.ECONNREFUSED, "; ".join(failures))


def _fetch_schema(
    remote: str, name: str, timeout: float, *, leads: bool
) -> dict[str, Any]:
    deadline = time.monotonic() + timeout
    error, stream = Stream.open_block(Stream.open(remote), int(timeout * 1000))
    if error:
        raise OSError(error, os.strerror(error))
    rpc = session.connect(stream)
    try:
        if leads and _relays(rpc, name, deadline):
            raise OSError(
                errno.EPROTO,
                "a relay, which gives out no lock to write under; name the "
                "servers of the cluster itself",
            )
        reply = _ask(rpc, "get_schema", [name], deadline)
    finally:
        rpc.close()
    if reply.error or not isinstance(reply.result, dict):
        raise OSError(errno.EPROTO, f"no schema of {name}: {reply.error}")
    schema: dict[str, Any] = reply.result
    return schema


def _relays(rpc: jsonrpc.Connection, name: str, deadline: float) -> bool:
    """Whether the server passes on a database that others have."""
    question = {
        "op": "select",
        "table": "Database",
        "where": [["name", "==", name], ["model", "==", "relay"]],
        "columns": ["name"],
    }
    reply = _ask(rpc, "transact", ["_Server", question], deadline)
    try:
        return bool(reply.result[0]["rows"])
    except (TypeError, LookupError):
        return False  # before OVS 2.9 there is no such table, and no relay


def _ask(
    rpc: jsonrpc.Connection, method: str, params: list[Any], deadline: float
) -> jsonrpc.Message:
    """Send one request and wait for its answer, until the deadline."""
    request = jsonrpc.Message.create_request(method, params)
    rpc.send(request)
    while True:
        rpc.run()
        error, message = rpc.recv()
        if error == 0 and message.id == request.id:
            return message
        if error in NONSENSE:
            raise OSError(error, "what it says is no JSON-RPC")
        if error not in (0, errno.EAGAIN):
            raise OSError(errno.ECONNRESET, "the connection was closed")
        left = deadline - time.monotonic()
        if left <= 0:
            raise OSError(errno.ETIMEDOUT, f"no answer to {method}")
        poller = Poller()
        rpc.wait(poller)
        rpc.recv_wait(poller)
        poller.timer_wait(int(left * 1000) + 1)
        poller.block()
