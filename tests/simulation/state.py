# SPDX-License-Identifier: Apache-2.0
"""The state of a modelled OVN: everything that a copy of it has to have."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

from gwsched.model import Candidate, Form
from tests.simulation.databases import Listed, Northbound, Southbound
from tests.simulation.election import Bundles
from tests.simulation.events import Queue
from tests.simulation.facts import Cloud, Host, Pace, Port

NOBODY: frozenset[str] = frozenset()

Pair = tuple[str, str]


class Node:
    """One chassis: what runs on it, what it sees, what it does.

    ``controller`` is "up", "hung" or "dead".  ``view`` is SB as its
    controller saw it last.  ``peers`` is whom conf.db says to run BFD with;
    it outlives every process.  ``tunnels`` are those whose BFD is up.
    ``active`` is what the controller has concluded, ``flows`` what the
    switch does: of a gateway the ports it routes for.  The bundles of a
    compute are in ``bundles``.  ``hops`` are sessions with next hops.
    ``elects``: it takes part in elections, whether it has the gateway flag
    by now or not: that is for schedulers, OVN does not ask for it.
    """

    def __init__(self, host: Host, pace: Pace) -> None:
        self.name = host.name
        self.host = host
        self.elects = host.is_gateway
        self.pace = pace
        self.loop = pace.loop
        self.power = True
        self.vswitchd = True
        self.controller = "up"
        self.management = True
        self.tunnel = True
        self.uplinks = frozenset(host.networks)
        self.life = 0
        self.boots = 0
        self.view: Southbound | None = None
        self.peers = NOBODY
        self.tunnels = NOBODY
        self.active = NOBODY
        self.flows: frozenset[str] | None = None
        self.bundles: Bundles | None = None
        self.basis: tuple[object, ...] = ()
        self.stale = True
        self.looping = False
        self.installing = False
        self.claimed: dict[str, float] = {}
        self.hops: dict[str, bool] = {}
        self.unwritten: dict[str, bool] = {}

    @property
    def switching(self) -> bool:
        """Whether its switch runs."""
        return self.power and self.vswitchd

    @property
    def thinking(self) -> bool:
        """Whether its controller runs."""
        return self.power and self.controller == "up"

    def copy(self) -> Self:
        """Return the same for another world."""
        other = copy.copy(self)
        other.claimed = self.claimed.copy()
        other.hops = self.hops.copy()
        other.unwritten = self.unwritten.copy()
        return other


class State:
    """Chassis, databases, cables, and what is to come.

    ``stamp`` is counted up whenever processes, cables, rows or lists are
    different, ``flipped`` with every BFD session that goes up or down;
    ``dirty`` says that traffic may flow differently by now.  ``claims``
    counts, by port and chassis, what was claimed in SB, ``claimed`` all of
    it.  ``member_since`` is since when SB lists a chassis for a port, and
    ``known_ports`` are all that ever were.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.now = 0.0
        self.queue = Queue()
        self.hosts = dict(cloud.hosts)
        self.ports: dict[str, Port] = {}
        self.known_ports: dict[str, Port] = {}
        self.nodes = {
            name: Node(host, Pace.of(cloud, name))
            for name, host in cloud.hosts.items()
        }
        self.nb = Northbound({})
        self.sb = Southbound({}, NOBODY, {}, {}, 0, {}, {}, {})
        self.nb_up = True
        self.sb_up = True
        self.northd = True
        self.northd_waits = False
        self.cuts: frozenset[Pair] = frozenset()
        self.dead_hops = NOBODY
        self.flips: dict[Pair, int] = {}
        self.hop_flips: dict[Pair, int] = {}
        self.tokens = 0
        self.claims: dict[str, dict[str, int]] = {}
        self.claimed = 0
        self.flipped = 0
        self.member_since: dict[Pair, float] = {}
        self.stamp = 0
        self.dirty = True
        self.log: Callable[[float, str], None] | None = None

    def copy(self) -> Self:
        """Return a world that is the same, and has a life of its own."""
        other = copy.copy(self)
        other.queue = self.queue.copy()
        other.hosts = self.hosts.copy()
        other.ports = self.ports.copy()
        other.nodes = {name: n.copy() for name, n in self.nodes.items()}
        other.flips = self.flips.copy()
        other.hop_flips = self.hop_flips.copy()
        other.claims = {port: c.copy() for port, c in self.claims.items()}
        other.member_since = self.member_since.copy()
        other.log = None
        return other

    def say(self, what: str) -> None:
        """Note something for a reader of the trace."""
        if self.log is not None:
            self.log(self.now, what)

    def after(self, delay: float, name: str, *arguments: Any) -> None:
        """Let something happen after a while."""
        self.queue.put(self.now + delay, name, *arguments)

    def token(self) -> int:
        """Return a number that was never used before."""
        self.tokens += 1
        return self.tokens

    def links(self, node: Node) -> bool:
        """Whether a chassis can talk to SB."""
        return node.power and node.management and self.sb_up

    def active(self, port: str) -> list[Node]:
        """Return the gateways that route for a port, whoever knows it."""
        return [
            node
            for node in self.nodes.values()
            if node.flows
            and port in node.flows
            and node.elects
            and node.switching
        ]

    def path(self, one: str, other: str) -> bool:
        """Whether packets go between the tunnel endpoints of two chassis."""
        a, b = self.nodes[one], self.nodes[other]
        if not (a.switching and b.switching and a.tunnel and b.tunnel):
            return False
        return pair(one, other) not in self.cuts


def pair(one: str, other: str) -> Pair:
    """Return two names as one key."""
    return (one, other) if one < other else (other, one)


def listed(cloud: Cloud) -> dict[str, Listed]:
    """Return the lists that are there from the beginning."""
    form = Form(cloud.form)
    found = {}
    for unit, (ports, order) in cloud.lists.items():
        top = len(order)
        candidates = tuple(
            Candidate(name, top - rank) for rank, name in enumerate(order)
        )
        found[unit] = Listed(form if order else None, candidates, ports)
    return found
