# SPDX-License-Identifier: Apache-2.0
"""The two databases: what is monitored of them, and staying connected.

Everything runs in the thread of the loop: an update only wakes it, and
nothing changes under a snapshot while it is read.  python-ovs reconnects by
itself; only the schema, which it needs first, is fetched with retries here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import tenacity
from ovs.poller import Poller

from gwsched.conf import Settings, Tls
from gwsched.ovsdb import session, streams, tenure
from gwsched.ovsdb.hearing import Hearing
from gwsched.ovsdb.identity import Identity
from gwsched.ovsdb.loading import Loading
from gwsched.ovsdb.monitoring import monitor
from gwsched.ovsdb.replica import Replica
from gwsched.ovsdb.schema import (
    SOUTHBOUND,
    Table,
    fetch_schema,
    northbound,
)
from gwsched.ovsdb.tenure import Tenure
from gwsched.reading.rows import Changes

LOG = logging.getLogger(__name__)

LOCK = "gwsched"
LONGEST_RETRY = 10.0


class StoppedError(Exception):
    """Told to stop before a database could be reached; says why not."""


class Database:
    """One database, monitored in part; connected or trying to be."""

    def __init__(
        self,
        label: str,
        name: str,
        remotes: tuple[str, ...],
        tables: Mapping[str, Table],
        settings: Settings,
        tls: Tls | None,
        *,
        leader_only: bool,
    ) -> None:
        self.label = label
        self._name = name
        self._remotes = remotes
        self._tables = tables
        self._settings = settings
        self._identity = Identity(tls)
        self._leader_only = leader_only
        self._idl: Replica | None = None
        self._synced = False
        self._anew = True
        self._failure = "it was not tried"
        self._hearing = Hearing(label, settings.timeout)
        self.tenure: Tenure | None = None
        self._loading = Loading(label)
        self.sessions = 0

    def connect(
        self, stopping: threading.Event, waiting: Callable[[], None]
    ) -> None:
        """Fetch the schema and start to monitor; retry until stopped.

        ``waiting`` is called before each attempt.

        :raises StoppedError: when stopped before it came to that
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(OSError),
            wait=tenacity.wait_exponential(0.25, max=LONGEST_RETRY),
            stop=tenacity.stop_when_event_set(stopping),
            sleep=tenacity.sleep_using_event(stopping),
            before_sleep=self._log_retry,
            reraise=True,
        )
        try:
            for attempt in retrying:
                waiting()
                if stopping.is_set():
                    raise StoppedError(self._failure)
                with attempt, self._identity.assumed():
                    schema = fetch_schema(
                        self._remotes,
                        self._name,
                        self._settings.timeout,
                        leads=self._leader_only,
                    )
                    self._idl = monitor(
                        self.label,
                        self._remotes,
                        schema,
                        self._tables,
                        self._settings,
                        leader_only=self._leader_only,
                    )
        except OSError as error:
            raise StoppedError(error.strerror or error) from error

    def assume(self, tls: Tls | None) -> None:
        """Connect anew with other TLS files, or renewed ones."""
        if tls != self._identity.tls:
            LOG.info("%s: connecting anew with renewed TLS files", self.label)
            self._identity.tls = tls
            self.replica.force_reconnect()

    def set_lock(self) -> None:
        """Ask for the lock without which nothing can be written."""
        self.replica.set_lock(LOCK)

    def steal_lock(self) -> None:
        """Take the lock from whoever has it: they do not write any more."""
        self.replica.steal_lock()

    @property
    def waits(self) -> bool:
        """Whether another client has the lock that we have asked for."""
        return self.synced and bool(self.replica.is_lock_contended)

    @property
    def replica(self) -> Replica:
        """The IDL; only after :meth:`connect`."""
        if self._idl is None:
            raise RuntimeError(f"{self.label} was not connected yet")
        return self._idl

    @property
    def rows(self) -> Mapping[str, Any]:
        """The monitored tables; each has ``rows`` by UUID."""
        tables: Mapping[str, Any] = self.replica.tables
        return tables

    def named(self, table: str) -> Mapping[str, Any]:
        """The rows of a table whose names are unique, by name."""
        return self.replica.named(table)

    def take_changed(self) -> Changes:
        """Return which rows have changed since the last call.

        None where any may have.
        """
        anew, self._anew = self._anew, False
        touched = self.replica.take_touched()
        return None if anew else touched

    @property
    def answers(self) -> Mapping[str, int]:
        """The last heartbeat that each chassis is known to have answered."""
        return self.replica.polling.answers

    @property
    def claimed(self) -> Mapping[str, Mapping[str, int]]:
        """How often each chassis was seen to claim each gateway port."""
        return self.replica.claims.seen

    @property
    def synced(self) -> bool:
        """Whether the replica is whole and kept up to date."""
        return self._synced

    @property
    def progress(self) -> str:
        """How far it has been loaded, in words."""
        return self._loading.state

    @property
    def has_lock(self) -> bool:
        """Whether the server last said that we hold the lock."""
        return self.synced and bool(self.replica.has_lock)

    def run(self) -> bool:
        """Take in what the server sent; say whether anything changed."""
        before = (self._state(), self._synced)
        untold = self._untold()
        with self._identity.assumed():
            is_told = self._hearing.hear(self.replica, time.monotonic())
        for trouble in self._identity.news():
            LOG.error("%s: %s", self.label, trouble)
        # What a new session finds gone is not told row by row, nor is what
        # comes before an error in an update.
        if untold != self._untold() or not is_told:
            self._anew = True
            self.replica.forget()
        self._note(self.replica.synced)
        self._follow_tenure()
        return before != (self._state(), self._synced)

    def _note(self, synced: bool) -> None:
        """Follow whether it is in sync, and say what an operator notices."""
        received, now = session.received(self.replica), time.monotonic()
        if not synced:
            self._loading.goes_on(received, now)
        elif not self._synced:
            self._loading.ends(received, now)
            self.sessions += 1
            LOG.info("%s: connected to %s", self.label, self._remote())
        if self._synced and not synced:
            LOG.warning(
                "%s: connection lost; trying %s until it is back",
                self.label,
                ", ".join(self._remotes),
            )
        self._synced = synced

    def _follow_tenure(self) -> None:
        """Note when the lock comes and goes, and who writes without it."""
        if not self.has_lock:
            if self.tenure is not None and self.waits:
                self.replica.queue_again()  # it was stolen
            self.tenure = None
            return
        if self.tenure is None:
            self.tenure = Tenure()
        row = self.top
        if row is not None and self.tenure.is_over(row):
            LOG.warning(
                "%s: %s writes by now, though %s gave the lock to us: that "
                "server does not lead any more, or somebody has written "
                "external_ids:%s; connecting anew",
                self.label,
                row.external_ids[tenure.KEY],
                self._remote(),
                tenure.KEY,
            )
            self.replica.force_reconnect()
            self._synced, self.tenure = False, None

    @property
    def top(self) -> Any:
        """The one row of NB_Global; None where there is none."""
        return next(iter(self.rows[tenure.TABLE].rows.values()), None)

    def wait(self, poller: Poller) -> None:
        """Register what shall wake the loop."""
        self.replica.wait(poller)

    def close(self) -> None:
        """Close the connection; the server releases the lock with it."""
        if self._idl is not None:
            self._idl.close()

    def _state(self) -> tuple[int, bool]:
        return self.replica.change_seqno, bool(self.replica.has_lock)

    def _untold(self) -> int:
        """How many changes python-ovs has counted but told nobody of.

        Taking the lock counts as a change, too.
        """
        replica = self.replica
        return int(replica.change_seqno - replica.told - replica.has_lock)

    def _remote(self) -> str:
        return str(self.replica.session_name())

    def _log_retry(self, state: tenacity.RetryCallState) -> None:
        failure = state.outcome and state.outcome.exception()
        self._failure = getattr(failure, "strerror", None) or str(failure)
        pause = state.next_action.sleep if state.next_action else 0
        LOG.warning(
            "%s: not to be reached (%s); next try in %.1f s. Is %s right "
            "and the server running?",
            self.label,
            self._failure,
            pause,
            f"[ovn] ovn_{self.label.lower()}_connection",
        )


def open_databases(
    settings: Settings, *, leader_only: bool = True
) -> tuple[Database, Database]:
    """Return NB and SB, not connected yet, each with its TLS identity.

    Who only reads NB need not insist on the leader of its cluster.

    :raises ConfigurationError: where python-ovs cannot have so many
    """
    streams.prepare(settings.tls)
    # Locks are per server, not per cluster: only the leader's is the lock.
    nb = Database(
        "NB",
        "OVN_Northbound",
        settings.nb,
        northbound(nat=settings.load_nat),
        settings,
        settings.tls.nb,
        leader_only=leader_only,
    )
    sb = Database(
        "SB",
        "OVN_Southbound",
        settings.sb,
        SOUTHBOUND,
        settings,
        settings.tls.sb,
        leader_only=False,
    )
    return nb, sb
