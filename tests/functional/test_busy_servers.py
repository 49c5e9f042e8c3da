# SPDX-License-Identifier: Apache-2.0
"""Servers that are slow, or busy with others: all is done all the same."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.ovn import Ovn, wait_for

CYCLES = "gwsched_cycle_duration_seconds_count"
# Requests that are on their way at once.
PIPELINE = 50


class Writer:
    """Somebody who changes a row of SB as fast as the server can."""

    def __init__(self, ovn: Ovn, chassis: str) -> None:
        self.written = 0
        self._chassis = chassis
        self._stopping = False
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(ovn.unix("sb").removeprefix("unix:"))
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._stopping:
            for _ in range(PIPELINE):
                self.written += 1
                self._socket.sendall(self._request())
            answers = 0
            while answers < PIPELINE:
                data = self._socket.recv(1 << 20)
                answers += data.count(b'"error":null')

    def _request(self) -> bytes:
        config = ["map", [["x", str(self.written)]]]
        operation = {
            "op": "mutate",
            "table": "Chassis",
            "where": [["name", "==", self._chassis]],
            "mutations": [
                ["other_config", "delete", ["set", ["x"]]],
                ["other_config", "insert", config],
            ],
        }
        params = ["OVN_Southbound", operation]
        request = {"method": "transact", "params": params, "id": 1}
        return json.dumps(request).encode()


def test_thousands_of_updates_a_second_from_others(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    """They are gathered: of many updates, one cycle."""
    ovn.add_chassis("hv9", options="")
    port = ovn.add_router("r1")
    daemon = start()
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    cycles = daemon.metric(CYCLES) or 0
    with Writer(ovn, "hv9") as writer:
        wait_for(lambda: writer.written > 1000, "them to begin")
        other = ovn.add_router("r2")
        wait_for(lambda: len(ovn.order(other)) == 4, "a list meanwhile")
        first = ovn.order(port)[0]
        gateways.silence([first])
        wait_for(lambda: first not in ovn.order(port), "the dead to leave")
        assert daemon.get("/livez")[0] == 200
        assert (daemon.metric(CYCLES) or 0) - cycles < writer.written / 5
    assert daemon.metric("gwsched_errors_total", where="cycle") == 0


@contextmanager
def stuttering(ovn: Ovn, name: str) -> Iterator[None]:
    """Have a server stand still most of the time."""
    stopping = threading.Event()

    def stutter() -> None:
        while not stopping.is_set():
            ovn.pause(name)
            time.sleep(0.2)
            ovn.resume(name)
            time.sleep(0.05)

    thread = threading.Thread(target=stutter)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def test_servers_that_stutter(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start()
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    daemon.wait_log("has claimed it")
    with stuttering(ovn, "nb"), stuttering(ovn, "sb"):
        other = ovn.add_router("r2")
        wait_for(lambda: len(ovn.order(other)) == 4, "a list meanwhile", 60)
    assert len(ovn.order(port)) == 4
    assert daemon.metric("gwsched_errors_total", where="cycle") == 0
    assert " -> dead" not in daemon.log
