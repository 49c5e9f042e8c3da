# SPDX-License-Identifier: Apache-2.0
"""Several controllers under faults, while an operator goes on asking.

Everything is real: three raft servers, northd, a relay of SB, two or three
gwsched, each in a namespace.  All chassis are well all the time, so whoever
is judged dead is so by ignorance.
"""

from __future__ import annotations

import random
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from ovs import jsonrpc
from ovs.stream import Stream

from gwsched.ovsdb import schema
from gwsched.ovsdb.tenure import KEY
from tests.functional import raftlog
from tests.functional.cluster import DATABASE
from tests.functional.controllers import Controllers
from tests.functional.ovn import wait_for
from tests.functional.raftlog import Entry
from tests.functional.spread import Centre, Options, Program, Remote, Spread

PROBE = 2
OPTIONS: Options = {
    "health": {"probe_interval": PROBE, "dead_after": 6},
    "failover": {"hold_down": 3},
    "ovn": {"ovsdb_probe_interval": 1000, "ovsdb_connection_timeout": 3},
    "rebalance": {"mode": "off", "moves_per_minute": 6000},
}
GATEWAYS = ("gw1", "gw2", "gw3", "gw4")
ROUTERS = tuple(f"r{number}" for number in range(1, 13))
PATIENCE = 90.0
PAUSE = 0.2
NUMBER = "operator-number"


