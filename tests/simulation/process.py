# SPDX-License-Identifier: Apache-2.0
"""A daemon as a process with two connections, all of which can be harmed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from gwsched.decisions import Change, Plan, Policy
from gwsched.model import Snapshot, Vantage
from tests.simulation.events import Queue
from tests.simulation.ovn import Ovn
from tests.simulation.server import Result, Server

if TYPE_CHECKING:
    from tests.simulation.daemon import Daemon


class World(Protocol):
    """What a daemon needs of the simulation around it."""

    ovn: Ovn
    server: Server
    queue: Queue
    policy: Policy
    polled: bool

    def looked(self, daemon: Daemon, seen: Snapshot, plan: Plan) -> None:
        """Take note of a look."""

    def commits(
        self, daemon: Daemon, changes: tuple[Change, ...], seen: Snapshot
    ) -> Result:
        """Let a daemon's transaction reach the server."""

    def vantages(self) -> tuple[Vantage, ...]:
        """Return what the vantage points say."""


class Process:
    """``alive`` is "up", "hung" or "dead".

    What goes wrong with the next transactions is in ``mishaps``: "request"
    and "answer" get lost, "hang" stops the process just before it writes,
    with "ambush" somebody else writes the list first.
    """

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.alive = "dead"
        self.life = 0
        self.nb_link = self.sb_link = True
        self.mishaps: list[str] = []
        self.started = math.inf
        cloud = world.ovn.cloud
        self.latency = cloud.between(0.2, 0.4, "latency", name)
        self.probe = cloud.between(3.0, 15.0, "probe", name)
        self.server_probe = cloud.between(5.0, 12.0, "server probe", name)
        self.clear()

    def clear(self) -> None:
        """Forget everything, as a process that is gone."""
        self.world.ovn.stamp += 1
        self.session: int | None = None
        self.leads = False
        self.sb_open = False
        self.sb_sessions = 0
        self.look_at = math.inf
        self.hung_at = math.inf

    def start(self) -> None:
        """Start it, with an empty memory."""
        if self.alive != "dead":
            return
        self.clear()
        self.alive = "up"
        self.life += 1
        self.started = self.world.ovn.now
        self.later(0.05, "connect_nb")
        self.later(0.08, "connect_sb")

    def crash(self) -> None:
        """Kill it; the server sees its connections close."""
        self.world.server.close(self.session)
        self.alive = "dead"
        self.life += 1
        self.mishaps.clear()
        self.clear()

    def hang(self) -> None:
        """Stop it; the server waits for it until it has probed in vain."""
        if self.alive == "up":
            self.alive = "hung"
            self.hung_at = self.world.ovn.now
            self.world.ovn.stamp += 1
            self.later(self.server_probe, "server_drops", self.session)

    def resume(self) -> None:
        """Let it go on where it was; a transaction may be next."""
        if "hang" in self.mishaps:
            self.mishaps.remove("hang")
        if self.alive != "hung":
            return
        self.alive = "up"
        self.world.ovn.stamp += 1
        self.go_on()
        if self.world.ovn.now - self.hung_at > self.server_probe:
            self.sb_open = False
            self.later(0.1, "connect_sb")
        self.refresh()

    def go_on(self) -> None:
        """Do what was about to be done when it was stopped."""

    # -- its connections ---------------------------------------------------

    @property
    def reaches_nb(self) -> bool:
        """Whether packets get from here to NB's server, and back."""
        return self.nb_link and self.world.ovn.nb_up

    @property
    def reaches_sb(self) -> bool:
        """The same of SB's."""
        return self.sb_link and self.world.ovn.sb_up

    @property
    def sees_nb(self) -> bool:
        """Whether NB's updates arrive."""
        return self.reaches_nb and self.world.server.knows(self.session)

    @property
    def sees_sb(self) -> bool:
        """Whether SB's do."""
        return self.reaches_sb and self.sb_open

    @property
    def works(self) -> bool:
        """Whether it is up, and sees both."""
        return self.alive == "up" and self.sees_nb and self.sees_sb

    def connect_nb(self) -> None:
        """Try to connect to NB, and stand in line for the lock."""
        if self.alive != "up" or self.session is not None:
            return
        if self.reaches_nb:
            self.session = self.world.server.connect(self.name)
            self.world.ovn.stamp += 1
            self.look_by(self.world.ovn.now + self.latency)
        else:
            self.later(1.0, "connect_nb")

    def connect_sb(self) -> None:
        """Try to connect to SB."""
        if self.alive != "up" or self.sb_open:
            return
        if self.reaches_sb:
            self.sb_open = True
            self.sb_sessions += 1
            self.world.ovn.stamp += 1
            self.sb_is_new()
            self.notify()
        else:
            self.later(1.0, "connect_sb")

    def sb_is_new(self) -> None:
        """SB was out of sight until now."""

    def lose(self) -> None:
        """Begin to find out, by probing, that a server is out of reach."""
        self.later(self.probe, "give_up", self.session)
        if not self.nb_link:
            self.later(self.server_probe, "server_drops", self.session)

    def give_up(self, session: int | None) -> None:
        """A probe had no answer: the connection counts as closed."""
        if self.alive != "up":
            return
        if not self.reaches_nb and session == self.session:
            self.disconnect(1.0)
        if not self.reaches_sb and self.sb_open:
            self.sb_open = False
            self.world.ovn.stamp += 1
            self.later(1.0, "connect_sb")

    def server_drops(self, session: int | None) -> None:
        """The server's probe had no answer: it closes the session."""
        if self.alive != "up" or not self.reaches_nb:
            self.world.server.close(session)
            self.world.ovn.stamp += 1

    def refresh(self) -> None:
        """Find out at once what has become of the connections."""
        if self.alive != "up":
            return
        if self.reaches_nb and not self.world.server.knows(self.session):
            self.disconnect(0.1)
        if not self.sb_open:
            self.later(0.1, "connect_sb")
        self.notify()

    def refresh_in(self, delay: float) -> None:
        """Find that out after a while."""
        self.later(delay, "refresh")

    def disconnect(self, again: float) -> None:
        """Close the connection to NB, and make another after a while."""
        self.world.server.close(self.session)
        self.session = None
        self.leads = False
        self.world.ovn.stamp += 1
        self.later(again, "connect_nb")

    def later(self, delay: float, what: str, *arguments: object) -> None:
        """Let something happen to this process, if it is still the same."""
        at, life = self.world.ovn.now + delay, self.life
        self.world.queue.put(at, "serve", self.name, life, what, arguments)

    # -- when it looks -----------------------------------------------------

    def notify(self) -> None:
        """Something it sees has changed: look soon."""
        if self.alive == "up":
            # Who only stands by need not be quick, and costs less so.
            wait = self.latency if self.leads else 4 * self.latency
            self.look_by(self.world.ovn.now + wait)

    def look_by(self, at: float) -> None:
        """Look at a time, if not before."""
        if at < self.look_at:
            self.look_at = at
            self.world.queue.put(at, "look", self.name, at)
