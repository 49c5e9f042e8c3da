# SPDX-License-Identifier: Apache-2.0
"""Who has been replaced writes nothing, through whichever server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from ovs.db.idl import Transaction

from gwsched import apply
from gwsched.apply import Result
from gwsched.connection import Database
from gwsched.ovsdb.tenure import KEY, TABLE, Operation
from tests.functional.cluster import Cluster
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import catch_up, databases, settings_for


@contextmanager
def holder(ovn: Ovn, nb: str) -> Iterator[Database]:
    """NB by one server, in sync and with that server's lock."""
    settings = replace(settings_for(ovn), nb=(nb,))
    with databases(ovn, settings=settings) as (found, _):
        yield found


def writer(ovn: Ovn) -> str:
    found = ovn.nbctl("--if-exists", "get", "nb", ".", f"external_ids:{KEY}")
    return found.strip('"')


def begin(nb: Database) -> str:
    """Write for the first time; return the name of the one who did."""
    assert nb.tenure is not None
    assert apply.bump(nb, 10)[0] is Result.COMMITTED
    return nb.tenure.name


def send(nb: Database, operation: Operation) -> Transaction:
    """Send a heartbeat, and hang before the server says anything."""
    transaction = apply._begun(nb, nb.top, "heartbeat")
    transaction.add_op(operation)
    transaction.commit()
    nb.replica._session.run()
    return transaction


def answer(nb: Database, sent: Transaction) -> Any:
    """Wait for the server's answer, and heed nothing else that it says."""

    def found() -> Any:
        session = nb.replica._session
        session.run()
        message = session.recv()
        is_it = message is not None and message.id == sent._request_id
        return message if is_it else None

    return wait_for(found, "an answer")


def heartbeat(nb: Database) -> Operation:
    return {
        "op": "mutate",
        "table": TABLE,
        "where": [["_uuid", "==", ["uuid", str(nb.top.uuid)]]],
        "mutations": [["nb_cfg", "+=", 1]],
    }


def test_what_waits_in_a_deposed_leader_is_not_written() -> None:
    """That server takes it for the holder's, and hands it to the next."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster())
        ovn = stack.enter_context(Ovn(nb=cluster.remotes))
        first = cluster.leader()
        old = stack.enter_context(holder(ovn, cluster.remote(first)))
        begin(old)
        cluster.pause(first)
        second = cluster.leader(first)
        new = stack.enter_context(holder(ovn, cluster.remote(second)))
        name = begin(new)
        sent = send(old, heartbeat(old))
        before = new.top.nb_cfg
        cluster.resume(first)
        results = answer(old, sent).result
        errors = [r["error"] for r in results if r and "error" in r]
        assert errors == ["timed out"]
        assert apply.bump(new, 10)[0] is Result.COMMITTED
        assert new.top.nb_cfg == before + 1
        assert new.top.external_ids[KEY] == name


def test_of_two_that_hold_a_lock_one_gives_way() -> None:
    """Each holds that of its own server; the last to begin is right."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster())
        ovn = stack.enter_context(Ovn(nb=cluster.remotes))
        remote = cluster.remote(cluster.leader())
        old = stack.enter_context(holder(ovn, remote))
        name = begin(old)
        ovn.nbctl("set", "nb", ".", f"external_ids:{KEY}=another")
        wait_for(lambda: old.run() and old.tenure is None, "it to give way")
        assert not old.has_lock
        assert apply.bump(old, 10)[0] is not Result.COMMITTED
        wait_for(lambda: old.run() and old.has_lock, "the lock, once more")
        assert begin(old) != name


def test_the_name_is_wiped_away(ovn: Ovn) -> None:
    with databases(ovn) as (nb, sb):
        name = begin(nb)
        assert writer(ovn) == name
        ovn.nbctl("clear", "nb", ".", "external_ids")
        assert apply.bump(nb, 10)[0] is Result.STALE
        catch_up(nb, sb)
        assert begin(nb) == writer(ovn) == name
