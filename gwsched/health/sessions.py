# SPDX-License-Identifier: Apache-2.0
"""What one port's sessions with its next hops prove, under which holder."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gwsched.model import GatewayPort, Session

# How long a session must have been down (seconds): it is down for a moment
# when its row is made, or the port has moved.
DEBOUNCE = 0.4
# How long a session may take to come up under a new holder, and how long it
# takes at the least (0.5 s measured).
START = 5.0
SOONEST = 0.4


@dataclass(frozen=True, slots=True)
class Watched:
    """One port's sessions under one holder.

    ``says_up``: one is up, or was under the holder before; ``was_up``: one
    came up under this holder; ``ever_up``: under any, while we watched.  One
    that never was may be misconfigured, and proves nothing.
    ``down_since``: since when all of them are down.  ``tried``: who has held
    the port in vain since one was up.
    """

    holder: str
    since: float
    says_up: bool = False
    was_up: bool = False
    ever_up: bool = False
    down_since: float | None = None
    tried: frozenset[str] = frozenset()

    def lost_at(self) -> float:
        """When its next hops count as lost, if they stay down."""
        if self.down_since is None or not self.ever_up:
            return float("inf")
        if self.was_up or self.down_since > self.since:
            return self.down_since + DEBOUNCE
        return self.since + START

    @property
    def is_hearsay(self) -> bool:
        """Whether all that is said was said before its holder came."""
        return self.down_since == self.since and not self.was_up

    def moved(self, holder: str, now: float, *, is_down: bool) -> Watched:
        """Return the same port's sessions under another holder.

        What the row says is still the last one's word.  It goes on saying
        ``up`` though the new holder reaches nobody (measured, 23.03): only
        who had the session up writes ``down``.
        """
        return replace(
            self,
            holder=holder,
            since=now,
            was_up=False,
            says_up=self.says_up and not is_down,
            down_since=now if is_down else None,
        )

    def lost(self) -> Watched:
        """Return it with the holder among those who have tried."""
        if self.holder in self.tried:
            return self
        return replace(self, tried=self.tried | {self.holder})

    def fallen(self, now: float) -> Watched:
        """Return it where all sessions are down from now on.

        Only who had one up writes ``down`` over ``up``.
        """
        ever_up = self.ever_up or self.says_up
        return replace(self, says_up=False, ever_up=ever_up, down_since=now)

    def alive(self, now: float, *, is_up: bool) -> Watched:
        """Return it where not all sessions are down.

        What comes up just when the port has changed hands is another's: two
        with cold tunnels between them claim by turns for a moment.
        """
        is_own = now >= self.since + SOONEST
        came_up = is_up and is_own and self.down_since is not None
        if not (is_up and (self.was_up or came_up)):
            return replace(self, says_up=is_up, down_since=None)
        return replace(
            self,
            says_up=True,
            was_up=True,
            ever_up=True,
            down_since=None,
            tried=frozenset(),
        )


def watch(old: Watched | None, port: GatewayPort, now: float) -> Watched:
    """Return what is known of a port's sessions at this look."""
    holder = port.holder or ""
    asked = [
        hop.session
        for hop in port.next_hops
        if hop.session is not Session.ADMIN_DOWN
    ]
    is_up = Session.UP in asked
    is_down = bool(asked) and all(s is Session.DOWN for s in asked)
    if old is None:
        since = now if is_down else None
        return Watched(holder, now, is_up, is_up, is_up, since)
    if old.holder != holder:
        return old.moved(holder, now, is_down=is_down)
    if not is_down:
        return old.alive(now, is_up=is_up)
    if old.down_since is None:
        return old.fallen(now)
    return old.lost() if now >= old.lost_at() else old