class World:
    """The controllers; ``down`` are servers that do not answer."""

    def __init__(self, *programs: Program) -> None:
        """With a daemon for each program; an empty one is the real thing."""
        self._programs = programs
        self._stack = ExitStack()
        self.down: set[int] = set()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._build(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _build(self, stack: ExitStack) -> None:
        self.spread = stack.enter_context(Spread(len(self._programs)))
        self.centre = stack.enter_context(Centre(self.spread))
        self.centre.quicken_bfd()
        self.centre.add_chassis(*GATEWAYS)
        stack.enter_context(Controllers(self.centre.sb))
        self.ports = [self.centre.add_router(name) for name in ROUTERS]
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.daemons = [
            stack.enter_context(self._daemon(directory, host, program))
            for host, program in enumerate(self._programs)
        ]
        self.transact(_sets({NUMBER: "0"}))
        self.holder()
        for daemon in self.daemons:
            daemon.wait_log("guard startup is over")

    def _daemon(self, directory: Path, host: int, program: Program) -> Remote:
        return Remote(
            directory, self.spread, self.centre, host, OPTIONS, program
        )

    def tell(self) -> str:
        """All that may explain why a run went wrong."""
        said = [f"down: {self.down}"]
        for daemon in self.daemons:
            log = daemon.whole_log.splitlines()[-60:]
            said += [f"host {daemon.host}: {daemon.names}", *log]
        for server in range(3):
            said.append(self.spread.status(server))
        return "\n".join(said)

    # -- what there is -----------------------------------------------------

    def transact(self, *operations: dict[str, Any]) -> list[Any]:
        """Write or read by a server that answers; :raises OSError:"""
        up = [s for s in range(3) if s not in self.down]
        remote = self.spread.remote(random.choice(up))
        error, stream = Stream.open_block(Stream.open(remote), 1000)
        if error:
            raise OSError(error, remote)
        rpc = jsonrpc.Connection(stream)
        try:
            deadline = time.monotonic() + 3
            request = [DATABASE, *operations]
            reply = schema._ask(rpc, "transact", request, deadline)
        finally:
            rpc.close()
        results: list[Any] = reply.result
        if any(r is None or "error" in r for r in results):
            raise OSError(f"{results}")
        return results

    def external_ids(self, *first: dict[str, Any]) -> dict[str, str]:
        """What a server says of NB_Global, after some operations."""
        look = {
            "op": "select",
            "table": "NB_Global",
            "where": [],
            "columns": ["external_ids"],
        }
        *_, found = self.transact(*first, look)
        return dict(found["rows"][0]["external_ids"][1])

    def holder(self, *but: Remote) -> Remote:
        """Wait until one, other than some, is the one who writes."""

        def found() -> Remote | None:
            with suppress(OSError):
                name = self.external_ids().get(KEY)
                for daemon in self.daemons:
                    if name in daemon.names and daemon not in but:
                        return daemon
            return None

        daemon = wait_for(found, "somebody to hold the lock", PATIENCE)
        assert isinstance(daemon, Remote)
        return daemon

    def entries(self) -> list[Entry]:
        """All that was committed so far."""
        files = [self.spread.file(server) for server in range(3)]
        return raftlog.committed(files)

    def false_deaths(self) -> list[str]:
        """All lines in which anybody takes a chassis for dead."""
        return [
            line
            for daemon in self.daemons
            for line in daemon.whole_log.splitlines()
            if re.search(r"chassis gw\d: \w+ -> dead", line)
        ]

    def primaries(self) -> dict[str, str]:
        """The primary of each port, read at one moment."""
        look = [
            {"op": "select", "table": table, "where": [], "columns": columns}
            for table, columns in (
                ("HA_Chassis_Group", ["name", "ha_chassis"]),
                ("HA_Chassis", ["_uuid", "chassis_name", "priority"]),
            )
        ]
        groups, members = self.transact(*look)
        known = {tuple(row["_uuid"]): row for row in members["rows"]}
        return {
            group["name"].removeprefix("gwsched-"): max(
                (known[tuple(uuid)] for uuid in _set(group["ha_chassis"])),
                key=lambda row: row["priority"],
            )["chassis_name"]
            for group in groups["rows"]
            if _set(group["ha_chassis"])
        }


class Operator:
    """Pins ports here and there; ``asked`` is what NB has acknowledged."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.asked: dict[str, str] = {}
        self.count = 0
        # Not what a server says that was cut off until a moment ago.
        self._number = int(self._read()[NUMBER])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE):
            port = self._random.choice(self._world.ports)
            key = f"gwsched-pin-{port}"
            self._ask(key, self._random.choice(GATEWAYS))

    def _ask(self, key: str, value: str) -> None:
        """Write an intent, until it is known to be there.

        A server that was cut off may carry out, much later, what it was
        asked before it was asked again: so each is numbered, and none is
        written but right after the one before.
        """
        before, number = str(self._number), str(self._number + 1)
        new = {NUMBER: number, key: value}
        while True:
            with suppress(OSError):
                self._world.transact(_waits(before), _sets(new))
                break
            with suppress(OSError):
                if self._world.external_ids().get(NUMBER) == number:
                    break
            time.sleep(0.05)
        self._number += 1
        self.asked[key] = value
        self.count += 1

    def lost(self) -> list[str]:
        """Return which intents are not in NB; and wait for the others."""
        there = self._read()
        gone = [k for k, v in self.asked.items() if there.get(k) != v]
        wanted = {
            key.removeprefix("gwsched-pin-"): value
            for key, value in self.asked.items()
        }
        deadline = time.monotonic() + PATIENCE
        while unheeded := set(wanted.items()) - set(self._obeyed()):
            if time.monotonic() > deadline:
                return gone + [f"{port} on {gw}" for port, gw in unheeded]
            time.sleep(0.05)
        return gone

    def _read(self) -> dict[str, str]:
        """Read what the cluster has, not what one server of it knows.

        Who writes as well is answered on top of all that was committed.
        """

        def read() -> dict[str, str] | None:
            with suppress(OSError):
                touch = _sets({"operator-looked": secrets.token_hex(4)})
                return self._world.external_ids(touch)
            return None

        return dict(wait_for(read, "NB to be read", PATIENCE))

    def _obeyed(self) -> Iterator[tuple[str, str]]:
        with suppress(OSError):
            yield from self._world.primaries().items()


def _sets(pairs: dict[str, str]) -> dict[str, Any]:
    """Give keys in NB_Global.external_ids other values."""
    return {
        "op": "mutate",
        "table": "NB_Global",
        "where": [],
        "mutations": [
            ["external_ids", "delete", ["set", [*pairs]]],
            ["external_ids", "insert", ["map", [[*p] for p in pairs.items()]]],
        ],
    }


def _waits(number: str) -> dict[str, Any]:
    """Fail unless that was the last number."""
    has = ["external_ids", "includes", ["map", [[NUMBER, number]]]]
    return {
        "op": "wait",
        "table": "NB_Global",
        "timeout": 0,
        "where": [has],
        "columns": ["nb_cfg"],
        "until": "!=",
        "rows": [],
    }


def _set(datum: list[Any]) -> list[Any]:
    return datum[1] if datum[0] == "set" else [datum]
