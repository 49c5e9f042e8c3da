# SPDX-License-Identifier: Apache-2.0
"""Verdicts from one look: assumed, for evidence takes time to gather.

Only the daemon knows since when a chassis has been silent, and what became
of its ports meanwhile.  Here whoever has answered the last heartbeat, or
the one before, is live.  Whoever has a row and has not is suspect: it keeps
what it has and gets nothing.  Whoever has no row has long been dead.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from gwsched.decisions import Claim, Evidence, Health, State, Verdict
from gwsched.health.guards import is_mass_failure
from gwsched.model import Snapshot, Unit, frozen_map

HELP = (
    "Verdicts are assumed, for only the daemon has seen what was before: "
    "live is who has answered the last heartbeat or the one before, suspect "
    "(keeps what it has, gets nothing) who has not, dead who has no row. "
    "Members count as warm, claims as settled."
)
# All that waits for time has waited for long enough.
EVER = -math.inf


def health(snapshot: Snapshot, failed: Collection[str] = ()) -> Health:
    """Return a verdict on every chassis, as if some had failed long ago."""
    named = {name for unit in snapshot.units for name in unit.order}
    verdicts = {
        name: Verdict(*_state(snapshot, name, failed))
        for name in sorted(named.union(snapshot.chassis))
    }
    silent = {
        name: Evidence(behind=EVER)
        for name, verdict in verdicts.items()
        if verdict.state is State.SUSPECT
    }
    return Health(frozen_map(verdicts), evidence=frozen_map(silent))


def settled(unit: Unit) -> Claim:
    """Return the claim of a unit that has long been as it is."""
    joined = frozen_map(dict.fromkeys(unit.order, EVER))
    return Claim(unit.holder, unit.order, EVER, EVER, joined)


def concerned(snapshot: Snapshot) -> list[str]:
    """Return the chassis that are gateways, or serve as some, sorted."""
    named = {name for unit in snapshot.units for name in unit.order}
    holders = {port.holder for u in snapshot.units for port in u.ports}
    serving = {name for name in named | holders if name is not None}
    return sorted(snapshot.gateways | serving)


def sentence(snapshot: Snapshot, found: Health) -> str:
    """Say that verdicts are assumed, and who is not taken for live."""
    parts = ["verdicts are assumed from one look at the databases"]
    if not snapshot.heartbeat:
        parts.append("heartbeats are off")
    for state in (State.SUSPECT, State.DEAD):
        names = [n for n in concerned(snapshot) if found.state(n) is state]
        if names or state is State.SUSPECT:
            parts.append(f"{state}: {', '.join(names) or 'none'}")
    return "; ".join(parts)


def mass_failure(snapshot: Snapshot, found: Health) -> str:
    """Say, if so, that a guard would stop gwsched after such a failure."""
    fleet = [c.name for c in snapshot.chassis.values() if c.is_gateway]
    lost = sum(found.state(name) is not State.LIVE for name in fleet)
    if is_mass_failure(lost, len(fleet)):
        return (
            f"{lost} of {len(fleet)} gateways silent at once is a mass "
            f"failure to gwsched: it would write nothing before some are "
            f"back; 'repaired' is what it could do"
        )
    return ""


def _state(
    snapshot: Snapshot, name: str, failed: Collection[str]
) -> tuple[State, float, str]:
    if name not in snapshot.chassis:
        return State.DEAD, EVER, "its SB Chassis row is gone"
    if name in failed:
        return State.DEAD, EVER, "it has failed"
    if not snapshot.heartbeat:
        return State.LIVE, EVER, "has a row; heartbeats are switched off"
    # One that nobody has answered says nothing about anybody.
    last = min(snapshot.published, max(snapshot.answered.values(), default=0))
    if snapshot.answered.get(name, -1) >= last - 1:
        return State.LIVE, EVER, "answers heartbeats"
    return State.SUSPECT, EVER, "left the last two heartbeats unanswered"
