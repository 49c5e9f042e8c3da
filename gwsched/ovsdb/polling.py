# SPDX-License-Identifier: Apache-2.0
"""Who has answered a heartbeat is asked for, and not told of.

Each chassis answers a heartbeat by a transaction of its own, and whoever
monitors Chassis_Private hears of each: 500 messages for every heartbeat of
500 chassis, each of which wakes the loop, for half a millisecond or more.
One select tells of all of them for as much.  So the table is not monitored;
it is looked at after each heartbeat, until all have answered: soon, and then
ever less often.

On one connection a server sends what it has to tell before it answers
(ovsdb-server flushes its monitors first), so no answer is seen before the
heartbeat that it is for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ovs import jsonrpc
from ovs.poller import Poller

from gwsched.model import frozen_map
from gwsched.ovsdb.session import NonsenseError

ANSWERS = "Chassis_Private"
QUESTION = {
    "op": "select",
    "table": ANSWERS,
    "where": [],
    "columns": ["name", "nb_cfg"],
}
# What is a reason to ask, and what an answer is expected of.
HEARTBEAT, ASKED = "SB_Global", "Chassis"
# How soon it is asked, and how long is waited at the most before it is asked
# again (seconds).  In between: as long as it has been going on.
SOON, SELDOM = 0.1, 1.0


class Polling:
    """Asks who has answered; ``answers`` are the last, by chassis.

    They are the very same object until one is another.  ``ask`` sends a
    request, ``changed`` is called when they are others.  Nothing is asked
    until it ``is_needed``.  All times are monotonic seconds.
    """

    def __init__(
        self,
        database: str,
        tables: Mapping[str, Any],
        ask: Callable[[str, list[Any], Callable[[Any], None]], None],
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._tables = tables
        self._ask = ask
        self._changed = changed
        self._clock = clock
        self.answers: Mapping[str, int] = frozen_map({})
        self._began = 0.0
        self.is_needed = False
        self.begin()

    def begin(self) -> None:
        """Begin a session: what was asked in the last one is lost."""
        self.is_known, self.is_waiting = not self.is_needed, False
        self.due = -math.inf if self.is_needed else math.inf

    def stir(self, table: str) -> None:
        """Note that rows of a table have changed: there may be answers."""
        if self.is_needed and table in (HEARTBEAT, ASKED):
            self._began = self._clock()
            self.due = min(self.due, self._began + SOON)

    def run(self) -> None:
        """Ask if it is time to."""
        if not self.is_waiting and self._clock() >= self.due:
            self.ask()

    def wait(self, poller: Poller) -> None:
        """Register when to ask."""
        if not self.is_waiting and self.due < math.inf:
            left = max(0.0, self.due - self._clock())
            poller.timer_wait(math.ceil(left * 1000))

    def ask(self) -> None:
        """Ask now; what comes is taken in by the session."""
        self.is_waiting, self.due = True, math.inf
        self._ask("transact", [self._database, QUESTION], self._hear)

    def _hear(self, message: jsonrpc.Message) -> None:
        """Take in an answer.

        :raises NonsenseError: where it is none
        """
        try:
            answers = _parsed(message)
        except (LookupError, TypeError, ValueError) as wrong:
            what = str(message.error or message.result)[:200]
            raise NonsenseError(
                f"asked for {ANSWERS}, it answers {what}"
            ) from wrong
        self.is_known, self.is_waiting = True, False
        if answers != self.answers:
            self.answers = frozen_map(answers)
            self._changed()
        if self._is_owed():
            now = self._clock()
            pause = min(max(SOON, now - self._began), SELDOM)
            self.due = min(self.due, now + pause)

    def _is_owed(self) -> bool:
        """Whether a chassis has not answered the last heartbeat yet."""
        if len(self.answers) < len(self._tables[ASKED].rows):
            return True
        top = next(iter(self._tables[HEARTBEAT].rows.values()), None)
        last = 0 if top is None else top.nb_cfg
        return any(given < last for given in self.answers.values())


def _parsed(message: jsonrpc.Message) -> dict[str, int]:
    [found] = message.result
    return {str(row["name"]): int(row["nb_cfg"]) for row in found["rows"]}
