# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl ports``: a row for each gateway port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gwsched.cli.listing import problems
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
    wrong = problems.by_subject(snapshot, "NB")
    found = [(port, unit) for unit in snapshot.units for port in unit.ports]
    return [
        _row(port, unit, _notes(snapshot, port, unit, wrong))
        for port, unit in sorted(found, key=lambda pair: pair[0].name)
    ]


def strays(snapshot: Snapshot) -> list[Problem]:
    """Return what is wrong in NB with nothing that has a row."""
    known = {unit.name for unit in snapshot.units}
    known |= {port.name for unit in snapshot.units for port in unit.ports}
    return problems.strays(snapshot, "NB", known)


def _row(port: GatewayPort, unit: Unit, notes: Iterable[str]) -> Row:
    ranked = (f"{c.chassis}:{c.priority}" for c in unit.candidates)
    return {
        "port": port.name,
        "router": port.router or None,
        "holder": port.holder,
        "primary": next(iter(unit.order), None),
        "candidates": joined(ranked, " "),
        "list": unit.form.value if unit.form else None,
        "note": joined(notes, "; "),
    }


def _notes(
    snapshot: Snapshot,
    port: GatewayPort,
    unit: Unit,
    wrong: Mapping[str, list[str]],
) -> Iterator[str]:
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
    for subject in dict.fromkeys((port.name, unit.name)):
        yield from wrong.get(subject, [])
