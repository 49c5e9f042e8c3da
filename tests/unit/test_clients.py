# SPDX-License-Identifier: Apache-2.0
"""Who is served at once, and who has to make room."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from gwsched.web import serving
from gwsched.web.serving import Clients

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    found = [socket.socketpair() for _ in range(3)]
    yield found
    for pair in found:
        for end in pair:
            end.close()


def is_hung_up(pair: Pair) -> bool:
    pair[1].setblocking(False)
    try:
        return pair[1].recv(1) == b""
    except BlockingIOError:
        return False


def test_while_there_is_room_nobody_has_to_go(pairs: list[Pair]) -> None:
    clients = Clients(most=3)
    for pair in pairs:
        clients.admit(pair[0])
    assert not any(map(is_hung_up, pairs))


def test_who_asks_nothing_makes_room(pairs: list[Pair]) -> None:
    clients = Clients(most=2)
    first, second = [clients.admit(pair[0]) for pair in pairs[:2]]
    first.turn = second.turn = 0
    clients.asked(first.socket)
    clients.admit(pairs[2][0])
    assert list(map(is_hung_up, pairs)) == [False, True, False]


def test_who_leaves_makes_room(pairs: list[Pair]) -> None:
    clients = Clients(most=1)
    first = clients.admit(pairs[0][0])
    first.turn = 1000.0
    let_in = threading.Event()

    def wait() -> None:
        clients.admit(pairs[1][0])
        let_in.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not let_in.is_set()
    clients.leave(first)
    assert let_in.wait(30)
    thread.join()
    assert not is_hung_up(pairs[0])


def test_nobody_stays_for_ever(
    pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = Clients()
    clients.admit(pairs[0][0])
    clients.end_overdue()
    assert not is_hung_up(pairs[0])
    monkeypatch.setattr(serving, "LONGEST", -1.0)
    clients.end_overdue()
    assert is_hung_up(pairs[0])
