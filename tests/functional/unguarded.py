# SPDX-License-Identifier: Apache-2.0
"""gwsched without one of the guards of its writes.

To see that what watches the writes notices, and as what an older version is
beside a newer one: ``python -m tests.functional.unguarded tenure ...``.
"""

from __future__ import annotations

import sys
from typing import Any

from ovs.db import idl

from gwsched import service
from gwsched.ovsdb.tenure import Tenure


def without_lock() -> None:
    """Write whoever has the lock: python-ovs is not told of any."""
    commit = idl.Transaction.commit

    def committing(self: idl.Transaction) -> Any:
        known, self.idl.lock_name = self.idl.lock_name, None
        try:
            return commit(self)
        finally:
            self.idl.lock_name = known

    idl.Transaction.commit = committing


def without_tenure() -> None:
    """Leave no name in NB, nor look for one."""
    Tenure.guard = lambda *_: []  # type: ignore[method-assign]
    Tenure.is_over = lambda *_: False  # type: ignore[method-assign]


def main() -> int:
    """Run the daemon with what is left."""
    which = sys.argv.pop(1)
    if which in ("lock", "both"):
        without_lock()
    if which in ("tenure", "both"):
        without_tenure()
    return service.main()


if __name__ == "__main__":
    sys.exit(main())
