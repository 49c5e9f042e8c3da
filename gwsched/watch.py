# SPDX-License-Identifier: Apache-2.0
"""Watching that what was written is what OVN does: the claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gwsched.decisions import Change, Reason, Relocation
from gwsched.model import Snapshot

# OVN claims within milliseconds of a write, after a second or two where the
# new primary's BFD sessions are cold.  Longer than this is worth an alarm.
CLAIM_TIME = 30.0


@dataclass(frozen=True, slots=True)
class Pending:
    """A new primary that has not claimed its port yet."""

    target: str
    reason: Reason
    since: float

    def ended(self, name: str, now: float, *, claimed: bool) -> Outcome:
        """Return how it ended."""
        seconds = now - self.since
        return Outcome(name, self.target, self.reason, seconds, claimed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a move ended: claimed within so many seconds, or not.

    ``port`` is a gateway port, or an L3 gateway router.
    """

    port: str
    target: str
    reason: Reason
    seconds: float
    claimed: bool


class ClaimWatch:
    """The moves under way."""

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}
        self._routers: dict[str, Pending] = {}

    def expect(self, changes: Iterable[Change], now: float) -> None:
        """Expect new primaries that do not hold their ports yet to claim."""
        for change in changes:
            if change.awaits_claim:
                pending = Pending(change.after[0], change.reason, now)
                for port in change.unit.ports:
                    self._pending[port.name] = pending

    def expect_routers(self, done: Iterable[Relocation], now: float) -> None:
        """Expect L3 gateway routers to be claimed by who they are now on."""
        for relocation in done:
            self._routers[relocation.router.name] = Pending(
                relocation.target, Reason.FAILOVER, now
            )

    def look(self, snapshot: Snapshot, now: float) -> list[Outcome]:
        """Return the moves that ended since the last look."""
        return [*self._ports(snapshot, now), *self._others(snapshot, now)]

    def _others(self, snapshot: Snapshot, now: float) -> list[Outcome]:
        routers = {router.name: router for router in snapshot.routers}
        ended = []
        for name, pending in list(self._routers.items()):
            router = routers.get(name)
            if router is None or router.chassis != pending.target:
                del self._routers[name]  # deleted, or pinned elsewhere
                continue
            claimed = router.holders == {pending.target}
            if claimed or now >= pending.since + CLAIM_TIME:
                del self._routers[name]
                ended.append(pending.ended(name, now, claimed=claimed))
        return ended

    def _ports(self, snapshot: Snapshot, now: float) -> list[Outcome]:
        if not self._pending:
            return []
        ports = {
            port.name: (unit, port)
            for unit in snapshot.units
            for port in unit.ports
            if port.name in self._pending
        }
        ended = []
        for name, pending in list(self._pending.items()):
            unit, port = ports.get(name, (None, None))
            if unit is None or port is None:
                del self._pending[name]  # deleted meanwhile
                continue
            if unit.order[:1] != (pending.target,):
                del self._pending[name]  # somebody wants something else now
                continue
            claimed = port.holder == pending.target
            if claimed or now >= pending.since + CLAIM_TIME:
                del self._pending[name]
                ended.append(pending.ended(name, now, claimed=claimed))
        return ended

    @property
    def wake_at(self) -> float:
        """When the first move under way runs out of time."""
        return min(
            (
                pending.since + CLAIM_TIME
                for waiting in (self._pending, self._routers)
                for pending in waiting.values()
            ),
            default=float("inf"),
        )
