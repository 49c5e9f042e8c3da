# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl chassis``: a row for each chassis."""

from __future__ import annotations

from collections import Counter

from gwsched.cli.listing import problems
from gwsched.cli.tables import Row, joined
from gwsched.model import Chassis, Problem, Snapshot

COLUMNS = (
    "chassis",
    "hostname",
    "gateway",
    "networks",
    "zones",
    "heartbeat",
    "holds",
    "primary",
    "backup",
    "note",
)


def rows(snapshot: Snapshot) -> list[Row]:
    """Return a row for each chassis, and each that is only named."""
    wrong = problems.by_subject(snapshot, "SB")
    holds = Counter(
        port.holder
        for unit in snapshot.units
        for port in unit.ports
        if port.holder is not None
    )
    primary = Counter(c for u in snapshot.units for c in u.order[:1])
    backup = Counter(c for u in snapshot.units for c in u.order[1:])
    found: list[Row] = []
    for name in sorted({*snapshot.chassis, *holds, *primary, *backup}):
        row = snapshot.chassis.get(name)
        notes = [] if row else [_missing(primary[name] + backup[name])]
        notes += wrong.get(_subject(name), [])
        found.append(
            {
                "chassis": name,
                **_facts(snapshot, row),
                "holds": holds[name],
                "primary": primary[name],
                "backup": backup[name],
                "note": joined(notes, "; "),
            }
        )
    return found


def strays(snapshot: Snapshot) -> list[Problem]:
    """Return what is wrong in SB with nothing that has a row."""
    known = {_subject(row["chassis"]) for row in rows(snapshot)}
    return problems.strays(snapshot, "SB", known)


def _facts(snapshot: Snapshot, row: Chassis | None) -> Row:
    if row is None:
        keys = ("hostname", "gateway", "networks", "zones", "heartbeat")
        return dict.fromkeys(keys)
    return {
        "hostname": row.hostname or None,
        "gateway": row.is_gateway,
        "networks": joined(sorted(row.physical_networks)),
        "zones": joined(sorted(row.zones)),
        "heartbeat": _heartbeat(snapshot, row),
    }


def _heartbeat(snapshot: Snapshot, row: Chassis) -> str:
    if not snapshot.heartbeat:
        return "off"
    answered = snapshot.answered.get(row.name)
    if not answered:
        return "never"
    behind = snapshot.published - answered
    return f"{behind} behind" if behind > 0 else "current"


def _missing(lists: int) -> str:
    return f"{'named by a list' if lists else 'holds a port'} but has no row"


def _subject(name: object) -> str:
    """What gwsched.snapshot calls a chassis in a Problem."""
    return f"Chassis {name}"
