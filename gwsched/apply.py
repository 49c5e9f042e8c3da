# SPDX-License-Identifier: Apache-2.0
"""The only writer: a plan's changes as one guarded NB transaction.

Every list is verified, here and by the server, against what the plan was
made from; python-ovs adds an assertion of the lock.  Whatever comes in
between makes the whole transaction fail, and the next cycle plans anew.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Iterable, Sequence
from typing import Any

from ovs.db.idl import Transaction
from ovs.poller import Poller

from gwsched.connection import Database
from gwsched.model import Candidate, Change, Form

GROUP_PREFIX = "gwsched-"


class Result(enum.StrEnum):
    """What became of a transaction."""

    COMMITTED = "committed"
    STALE = "stale"
    NOT_LOCKED = "not_locked"
    FAILED = "failed"
    UNANSWERED = "unanswered"


class StaleError(Exception):
    """What was planned for is not what is there any more."""


def commit(
    nb: Database, changes: Sequence[Change], timeout: float
) -> tuple[Result, str]:
    """Write all changes, or none; return what became of it and a detail."""
    transaction = Transaction(nb.replica)
    writer = _Writer(nb, transaction)
    try:
        for change in changes:
            writer.write(change)
    except StaleError as stale:
        transaction.abort()
        return Result.STALE, str(stale)
    names = ", ".join(c.unit.name for c in changes[:3])
    transaction.add_comment(f"gwsched: {len(changes)} lists ({names} ...)")
    return _finish(nb, transaction, timeout)


def bump(nb: Database, timeout: float) -> tuple[Result, str]:
    """Raise ``nb_cfg`` by one: a heartbeat.

    A mutation, never a number of our own: others raise it too.
    """
    row = next(iter(nb.rows["NB_Global"].rows.values()), None)
    if row is None:
        return Result.STALE, "NB_Global has no row"
    transaction = Transaction(nb.replica)
    transaction.add_op(
        {
            "op": "mutate",
            "table": "NB_Global",
            "where": [["_uuid", "==", ["uuid", str(row.uuid)]]],
            "mutations": [["nb_cfg", "+=", 1]],
        }
    )
    transaction.add_comment("gwsched: heartbeat")
    return _finish(nb, transaction, timeout)


def _finish(
    nb: Database, transaction: Transaction, timeout: float
) -> tuple[Result, str]:
    """Wait for the server's answer, for no longer than the timeout.

    Without one the outcome is open: reconnecting reads what is there.
    """
    deadline = time.monotonic() + timeout
    while (status := transaction.commit()) == Transaction.INCOMPLETE:
        nb.run()
        left = deadline - time.monotonic()
        if left <= 0:
            transaction.abort()
            nb.replica.force_reconnect()
            return Result.UNANSWERED, f"no answer within {timeout:.0f} s"
        poller = Poller()
        nb.wait(poller)
        transaction.wait(poller)
        poller.timer_wait(int(left * 1000) + 1)
        poller.block()
    return _RESULTS.get(status, Result.FAILED), str(transaction.get_error())


_RESULTS = {
    Transaction.SUCCESS: Result.COMMITTED,
    Transaction.UNCHANGED: Result.COMMITTED,
    Transaction.TRY_AGAIN: Result.STALE,
    Transaction.NOT_LOCKED: Result.NOT_LOCKED,
}


class _Writer:
    """Turns changes into row operations of one transaction."""

    def __init__(self, nb: Database, transaction: Transaction) -> None:
        self._tables = nb.rows
        self._transaction = transaction
        self._ports = _by_name(nb, "Logical_Router_Port")
        self._groups = _by_name(nb, "HA_Chassis_Group")
        self._taken = set(_by_name(nb, "Gateway_Chassis"))

    def write(self, change: Change) -> None:
        """Add one change; :raises StaleError: where it does not fit."""
        if change.form is Form.GATEWAY_CHASSIS:
            self._write_port(change)
        elif change.unit.form is None:
            self._write_new_group(change)
        else:
            self._write_group(change)

    def _write_port(self, change: Change) -> None:
        port = self._port(change.unit.ports[0].name)
        if port.ha_chassis_group:
            raise StaleError(f"{port.name} now has an ha_chassis_group")
        self._rewrite(port, "gateway_chassis", "Gateway_Chassis", change)

    def _write_new_group(self, change: Change) -> None:
        """Give a port a group of its own; one left from before will do."""
        port = self._port(change.unit.ports[0].name)
        if port.ha_chassis_group or port.gateway_chassis:
            raise StaleError(f"{port.name} has candidates by now")
        name = GROUP_PREFIX + port.name
        group = self._groups.get(name)
        if group is None:
            group = self._transaction.insert(self._tables["HA_Chassis_Group"])
            group.name = name
        else:
            self._verify(group, "ha_chassis")
        group.ha_chassis = [
            self._row({}, "HA_Chassis", port.name, candidate)
            for candidate in change.candidates
        ]
        port.ha_chassis_group = group

    def _write_group(self, change: Change) -> None:
        group = self._groups.get(change.unit.name)
        if group is None:
            raise StaleError(f"group {change.unit.name} is gone")
        self._rewrite(group, "ha_chassis", "HA_Chassis", change)
        for unit_port in change.unit.ports:
            port = self._port(unit_port.name)
            if port.ha_chassis_group != [group]:
                raise StaleError(f"{port.name} left group {group.name}")
            if port.gateway_chassis and not change.unit.neutron:
                port.gateway_chassis = []

    def _rewrite(
        self, owner: Any, column: str, table: str, change: Change
    ) -> None:
        """Change in a list what differs, and keep the rows of the rest."""
        rows = self._guarded(owner, column, change)
        wanted = [
            self._row(rows, table, owner.name, candidate)
            for candidate in change.candidates
        ]
        if set(wanted) != set(getattr(owner, column)):
            setattr(owner, column, wanted)

    def _port(self, name: str) -> Any:
        port = self._ports.get(name)
        if port is None:
            raise StaleError(f"router port {name} is gone")
        self._verify(port, "ha_chassis_group", "gateway_chassis")
        return port

    def _guarded(self, owner: Any, column: str, change: Change) -> Any:
        """Return the rows to keep, by chassis, all of them verified."""
        self._verify(owner, column)
        rows = getattr(owner, column)
        there = {(row.chassis_name, row.priority) for row in rows}
        known = {(c.chassis, c.priority) for c in change.unit.candidates}
        if there != known:
            raise StaleError(f"the list of {owner.name} has changed")
        kept: dict[str, Any] = {}
        for row in sorted(rows, key=lambda r: r.priority):
            self._verify(row, "chassis_name", "priority")
            kept[row.chassis_name] = row  # of two the better one
        return kept

    def _verify(self, row: Any, *columns: str) -> None:
        """Let the server check that columns are still as we read them.

        python-ovs (up to 4.0) sends the check only for rows that the
        transaction also writes to, unless it is told that they belong.
        """
        for column in columns:
            row.verify(column)
        self._transaction._txn_rows[row.uuid] = row

    def _row(
        self, kept: dict[str, Any], table: str, owner: str, wanted: Candidate
    ) -> Any:
        """Return the candidate's row, changed or made as need be."""
        row = kept.get(wanted.chassis)
        if row is None:
            row = self._transaction.insert(self._tables[table])
            row.chassis_name = wanted.chassis
            row.priority = wanted.priority
            if table == "Gateway_Chassis":
                row.name = self._free_name(f"{owner}_{wanted.chassis}")
        elif row.priority != wanted.priority:
            row.priority = wanted.priority
        return row

    def _free_name(self, name: str) -> str:
        """The name Neutron would give; names are unique but only a habit."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def _by_name(nb: Database, table: str) -> dict[str, Any]:
    rows: Iterable[Any] = nb.rows[table].rows.values()
    return {row.name: row for row in rows}
