# SPDX-License-Identifier: Apache-2.0
"""With writer.py the only writer: a plan as one guarded NB transaction.

Every list is verified, here and by the server, against what the plan was
made from; python-ovs adds an assertion of the lock, and the tenure one that
holds across the cluster.  Whatever comes in between makes the whole
transaction fail, and the next cycle plans anew.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ovs.db.idl import Transaction
from ovs.poller import Poller

from gwsched.connection import Database
from gwsched.decisions import Change, Relocation
from gwsched.model import OWN_GROUP, frozen_map
from gwsched.ovsdb.tenure import TABLE, Operation
from gwsched.reading import groups, intents
from gwsched.writer import StaleError, Writer

REBALANCE = intents.PREFIX + "rebalance"
NOTHING: Mapping[str, Any] = frozen_map({})

T = TypeVar("T")


class Result(enum.StrEnum):
    """What became of a transaction."""

    COMMITTED = "committed"
    STALE = "stale"
    NOT_LOCKED = "not_locked"
    FAILED = "failed"
    UNANSWERED = "unanswered"


def commit(
    nb: Database, changes: Sequence[Change], timeout: float
) -> tuple[Result, str]:
    """Write all changes, or none; return what became of it and a detail."""
    names = ", ".join(c.unit.name for c in changes[:3])
    comment = f"{len(changes)} lists ({names} ...)"
    return _write(nb, Writer.write, changes, comment, timeout)


def relocate(
    nb: Database, relocations: Sequence[Relocation], timeout: float
) -> tuple[Result, str]:
    """Pin L3 gateway routers elsewhere, all of them or none."""
    names = ", ".join(r.router.name for r in relocations[:3])
    comment = f"{len(relocations)} L3 gateway routers ({names} ...)"
    return _write(nb, Writer.relocate, relocations, comment, timeout)


def _write(
    nb: Database,
    add: Callable[[Writer, T], None],
    steps: Iterable[T],
    comment: str,
    timeout: float,
) -> tuple[Result, str]:
    row = nb.top
    if row is None:
        return NO_ROW
    transaction = _begun(nb, row, comment)
    try:
        writer = Writer(nb, transaction)
        for step in steps:
            add(writer, step)
    except StaleError as stale:
        transaction.abort()
        return Result.STALE, str(stale)
    except BaseException:
        transaction.abort()  # python-ovs has room for one at a time
        raise
    return _finish(nb, transaction, timeout)


def collect(
    nb: Database, orphans: Iterable[str], timeout: float
) -> tuple[Result, str]:
    """Delete groups of our own, those that still nobody refers to.

    Apart from all plans: if somebody takes up one of the groups meanwhile,
    ovsdb-server refuses the whole transaction (referential integrity).
    """
    there, users = nb.named("HA_Chassis_Group"), groups.users(nb.rows)
    ours = [name for name in orphans if name.startswith(OWN_GROUP)]
    rows = {name: there[name] for name in ours if name in there}
    unused = {n: row for n, row in rows.items() if not users[row.uuid.int]}
    names = ", ".join(sorted(unused)[:3])
    top = nb.top
    if top is None:
        return NO_ROW
    transaction = _begun(nb, top, f"{len(unused)} groups ({names} ...)")
    for row in unused.values():
        row.verify("name")
        row.verify("ha_chassis")
        row.delete()
    return _finish(nb, transaction, timeout)


def bump(nb: Database, timeout: float) -> tuple[Result, str]:
    """Raise ``nb_cfg`` by one: a heartbeat.

    A mutation, never a number of our own: others raise it too.
    """
    mutations = [["nb_cfg", "+=", 1]]
    return mutate_global(nb, mutations, "heartbeat", timeout)


def finish_rebalance(nb: Database, timeout: float) -> tuple[Result, str]:
    """Take back the intent to rebalance once, now that it is done.

    A mutation, never the whole map: Neutron and others write to it too.
    """
    mutations = [["external_ids", "delete", ["set", [REBALANCE]]]]
    return mutate_global(nb, mutations, "the rebalance is done", timeout)


def mutate_global(
    nb: Database,
    mutations: list[list[Any]],
    comment: str,
    timeout: float,
    unless_changed: Mapping[str, Any] = NOTHING,
) -> tuple[Result, str]:
    """Change the one row of NB_Global by mutations, all of them or none.

    :param unless_changed: what some columns must be still, as in OVSDB
    """
    row = nb.top
    if row is None:
        return NO_ROW
    here = {
        "table": TABLE,
        "where": [["_uuid", "==", ["uuid", str(row.uuid)]]],
    }
    waits = [
        {
            "op": "wait",
            **here,
            "timeout": 0,
            "columns": [column],
            "until": "==",
            "rows": [{column: value}],
        }
        for column, value in unless_changed.items()
    ]
    # First of all: the guard may change that very row.
    transaction = _begun(nb, row, comment, waits)
    transaction.add_op({"op": "mutate", **here, "mutations": mutations})
    return _finish(nb, transaction, timeout)


def _begun(
    nb: Database, row: Any, comment: str, first: Iterable[Operation] = ()
) -> Transaction:
    """Begin a transaction: of who holds the lock, or of an operator.

    :param row: the one of NB_Global
    """
    transaction = Transaction(nb.replica)
    by = ""
    guard: list[Operation] = []
    if nb.tenure is not None:
        by = f", by {nb.tenure.name}"
        guard = nb.tenure.guard(row)
    for operation in (*first, *guard):
        transaction.add_op(operation)
    transaction.add_comment(f"gwsched: {comment}{by}")
    return transaction


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


NO_ROW = (Result.STALE, "NB_Global has no row")
_RESULTS = {
    Transaction.SUCCESS: Result.COMMITTED,
    Transaction.UNCHANGED: Result.COMMITTED,
    Transaction.TRY_AGAIN: Result.STALE,
    Transaction.NOT_LOCKED: Result.NOT_LOCKED,
}
