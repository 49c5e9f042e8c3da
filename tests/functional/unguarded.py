# SPDX-License-Identifier: Apache-2.0
"""gwsched as it was before there were tenures: the lock is all it heeds.

``python -m tests.functional.unguarded former ...`` is the older version
beside a newer one.
"""

from __future__ import annotations

import sys

from gwsched import service
from gwsched.connection import Database


def former() -> None:
    """Leave no name in NB, nor look for one."""
    Database._follow_tenure = lambda _: None  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    sys.argv.remove("former")
    former()
    sys.exit(service.main())
