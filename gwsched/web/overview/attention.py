# SPDX-License-Identifier: Apache-2.0
"""The ports that need attention, the worst first, each with what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gwsched.decisions import Health
from gwsched.model import GatewayPort, Snapshot, Unit
from gwsched.telemetry import shortfalls
from gwsched.telemetry.gauges import View
from gwsched.telemetry.shortfalls import Short

Found = tuple[Unit, GatewayPort, str]


def attention(
    view: View, snapshot: Snapshot, short: Iterable[Short]
) -> list[dict[str, str]]:
    """Return every port with anything wrong once, with the worst of it.

    :param short: the units that are underreplicated
    """
    found: dict[str, dict[str, str]] = {}
    for unit, port, what in _everything(view, snapshot, short):
        entry = {"port": port.name, "unit": unit.name, "what": what}
        found.setdefault(port.name, entry)
    return list(found.values())


def _everything(
    view: View, snapshot: Snapshot, short: Iterable[Short]
) -> Iterator[Found]:
    health, cared = view.health, shortfalls.in_care(snapshot)
    yield from _unscheduled(view, cared)
    for unit, port in shortfalls.unclaimed(cared):
        primary = _named(unit.order[0], health)
        yield unit, port, f"nobody holds it; its primary is {primary}"
    yield from _unreached(health, cared)
    for unit, port in shortfalls.mismatched(cared):
        primary = _named(unit.order[0], health)
        holder = _named(port.holder or "", health)
        yield unit, port, f"held by {holder}; its primary is {primary}"
    for unit, living, wanted in short:
        for port in unit.ports:
            what = f"{living} of {wanted} possible candidates are alive"
            yield unit, port, what


def _unscheduled(view: View, cared: Iterable[Unit]) -> Iterator[Found]:
    for refusal in view.plan.refusals:
        if not refusal.served:
            for port in refusal.unit.ports:
                yield refusal.unit, port, f"nobody hosts it: {refusal.why}"
    for unit in cared:
        if not unit.order:
            for port in unit.ports:
                yield unit, port, "it has no candidates yet"


def _unreached(health: Health, cared: Iterable[Unit]) -> Iterator[Found]:
    for unit in cared:
        for port in unit.ports:
            tried = health.uplinks.lost.get(port.name)
            if tried is not None:
                names = ", ".join(sorted(tried))
                yield unit, port, f"its next hop does not answer {names}"


def _named(chassis: str, health: Health) -> str:
    return f"{chassis} ({health.state(chassis)})"
