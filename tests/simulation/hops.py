# SPDX-License-Identifier: Apache-2.0
"""BFD with next hops: run by whoever SB says holds the port."""

from __future__ import annotations

from gwsched.model import Session
from tests.simulation.state import Node
from tests.simulation.tunnels import Tunnels


class Hops(Tunnels):
    """Sessions with next hops, and what is written of them to SB.

    Only transitions are written (pinctrl.c, bfd_monitor_run): a new holder
    that never gets a session up leaves whatever the row said before
    (ovn-org/ovn issue 322), and so does one that dies.
    """

    def reach(self, node: Node, port: str) -> bool:
        """Whether packets of a port go from its chassis to its next hop."""
        if not node.switching or not node.flows or port not in node.flows:
            return False
        network = self.ports[port].network
        return network in node.uplinks and network not in self.dead_hops

    def keep_hops(self, node: Node) -> None:
        """Have the sessions that a holder has to have, and no others."""
        view = node.view
        if not node.thinking or view is None:
            return
        for port, facts in self.ports.items():
            if facts.next_hop and view.holders.get(port) == node.name:
                node.hops.setdefault(port, False)
            elif port in node.hops:
                del node.hops[port]
                node.unwritten.pop(port, None)
        for port in node.hops:
            self._probe(node, port)
        self._write_sessions(node)

    def forget_hops(self, node: Node) -> None:
        """End all sessions of a chassis: its controller ran them."""
        node.hops.clear()
        node.unwritten.clear()

    def _probe(self, node: Node, port: str) -> None:
        key = (node.name, port)
        if self.reach(node, port) == node.hops[port]:
            self.hop_flips.pop(key, None)
        elif key not in self.hop_flips:
            token = self.hop_flips[key] = self.token()
            low, high = (3.0, 5.0) if node.hops[port] else (0.25, 0.5)
            delay = self.cloud.between(low, high, "hop", node.name)
            self.after(delay, "hop_flip", node.name, port, token)

    def hop_flip(self, name: str, port: str, token: int) -> None:
        """A session has come up or gone down, if its holder still lives."""
        if self.hop_flips.get((name, port)) != token:
            return
        del self.hop_flips[name, port]
        node = self.nodes[name]
        if not node.thinking or port not in node.hops:
            return
        node.hops[port] = node.unwritten[port] = not node.hops[port]
        self._write_sessions(node)

    def _write_sessions(self, node: Node) -> None:
        if not node.unwritten or not self.links(node):
            return
        said = {
            port: (Session.UP if up else Session.DOWN).value
            for port, up in node.unwritten.items()
            if self.sb.holders.get(port) == node.name
        }
        node.unwritten.clear()
        if any(self.sb.sessions[port] != said[port] for port in said):
            sessions = {**self.sb.sessions, **said}
            self.sb = self.sb._replace(sessions=sessions)
            self.say(f"  sb next hop of {said} says {node.name}")
