# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl ports``: a row for each gateway port."""

from __future__ import annotations

from collections.abc import Iterator

from gwsched.cli.tables import Row, joined
from gwsched.model import GatewayPort, Problem, Snapshot, Unit

COLUMNS = (
    "port",
    "router",
    "holder",
    "primary",
    "candidates",
    "list",
    "note",
)


def rows(snapshot: Snapshot) -> list[Row]:
    """Return a row for each gateway port, sorted by its name."""
    ports = [(port, unit) for unit in snapshot.units for port in unit.ports]
    ports.sort(key=lambda found: found[0].name)
    return [_row(snapshot, port, unit) for port, unit in ports]


def strays(snapshot: Snapshot) -> list[Problem]:
    """Return what is wrong in NB with nothing that has a row."""
    known = {unit.name for unit in snapshot.units}
    known |= {port.name for unit in snapshot.units for port in unit.ports}
    return [
        problem
        for problem in snapshot.problems
        if problem.database == "NB" and problem.subject not in known
    ]


def _row(snapshot: Snapshot, port: GatewayPort, unit: Unit) -> Row:
    ranked = (f"{c.chassis}:{c.priority}" for c in unit.candidates)
    return {
        "port": port.name,
        "router": port.router or None,
        "holder": port.holder,
        "primary": next(iter(unit.order), None),
        "candidates": joined(ranked, " "),
        "list": unit.form.value if unit.form else None,
        "note": joined(_notes(snapshot, port, unit), "; "),
    }


def _notes(snapshot: Snapshot, port: GatewayPort, unit: Unit) -> Iterator[str]:
    if not unit.order:
        yield "no candidates"
    elif port.holder is None:
        yield "not held"
    elif port.holder != unit.order[0]:
        yield "held by another than its primary"
    for name in unit.order:
        if name not in snapshot.chassis:
            yield f"candidate {name} has no row"
    if not unit.in_force:
        yield "SB does not carry this list"
    for problem in snapshot.problems:
        if problem.database == "NB" and problem.subject in (
            port.name,
            unit.name,
        ):
            yield problem.what
