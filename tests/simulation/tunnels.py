# SPDX-License-Identifier: Apache-2.0
"""Tunnel BFD: what each switch knows of the others, after a while."""

from __future__ import annotations

from tests.simulation.state import NOBODY, Node, State


class Tunnels(State):
    """BFD sessions, each as its two ends see it.

    A session needs BFD switched on at both ends, and the way between them.
    It is the switch that runs it, by conf.db: without ovn-controller it
    goes on, and comes back with the switch after a crash.
    """

    def set_peers(self, node: Node, peers: frozenset[str]) -> None:
        """Switch BFD on towards these, and off towards all others."""
        changed = sorted(peers ^ node.peers)
        node.peers = peers
        self.dirty = True
        for other in changed:
            self._session(node.name, other)
            self._session(other, node.name)

    def retune(self, name: str) -> None:
        """Look at all sessions of a chassis: something has changed there."""
        for other, node in self.nodes.items():
            if other != name:
                self._session(name, other)
                if name in node.peers:
                    self._session(other, name)

    def retune_pair(self, one: str, other: str) -> None:
        """Look at the session of two chassis, from both ends."""
        self._session(one, other)
        self._session(other, one)

    def wake(self, node: Node) -> None:
        """Let a controller look at everything, as soon as it can."""
        if node.thinking and not node.looping:
            node.looping = True
            self.after(node.loop, "think", node.name, node.life)

    def _session(self, me: str, other: str) -> None:
        """Begin to notice what became of a session, or stop to."""
        node, peer = self.nodes.get(me), self.nodes.get(other)
        if node is None or peer is None:
            return
        key = (me, other)
        if not node.switching or other not in node.peers:
            self.flips.pop(key, None)
            self._note(node, node.tunnels - {other})
            return
        works = me in peer.peers and self.path(me, other)
        if works == (other in node.tunnels):
            self.flips.pop(key, None)
        elif key not in self.flips:
            token = self.flips[key] = self.token()
            self.after(self._delay(me, other, works), "flip", *key, token)

    def _delay(self, me: str, other: str, works: bool) -> float:
        """How long BFD takes: less than a second to come up, as measured.

        Sessions of one chassis come up nearly together, for their timers
        started together.
        """
        cloud, slowest = self.cloud, self.cloud.bfd_time
        if works:
            usual = cloud.between(0.1, 0.3, "up") * slowest
            return usual + cloud.between(0, 0.05, "up", me, other) * slowest
        return cloud.between(0.7, 1.0, "down", me, other) * slowest

    def flip(self, me: str, other: str, token: int) -> None:
        """One end of a session has noticed that it came up, or went down."""
        if self.flips.get((me, other)) != token:
            return
        del self.flips[me, other]
        node = self.nodes[me]
        self._note(node, node.tunnels ^ {other})
        self.say(
            f"  bfd {me} sees {other} "
            f"{'up' if other in node.tunnels else 'down'}"
        )

    def _note(self, node: Node, tunnels: frozenset[str]) -> None:
        if tunnels != node.tunnels:
            node.tunnels = tunnels or NOBODY
            self.dirty = True
            self.flipped += 1
            self.wake(node)
