# SPDX-License-Identifier: Apache-2.0
"""Who really carries traffic, and for how long nobody did."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.simulation.election import chosen
from tests.simulation.state import Node, State


@dataclass(frozen=True, slots=True)
class Flow:
    """What becomes of a port's packets at one moment.

    ``dark``: from some compute they do not get to an active gateway.
    ``cut``: they do, but not from there to the next hop.  ``twice``: two
    gateways route for it at a time, each with its uplink.
    ``lagging``: dark only from computes whose controllers are deaf, so that
    they go by what SB said earlier.
    """

    dark: bool
    cut: bool
    twice: bool
    lagging: bool


def flow(ovn: State, port: str) -> Flow:
    """Follow the packets of a port."""
    facts = ovn.ports[port]
    active = [node.name for node in ovn.active(port)]
    reach = {name for name in active if _uplink(ovn, name, facts.network)}
    dark = cut = lagging = False
    seen = 0
    for compute in facts.computes:
        node = ovn.nodes[compute]
        if not node.switching or not node.tunnel or node.flows is None:
            continue  # its machines are cut off from everything
        seen += 1
        target = _target(ovn, node, port)
        if target is None or target not in active:
            deaf = not (node.thinking and ovn.links(node))
            lagging |= deaf
            dark |= not deaf
        else:
            cut |= target not in reach
    if not seen:
        dark, cut = not active, bool(active) and not reach
    return Flow(dark, cut, len(reach) > 1, lagging and not dark)


def _uplink(ovn: State, name: str, network: str) -> bool:
    return network in ovn.nodes[name].uplinks and network not in ovn.dead_hops


def _target(ovn: State, node: Node, port: str) -> str | None:
    """Return the chassis that gets what a compute sends, if one does."""
    where = (node.bundles or {}).get(port)
    if where is None:
        return None
    target = chosen(where, node.peers, node.tunnels)
    if target is None or target not in ovn.nodes:
        return None
    return target if ovn.path(node.name, target) else None


KINDS = ("dark", "cut", "twice", "lagging")


class Meter:
    """For how long each port's packets fared how.

    ``rivals`` are by port all that were ever active at a time.
    """

    def __init__(self) -> None:
        self.flows: dict[str, Flow] = {}
        self.since: dict[tuple[str, str], float] = {}
        self.total: dict[tuple[str, str], float] = {}
        self.rivals: dict[str, set[str]] = {}
        self.longest: dict[str, float] = dict.fromkeys(KINDS, 0.0)

    def look(self, ovn: State) -> None:
        """Take note, if anything may have changed."""
        if not ovn.dirty:
            return
        ovn.dirty = False
        for port in ovn.ports:
            found = flow(ovn, port)
            if found != self.flows.get(port):
                self._turn(port, found, ovn.now)
                self.flows[port] = found
            if found.twice:
                active = {node.name for node in ovn.active(port)}
                self.rivals.setdefault(port, set()).update(active)
        for port in [p for p in self.flows if p not in ovn.ports]:
            self._turn(port, Flow(*[False] * 4), ovn.now)
            del self.flows[port]

    def _turn(self, port: str, found: Flow, now: float) -> None:
        for kind in KINDS:
            key = (port, kind)
            if getattr(found, kind):
                self.since.setdefault(key, now)
            elif key in self.since:
                lasted = now - self.since.pop(key)
                self.total[key] = self.total.get(key, 0.0) + lasted
                self.longest[kind] = max(self.longest[kind], lasted)

    def lasting(self, port: str, kind: str, now: float) -> float:
        """Return for how long it has been so without a break."""
        return now - self.since.get((port, kind), math.inf)

    def sum(self, port: str, kind: str, now: float) -> float:
        """Return for how long it was so altogether."""
        key = (port, kind)
        running = now - self.since[key] if key in self.since else 0.0
        return self.total.get(key, 0.0) + running
