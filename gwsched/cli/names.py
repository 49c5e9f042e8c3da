# SPDX-License-Identifier: Apache-2.0
"""Names as operators know them, and near ones for those that are wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from gwsched.cli.output import UsageError
from gwsched.cli.phrases import quoted
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


def chassis_of(seen: Snapshot, text: str) -> str:
    """Return the name in SB of a chassis, given that or its host name.

    One that only lists name has been there, and may come back.

    :raises UsageError: where there is none, or several have the host name
    """
    if text in seen.chassis or text in _listed(seen):
        return text
    rows = [row for row in seen.chassis.values() if row.hostname]
    hosted = sorted(row.name for row in rows if row.hostname == text)
    if len(hosted) > 1:
        raise UsageError(
            f"{text!r} is the host name of several chassis: "
            f"{', '.join(hosted)}; name one of them"
        )
    if hosted:
        return hosted[0]
    raise no_chassis(seen, text)


def no_chassis(seen: Snapshot, text: str) -> UsageError:
    """Say that there is no such chassis, and name those that are near."""
    rows = seen.chassis.values()
    hosts = (row.hostname for row in rows if row.hostname)
    there = {*seen.chassis, *_listed(seen), *hosts}
    near = difflib.get_close_matches(text, sorted(there), n=3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    known = [shown(seen, name) for name in sorted(seen.gateways)]
    return UsageError(
        f"there is no chassis {text!r}; {meant}known gateways are: "
        f"{quoted(known)}; gwschedctl chassis lists all there are"
    )


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


def _listed(seen: Snapshot) -> frozenset[str]:
    return frozenset(name for unit in seen.units for name in unit.order)
