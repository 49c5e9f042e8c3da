# SPDX-License-Identifier: Apache-2.0
"""What is remembered of each daemon: whom it took for dead, what it moves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gwsched.decisions import Change, Reason, State
from tests.simulation.daemon import Daemon
from tests.simulation.databases import names

if TYPE_CHECKING:
    from tests.simulation.invariants import Checks

VOLUNTARY = frozenset({Reason.DRAIN, Reason.PIN, Reason.REBALANCE})
# As gwsched/health/claims.py has it: how long a move may take.
CLAIM_TIME = 20.0
# Rounding.
TINY = 1e-6


def is_voluntary(change: Change) -> bool:
    """Whether a change moves a primary that need not be moved."""
    return change.is_move and change.reason in VOLUNTARY


class Memory:
    """What is remembered of one daemon, for as long as it lives.

    ``back`` is since when a chassis is no longer dead in its eyes,
    ``flight`` the port under way and whither.
    """

    def __init__(self, life: int) -> None:
        self.life = life
        self.dead: set[str] = set()
        self.back: dict[str, float] = {}
        self.moved_at = -math.inf
        self.flight: tuple[str, str] | None = None


class Memories:
    """One for each daemon, and what follows from it."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.run = checks.run
        self._known: dict[str, Memory] = {}

    def of(self, daemon: Daemon) -> Memory:
        """Return what is remembered of a daemon since it started."""
        memory = self._known.get(daemon.name)
        if memory is None or memory.life != daemon.life:
            memory = self._known[daemon.name] = Memory(daemon.life)
        return memory

    def looked(self, daemon: Daemon) -> None:
        """Note whom a daemon takes for dead, who is back, what landed."""
        memory = self.of(daemon)
        for name, verdict in daemon.decider.health.verdicts.items():
            if verdict.state is State.DEAD:
                memory.dead.add(name)
                memory.back.pop(name, None)
            elif name in memory.dead:
                memory.dead.discard(name)
                memory.back[name] = self.run.ovn.now
        self._land(memory)

    def spend(self, daemon: Daemon, changes: tuple[Change, ...]) -> None:
        """One move at a time, and so many a minute."""
        memory = self.of(daemon)
        now = self.run.ovn.now
        moves = [change for change in changes if is_voluntary(change)]
        if not moves:
            return
        self._land(memory)
        spacing = 60 / self.run.policy.moves_per_minute
        kept = len(moves) == 1 and now >= memory.moved_at + spacing - TINY
        self.checks.hold("budget", kept, f"moves: {[m.why for m in moves]}")
        still = memory.flight is not None and (
            now < memory.moved_at + CLAIM_TIME - TINY
        )
        self.checks.hold("budget", not still, f"{memory.flight} still moves")
        port = moves[0].unit.ports[0].name
        memory.flight = (port, moves[0].after[0])
        memory.moved_at = now

    def _land(self, memory: Memory) -> None:
        """Forget a move that has ended, or that somebody has undone."""
        if memory.flight is None:
            return
        port, target = memory.flight
        ovn = self.run.ovn
        listed = next(
            (u.candidates for u in ovn.nb.units.values() if port in u.ports),
            (),
        )
        undone = names(listed)[:1] != (target,)
        if undone or ovn.sb.holders.get(port) == target:
            memory.flight = None
