# SPDX-License-Identifier: Apache-2.0
"""Watching that what was written is what OVN does: the claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gwsched.decisions import Change, Reason
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a move ended: claimed within so many seconds, or not."""

    port: str
    target: str
    reason: Reason
    seconds: float
    claimed: bool


class ClaimWatch:
    """The moves under way."""

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}

    def expect(self, changes: Iterable[Change], now: float) -> None:
        """Expect new primaries that do not hold their ports yet to claim."""
        for change in changes:
            if change.awaits_claim:
                pending = Pending(change.after[0], change.reason, now)
                for port in change.unit.ports:
                    self._pending[port.name] = pending

    def look(self, snapshot: Snapshot, now: float) -> list[Outcome]:
        """Return the moves that ended since the last look."""
        ports = {p.name: (u, p) for u in snapshot.units for p in u.ports}
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
            seconds = now - pending.since
            if claimed or seconds >= CLAIM_TIME:
                del self._pending[name]
                ended.append(
                    Outcome(
                        name, pending.target, pending.reason, seconds, claimed
                    )
                )
        return ended

    @property
    def wake_at(self) -> float:
        """When the first move under way runs out of time."""
        return min(
            (p.since + CLAIM_TIME for p in self._pending.values()),
            default=float("inf"),
        )
