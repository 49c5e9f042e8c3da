# SPDX-License-Identifier: Apache-2.0
"""A thousand at the listener, quick ones and slow ones: the loop goes on."""

from __future__ import annotations

import resource
import selectors
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gwsched.web.serving import MOST
from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

CROWD = 1000
# What a thread of the daemon is for besides clients: the loop, the listener,
# and what libraries have.
OTHERS = 8


@pytest.fixture(autouse=True)
def _descriptors() -> Iterator[None]:
    """So many connections need so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CROWD + 500
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crowd(
    stack: ExitStack, daemon: Daemon, said: bytes
) -> list[socket.socket]:
    """Return that many connections that have all said something."""
    found = []
    for _ in range(CROWD):
        client = stack.enter_context(socket.socket())
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", daemon.port))
        found.append(client)
    with selectors.DefaultSelector() as ready:
        for client in found:
            ready.register(client, selectors.EVENT_WRITE)
        left = CROWD
        while left:
            chosen = ready.select(30)
            assert chosen, f"{left} are not connected"
            for key, _ in chosen:
                client = key.fileobj  # type: ignore[assignment]
                client.send(said)
                ready.unregister(client)
                left -= 1
    return found


def is_well(daemon: Daemon) -> bool:
    """Whether it answers in time, and is in sync."""
    try:
        return daemon.get("/readyz")[0] == 200
    except OSError:
        return False


def threads(daemon: Daemon) -> int:
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.partition("Threads:")[2].split()[0])


def test_slow_clients_delay_nothing(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start()
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    with ExitStack() as stack:
        clients = crowd(stack, daemon, b"GET /metrics HTTP/1.1\r\nX: ")
        other = ovn.add_router("r2")
        wait_for(lambda: len(ovn.order(other)) == 4, "a list meanwhile")
        assert threads(daemon) <= MOST + OTHERS
        assert len(clients) == CROWD
        wait_for(lambda: is_well(daemon), "an answer among them")
    wait_for(lambda: is_well(daemon), "an answer after them")
    assert "Traceback" not in daemon.log


def test_all_at_once_are_answered(
    ovn: Ovn, gateways: Controllers, start: StartDaemon
) -> None:
    port = ovn.add_router("r1")
    daemon = start()
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    with ExitStack() as stack:
        clients = crowd(stack, daemon, b"GET /metrics HTTP/1.0\r\n\r\n")
        other = ovn.add_router("r2")
        wait_for(lambda: len(ovn.order(other)) == 4, "a list meanwhile")
        assert threads(daemon) <= MOST + OTHERS
        answers = Counter(answer(client)[9:12] for client in clients)
    assert answers == {b"200": CROWD}
    assert "Traceback" not in daemon.log


def answer(client: socket.socket) -> bytes:
    client.setblocking(True)
    client.settimeout(60)
    found = b""
    while data := client.recv(1 << 16):
        found += data
    return found
