# SPDX-License-Identifier: Apache-2.0
"""One holding of the lock, known to the database itself.

An OVSDB lock is a server's, not the cluster's, and a transaction asserts it
at the server that it was sent to.  One that is deposed as leader while a
transaction waits in it forwards that to its successor, which has long given
the lock to somebody else (raft.c; tests/functional/test_tenure.py shows it).
So whoever has come to hold the lock puts a name of its own into NB with its
first transaction, and every later one waits, with a timeout of 0, for that
name: the cluster itself refuses who has been replaced.
"""

from __future__ import annotations

import secrets
import socket
from typing import Any

# No intent, so without their prefix "gwsched-".
KEY = "gwsched_writer"
TABLE = "NB_Global"

Operation = dict[str, Any]


class Tenure:
    """From taking the lock to losing it; ``name`` is never used again."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._begun = False

    def is_over(self, row: Any) -> bool:
        """Whether somebody else has begun to write since we did."""
        found = row.external_ids.get(KEY)
        if found == self.name:
            self._begun = True
        return self._begun and found not in (None, self.name)

    def guard(self, row: Any) -> list[Operation]:
        """Return what must come first in a transaction.

        :param row: the one of NB_Global, as we know it
        """
        here: list[Any] = ["_uuid", "==", ["uuid", str(row.uuid)]]
        found = row.external_ids.get(KEY)
        if found == self.name:
            return [_has(here, found)]
        taking: Operation = {"op": "mutate", "table": TABLE, "where": [here]}
        # "insert" leaves a key as it is that is there already.
        insert = ["external_ids", "insert", ["map", [[KEY, self.name]]]]
        if found is None:
            taking["mutations"] = [insert]
            return [taking, _has(here, self.name)]
        delete = ["external_ids", "delete", ["set", [KEY]]]
        taking["mutations"] = [delete, insert]
        return [_has(here, found), taking]


def _has(here: list[Any], name: str) -> Operation:
    """Fail unless a row has this very name; what else is in it may change."""
    has = ["external_ids", "includes", ["map", [[KEY, name]]]]
    return {
        "op": "wait",
        "table": TABLE,
        "timeout": 0,
        "where": [here, has],
        "columns": ["nb_cfg"],
        "until": "!=",
        "rows": [],
    }
