# SPDX-License-Identifier: Apache-2.0
"""The daemon's document without a daemon: what the databases alone say.

What nobody but a daemon knows is null, or empty.
"""

from __future__ import annotations

from gwsched import planner
from gwsched.cli.daemon import contract
from gwsched.cli.daemon.contract import Document
from gwsched.cli.forecast import assumed
from gwsched.conf import Settings
from gwsched.model import Snapshot
from gwsched.schedulers import Scheduler
from gwsched.telemetry.gauges import View
from gwsched.web import overview

UNKNOWN: Document = {
    "version": None,
    "host": None,
    "role": None,
    "time": None,
    "configuration": {"read_at": None, "good": None, "error": None},
    "waiting": {},
    "uneven": None,
    "daemon": None,
}


def document(
    snapshot: Snapshot, scheduler: Scheduler, settings: Settings
) -> Document:
    """Return what a daemon would say that sees this for the first time."""
    health = assumed.health(snapshot)
    view = View(
        nb_connected=True,
        sb_connected=True,
        max_candidates=settings.policy.max_candidates,
        snapshot=snapshot,
        health=health,
        plan=planner.plan(snapshot, health, scheduler, settings.policy, 0.0),
        enforce=settings.enforce,
        scheduler=settings.scheduler,
    )
    found = contract.checked(overview.document(view))
    chassis = [{**row, "seconds": None} for row in found["chassis"]]
    return {**found, "chassis": chassis, **UNKNOWN}
