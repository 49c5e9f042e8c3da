# SPDX-License-Identifier: Apache-2.0
"""Both databases, connected once, or a clear word on why they are not."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ovs.poller import Poller

from gwsched.conf import Settings
from gwsched.connection import Database, StoppedError, open_databases
from gwsched.model import Snapshot
from gwsched.snapshot import Reader


class UnreachableError(Exception):
    """A database that did not answer in time; one clear line."""


class UnwrittenError(Exception):
    """What did not come into a database; one clear line."""


class Connections:
    """Both databases, kept up to date for as long as somebody looks."""

    def __init__(self, nb: Database, sb: Database, settings: Settings) -> None:
        self.nb = nb
        self._sb = sb
        self._both = (nb, sb)
        self._settings = settings
        self._reader = Reader(nb.rows, sb.rows, settings)

    def read(self) -> Snapshot:
        """Return what both are known to hold by now."""
        changes = (database.take_changed() for database in self._both)
        return self._reader.read(*changes, answered=self._sb.answers)

    def run(self) -> str:
        """Take in what the servers sent; name who is out of reach, or ""."""
        for database in self._both:
            database.run()
        return ", ".join(d.label for d in self._both if not d.synced)

    def wait(self, longest: float = math.inf) -> None:
        """Wait until a server sends something, or for so long (s)."""
        poller = Poller()
        for database in self._both:
            database.wait(poller)
        if longest < math.inf:
            poller.timer_wait(max(0, int(longest * 1000) + 1))
        poller.block()

    def synchronise(self, since: int | None = None) -> None:
        """Take in both databases whole.

        Only the waiting is limited: what is big may take long to take in.

        :param since: a ``nb_seqno`` that NB is to be past as well
        :raises UnreachableError: where one does not send it in time
        """
        waited = 0.0
        while True:
            late = self.run()
            if not late and self.nb_seqno != since:
                return
            if waited >= self._settings.timeout:
                raise UnreachableError(self._too_late(late or "NB"))
            started = time.monotonic()
            self.wait(self._settings.timeout - waited)
            waited += time.monotonic() - started

    @property
    def nb_seqno(self) -> int:
        """A number that is another one whenever NB has changed."""
        return int(self.nb.replica.change_seqno)

    def strangers(self, chassis: str) -> list[str]:
        """Name what a chassis has that gwsched does not move off it."""
        units = self.read().units
        ours = {port.name for unit in units for port in unit.ports}
        found = [
            f"L3 gateway router {row.name}"
            for row in self.nb.rows["Logical_Router"].rows.values()
            if row.options.get("chassis") == chassis
        ]
        for row in self._sb.rows["Port_Binding"].rows.values():
            name = row.logical_port.removeprefix("cr-")
            holders = [holder.name for holder in row.chassis]
            if row.type == "chassisredirect" and name not in ours:
                found += [f"port {name}"] if chassis in holders else []
        return sorted(found)

    def _too_late(self, late: str) -> str:
        label = late.partition(",")[0]
        remotes = {"NB": self._settings.nb, "SB": self._settings.sb}[label]
        return (
            f"{label} did not send its content within "
            f"{self._settings.timeout:g} s: {', '.join(remotes)}"
        )


def read(settings: Settings) -> Snapshot:
    """Read both databases once; the lock is not touched.

    :raises UnreachableError: where one did not answer within the
        ``ovsdb_connection_timeout``
    """
    with opened(settings) as found:
        return found.read()


@contextmanager
def opened(
    settings: Settings, *, leader_only: bool = False
) -> Iterator[Connections]:
    """Connect to both databases and take them in; close them at the end.

    :param leader_only: whether NB has to be the leader of its cluster,
        which is where to write
    :raises UnreachableError: as :func:`read`
    """
    impatient = replace(settings, timeout=_share(settings))
    nb, sb = open_databases(impatient, leader_only=leader_only)
    try:
        _connect((nb, sb), settings.timeout)
        found = Connections(nb, sb, settings)
        found.synchronise()
        yield found
    finally:
        nb.close()
        sb.close()


def _share(settings: Settings) -> float:
    """How long one server may keep silent, in seconds.

    So short that there is time to ask the others, and that the time is not
    overrun by much where it ends while one is being asked.
    """
    return settings.timeout / 2 / max(len(settings.nb), len(settings.sb))


def _connect(databases: tuple[Database, ...], timeout: float) -> None:
    over = threading.Event()
    timer = threading.Timer(timeout, over.set)
    timer.daemon = True
    timer.start()
    try:
        for database in databases:
            _connect_one(database, over, timeout)
    finally:
        timer.cancel()


def _connect_one(
    database: Database, over: threading.Event, timeout: float
) -> None:
    try:
        database.connect(over, lambda: None)
    except StoppedError as error:
        raise UnreachableError(
            f"{database.label} could not be reached within {timeout:g} s: "
            f"{error}"
        ) from error
