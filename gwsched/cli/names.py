# SPDX-License-Identifier: Apache-2.0
"""Names as operators know them, and near ones for those that are wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from gwsched.cli.output import UsageError
from gwsched.model import Snapshot, Unit

# The prefix of a gateway port's twin in SB.
TWIN = "cr-"
MOST_NEAR = 5


def shown(snapshot: Snapshot, name: str) -> str:
    """Return a chassis' name, with its host's where that is another."""
    row = snapshot.chassis.get(name)
    if row is None or row.hostname in ("", name):
        return name
    return f"{name} ({row.hostname})"


def unit_of(snapshot: Snapshot, asked: str) -> tuple[str, Unit]:
    """Return a gateway port's name, and its unit, by its own or its twin's.

    :raises UsageError: where there is none
    """
    units = {port.name: unit for unit in snapshot.units for port in unit.ports}
    for name in (asked, asked.removeprefix(TWIN)):
        if name in units:
            return name, units[name]
    raise UsageError(
        f"there is no gateway port {asked!r}{_hint(snapshot, asked, units)}"
    )


def _hint(snapshot: Snapshot, asked: str, known: Iterable[str]) -> str:
    ports = [port for unit in snapshot.units for port in unit.ports]
    own = sorted(port.name for port in ports if port.router == asked)
    if own:
        return f"; router {asked} has {', '.join(own[:MOST_NEAR])}"
    if any(router.name == asked for router in snapshot.routers):
        return "; that is an L3 gateway router, which has no list"
    near = difflib.get_close_matches(
        asked.removeprefix(TWIN), known, MOST_NEAR
    )
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return "; gwschedctl ports lists those there are"
