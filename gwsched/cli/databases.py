# SPDX-License-Identifier: Apache-2.0
"""One snapshot of both databases, or a clear word on why there is none."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from ovs.poller import Poller

from gwsched import snapshot
from gwsched.conf import Settings
from gwsched.connection import Database, StoppedError, open_databases
from gwsched.model import Snapshot


class UnreachableError(Exception):
    """A database that did not answer in time; one clear line."""


def read(settings: Settings) -> Snapshot:
    """Read both databases once; the lock is not touched.

    :raises UnreachableError: where one did not answer within the
        ``ovsdb_connection_timeout``
    """
    impatient = replace(settings, timeout=_share(settings))
    nb, sb = open_databases(impatient, leader_only=False)
    try:
        _connect((nb, sb), settings.timeout)
        _synchronise((nb, sb), settings)
        return snapshot.read(nb.rows, sb.rows, settings)
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


def _synchronise(databases: tuple[Database, ...], settings: Settings) -> None:
    """Take in both databases whole.

    Only the waiting is limited: what is big may take long to take in.
    """
    waited = 0.0
    while True:
        for database in databases:
            database.run()
        late = [d.label for d in databases if not d.synced]
        if not late:
            return
        if waited >= settings.timeout:
            raise UnreachableError(_too_late(late[0], settings))
        waited += _wait(databases, settings.timeout - waited)


def _wait(databases: tuple[Database, ...], longest: float) -> float:
    """Wait until a server sends something; return for how long (s)."""
    poller = Poller()
    for database in databases:
        database.wait(poller)
    poller.timer_wait(int(longest * 1000) + 1)
    started = time.monotonic()
    poller.block()
    return time.monotonic() - started


def _too_late(label: str, settings: Settings) -> str:
    remotes = {"NB": settings.nb, "SB": settings.sb}[label]
    return (
        f"{label} did not send its content within {settings.timeout:g} s: "
        f"{', '.join(remotes)}"
    )
