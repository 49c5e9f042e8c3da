# SPDX-License-Identifier: Apache-2.0
"""A fleet in both databases, written by hand: as if northd had been there.

A northd takes minutes for 10,000 routers; what gwsched sees of its work is
a few rows a port.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Self

from ovs import jsonrpc, poller
from ovs.stream import Stream

from gwsched.decisions import Health, Policy, State, Verdict
from gwsched.model import (
    OWN_GROUP,
    Chassis,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.scene import Past
from gwsched.planner import plan
from gwsched.schedulers.leastloaded import LeastLoaded

Operation = dict[str, Any]
BATCH = 500
PUBLIC = frozenset({"public"})


class Connection:
    """A connection that only transacts; no replica behind it."""

    def __init__(self, remote: str, database: str) -> None:
        error, stream = Stream.open_block(Stream.open(remote), 10000)
        assert not error, remote
        self._rpc = jsonrpc.Connection(stream)
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rpc.close()

    def transact(self, operations: Iterable[Operation]) -> list[Any]:
        """Make one transaction; return the result of each operation."""
        answer: list[Any] = self.ask("transact", [self._database, *operations])
        errors = [r for r in answer if r and "error" in r]
        assert not errors, errors
        return answer

    def ask(self, method: str, params: list[Any]) -> Any:
        """Send a request and wait for its answer."""
        request = jsonrpc.Message.create_request(method, params)
        self._rpc.send(request)
        while True:
            message = self.receive(60)
            if message.id == request.id:
                assert not message.error, message.error
                return message.result

    def receive(self, timeout: float) -> Any:
        """Wait for the next message."""
        message = self.received(timeout)
        assert message is not None, f"nothing came within {timeout} s"
        return message

    def received(self, timeout: float) -> Any:
        """Wait for the next message; return None if none comes in time."""
        deadline = time.monotonic() + timeout
        while True:
            self._rpc.run()
            error, message = self._rpc.recv()
            if not error:
                return message
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            waiting = poller.Poller()
            self._rpc.wait(waiting)
            self._rpc.recv_wait(waiting)
            waiting.timer_wait(int(left * 1000) + 1)
            waiting.block()


Lists = Mapping[str, Sequence[str]]


def port_names(ports: int) -> list[str]:
    return [f"lrp-{i:05}" for i in range(ports)]


def gateway_names(gateways: int) -> list[str]:
    return [f"gw{i:03}" for i in range(gateways)]


def placed(ports: Iterable[str], gateways: Iterable[str]) -> Lists:
    """Place ports as gwsched does from nothing: it will leave them so."""
    chassis = {
        name: Chassis(name, physical_networks=PUBLIC) for name in gateways
    }
    units = [
        Unit(name, None, (GatewayPort(name, physical_networks=PUBLIC),))
        for name in ports
    ]
    live = Verdict(State.LIVE, 0.0, "")
    verdicts = Health(frozen_map(dict.fromkeys(chassis, live)))
    snapshot = Snapshot(frozen_map(chassis), tuple(units))
    made = plan(snapshot, verdicts, LeastLoaded(), Policy(), 0.0, Past())
    return {change.unit.name: change.after for change in made.changes}


class Handmade:
    """Writes chassis and ports to both databases."""

    def __init__(self, nb: Connection, sb: Connection) -> None:
        self._nb = nb
        self._sb = sb
        self._chassis: dict[str, Any] = {}
        self._ports = 0

    def over(self, nb: Connection, sb: Connection) -> Handmade:
        """Return one for the same fleet that another thread may use."""
        other = Handmade(nb, sb)
        other._chassis = self._chassis
        return other

    @property
    def chassis(self) -> list[Any]:
        """The UUIDs of all chassis there are."""
        return list(self._chassis.values())

    def add_chassis(
        self, names: Sequence[str], *, gateways: bool = True
    ) -> None:
        """Add gateways, or chassis that are none."""
        rows: list[Operation] = []
        for i, name in enumerate(names, len(self._chassis)):
            rows += _chassis_rows(i, name, GATEWAY if gateways else [])
        results = self._sb.transact(rows)
        for name, result in zip(names, results[1::3], strict=True):
            self._chassis[name] = result["uuid"]

    def add_ports(self, lists: Lists) -> None:
        """Add a router for each port, its list in force and claimed."""
        ports = iter(lists.items())
        while batch := list(islice(ports, BATCH)):
            nb: list[Operation] = []
            sb: list[Operation] = []
            for port, order in batch:
                self._ports += 1
                nb += _nb_rows(self._ports, port, order)
                sb += self._sb_rows(self._ports, port, order)
            self._nb.transact(nb)
            self._sb.transact(sb)

    def carry(self, lists: Lists) -> None:
        """Do what northd and controllers do when lists have changed."""
        rows: list[Operation] = []
        for i, (port, order) in enumerate(lists.items()):
            members = list(self._sb_members(i, order))
            group = {"ha_chassis": named(members)}
            claimed = {"chassis": self._chassis[order[0]]}
            rows += members
            rows += [
                update("HA_Chassis_Group", group, name=group_of(port)),
                update("Port_Binding", claimed, logical_port=f"cr-{port}"),
            ]
        self._sb.transact(rows)

    def _sb_rows(
        self, number: int, port: str, order: Sequence[str]
    ) -> Iterator[Operation]:
        members = list(self._sb_members(number, order))
        yield from members
        yield insert(
            "HA_Chassis_Group",
            f"g{number}",
            name=group_of(port),
            ha_chassis=named(members),
        )
        yield insert("Datapath_Binding", f"d{number}", tunnel_key=number)
        yield insert(
            "Port_Binding",
            f"p{number}",
            logical_port=f"cr-{port}",
            type="chassisredirect",
            datapath=["named-uuid", f"d{number}"],
            tunnel_key=1,
            ha_chassis_group=["named-uuid", f"g{number}"],
            chassis=self._chassis[order[0]],
        )

    def _sb_members(
        self, number: int, order: Sequence[str]
    ) -> Iterator[Operation]:
        for i, name in enumerate(order):
            yield insert(
                "HA_Chassis",
                f"m{number}x{i}",
                chassis=self._chassis[name],
                priority=len(order) - i,
                external_ids=["map", [["chassis-name", name]]],
            )


def group_of(port: str) -> str:
    """The name of a port's group, as gwsched gives it."""
    return OWN_GROUP + port


