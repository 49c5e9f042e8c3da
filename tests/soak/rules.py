# SPDX-License-Identifier: Apache-2.0
"""The rules: in what time after what a router may be out, and why.

A rule is a function of an outage and the history, with its reason in words;
it yields windows.  An outage that these do not cover is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.soak.circumstances import (
    dead_uplinks,
    is_heir_told,
    is_one_proven,
    is_seen,
    is_somebody_able,
    losses,
    until,
)
from tests.soak.history import FOREVER, History
from tests.soak.kinds import DEAF, PAIR, UNSEEN
from tests.soak.limits import (
    BFD,
    BOOT,
    BUSY_MOVE,
    CLAIM,
    COLD,
    FIGHT,
    FLOWS,
    HEARD,
    PASSED_OVER,
    RESCUE,
    SESSION,
    SOON,
    STALE,
    UPLINK,
)
from tests.soak.streams import Outage
from tests.soak.windows import Window

Rule = Callable[[Outage, History], Iterator[Window]]


def elected(outage: Outage, history: History) -> Iterator[Window]:
    """OVN's own BFD: the holder is gone, a live candidate takes over."""
    for fault in losses(outage, history):
        if is_somebody_able(
            history, outage.router, fault
        ) and not is_heir_told(history, outage.router, fault):
            yield Window("elected", fault.begin, fault.begun + BFD)


def stopped(outage: Outage, history: History) -> Iterator[Window]:
    """In good order: its row goes, and the next in line claims at once."""
    for fault in losses(outage, history):
        if is_heir_told(history, outage.router, fault):
            yield Window("stopped", fault.begin, fault.begun + CLAIM)


def rescued(outage: Outage, history: History) -> Iterator[Window]:
    """No candidate is left: the verdict after dead_after, and 5 s."""
    for fault in losses(outage, history):
        if not is_somebody_able(history, outage.router, fault):
            end = until(history, fault.begun, RESCUE)
            yield Window("rescued", fault.begin, end)


def alone(outage: Outage, history: History) -> Iterator[Window]:
    """Nobody runs BFD for a list of one, and its controller answers."""
    for fault in losses(outage, history):
        members = history.listed(outage.router, fault.begin)
        if fault.kind in ("vswitchd", "tunnel") and len(members) == 1:
            yield Window("alone", fault.begin, fault.ended)


def passed_over(outage: Outage, history: History) -> Iterator[Window]:
    """The next in line hears nobody: OVN sees it, and it does not claim.

    It goes behind the live when it was suspect for 1.5 dead_after.  Who was
    put first in the same moment is the next in line as well.
    """
    line = history.lists[outage.router]
    for fault in losses(outage, history):
        orders = [order for _, order in line.changes(fault.begin, outage.end)]
        firsts = (name for order in orders for name in order[:1])
        members = {*history.listed(outage.router, fault.begin), *firsts}
        end = fault.begun + BFD
        if any(history.harmed(m, DEAF, fault.begin, end) for m in members):
            end = until(history, fault.begun, PASSED_OVER)
            yield Window("passed over", fault.begin, end)


def came_back_first(outage: Outage, history: History) -> Iterator[Window]:
    """It is back before it was demoted: OVS first, as OVN alone has it."""
    for fault in history.of(UNSEEN):
        [chassis] = fault.where
        members = history.listed(outage.router, fault.end)
        if members[:1] == (chassis,) and fault.ended < FOREVER:
            yield Window("came back first", fault.end, fault.ended + BOOT)


def uplink_seen(outage: Outage, history: History) -> Iterator[Window]:
    """Next-hop BFD says so to SB, and the port is moved within a second.

    Who comes to a gateway whose uplink is dead has 5 s for a first session.
    Ports without next-hop BFD follow when one is up where the first went.
    """
    for fault in dead_uplinks(outage, history):
        first = 0.0 if outage.router in history.watched else SESSION
        end = until(history, fault.begun, UPLINK + first)
        yield Window("uplink seen", fault.begin, end)
        line = history.holders[outage.router]
        for at, chassis in line.changes(fault.begin, fault.ended):
            if chassis in fault.where:
                end = until(history, at, SESSION + UPLINK)
                yield Window("uplink seen", at, end)


