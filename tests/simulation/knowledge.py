# SPDX-License-Identifier: Apache-2.0
"""What a daemon could have known: nobody is blamed for the rest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gwsched.decisions import State
from tests.simulation.daemon import Daemon
from tests.simulation.databases import names
from tests.simulation.state import pair
from tests.simulation.truth import CLAIM_SETTLE, Truth

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


class Knowledge:
    """The truth, as far as it can be seen in the databases."""

    def __init__(self, run: Simulation, truth: Truth) -> None:
        self.run = run
        self.truth = truth
        policy = run.policy
        # After so long a silence is noticed.
        self.noticed = policy.probe_interval + policy.dead_after + 3
        # For so long must a chassis be well again to be seen to be.
        self.steady = 2 * policy.probe_interval + 2

    def is_news(self, daemon: Daemon, name: str) -> bool:
        """Whether a chassis fell ill, or got well, unknown to a daemon.

        One that answers heartbeats shows no illness but by what OVN does:
        by taking a port from it, and for good.
        """
        truth = self.truth
        if daemon.decider.health.state(name) in (State.SUSPECT, State.DEAD):
            return 0 <= truth.lasts(truth.sound, name) < self.steady
        if 0 <= truth.lasts(truth.sound, name) < self.noticed:
            return True
        if 0 <= truth.lasts(truth.changed, name) < self.noticed:
            return True
        if name not in truth.unsound:
            return False
        if truth.lasts(truth.silent, name) >= self.noticed:
            return False
        if truth.holds(name):
            return True  # what nobody else claims
        shown = truth.left.get(name, -math.inf)
        settled = shown + CLAIM_SETTLE + 1 <= self.run.ovn.now
        # Of what moves while nobody sees NB as well, a list that was written
        # meanwhile may be the reason.
        seen = shown >= max(truth.unsound[name], truth.works)
        return not (seen and settled)

    def has_changed(self, name: str) -> bool:
        """Whether a chassis is not as it was a moment ago."""
        return 0 <= self.truth.lasts(self.truth.changed, name) < self.steady

    def is_distrusted(self, daemon: Daemon, name: str) -> bool:
        """Whether a chassis that is well was not, and has to wait."""
        health, truth = daemon.decider.health, self.truth
        apart = any(name in pair for pair in health.apart)
        marked = any(name == chassis for chassis, _ in health.uplinks.bad)
        return (apart and name in truth.parted) or (
            marked and name in truth.unreached
        )

    def was_silent(self, name: str) -> bool:
        """Whether a chassis is silent, or was until a moment ago."""
        return self.truth.lasts(self.truth.answers, name) < self.steady

    def is_cut_off(self, name: str) -> bool:
        """Whether a chassis has lost its switch or all its tunnels.

        Or those to every vantage point, which then can tell no better.
        """
        ovn = self.run.ovn
        node = ovn.nodes.get(name)
        if node is None or not (node.switching and node.tunnel):
            return True
        points = {*self.run.schedule.vantages} - {name}
        return bool(points) and all(pair(name, v) in ovn.cuts for v in points)

    def looks_dead(self, name: str) -> bool:
        """Whether no one could tell a chassis from a dead one by SB.

        It has been silent, and what it held nobody could have claimed.
        """
        truth, policy = self.truth, self.run.policy
        # The daemon counts from the last answer, up to one interval before.
        lasted = truth.lasts(truth.silent, name) + policy.probe_interval
        if lasted < policy.dead_after:
            return False
        return not any(
            self._is_claimable(port, name)
            for port in truth.holds(name)
            if not self._is_taken_by_list(port, name)
        )

    def _is_taken_by_list(self, port: str, name: str) -> bool:
        """Whether others have claimed a port for what its list says now.

        It names the chassis no more, or the one that claimed before it.
        """
        order = names(self.run.ovn.sb.groups.get(port, ()))
        if name not in order:
            return True
        holder = self.run.ovn.sb.holders.get(port)
        return holder in order[: order.index(name)]

    def _is_claimable(self, port: str, holder: str) -> bool:
        """Whether others could have claimed a port for long, by OVN's rule."""
        ovn, truth = self.run.ovn, self.truth
        needed = ovn.cloud.bfd_time + CLAIM_SETTLE
        heirs = [
            c
            for c in names(ovn.sb.groups.get(port, ()))
            if c != holder
            and truth.lasts(truth.sound, c) > needed
            and ovn.now - ovn.member_since.get((port, c), ovn.now) > needed
        ]
        if len(heirs) > 1:
            return True
        references = ovn.sb.references.get(port, frozenset())
        return bool(heirs and references & truth.answers.keys() - set(heirs))