def insert(table: str, handle: str, /, **row: Any) -> Operation:
    return {"op": "insert", "table": table, "uuid-name": handle, "row": row}


def update(table: str, row: Mapping[str, Any], **where: Any) -> Operation:
    return {"op": "update", "table": table, "row": row, **_where(where)}


def select(table: str, *columns: str, **where: Any) -> Operation:
    wanted = {"columns": list(columns)}
    return {"op": "select", "table": table, **wanted, **_where(where)}


def delete(table: str, **where: Any) -> Operation:
    return {"op": "delete", "table": table, **_where(where)}


def _where(columns: Mapping[str, Any]) -> Operation:
    clauses = [[name, "==", value] for name, value in columns.items()]
    return {"where": clauses}


def nb_members(order: Sequence[str], handle: str = "m") -> list[Operation]:
    """Insert the rows of a list, best first."""
    return [
        insert(
            "HA_Chassis",
            f"{handle}{i}",
            chassis_name=name,
            priority=len(order) - i,
        )
        for i, name in enumerate(order)
    ]


def named(rows: Iterable[Operation]) -> list[Any]:
    return ["set", [["named-uuid", row["uuid-name"]] for row in rows]]


GATEWAY = [
    ["ovn-cms-options", "enable-chassis-as-gw"],
    ["ovn-bridge-mappings", "public:br-ex"],
]


def _chassis_rows(
    number: int, name: str, config: list[list[str]]
) -> Iterator[Operation]:
    address = f"10.1.{number // 250}.{number % 250 + 1}"
    encap = insert("Encap", f"e{number}", type="geneve", ip=address)
    yield encap
    yield insert(
        "Chassis",
        f"c{number}",
        name=name,
        encaps=named([encap]),
        other_config=["map", config],
    )
    yield insert("Chassis_Private", f"b{number}", name=name)


def _nb_rows(
    number: int, port: str, order: Sequence[str]
) -> Iterator[Operation]:
    """A router, its port and group, and the switch that it faces."""
    members = nb_members(order, f"m{number}x")
    yield from members
    group = insert(
        "HA_Chassis_Group",
        f"g{number}",
        name=group_of(port),
        ha_chassis=named(members),
    )
    lrp = insert(
        "Logical_Router_Port",
        f"p{number}",
        name=port,
        mac=f"02:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}"
        f":{number & 255:02x}",
        networks=f"172.{16 + number // 62500}.{number // 250 % 250}"
        f".{number % 250 + 1}/12",
        ha_chassis_group=named([group]),
    )
    local = insert(
        "Logical_Switch_Port",
        f"l{number}",
        name=f"ln-{port}",
        type="localnet",
        options=["map", [["network_name", "public"]]],
    )
    peer = insert(
        "Logical_Switch_Port",
        f"r{number}",
        name=f"peer-{port}",
        type="router",
        options=["map", [["router-port", port]]],
    )
    yield from (group, lrp, local, peer)
    yield insert(
        "Logical_Router", f"o{number}", name=f"r-{port}", ports=named([lrp])
    )
    yield insert(
        "Logical_Switch",
        f"s{number}",
        name=f"ls-{port}",
        ports=named([local, peer]),
    )
