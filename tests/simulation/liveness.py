# SPDX-License-Identifier: Apache-2.0
"""The invariants of time: what must become well, and how soon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gwsched.decisions import Plan, State
from gwsched.model import Session
from tests.simulation.daemon import Daemon
from tests.simulation.databases import names

if TYPE_CHECKING:
    from tests.simulation.invariants import Checks

# How often it is looked at what lasts too long (seconds).
TICK = 2.0
# How long everything must have been as it should be, to be at rest.
QUIET = 5.0


class Liveness:
    """Follows every port, and whether all comes to rest."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.run = checks.run
        self.truth = checks.truth
        policy, cloud = checks.run.policy, checks.run.ovn.cloud
        self.patience = (
            2 * policy.probe_interval
            + 2 * policy.dead_after
            + 2 * cloud.bfd_time
            + 10
        )
        self.proven = policy.hold_down + self.patience
        quick = policy.hold_down <= 6
        self.is_patient = quick and checks.run.schedule.cloud.seed % 8 == 0
        self._orphaned: dict[str, float] = {}
        self._masked: dict[str, float] = {}
        self._resting: float | None = None
        self._next_tick = 0.0

    # -- every port --------------------------------------------------------

    def follow(self) -> None:
        """Note since when which port has nobody alive in its list."""
        ovn, truth = self.run.ovn, self.truth
        bare = {
            port
            for unit in ovn.nb.units.values()
            for port in unit.ports
            if not any(truth.reacts(c) for c in names(unit.candidates))
        }
        for port in bare:
            self._orphaned.setdefault(port, ovn.now)
        for port in [p for p in self._orphaned if p not in bare]:
            lasted = ovn.now - self._orphaned.pop(port)
            self.run.outcome.note("no live candidate", lasted)

    def tick(self) -> None:
        """Check how long what should not be has lasted by now."""
        now = self.run.ovn.now
        calm = now - self.truth.calm
        if calm < self.patience or now < self._next_tick:
            return
        self._next_tick = now + TICK
        for unit in self.run.ovn.nb.units.values():
            heirs = self._heirs(unit.ports)
            if not heirs:
                continue
            for port in unit.ports:
                plain = min(calm, now - self._last_masked(port))
                self._candidate(port, plain, heirs)
                self._carried(port, names(unit.candidates), plain, heirs)
                self._uplink(port, calm)
                self._fight(port, calm)

    def _heirs(self, ports: tuple[str, ...]) -> list[str]:
        """Return who could have been given these ports for long."""
        truth = self.truth
        return [
            name
            for name in truth.sound
            if truth.lasts(truth.sound, name) > self.proven
            and truth.may_get(name, ports)
        ]

    def _candidate(self, port: str, calm: float, heirs: list[str]) -> None:
        flow = self.run.meter.flows.get(port)
        if flow and not flow.dark and self._is_seen_to_live(port):
            return
        since = self._orphaned.get(port, math.inf)
        lasted = min(self.run.ovn.now - since, calm)
        self.checks.hold(
            "candidate",
            lasted <= self.patience,
            f"{port} has had no live candidate for {lasted:.0f} s, "
            f"though {heirs} live",
        )

    def _last_masked(self, port: str) -> float:
        if self._is_masked(port) or self._is_hollow(port):
            self._masked[port] = self.run.ovn.now
            self.checks.count("masked")
        return self._masked.get(port, -math.inf)

    def _is_masked(self, port: str) -> bool:
        """Whether it seems that others could claim what a holder keeps.

        They answer, and cannot: their switch or their cables are dead.
        """
        truth, ovn = self.truth, self.run.ovn
        holder = ovn.sb.holders.get(port)
        heirs = {
            c
            for unit in ovn.nb.units.values()
            if any(ovn.sb.holders.get(p) == holder for p in unit.ports)
            for c in names(unit.candidates)
            if c in truth.answers
        }
        return bool(heirs) and not heirs & truth.sound.keys()

    def _is_hollow(self, port: str) -> bool:
        """Whether its holder's switch runs BFD, and has no flows for it.

        Its controller fell silent before it had made them: it looks like one
        whose data plane lives.
        """
        holder = self.run.ovn.sb.holders.get(port)
        node = self.run.ovn.nodes.get(holder or "")
        if node is None or node.name not in self.truth.silent:
            return False
        has_flows = node.flows is not None and port in node.flows
        works = node.switching and node.tunnel
        return works and not has_flows and self._is_seen_to_live(port)

    def _is_seen_to_live(self, port: str) -> bool:
        """Whether who holds a port is silent, and was seen to live.

        By a vantage point, or by those who could have claimed another port
        of it.
        """
        if self.run.schedule.vantages:
            return True
        holder = self.run.ovn.sb.holders.get(port)
        leaders = [d for d in self.run.daemons.values() if d.leads]
        return any(
            name == holder and evidence.kept
            for leader in leaders
            for name, evidence in leader.decider.health.evidence.items()
        )

    def _carried(
        self, port: str, order: tuple[str, ...], calm: float, heirs: list[str]
    ) -> None:
        truth, meter = self.truth, self.run.meter
        computes = self.run.ovn.known_ports[port].computes
        if any(name not in truth.sound for name in computes):
            return
        lasted = min(meter.lasting(port, "dark", self.run.ovn.now), calm)
        deaf = [c for c in order if c in truth.answers and c in truth.unsound]
        if deaf and self.run.ovn.sb.holders.get(port) is not None:
            return  # in SB all looks well
        self.checks.hold(
            "stranded" if deaf else "carried",
            lasted <= self.patience,
            f"{port} [{' '.join(order)}] has carried nothing for "
            f"{lasted:.0f} s, though {heirs} could"
            + (f" ({deaf} answer, and cannot)" if deaf else ""),
        )

    def _uplink(self, port: str, calm: float) -> None:
        ovn = self.run.ovn
        if ovn.sb.sessions.get(port) != Session.DOWN:
            return
        holder = ovn.sb.holders.get(port)
        network = ovn.known_ports[port].network
        if network in ovn.dead_hops or holder not in self.truth.answers:
            return
        lasted = self.run.meter.lasting(port, "cut", ovn.now)
        self.checks.hold(
            "uplink",
            min(lasted, calm) <= self.patience,
            f"{port} on {holder} has not reached its next hop for "
            f"{lasted:.0f} s",
        )

    def _fight(self, port: str, calm: float) -> None:
        truth, ovn = self.truth, self.run.ovn
        lasted = self.run.meter.lasting(port, "twice", ovn.now)
        active = [node.name for node in ovn.active(port)]
        if any(name not in truth.answers for name in active):
            return
        known = [truth.lasts(truth.answers, name) for name in active]
        calm = min([calm, *known])
        self.checks.hold(
            "fight",
            min(lasted, calm) <= self.patience,
            f"{port} has been active on {active} for {lasted:.0f} s",
        )

    # -- at rest -----------------------------------------------------------

    @property
    def latest(self) -> float:
        """When all must be at rest, at the latest."""
        moves = len(self.run.ovn.ports) * 4 + 8
        pace = max(60 / self.run.policy.moves_per_minute, 3)
        settle = 6 * self.proven + moves * pace
        # A failed move stops all others for ten minutes, doubling; and so
        # does somebody else who writes the same lists.
        # There are rests of up to an hour, or 640 hold-downs.
        rests = 3600 + 640 * self.run.policy.hold_down
        return self.run.ended_at + settle + rests

    def rested(self, daemon: Daemon, plan: Plan) -> bool:
        """Whether all is well, and has been for a moment."""
        now = self.run.ovn.now
        if now < self.run.ended_at or not daemon.leads:
            return False
        if plan.changes or plan.blocking or self.unrest(daemon):
            self._resting = None
            return False
        if self._resting is None:
            self._resting = now
        return now >= self._resting + QUIET

    def unrest(self, daemon: Daemon | None = None) -> str:
        """Say what is not as it should be, or "".

        :param daemon: whose distrust is accepted, for the moment
        """
        ovn, meter = self.run.ovn, self.run.meter
        for name, unit in ovn.nb.units.items():
            order = names(unit.candidates)
            wanted = [
                name
                for name in self.truth.answers
                if self.truth.may_get(name, unit.ports)
                and not self._is_distrusted(name, daemon)
            ]
            if not wanted:
                continue
            most = min(len(wanted), self.run.policy.max_candidates)
            missing = len([c for c in order if c in wanted]) < most
            if missing:
                return f"{name} has [{' '.join(order)}] of {wanted}"
            strangers = [c for c in order if c not in self.truth.answers]
            if strangers:
                return f"{name} still has {strangers}"
            for port in unit.ports:
                if ovn.sb.holders.get(port) != order[0]:
                    return f"{port} is not held by {order[0]}"
                flow = meter.flows[port]
                if flow.dark or flow.cut or flow.twice or flow.lagging:
                    return f"{port}: {flow}"
        return ""

    def _is_distrusted(self, name: str, daemon: Daemon | None) -> bool:
        """Whether a daemon that need not wait does not trust a chassis.

        It has reasons that last for hours, at the most: some runs wait until
        there are none.
        """
        if daemon is None or self.is_patient:
            return False
        health = daemon.decider.health
        apart = any(name in pair for pair in health.apart)
        marked = any(name == chassis for chassis, _ in health.uplinks.bad)
        return apart or marked or health.state(name) is not State.LIVE
