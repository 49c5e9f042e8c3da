# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl audit --repair``: what can be put right without a daemon.

Only the daemon has seen who is dead, so nothing is done here that rests on
it: nobody who has a row leaves a list, and no port that is held gets another
primary than its holder.  It is the daemon's own planner that plans, and its
own writer that writes, under its own lock: beside a daemon that holds it,
even one that only observes, nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gwsched import apply, planner
from gwsched.apply import Result
from gwsched.cli import databases
from gwsched.cli.databases import Connections, UnreachableError, UnwrittenError
from gwsched.cli.forecast import assumed, plan
from gwsched.cli.forecast.outlook import Outlook
from gwsched.cli.tables import Row
from gwsched.conf import Settings
from gwsched.decisions import Change, Reason, State
from gwsched.health.guards import is_mass_failure
from gwsched.model import Snapshot
from gwsched.schedulers import Scheduler

COLUMNS = (*plan.COLUMNS, "repair")
REPAIRS = frozenset({Reason.NEW, Reason.REPAIR, Reason.FAILOVER})
# northd and every ovn-controller digest a transaction whole.
MOST_CHANGES = 200


class RefusedError(Exception):
    """What is not to be done as things are; one clear line."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A plan, and why each of its changes is left to a daemon, or ""."""

    outlook: Outlook
    left: tuple[str, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """What may be written."""
        pairs = zip(self.outlook.changes, self.left, strict=True)
        return tuple(change for change, left in pairs if not left)

    @property
    def rows(self) -> list[Row]:
        """What the planner would write, and what of that is written here."""
        said = [f"left: {why}" if why else "write" for why in self.left]
        said += ["nothing to write"] * len(self.outlook.refusals)
        rows = plan.rows(self.outlook)
        return [
            {**row, "repair": what}
            for row, what in zip(rows, said, strict=True)
        ]


def made(
    snapshot: Snapshot, scheduler: Scheduler, settings: Settings
) -> Repair:
    """Plan once, as the daemon would by what is assumed of all chassis.

    Without claims: that OVN has elected another than the primary counts
    only when it has stood for a moment, which one look cannot tell.  And
    without an operator's pause: this is what would be.
    """
    health = assumed.health(snapshot)
    going = replace(snapshot.intents, paused=False)
    unpaused = replace(snapshot, intents=going)
    found = planner.plan(unpaused, health, scheduler, settings.policy, 0.0)
    seen = Outlook(snapshot, snapshot, health, found.changes, found.refusals)
    left = tuple(_left(snapshot, change) for change in found.changes)
    return Repair(seen, left)


def _left(snapshot: Snapshot, change: Change) -> str:
    """Say why a change is not to be made without a daemon, or ""."""
    if change.reason not in REPAIRS or change.switches_form:
        return f"{change.reason} by way of {change.kind} is no repair"
    leaving = [c for c in change.unit.order if c not in change.after]
    alive = [c for c in leaving if c in snapshot.chassis]
    if alive:
        return f"{', '.join(alive)} may be live"
    holders = {port.holder for port in change.unit.ports if port.holder}
    if not change.is_move or not holders:
        return ""
    if holders != {change.after[0]}:
        return f"{', '.join(sorted(holders))} holds it"
    was = [c for c in change.unit.order[:1] if c in snapshot.chassis]
    return f"{was[0]} may be about to take it over" if was else ""


def against(snapshot: Snapshot, settings: Settings) -> str:
    """Say why nothing at all is to be written now, or ""."""
    if not settings.enforce:
        return "mode is observe, so gwsched writes nothing"
    if snapshot.intents.paused:
        return "an operator has paused gwsched; gwschedctl resume ends that"
    health = assumed.health(snapshot)
    fleet = set(assumed.concerned(snapshot))
    lost = [n for n in fleet if health.state(n) is not State.LIVE]
    if is_mass_failure(len(lost), len(fleet)):
        return (
            f"{len(lost)} of {len(fleet)} gateways are silent or without a "
            f"row: more likely a network or database fault than so many "
            f"deaths"
        )
    return ""


def write(shown: Repair, scheduler: Scheduler, settings: Settings) -> int:
    """Write what was shown, if it still stands; return how many lists.

    :raises RefusedError: where another gwsched holds the lock
    :raises UnwrittenError: where it does not stand, or cannot be written
    """
    with databases.opened(settings, leader_only=True) as found:
        _take_lock(found, settings)
        snapshot = found.read()
        why = against(snapshot, settings)
        if why:
            raise RefusedError(f"nothing is written: {why}")
        now = made(snapshot, scheduler, settings)
        if now.changes != shown.changes:
            raise UnwrittenError(
                "nothing is written: the databases have changed since the "
                "plan was made; look at it again"
            )
        _commit(found, now.changes, settings)
    return len(now.changes)


def _take_lock(found: Connections, settings: Settings) -> None:
    """Wait for the daemon's lock, but not for whoever holds it."""
    found.nb.set_lock()
    deadline = time.monotonic() + settings.timeout
    while not found.nb.has_lock:
        if found.nb.replica.is_lock_contended:
            raise RefusedError(
                "nothing is written: the gwsched that holds the lock does "
                "this by itself; look at the guards in gwschedctl status"
            )
        left = deadline - time.monotonic()
        if left <= 0:
            raise UnreachableError(
                f"NB did not answer the request for the lock within "
                f"{settings.timeout:g} s"
            )
        found.wait(left)
        found.run()


def _commit(
    found: Connections, changes: Sequence[Change], settings: Settings
) -> None:
    for start in range(0, len(changes), MOST_CHANGES):
        some = changes[start : start + MOST_CHANGES]
        result, detail = apply.commit(found.nb, some, settings.timeout)
        if result is not Result.COMMITTED:
            raise UnwrittenError(
                f"{start} of {len(changes)} lists are written, the others "
                f"not: {result}: {detail}"
            )
