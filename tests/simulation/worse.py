# SPDX-License-Identifier: Apache-2.0
"""What a write does, against doing nothing: two worlds that go on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING, NamedTuple

from gwsched.decisions import Change, State
from tests.simulation.daemon import Daemon
from tests.simulation.ovn import Ovn
from tests.simulation.traffic import KINDS, Meter

if TYPE_CHECKING:
    from tests.simulation.invariants import Checks

# By how much controllers may lag behind each other, the first flows of a
# switch included (seconds).
SKEW = 0.9


class Worse:
    """Runs the world on with a write and without, and compares."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.run = checks.run
        self.truth = checks.truth
        self.knowledge = checks.knowledge

    def judge(
        self, daemon: Daemon, changes: tuple[Change, ...], untouched: Ovn
    ) -> None:
        """Check that a write has not made packets fare worse.

        :param untouched: the world as it was just before
        """
        written = self.run.ovn.copy()
        by_port = {p.name: c for c in changes for p in c.unit.ports}
        for harm in excess(written, untouched):
            port, kind, longer, _ = harm
            change = by_port.get(port)
            name = self._name(daemon, harm, change, written, untouched)
            if not name:
                continue
            allowed = self._allowed(daemon, port, kind, change)
            if longer <= allowed < math.inf:
                self.run.outcome.note(f"a write: {kind}", longer)
            why = f"{change.reason}: {change.why}" if change else "no change"
            self.checks.hold(
                name,
                longer <= allowed,
                f"{port} is {kind} for {longer:.1f} s more than without "
                f"the write, {allowed:.1f} s are allowed ({why})",
            )
        self.checks.count("worse")

    def _name(
        self,
        daemon: Daemon,
        harm: Harm,
        change: Change | None,
        written: Ovn,
        untouched: Ovn,
    ) -> str:
        """Return which invariant it is that a harm is against, if any."""
        port, kind = harm.port, harm.kind
        if kind == "cut":
            return ""  # of who never held the port nobody knows the uplink
        if not daemon.sees_sb:
            return "blind"
        if kind != "twice":
            return "lagging" if kind == "lagging" else "worse"
        if self._is_fight(daemon, change):
            return ""
        before = {node.name for node in untouched.active(port)}
        after = {node.name for node in written.active(port)}
        if not after - before <= self.truth.answers.keys():
            return "deaf"
        both = after | harm.rivals
        both |= {node.name for node in self.run.ovn.active(port)}
        deaf = both - self.truth.answers.keys()
        if deaf and not self._is_seen_held(daemon, port, deaf):
            return "deaf"  # nobody can see that it is carried
        if deaf and all(self.knowledge.looks_dead(name) for name in deaf):
            return ""
        return "worse"

    def _is_seen_held(self, daemon: Daemon, port: str, deaf: Set[str]) -> bool:
        """Whether SB shows that somebody holds a port who may carry it.

        Who takes a port over without seeing SB cannot write so: the row goes
        on naming the dead one that it has it from.
        """
        holder = self.run.ovn.sb.holders.get(port)
        if holder is None or holder in deaf | self.truth.answers.keys():
            return holder is not None
        return daemon.decider.health.state(holder) is not State.DEAD

    def _is_fight(self, daemon: Daemon, change: Change | None) -> bool:
        """Whether two that lost each other are active, and no one knew.

        That must end (liveness.py); who knows must not begin it.
        """
        if not self.run.ovn.cuts or change is None:
            return bool(self.run.ovn.cuts)
        known = daemon.decider.health.apart
        return not any(pair.issubset(change.after) for pair in known)

    def _allowed(
        self, daemon: Daemon, port: str, kind: str, change: Change | None
    ) -> float:
        """How much longer packets of a port may fare ill for a write."""
        ovn = self.run.ovn
        if change is None:
            # Without SB a chassis takes the end of BFD for a death.
            return math.inf if self.truth.silent else SKEW
        computes = ovn.known_ports[port].computes
        concerned = {*change.unit.order, *change.after, *computes}
        known = self.knowledge
        if any(known.is_news(daemon, name) for name in concerned):
            return math.inf
        if any(known.has_changed(name) for name in concerned):
            return math.inf
        if any(name not in self.truth.sound for name in computes):
            return math.inf
        loops = [ovn.nodes[n].loop for n in concerned if n in ovn.nodes]
        skew = SKEW + max(loops)
        if kind == "twice":
            return skew + 0.2 * ovn.cloud.bfd_time
        if not computes and ovn.cuts:
            return math.inf
        if len(change.unit.order) < 2 or not computes:
            return skew + 0.5 * ovn.cloud.bfd_time  # BFD begins, cold
        return skew


class Harm(NamedTuple):
    """For how much longer a port's packets fare ill, and in what way.

    ``rivals`` were active at a time, if only for a while.
    """

    port: str
    kind: str
    longer: float
    rivals: frozenset[str]


def excess(written: Ovn, untouched: Ovn) -> Iterator[Harm]:
    """Yield what is worse in one world than in the other.

    Both worlds are used up.
    """
    with_it, without = _measured(written), _measured(untouched)
    until = written.now
    for port in written.ports:
        for kind in KINDS:
            longer = with_it.sum(port, kind, until) - without.sum(
                port, kind, until
            )
            if longer > 0:
                rivals = frozenset(with_it.rivals.get(port, ()))
                yield Harm(port, kind, longer, rivals)


def _measured(ovn: Ovn) -> Meter:
    """Let a world go on until OVN has settled, its centre being well."""
    ovn.northd = ovn.nb_up = ovn.sb_up = True
    ovn.wake_all()
    meter = Meter()
    ovn.dirty = True
    meter.look(ovn)
    until = ovn.now + 2 * ovn.cloud.bfd_time + 4
    while ovn.next_at <= until:
        ovn.step()
        meter.look(ovn)
    ovn.now = until
    return meter
