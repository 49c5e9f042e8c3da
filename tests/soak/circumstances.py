# SPDX-License-Identifier: Apache-2.0
"""What the rules ask of a history: who was lost, who could have claimed."""

from __future__ import annotations

from collections.abc import Iterator

from tests.soak.history import Fault, History
from tests.soak.kinds import CENTRE, DAEMON, DEAF, PAIR, UNSEEN
from tests.soak.limits import ANEW, BFD, SESSION, UPLINK
from tests.soak.streams import Outage


def losses(outage: Outage, history: History) -> Iterator[Fault]:
    """Yield the faults that took who carried the port, or who was next."""
    router = outage.router
    for fault in history.of(UNSEEN):
        [chassis] = fault.where
        held = history.held(router, fault.begin, fault.begun + BFD)
        was_out = outage.begin < fault.begin < outage.end
        listed = chassis in history.listed(router, fault.begin)
        if chassis in held or (was_out and listed):
            yield fault


def is_somebody_able(history: History, router: str, fault: Fault) -> bool:
    """Whether another candidate can claim all the while."""
    kinds = UNSEEN | DEAF
    return any(
        member not in fault.where
        and not history.harmed(member, kinds, fault.begin, fault.begun + BFD)
        for member in history.listed(router, fault.begin)
    )


def is_heir_told(history: History, router: str, fault: Fault) -> bool:
    """Whether a gateway stops in order, and the next in line is well."""
    if fault.kind != "graceful":
        return False
    [chassis] = fault.where
    listed = history.listed(router, fault.begin)
    heir = next((name for name in listed if name != chassis), None)
    kinds = UNSEEN | DEAF | {PAIR}
    begin = fault.begin - BFD
    return heir is not None and not history.harmed(
        heir, kinds, begin, fault.begun
    )


def dead_uplinks(outage: Outage, history: History) -> Iterator[Fault]:
    """Yield dead uplinks of who has held the port meanwhile."""
    for fault in history.of({"uplink"}):
        if not fault.touches(outage.begin, outage.end):
            continue
        begin = max(outage.begin, fault.begin)
        end = min(outage.end, fault.ended)
        if set(fault.where) & history.held(outage.router, begin, end):
            yield fault


def up_at(history: History, fault: Fault) -> Iterator[str]:
    """Yield who held a port with its session up when a fault began.

    The row may be the word of the holder before, for a while.
    """
    for router in history.watched:
        line = history.holders[router]
        held_for = fault.begin - line.since(fault.begin)
        is_up = history.hops[router].at(fault.begin) == "up"
        if is_up and held_for >= SESSION:
            yield line.at(fault.begin)


def is_seen(history: History, fault: Fault) -> bool:
    """Whether a session was up there, and the daemon looked on."""
    absent = any(
        away.touches(fault.begin, fault.begun + UPLINK)
        for away in history.of(CENTRE | DAEMON)
    )
    return not absent and bool(set(fault.where) & set(up_at(history, fault)))


def is_one_proven(history: History, fault: Fault) -> bool:
    return bool(set(up_at(history, fault)) - set(fault.where))


def until(history: History, begin: float, seconds: float) -> float:
    """When so long has passed, with the centre and the daemon there.

    What was missed restarts every clock; guards hold all changes back.
    """
    end = begin + seconds
    away = [
        (fault.begin, fault.ended) for fault in history.of(CENTRE | DAEMON)
    ]
    away += [(guard.begin, guard.end) for guard in history.guards]
    for since, until in sorted(away):
        if since < end and until > begin:
            end = max(end, until + ANEW + seconds)
    return end
