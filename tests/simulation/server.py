# SPDX-License-Identifier: Apache-2.0
"""The ovsdb-server of NB: sessions, the lock, guarded transactions."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace

from gwsched.decisions import Change
from gwsched.model import OWN_GROUP, Form
from tests.simulation.databases import Listed
from tests.simulation.ovn import Ovn


class Result(enum.StrEnum):
    """What became of a transaction."""

    COMMITTED = "committed"
    STALE = "stale"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Server:
    """Who is connected, and who of them has the lock.

    A lock lives in the memory of one server and ends with the session; the
    next in line has it then (RFC 7047, 4.1.8).  Each transaction asserts
    the lock, and python-ovs has no other kind here: who does not have it,
    or whose session is over, is refused.
    """

    def __init__(self, ovn: Ovn) -> None:
        self.ovn = ovn
        self.line: list[tuple[int, str]] = []
        self.sessions = 0
        self.refused = 0

    @property
    def owner(self) -> int | None:
        """The session that has the lock."""
        return self.line[0][0] if self.line else None

    @property
    def owner_name(self) -> str | None:
        """The daemon whose session that is."""
        return self.line[0][1] if self.line else None

    def connect(self, daemon: str) -> int:
        """Open a session, and stand in line for the lock."""
        self.sessions += 1
        self.line.append((self.sessions, daemon))
        return self.sessions

    def close(self, session: int | None) -> None:
        """End a session."""
        self.line = [one for one in self.line if one[0] != session]

    def close_all(self) -> None:
        """Forget all sessions: it is another server by now."""
        self.line.clear()

    def knows(self, session: int | None) -> bool:
        """Whether a session is open."""
        return any(session == one for one, _ in self.line)

    def bump(self, session: int | None) -> Result:
        """Raise ``nb_cfg`` by one."""
        if session != self.owner:
            self.refused += 1
            return Result.REFUSED
        nb = self.ovn.nb
        self.ovn.write_nb(nb._replace(cfg=nb.cfg + 1))
        return Result.COMMITTED

    def finish_rebalance(self, session: int | None) -> None:
        """Take back the intent to rebalance once."""
        if session == self.owner:
            nb = self.ovn.nb
            intents = replace(nb.intents, rebalance=False)
            self.ovn.write_nb(nb._replace(intents=intents))

    def admit(self, session: int | None, changes: Sequence[Change]) -> Result:
        """Say what becomes of changes, without making them yet."""
        if session != self.owner:
            self.refused += 1
            return Result.REFUSED
        units = self.ovn.nb.units
        for change in changes:
            found = units.get(change.unit.name)
            if found is None or found.form is not change.unit.form:
                return Result.STALE
            if set(found.candidates) != set(change.unit.candidates):
                return Result.STALE
        return Result.COMMITTED

    def write(self, changes: Sequence[Change]) -> None:
        """Make changes that were admitted."""
        units = dict(self.ovn.nb.units)
        for change in changes:
            before = units.pop(change.unit.name)
            name = written_as(change)
            units[name] = Listed(change.form, change.candidates, before.ports)
        self.ovn.write_nb(self.ovn.nb._replace(units=units))


def written_as(change: Change) -> str:
    """Return the name of a unit after a change: a new group has its own."""
    if change.form is Form.HA_CHASSIS_GROUP and change.unit.form is None:
        return OWN_GROUP + change.unit.ports[0].name
    return change.unit.name