def uplink_unseen(outage: Outage, history: History) -> Iterator[Window]:
    """Not seen: no port with next-hop BFD had its session up there.

    Nor is one that was dead before the port came to it: SB goes on saying
    what the holder before had found.
    """
    for fault in dead_uplinks(outage, history):
        if not is_seen(history, fault):
            yield Window("uplink unseen", fault.begin, fault.ended)


def no_better_prospect(outage: Outage, history: History) -> Iterator[Window]:
    """The uplink is dead, and nobody is known to have a better one.

    Ports without next-hop BFD go only to who has a session up.
    """
    for fault in dead_uplinks(outage, history):
        if outage.router not in history.watched and not is_one_proven(
            history, fault
        ):
            yield Window("no better prospect", fault.begin, fault.ended)


def fight(outage: Outage, history: History) -> Iterator[Window]:
    """Two lost only each other: both claim, until one leaves the list."""
    for fault in history.of({PAIR}):
        members = {
            *history.listed(outage.router, fault.begin),
            *history.listed(outage.router, outage.begin),
        }
        if set(fault.where) <= members:
            end = until(history, fault.begun, FIGHT)
            yield Window("fight", fault.begin, end)
            if fault.ended < FOREVER:
                yield Window("fight", fault.end, fault.ended + BFD)


def two_actives(outage: Outage, history: History) -> Iterator[Window]:
    """Moved off a gateway that hears nobody: two, until it is heard."""
    line = history.holders[outage.router]
    for fault in history.of(DEAF):
        [chassis] = fault.where
        for at, _ in line.changes(fault.begin, fault.ended):
            if line.at(at - 0.001) == chassis:
                yield Window("two actives", at, fault.ended + BFD)


def filled_up(outage: Outage, history: History) -> Iterator[Window]:
    """A list of one is filled up: BFD between the two is cold."""
    line = history.lists[outage.router]
    for at, members in line.changes(outage.begin - COLD, outage.end):
        if len(line.at(at - 0.001) or ()) == 1 and len(members) > 1:
            yield Window("filled up", at, at + COLD)


def started_anew(outage: Outage, history: History) -> Iterator[Window]:
    """An ovn-controller that starts makes all flows anew."""
    for fault in history.of({"controller"}):
        held = history.held(outage.router, fault.begin, fault.end)
        if held & set(fault.where) and fault.ended < FOREVER:
            yield Window("started anew", fault.end, fault.ended + FLOWS)


def moved(outage: Outage, history: History) -> Iterator[Window]:
    """A planned move costs a packet; more where processors are busy.

    The one before lets go when it hears of it, not when the other claims.
    """
    listed = history.lists[outage.router]
    held = history.holders[outage.router]
    for at, _ in held.changes(outage.begin - BUSY_MOVE, outage.end):
        for then, members in listed.changes(at - HEARD, at):
            if members[:1] != (listed.at(then - 0.001) or ())[:1]:
                yield Window("moved", at, at, slack=BUSY_MOVE)


def back_so_soon(outage: Outage, history: History) -> Iterator[Window]:
    """Back to who held it less than 10 s ago: megaflows are stale yet."""
    line = history.holders[outage.router]
    for at, chassis in line.changes(outage.begin - STALE, outage.end):
        if chassis in history.held(outage.router, at - SOON, at - 0.001):
            yield Window("back so soon", at, at + STALE)


RULES: tuple[Rule, ...] = (
    elected,
    stopped,
    rescued,
    alone,
    passed_over,
    came_back_first,
    uplink_seen,
    uplink_unseen,
    no_better_prospect,
    fight,
    two_actives,
    filled_up,
    started_anew,
    moved,
    back_so_soon,
)
