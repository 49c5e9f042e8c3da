# SPDX-License-Identifier: Apache-2.0
"""The vantage points: chassis whose tunnel BFD may be read.

Each is a database of its own, and a help, never a need: one that is away,
hangs or is something else costs a line of log and a metric.  So no schema
is fetched first, and nothing here waits or raises.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ovs.db import idl
from ovs.poller import Poller
from ovsdbapp.backend.ovs_idl import vlog

from gwsched.conf import Settings
from gwsched.conf.options.ovn import LOCAL_OVS
from gwsched.model import Vantage
from gwsched.ovsdb import session, vswitch
from gwsched.ovsdb.identity import Identity

LOG = logging.getLogger(__name__)
PYTHON_OVS = logging.getLogger(vlog.__name__)

# How long to leave python-ovs alone after it has raised (seconds).
RETRY = 5.0
# ovs-vswitchd is taken for dead when it has left out so many rounds of
# counting; what it wrote last stays in the database, "up" for ever.
ROUNDS = 3


class Vantages:
    """All that are configured."""

    def __init__(self, settings: Settings) -> None:
        # What a main database has to say is to be heard in any case.
        main = {*settings.nb, *settings.sb}
        self._hush = Hush({*settings.ovs} - main)
        PYTHON_OVS.addFilter(self._hush)
        self._points = [
            _Point(remote, settings, self._hush)
            for remote in sorted(settings.ovs)
        ]

    def run(self, now: float) -> bool:
        """Take in what the servers sent; say whether any view changed."""
        changed = [point.run(now) for point in self._points]
        return any(changed)

    def wait(self, poller: Poller) -> None:
        """Register what shall wake the loop."""
        for point in self._points:
            point.wait(poller)

    def close(self) -> None:
        """Close every connection."""
        for point in self._points:
            point.close()
        PYTHON_OVS.removeFilter(self._hush)

    @property
    def seen(self) -> tuple[Vantage, ...]:
        """What can be relied on, by remote."""
        return tuple(p.seen for p in self._points if p.seen is not None)

    @property
    def in_use(self) -> Mapping[str, bool]:
        """Whether there is a view to rely on, by remote."""
        return {point.remote: point.seen is not None for point in self._points}


class _Point:
    """One of them; ``seen`` is None where there is nothing to rely on."""

    def __init__(self, remote: str, settings: Settings, hush: Hush) -> None:
        self.remote = remote
        self.seen: Vantage | None = None
        self._settings = settings
        self._hush = hush
        self._replica: _Replica | None = None
        self._identity = Identity(settings.tls.ovs)
        self._retry_at = -math.inf
        self._raised = ""
        self._synced = False
        self._read: Vantage | None = None
        self._counted_at = math.inf
        self._trying_since: float | None = None
        self._told: bool | None = None

    def run(self, now: float) -> bool:
        """Take in what the server sent; say whether the view changed."""
        before = self.seen
        self.seen, why_not = self._look(now)
        self._tell(why_not, now)
        return self.seen != before

    def wait(self, poller: Poller) -> None:
        """Register what shall wake the loop."""
        if self._replica is not None:
            self._replica.wait(poller)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._replica is not None:
            self._replica.close()
            self._replica = None

    def _look(self, now: float) -> tuple[Vantage | None, str]:
        """Return what can be relied on, and why nothing can."""
        try:
            replica = self._take_in(now)
        except Exception as error:  # whatever a server may send
            self.close()
            self._retry_at = now + RETRY
            self._raised = str(error) or type(error).__name__
            replica = None
        if replica is None or not replica.synced:
            self._synced = False
            return None, self._why_not(replica)
        self._note(replica, now)
        if self._read is None:
            return None, "its external_ids have no system-id"
        if replica.counts and now - self._counted_at >= replica.patience:
            return None, "its ovs-vswitchd has stopped counting packets"
        return self._read, ""

    def _take_in(self, now: float) -> _Replica | None:
        """Let python-ovs work; it raises whatever its libraries raise."""
        if self._replica is None:
            if now < self._retry_at:
                return None
            self._replica = _Replica(self.remote, self._settings.probe_ms)
        with self._identity.assumed():
            self._replica.run()
        return self._replica

    def _note(self, replica: _Replica, now: float) -> None:
        """Read what has changed, all of it in a new session."""
        if not self._synced:
            self._synced = True
            self._counted_at = math.inf
            self._raised = ""
            self._hush.forget(self.remote)
            replica.changed = True
        if replica.counted:
            replica.counted = False
            self._counted_at = now
        if replica.changed:
            replica.changed = False
            self._read = vswitch.read(self.remote, replica.tables)

    def _why_not(self, replica: _Replica | None) -> str:
        if replica is None:
            return self._raised
        hint = "it hangs, or is no Open_vSwitch database"
        default = hint if replica.reached else "no connection"
        trouble = self._identity.troubles.get(self.remote)
        return trouble or self._hush.said(self.remote) or default

    def _tell(self, why_not: str, now: float) -> None:
        """Log whether there is a view, once it is clear and if it is new."""
        if self._trying_since is None:
            self._trying_since = now
        there = self.seen is not None
        early = now - self._trying_since < self._settings.timeout
        if there is self._told or (self._told is None and not there and early):
            return
        self._told = there
        if self.seen is not None:
            LOG.info("%s: sees the tunnels of %s", self, self.seen.chassis)
            return
        LOG.log(
            logging.INFO if self._is_usual() else logging.WARNING,
            "%s: nothing to be seen from there (%s); trying on",
            self,
            why_not,
        )

    def _is_usual(self) -> bool:
        """Whether it is the default, on a host that is no chassis."""
        path = self.remote.removeprefix("unix:")
        return self.remote == LOCAL_OVS and not Path(path).exists()

    def __str__(self) -> str:
        return f"vantage point {self.remote}"


class _Replica(idl.Idl):  # type: ignore[misc]
    """What is needed of one database.

    ``changed`` is set where something changes that is read, ``counted``
    where ovs-vswitchd has written counters.
    """

    def __init__(self, remote: str, probe_ms: int) -> None:
        helper = idl.SchemaHelper(schema_json=vswitch.SCHEMA)
        helper.register_all()
        self.changed = self.counted = False
        super().__init__(
            remote, helper, probe_interval=probe_ms, leader_only=False
        )
        session.take_over(self, probe_ms)
        for name, where in vswitch.WHERE.items():
            # Not through cond_change(), see connection.py.
            condition = self.tables[name].condition_state
            condition.init(where)
            condition.request()
            condition.ack()

    @property
    def reached(self) -> bool:
        """Whether there is a connection."""
        return bool(self._session.is_connected())

    @property
    def synced(self) -> bool:
        """Whether it is whole and kept up to date."""
        return self.reached and self.state == self.IDL_S_MONITORING

    @property
    def counts(self) -> bool:
        """Whether there is anything that ovs-vswitchd counts."""
        return bool(self.tables["Interface"].rows)

    @property
    def patience(self) -> float:
        """How long ovs-vswitchd may count nothing (seconds)."""
        return ROUNDS * vswitch.counting(self.tables)

    def notify(self, event: str, row: Any, updates: Any = None) -> None:
        """Note what a change is about; nothing is decided here.

        BFD sends packets whatever it hears, so there is always something
        to count.
        """
        if event != idl.ROW_UPDATE:
            self.changed = True
            self.counted |= bool(getattr(row, "statistics", None))
            return
        columns = self.tables[row._table.name].columns
        found = {name for name in columns if hasattr(updates, name)}
        self.counted |= "statistics" in found
        self.changed |= found != {"statistics"}


class Hush(logging.Filter):
    """Keeps python-ovs from logging every attempt to connect.

    What it would have said last is kept: it says nowhere else why one
    failed.
    """

    def __init__(self, remotes: Collection[str]) -> None:
        super().__init__()
        self._said = dict.fromkeys(remotes, "")

    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what is about others, and content that is broken."""
        remote, _, said = record.getMessage().partition(": ")
        if remote not in self._said or said.startswith("error parsing update"):
            return True
        self._said[remote] = said
        return False

    def said(self, remote: str) -> str:
        """Return the last word about a remote."""
        return self._said.get(remote, "")

    def forget(self, remote: str) -> None:
        """Start anew with a remote."""
        if remote in self._said:
            self._said[remote] = ""
