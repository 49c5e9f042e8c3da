# SPDX-License-Identifier: Apache-2.0
"""The rules: in what time after what a router may be out, and why.

A rule is a function of an outage and the history, with its reason in words;
it yields windows.  An outage that these do not cover is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.soak.history import FOREVER, Fault, History
from tests.soak.kinds import CENTRE, DAEMON, DEAF, PAIR, UNSEEN
from tests.soak.streams import Outage
from tests.soak.windows import Window

# The timers of the daemon in a soak (s).
TIMERS: dict[str, dict[str, object]] = {
    "health": {"probe_interval": 2, "dead_after": 5},
    "failover": {"hold_down": 3},
}
DEAD_AFTER = 5.0
# OVN's own: three intervals of a second.
BFD = 3.0
# A claim, when the row of the holder is gone.
CLAIM = 0.5
# A list without anybody who serves, from the verdict on: the write, cold
# tunnels, the claim.
RESCUE = DEAD_AFTER + 5.0
# A candidate that cannot claim, and is seen by OVN, goes behind the live
# after so long.
PASSED_OVER = 1.5 * DEAD_AFTER + 5.0
# Next-hop BFD, then the move.
UPLINK = 3.3 + 1.0
# A session has so long to come up under a new holder.
SESSION = 5.0
# A gateway that starts Open vSwitch before ovn-controller, and is first yet.
BOOT = 7.3
# Two that lose only each other: BFD, a fight of 1.5 s, the write.
FIGHT = BFD + 3.0
# After the centre or the daemon was away: to connect, one round of answers.
ANEW = 4.0
# A list of one is filled up: BFD starts cold (docs/design.md, 24).
COLD = 1.5

# An ovn-controller that starts replaces all flows.
FLOWS = 0.1
# Who gets a port back within so long, and for how long it pays
# (docs/design.md, 15).
SOON, STALE = 10.0, 0.4

Rule = Callable[[Outage, History], Iterator[Window]]


def elected(outage: Outage, history: History) -> Iterator[Window]:
    """OVN's own BFD: the holder is gone, a live candidate takes over."""
    for fault, router in _lost(outage, history):
        if _able(history, router, fault) and not _is_told(
            history, router, fault
        ):
            yield Window("elected", fault.begin, fault.begun + BFD)


def stopped(outage: Outage, history: History) -> Iterator[Window]:
    """In good order: its row goes, and the next in line claims at once."""
    for fault, router in _lost(outage, history):
        if _is_told(history, router, fault):
            yield Window("stopped", fault.begin, fault.begun + CLAIM)


def rescued(outage: Outage, history: History) -> Iterator[Window]:
    """No candidate is left: the verdict after dead_after, and 5 s."""
    for fault, router in _lost(outage, history):
        if not _able(history, router, fault):
            end = _until(history, fault.begun, RESCUE)
            yield Window("rescued", fault.begin, end)


def passed_over(outage: Outage, history: History) -> Iterator[Window]:
    """The next in line hears nobody: OVN sees it, and it does not claim.

    It goes behind the live when it was suspect for 1.5 dead_after.
    """
    for fault, router in _lost(outage, history):
        members = history.listed(router, fault.begin)
        end = fault.begun + BFD
        if any(history.harmed(m, DEAF, fault.begin, end) for m in members):
            end = _until(history, fault.begun, PASSED_OVER)
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
    for fault in _uplinks(outage, history):
        first = 0.0 if outage.router in history.watched else SESSION
        end = _until(history, fault.begun, UPLINK + first)
        yield Window("uplink seen", fault.begin, end)
        line = history.holders[outage.router]
        for at, chassis in line.changes(fault.begin, fault.ended):
            if chassis in fault.where:
                end = _until(history, at, SESSION + UPLINK)
                yield Window("uplink seen", at, end)


def uplink_unseen(outage: Outage, history: History) -> Iterator[Window]:
    """Not seen: no port with next-hop BFD had its session up there.

    Nor is one that was dead before the port came to it: SB goes on saying
    what the holder before had found.
    """
    for fault in _uplinks(outage, history):
        if not _seen(history, fault):
            yield Window("uplink unseen", fault.begin, fault.ended)


def no_better_prospect(outage: Outage, history: History) -> Iterator[Window]:
    """The uplink is dead, and nobody is known to have a better one.

    Ports without next-hop BFD go only to who has a session up.
    """
    for fault in _uplinks(outage, history):
        if outage.router not in history.watched and not _proven(
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
            end = _until(history, fault.begun, FIGHT)
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
    passed_over,
    came_back_first,
    uplink_seen,
    uplink_unseen,
    no_better_prospect,
    fight,
    two_actives,
    filled_up,
    started_anew,
    back_so_soon,
)


def _lost(outage: Outage, history: History) -> Iterator[tuple[Fault, str]]:
    """Yield the faults that took who carried the port, or who was next."""
    router = outage.router
    for fault in history.of(UNSEEN):
        [chassis] = fault.where
        held = history.held(router, fault.begin, fault.begun + BFD)
        was_out = outage.begin < fault.begin < outage.end
        listed = chassis in history.listed(router, fault.begin)
        if chassis in held or (was_out and listed):
            yield fault, router


def _able(history: History, router: str, fault: Fault) -> bool:
    """Whether another candidate can claim all the while."""
    kinds = UNSEEN | DEAF
    return any(
        member not in fault.where
        and not history.harmed(member, kinds, fault.begin, fault.begun + BFD)
        for member in history.listed(router, fault.begin)
    )


def _is_told(history: History, router: str, fault: Fault) -> bool:
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


def _uplinks(outage: Outage, history: History) -> Iterator[Fault]:
    """Yield dead uplinks of who has held the port meanwhile."""
    for fault in history.of({"uplink"}):
        if not fault.touches(outage.begin, outage.end):
            continue
        begin = max(outage.begin, fault.begin)
        end = min(outage.end, fault.ended)
        if set(fault.where) & history.held(outage.router, begin, end):
            yield fault


def _up(history: History, fault: Fault) -> Iterator[str]:
    """Yield who held a port with its session up when a fault began.

    The row may be the word of the holder before, for a while.
    """
    for router in history.watched:
        line = history.holders[router]
        held_for = fault.begin - line.since(fault.begin)
        is_up = history.hops[router].at(fault.begin) == "up"
        if is_up and held_for >= SESSION:
            yield line.at(fault.begin)


def _seen(history: History, fault: Fault) -> bool:
    """Whether a session was up there, and the daemon looked on."""
    absent = any(
        away.touches(fault.begin, fault.begun + UPLINK)
        for away in history.of(CENTRE | DAEMON)
    )
    return not absent and bool(set(fault.where) & set(_up(history, fault)))


def _proven(history: History, fault: Fault) -> bool:
    return bool(set(_up(history, fault)) - set(fault.where))


def _until(history: History, begin: float, seconds: float) -> float:
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
