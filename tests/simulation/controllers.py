# SPDX-License-Identifier: Apache-2.0
"""What an ovn-controller does each time it wakes."""

from __future__ import annotations

import math
from operator import is_

from gwsched.model import NOBODY
from tests.simulation import election
from tests.simulation.databases import Southbound
from tests.simulation.hops import Hops
from tests.simulation.state import Node


class Controllers(Hops):
    """The main loop of ovn-controller, of every chassis."""

    def think(self, name: str, life: int) -> None:
        """Run one main loop: see, conclude, switch, claim, answer."""
        node = self.nodes[name]
        if node.life != life:
            return  # of a process that is gone
        node.looping = False
        if not node.thinking:
            return
        if self.links(node):
            node.view = self.sb
        view = node.view
        if view is None:
            return  # it knows nothing yet
        if self.links(node) and name not in self.sb.rows:
            self._register(node)
            return
        if self.links(node) and self.sb.rows[name] != node.host:
            self._describe(node)
        self.set_peers_as(node, view)
        self._conclude(node, view)
        self._switch(node)
        if self.links(node):
            self._claim(node)
            self._answer(node)
        self.keep_hops(node)

    def write_sb(self, sb: Southbound) -> None:
        """Let SB be another, and everybody who sees it wake."""
        self.sb = sb
        for node in self.nodes.values():
            if self.links(node):
                self.wake(node)

    def wake_northd(self) -> None:
        """Let northd carry over what there is, as soon as it can."""
        if not self.northd_waits:
            self.northd_waits = True
            self.after(self.cloud.between(0.02, 0.2, "northd"), "carry")

    def set_peers_as(self, node: Node, view: Southbound) -> None:
        """Run BFD with whom SB says (bfd_run)."""
        basis = (view.groups, view.linked, view.references, view.rows)
        if _same(basis, node.basis[:4]):
            return
        peers = election.bfd_peers(view, node.name)
        if peers != node.peers:
            self.set_peers(node, peers)

    def _register(self, node: Node) -> None:
        """Write the Chassis row, and the one beside it (chassis_run)."""
        self.say(f"  sb {node.name} registers")
        self.stamp += 1
        sb = self.sb
        answered = {**sb.answered, node.name: 0}
        rows = {**sb.rows, node.name: node.host}
        self.write_sb(sb._replace(rows=rows, answered=answered))
        self.wake_northd()

    def _describe(self, node: Node) -> None:
        """Write what is configured to its Chassis row (chassis_update)."""
        self.stamp += 1
        rows = {**self.sb.rows, node.name: node.host}
        self.write_sb(self.sb._replace(rows=rows))
        node.view = self.sb

    def _conclude(self, node: Node, view: Southbound) -> None:
        """Find what is active here, or where to send what is elsewhere."""
        tunnels = node.tunnels
        holders = None if node.elects else view.holders
        basis = (
            view.groups,
            view.linked,
            view.references,
            view.rows,
            tunnels,
            holders,
        )
        if _same(basis, node.basis):
            return
        node.basis = basis
        if node.elects:
            node.active = frozenset(
                port
                for port, group in view.groups.items()
                if election.is_active(
                    group,
                    view.linked,
                    view.references[port],
                    tunnels,
                    node.name,
                )
            )
        else:
            bundles = {
                port: election.bundle(view, port) for port in view.groups
            }
            self.dirty |= bundles != node.bundles
            node.bundles = bundles

    def _switch(self, node: Node) -> None:
        """Give the switch its flows; those of a new process take a while."""
        if not node.switching:
            return
        if node.flows is None or node.stale:
            if not node.installing:
                node.installing = True
                self.after(node.pace.install, "install", node.name, node.life)
        elif node.flows is not node.active:
            node.flows = node.active
            self.dirty = True

    def install(self, name: str, life: int) -> None:
        """The first flows of a new controller, or switch, are there."""
        node = self.nodes[name]
        if node.life != life:
            return
        node.installing = False
        if node.thinking and node.switching:
            node.flows = node.active
            node.stale = False
            self.dirty = True
            self.keep_hops(node)

    def _claim(self, node: Node) -> None:
        """Claim and release ports in SB (consider_ha_lport)."""
        if not node.elects:
            return
        changed: dict[str, str | None] = {}
        for port, holder in self.sb.holders.items():
            if port in node.active:
                if holder != node.name and self._may_claim(node, port, holder):
                    changed[port] = node.name
                    node.claimed[port] = self.now
                    self._count_claim(node.name, port)
            elif holder == node.name:
                changed[port] = None
                self._count_claim(NOBODY, port)
        if changed:
            for port, holder in changed.items():
                verb = "claims" if holder else "releases"
                self.say(f"  sb {node.name} {verb} {port}")
            holders = {**self.sb.holders, **changed}
            self.write_sb(self.sb._replace(holders=holders))
            node.view = self.sb

    def _count_claim(self, name: str, port: str) -> None:
        self.claimed += 1
        counts = self.claims.setdefault(port, {})
        counts[name] = counts.get(name, 0) + 1

    def _may_claim(self, node: Node, port: str, holder: str | None) -> bool:
        """Whether a claim need not wait (lport_maybe_postpone)."""
        if holder is None:
            return True
        cloud, group = self.cloud, self.sb.groups[port]
        newer = cloud.claim_pause > 1
        if newer and group[0].chassis == node.name:
            return True  # since OVN 24.03.7 the first of a list never waits
        again = node.claimed.get(port, -math.inf) + cloud.claim_pause
        if self.now >= again:
            return True
        self.after(again - self.now, "rewake", node.name, node.life)
        return False

    def rewake(self, name: str, life: int) -> None:
        """A claim has waited for long enough."""
        node = self.nodes[name]
        if node.life == life:
            self.wake(node)

    def _answer(self, node: Node) -> None:
        """Answer a heartbeat in Chassis_Private."""
        sb = self.sb
        if node.name in sb.rows and sb.answered[node.name] < sb.cfg:
            answered = {**sb.answered, node.name: sb.cfg}
            self.sb = sb._replace(answered=answered)
            node.view = self.sb


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether two bases are of the very same values."""
    return len(one) == len(other) and all(map(is_, one, other))
