# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl chassis``: a row for each chassis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

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
    """Return a row for each chassis, and each that NB or SB only names."""
    holds = Counter(
        port.holder
        for unit in snapshot.units
        for port in unit.ports
        if port.holder is not None
    )
    primary = Counter(c for u in snapshot.units for c in u.order[:1])
    backup = Counter(c for u in snapshot.units for c in u.order[1:])
    names = sorted({*snapshot.chassis, *holds, *primary, *backup})
    return [
        {
            "chassis": name,
            **_facts(snapshot, snapshot.chassis.get(name)),
            "holds": holds[name],
            "primary": primary[name],
            "backup": backup[name],
            "note": joined(
                _notes(snapshot, name, listed=primary[name] + backup[name]),
                "; ",
            ),
        }
        for name in names
    ]


def strays(snapshot: Snapshot) -> list[Problem]:
    """Return what is wrong in SB with nothing that has a row."""
    known = {_subject(row["chassis"]) for row in rows(snapshot)}
    return [
        problem
        for problem in snapshot.problems
        if problem.database == "SB" and problem.subject not in known
    ]


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
    if not row.nb_cfg:
        return "never"
    behind = snapshot.published - row.nb_cfg
    return f"{behind} behind" if behind > 0 else "current"


def _notes(snapshot: Snapshot, name: str, listed: int) -> Iterator[str]:
    if name not in snapshot.chassis:
        what = "named by a list" if listed else "holds a port"
        yield f"{what} but has no row"
    for problem in snapshot.problems:
        if problem.database == "SB" and problem.subject == _subject(name):
            yield problem.what


def _subject(name: object) -> str:
    """What gwsched.snapshot calls a chassis in a Problem."""
    return f"Chassis {name}"
