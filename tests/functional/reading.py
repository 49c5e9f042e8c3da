# SPDX-License-Identifier: Apache-2.0
"""The daemon's own connections, without the daemon."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ovs.poller import Poller

from gwsched import conf
from gwsched.conf import Settings
from gwsched.connection import Database, open_databases
from tests.functional.ovn import Ovn, wait_for


def settings_for(ovn: Ovn) -> Settings:
    """The defaults, with these databases."""
    return replace(conf.load([])[1], nb=(ovn.nb,), sb=(ovn.sb,))


@contextmanager
def databases(
    ovn: Ovn, *, with_lock: bool = True, settings: Settings | None = None
) -> Iterator[tuple[Database, Database]]:
    """NB and SB, in sync, with the lock or waiting for it."""
    nb, sb = open_databases(settings or settings_for(ovn))
    try:
        for database in (nb, sb):
            database.connect(threading.Event(), lambda: None)
        nb.set_lock()
        catch_up(nb, sb, with_lock=with_lock)
        yield nb, sb
    finally:
        nb.close()
        sb.close()


def catch_up(nb: Database, sb: Database, *, with_lock: bool = True) -> None:
    """Run both until they are in sync and quiet, and the lock is ours."""

    def quiet() -> bool:
        changed = nb.run() | sb.run()
        poller = Poller()
        nb.wait(poller)
        sb.wait(poller)
        poller.timer_wait(50)
        poller.block()
        there = nb.synced and sb.synced and nb.has_lock == with_lock
        return there and not changed

    wait_for(lambda: quiet() and quiet(), "both databases in sync")
    hear_answers(sb)


def hear_answers(sb: Database) -> None:
    """Ask for the answers to heartbeats, and wait for what comes."""
    polling = sb.replica.polling
    polling.ask()

    def heard() -> bool:
        sb.run()
        return sb.synced and not polling.is_waiting

    wait_for(heard, "the answers to heartbeats")
