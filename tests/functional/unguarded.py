# SPDX-License-Identifier: Apache-2.0
"""gwsched without some of what guards its writes.

To see that who watches the writes notices, and to have an older version
beside a newer one: ``python -m tests.functional.unguarded WHAT ...``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ovs.db import idl

from gwsched import service
from gwsched.connection import Database
from gwsched.ovsdb.tenure import Operation, Tenure


def without_lock() -> None:
    """Write whoever has the lock, and let no server ask for it."""
    commit = idl.Transaction.commit

    def committing(self: idl.Transaction) -> Any:
        known, self.idl.lock_name = self.idl.lock_name, None
        try:
            return commit(self)
        finally:
            self.idl.lock_name = known

    idl.Transaction.commit = committing
    Database.has_lock = property(lambda self: self.synced)  # type: ignore[method-assign, assignment]


def without_tenure() -> None:
    """Say who writes, and let nobody heed it."""
    guard = Tenure.guard

    def announcing(self: Tenure, row: Any) -> list[Operation]:
        return [o for o in guard(self, row) if o["op"] != "wait"]

    Tenure.guard = announcing  # type: ignore[method-assign]
    Tenure.is_over = lambda *_: False  # type: ignore[method-assign]


def without_both() -> None:
    without_lock()
    without_tenure()


def former() -> None:
    """Be one from before there were tenures."""
    Database._follow_tenure = lambda _: None  # type: ignore[method-assign, assignment]


BREAK: Mapping[str, Callable[[], None]] = {
    "lock": without_lock,
    "tenure": without_tenure,
    "both": without_both,
    "former": former,
}

if __name__ == "__main__":
    BREAK[sys.argv.pop(1)]()
    sys.exit(service.main())
