# SPDX-License-Identifier: Apache-2.0
"""A replica of a database that notes what has changed since it was asked."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from ovs.db import error, idl
from ovs.poller import Poller
from ovsdbapp.backend.ovs_idl.connection import OvsdbIdl

from gwsched.model import NOBODY
from gwsched.ovsdb.claimed import Claims
from gwsched.ovsdb.names import Names
from gwsched.ovsdb.packed import Columns, PackedRows, unpacked
from gwsched.ovsdb.polling import Polling
from gwsched.ovsdb.schema import Table, columns_there
from gwsched.ovsdb.session import NonsenseError


class Replica(OvsdbIdl):  # type: ignore[misc]
    """ovsdbapp's IDL without a sleep per row: nobody else runs here.

    ``touched`` collects the rows that have changed, by table, ``told``
    counts the changes, and ``claims`` those of cr-ports by chassis.
    ``outdated`` is whether the server has other columns by now.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.touched: defaultdict[str, set[UUID]] = defaultdict(set)
        self.told = 0
        self.claims = Claims()
        self._named: dict[str, Names] = {}
        self._wanted: Mapping[str, Table] = {}
        self._there: Mapping[str, tuple[str, ...]] = {}
        self.outdated = False
        super().__init__(*args, **kwargs)
        for table in self.tables.values():
            table.rows = PackedRows(table, self._make)
        self.polling = Polling(
            self._db.name,
            self.tables,
            self._ask,
            self._note_answers,
            time.monotonic,
        )

    def expect(
        self,
        wanted: Mapping[str, Table],
        there: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Note what we want, and what of it the server began with."""
        self._wanted, self._there = wanted, there
        self.polling.is_needed = any(t.asked for t in wanted.values())

    def restart_fsm(self) -> None:
        """Begin a session; hear whether the server was upgraded meanwhile.

        python-ovs asks for the columns of the beginning for ever, in vain
        where they are gone.  (The schema in _Server is that of the start of
        the server, with OVS 3.1.)
        """
        super().restart_fsm()
        self._session.forget()
        self.polling.begin()
        self._ask("get_schema", [self._db.name], self._hear_schema)

    def notify(self, event: str, row: Any, updates: Any = None) -> None:
        """Note that a row has changed; nothing is decided here.

        Called once all changes of a transaction have been taken in.
        """
        self.told += 1
        table = row._table.name
        self.touched[table].add(row.uuid)
        if table == "Port_Binding":
            self._note_binding(event, row, updates)
        elif table in self._named:
            self._named[table].follow(event, row, updates)
        self.polling.stir(table)

    def run(self) -> bool:
        """Take in what has come, and ask for what has to be asked for."""
        changed = super().run()
        if self._is_monitoring:
            self.polling.run()
        return bool(changed)

    def wait(self, poller: Poller) -> None:
        """Register what shall wake the loop."""
        super().wait(poller)
        if self._is_monitoring:
            self.polling.wait(poller)

    def take_touched(self) -> Mapping[str, set[UUID]]:
        """Return the rows that have changed since the last call."""
        touched, self.touched = self.touched, defaultdict(set)
        return touched

    def named(self, table: str) -> Names:
        """Return the rows of a table by their names, which are unique.

        To look at all of them for every write takes 4 us a row.
        """
        if table not in self._named:
            self._named[table] = Names(self.tables[table].rows)
        return self._named[table]

    def forget(self) -> None:
        """Know no rows by their names any more; they may be others."""
        self._named.clear()

    @property
    def synced(self) -> bool:
        """Whether it is whole and kept up to date."""
        return self.polling.is_known and self._is_monitoring

    @property
    def _is_monitoring(self) -> bool:
        there = self.state == idl.Idl.IDL_S_MONITORING
        return bool(there and self._session.is_connected())

    @property
    def progress(self) -> object:
        """Something else whenever one has come nearer to being in sync.

        None while there is nothing to wait for.  Probes are answered by
        less than what counts.
        """
        rpc = self._session.rpc
        if rpc is None or (self.synced and not self.polling.is_waiting):
            return None
        seqno = self._session.get_seqno()
        return seqno, self.state, rpc.received_bytes // 4096

    def begin_anew(self) -> None:
        """Connect again, not at once, and ask for everything."""
        self.last_id = str(UUID(int=0))
        self.state = self.IDL_S_INITIAL
        self._session.force_reconnect()

    def steal_lock(self) -> None:
        """Take the lock that we wait for from whoever has it.

        ovsdb-server tells them, and refuses what they write from then on.
        python-ovs knows the answer to this, but not how to ask.
        """
        self._ask_anew("steal")

    def queue_again(self) -> None:
        """Wait again for a lock that was taken from us.

        Who has stolen it themselves is not put back into the queue by
        ovsdb-server; who has waited for it is.
        """
        self._ask_anew("lock")

    def _ask_anew(self, method: str) -> None:
        # No lock twice in one session (RFC 7047, 4.1.9).
        self._Idl__do_send_lock_request("unlock")
        self._lock_request_id = self._Idl__do_send_lock_request(method)

    def cooperative_yield(self) -> None:
        """Do not yield; the loop is the only thread of the databases."""

    def _Idl__do_parse_update(  # noqa: N802, python-ovs' name for it
        self, updates: Any, version: str, tables: Mapping[str, Any]
    ) -> None:
        """Take what is there at the beginning as it came.

        Nobody is told of it row by row: it comes in a new session.  Where
        python-ovs calls this otherwise, it does so all by itself.

        An error is to be heard.  python-ovs logs it and goes on with what it
        has: with an empty database, in sync, where the answer was nonsense.
        """
        if isinstance(updates, dict):
            updates = {
                name: self._take(tables.get(name), rows)
                for name, rows in updates.items()
            }
        try:
            super()._Idl__do_parse_update(updates, version, tables)
        except error.Error as wrong:
            raise NonsenseError(str(wrong)) from wrong
        finally:
            for table in self.tables.values():
                table.rows.settle()

    def _ask(
        self, method: str, params: list[Any], hear: Callable[[Any], None]
    ) -> None:
        """Ask the server of the session that there is by now."""
        self._session.ask(method, params, hear)

    def _note_answers(self) -> None:
        """Count answers that were asked for as a change that was told."""
        self.told += 1
        self.change_seqno += 1

    @staticmethod
    def _take(table: Any, rows: Any) -> Any:
        """Keep rows that were packed; return what is left to do."""
        if not isinstance(rows, dict):
            return rows
        if table is not None and isinstance(table.rows, PackedRows):
            return table.rows.take(rows)
        return {uuid: unpacked(update) for uuid, update in rows.items()}

    def _make(self, table: Any, uuid: UUID, columns: Columns) -> Any:
        """Make python-ovs' object of a row, in its own way."""
        row = self._Idl__create_row(table, uuid)
        self._Idl__add_default(table, columns)
        self._Idl__row_update(table, row, columns)
        return row

    def _hear_schema(self, message: Any) -> None:
        """Note whether there are others of the columns that we want."""
        if not message.error and isinstance(message.result, dict):
            try:
                there = columns_there(message.result, self._wanted)
            except OSError:
                there = {}  # which connecting anew will say
            self.outdated = there != self._there

    def _note_binding(self, event: str, row: Any, updates: Any) -> None:
        if row.type != "chassisredirect":
            return
        port = row.logical_port.removeprefix("cr-")
        if event == idl.ROW_DELETE:
            self.claims.went(port)
        elif event == idl.ROW_CREATE:
            self.claims.came(port)  # its chassis may have claimed long ago
        elif hasattr(updates, "chassis"):
            names = [chassis.name for chassis in row.chassis]
            self.claims.add(port, *(names or [NOBODY]))
