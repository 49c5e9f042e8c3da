# SPDX-License-Identifier: Apache-2.0
"""The invariants of writes; invariants.py has them in prose."""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from typing import TYPE_CHECKING

from gwsched.decisions import Change, Reason, State
from gwsched.health.uplinks import MOST_DOUBLINGS
from gwsched.model import Snapshot, Unit
from tests.simulation.budget import TINY, Memories, is_voluntary
from tests.simulation.daemon import Daemon
from tests.simulation.worse import Worse

if TYPE_CHECKING:
    from tests.simulation.invariants import Checks

# As gwsched/health/step.py has it: for how many hold-downs an uplink that
# was dead is not trusted.
UPLINK_REST = 10.0


class Writes:
    """Looks at every transaction of every daemon."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.run = checks.run
        self.truth = checks.truth
        self.knowledge = checks.knowledge
        self.memories = Memories(checks)
        self.worse = Worse(checks)

    def before(
        self, daemon: Daemon, changes: tuple[Change, ...], seen: Snapshot
    ) -> Callable[[], None]:
        """Judge what will be written; return how to judge what it did."""
        self._one_writer(daemon)
        self.checks.hold("paused", not seen.intents.paused, "it is paused")
        self._mass(daemon, changes)
        self.memories.spend(daemon, changes)
        for change in changes:
            self._list(change)
            self._warm(change)
            if daemon.sees_sb:
                self._floor(daemon, change, seen)
                self._reason(change, seen)
                self._hold_down(daemon, change)
        untouched = self.run.ovn.copy()
        return lambda: self.worse.judge(daemon, changes, untouched)

    def _one_writer(self, daemon: Daemon) -> None:
        server = self.run.server
        owns = server.owner == daemon.session and daemon.session is not None
        self.checks.hold("writer", owns, f"{daemon.name} has no lock")

    def _list(self, change: Change) -> None:
        """One list: well formed, explained, and not what it was."""
        order, unit = change.after, change.unit
        most = max(self.run.policy.max_candidates, len(unit.candidates))
        ports = [port.name for port in unit.ports]
        # Who is to leave may stay, last, until OVN has moved the ports.
        fit = [c for c in order if self.truth.fits(c, ports)]
        fine = bool(order) and len(set(order)) == len(order)
        fine = fine and len(fit) <= most
        self.checks.hold("list", fine, f"{unit.name}: {order}")
        same = unit.candidates == change.candidates
        idle = same and unit.form is change.form and not change.nudges
        self.checks.hold("list", not idle, f"{unit.name} stays as it is")
        self.checks.hold("reason", bool(change.why), f"{unit.name}: no why")

    def _floor(self, daemon: Daemon, change: Change, seen: Snapshot) -> None:
        """No fewer than before of those that are well, or seem to be."""
        truth, known = self.truth, self.knowledge
        ports = [p.name for p in change.unit.ports]
        fit = [
            name
            for name in self.run.ovn.nodes
            if truth.reacts(name) and truth.may_get(name, ports)
        ]
        before = 0
        for name in change.unit.order:
            well = truth.lasts(truth.sound, name) > known.steady
            seems = name in truth.unsound and known.is_news(daemon, name)
            seems = seems and change.unit.holder is not None
            wanted = truth.may_get(name, ports) and _fits(
                seen, change.unit, name
            )
            trusted = not known.is_distrusted(daemon, name)
            before += (well or seems) and wanted and trusted
        before = min(before, self.run.policy.max_candidates)
        after = sum(c in fit or known.is_news(daemon, c) for c in change.after)
        self.checks.hold(
            "floor",
            after >= before,
            f"{change.unit.name}: {before} were well, now {after}: "
            f"{change.why}",
        )

    def _reason(self, change: Change, seen: Snapshot) -> None:
        """A primary that works loses its place only for what is so."""
        unit = change.unit
        if not change.is_move or not self._works(unit):
            return
        primary = unit.order[0]
        cut_off = self.truth.unreached.get(primary, -math.inf)
        rest = UPLINK_REST * self.run.policy.hold_down * 2**MOST_DOUBLINGS
        so = {
            Reason.DRAIN: primary in seen.intents.draining,
            Reason.PIN: change.after[0] in seen.intents.pins.values(),
            Reason.REBALANCE: True,
            Reason.REPAIR: not _fits(seen, unit, primary),
            # With nobody behind a port its packets need no tunnel.
            Reason.FAILOVER: self.knowledge.was_silent(primary)
            or self.knowledge.is_cut_off(primary),
            Reason.UPLINK: self.run.ovn.now - cut_off < rest,
        }
        self.checks.hold(
            "reason",
            so.get(change.reason, False),
            f"{unit.name} leaves {primary}, which works: {change.reason}: "
            f"{change.why}",
        )

    def _works(self, unit: Unit) -> bool:
        """Whether the primary holds the ports, and packets pass."""
        holders = self.run.ovn.sb.holders
        flows = self.run.meter.flows
        # As it was seen: a daemon may have been stopped before it wrote.
        return unit.holder in unit.order[:1] and all(
            holders.get(port.name) == unit.order[0]
            and port.name in flows
            and not (flows[port.name].dark or flows[port.name].cut)
            for port in unit.ports
        )

    def _hold_down(self, daemon: Daemon, change: Change) -> None:
        """Who was dead gets nothing before it was back for long enough."""
        back = self.memories.of(daemon).back
        early = self.run.ovn.now - self.run.policy.hold_down + TINY
        fresh = {name for name, since in back.items() if since > early}
        gets = {c for c in change.after if c not in change.unit.order}
        if change.is_move and self._is_preferred(daemon, change, fresh):
            gets.add(change.after[0])
        for name in sorted(gets):
            self.checks.hold(
                "hold_down",
                name not in fresh,
                f"{change.unit.name}: {name} has only just returned",
            )

    def _is_preferred(
        self, daemon: Daemon, change: Change, fresh: Set[str]
    ) -> bool:
        """Whether the new primary passes by somebody who is known to answer.

        And who is fit for it, and not to be emptied: an operator's wish goes
        before any hold-down.  Nor is that one of the ``fresh``, who have
        only just returned as well, or who gave up what nobody takes up.
        """
        order, primary = change.unit.order, change.after[0]
        if primary == change.unit.holder or primary not in order:
            return False
        passed = order[: order.index(primary)]
        known = daemon.decider.health
        ports = [port.name for port in change.unit.ports]
        waived = set(fresh)
        if change.unit.name in known.stranded:
            waived.add(known.claims[change.unit.name].dropped_by or "")
        return any(
            name in self.truth.answers
            and name not in waived
            and known.state(name) not in (State.DEAD, State.SUSPECT)
            and self.truth.fits(name, ports)
            and name not in self.run.ovn.nb.intents.draining
            for name in passed
        )

    def _warm(self, change: Change) -> None:
        """Who takes over for no need has been in the list for a while."""
        if not is_voluntary(change) or self.run.policy.max_candidates == 1:
            return
        since = self.run.ovn.member_since
        warm = self.run.ovn.now - 2 * self.run.ovn.cloud.bfd_time + TINY
        for port in change.unit.ports:
            joined = since.get((port.name, change.after[0]), math.inf)
            self.checks.hold(
                "warm",
                joined <= warm,
                f"{port.name} moves to {change.after[0]}, which is cold",
            )

    def _mass(self, daemon: Daemon, changes: tuple[Change, ...]) -> None:
        """While most gateways fell silent at once nothing is written."""
        policy, truth = self.run.policy, self.truth
        noticed = policy.probe_interval + 1.25 * policy.dead_after + 1.5
        fleet, since = truth.fleet, truth.silent
        lost = [
            name
            for name in fleet
            if truth.lasts(since, name) > noticed
            and name in self.run.ovn.sb.rows
        ]
        first = min((since[name] for name in lost), default=math.inf)
        last = max((since[name] for name in lost), default=math.inf)
        together = policy.dead_after + policy.hold_down - noticed
        watched = truth.works < first and daemon.started < first
        many = len(lost) >= 3 and len(lost) >= 0.55 * len(fleet)
        whys = ", ".join(change.why for change in changes)
        self.checks.hold(
            "mass",
            not (many and watched and last - first < together),
            f"{lost} of {fleet} are silent; {whys}",
        )


def _fits(seen: Snapshot, unit: Unit, name: str) -> bool:
    """Whether a member is fit for a unit, as far as a daemon has seen.

    It may have been stopped between its look and its write.
    """
    row = seen.chassis.get(name)
    if row is None or row.name not in seen.gateways:
        return False
    carried = row.physical_networks
    return all(port.physical_networks & carried for port in unit.ports)
