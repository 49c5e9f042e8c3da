# SPDX-License-Identifier: Apache-2.0
"""Schedulers: plug-ins that choose among the chassis that may host a unit.

``leastloaded`` and ``chance`` are ours; others are found by name under the
entry point group ``gwsched.schedulers``.
"""

from gwsched.schedulers.contract import Request, Scheduler
from gwsched.schedulers.draw import draw
from gwsched.schedulers.ledger import SAME_ZONE, Ledger
from gwsched.schedulers.pool import Pool

__all__ = [
    "SAME_ZONE",
    "Ledger",
    "Pool",
    "Request",
    "Scheduler",
    "draw",
]
