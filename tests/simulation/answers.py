# SPDX-License-Identifier: Apache-2.0
"""When a daemon hears who has answered: as its own polling asks for it.

The schedule is the daemon's (gwsched/ovsdb/polling.py); the table, the
server and the way to it are the simulation's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ovs import jsonrpc

from gwsched.ovsdb.polling import ASKED, HEARTBEAT, Polling
from tests.simulation.databases import Southbound

Hear = Callable[[jsonrpc.Message], None]


class _Top(NamedTuple):
    nb_cfg: int


class _Table:
    def __init__(self) -> None:
        self.rows: Mapping[Any, Any] = {}


class Answers:
    """What one daemon knows of answers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._tables = {n: _Table() for n in (ASKED, HEARTBEAT)}
        self._asked: Hear | None = None
        self._sb: Southbound | None = None
        self._is_news = False
        self._polling = Polling(
            "OVN_Southbound", self._tables, self._ask, self._note, clock
        )
        self._polling.is_needed = True

    def begin(self) -> None:
        """Begin a session: who has asked in the last one hears nothing."""
        self._asked, self._sb = None, None
        self._polling.begin()

    @property
    def known(self) -> Mapping[str, int]:
        """The last, by chassis."""
        return self._polling.answers

    @property
    def due(self) -> float:
        """When it asks next; never while it waits for an answer."""
        return self._polling.due

    def follow(self, sb: Southbound) -> None:
        """Take in what the server tells by itself."""
        before, self._sb = self._sb, sb
        self._tables[ASKED].rows = sb.rows
        self._tables[HEARTBEAT].rows = {0: _Top(sb.cfg)}
        if before is None or before.rows is not sb.rows:
            self._polling.stir(ASKED)
        if before is None or before.cfg != sb.cfg:
            self._polling.stir(HEARTBEAT)

    def run(self) -> bool:
        """Ask, where it is time to, and hear; say whether it is news.

        Only while the server is to be reached.
        """
        self._polling.run()
        hear, self._asked = self._asked, None
        if hear is None or self._sb is None:
            return False
        self._is_news = False
        answers = self._sb.answered.items()
        rows = [{"name": name, "nb_cfg": cfg} for name, cfg in answers]
        hear(jsonrpc.Message.create_reply([{"rows": rows}], 0))
        return self._is_news

    def _ask(self, method: str, params: list[Any], hear: Hear) -> None:
        self._asked = hear

    def _note(self) -> None:
        self._is_news = True
