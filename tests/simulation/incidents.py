# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a schedule, at random, and how it is mended."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.simulation.facts import Cloud
from tests.simulation.schedules import Step

# What befalls one gateway, and how often.
HARMS = {
    "power": 6,
    "graceful": 4,
    "controller": 2,
    "hang": 3,
    "vswitchd": 2,
    "tunnel": 2,
    "management": 3,
    "uplink": 3,
}
# What befalls many of them at a time.
SHARED = ("power", "management", "hang", "tunnel", "graceful")


class Incidents:
    """Draws one incident after another, and the end of each.

    ``cycle`` is what the daemons need to believe in a death and to act on
    it (seconds): incidents come about as fast, and last about as long.
    """

    def __init__(
        self, rng: Random, cloud: Cloud, daemons: int, cycle: float
    ) -> None:
        self.rng = rng
        self.cloud = cloud
        self.gateways = list(cloud.gateways)
        self.networks = sorted(
            {n for host in cloud.hosts.values() for n in host.networks}
        )
        self.daemons = [f"daemon{i + 1}" for i in range(daemons)]
        self.cycle = cycle
        self.steps: list[Step] = []
        self.now = 0.0
        self.added = 0

    def draw(self, count: int) -> None:
        """Draw so many incidents, and let all be well at the end."""
        kinds = [kind for kind, _ in self.KINDS]
        weights = [weight for _, weight in self.KINDS]
        self.now = self.rng.uniform(0.2, 1.0) * self.cycle
        for kind in self.rng.choices(kinds, weights, k=count):
            getattr(self, kind)()
            self.now += self.rng.expovariate(2 / self.cycle)
        self._end()

    # -- chassis -----------------------------------------------------------

    def one(self) -> None:
        """One gateway falls ill, and recovers or not."""
        name = self.rng.choice(self.gateways)
        kind = self.rng.choices([*HARMS], [*HARMS.values()])[0]
        self._put(0, kind, name)
        self._recover(name, self._while())

    def many(self) -> None:
        """Several gateways do, at about the same time."""
        kind = self.rng.choice(SHARED)
        count = self.rng.randint(2, len(self.gateways))
        spread = self.rng.choice((0.0, 0.5, 3.0, self.cycle))
        lasts = self._while()
        for name in self.rng.sample(self.gateways, count):
            self._put(self.rng.uniform(0, spread), kind, name)
            back = spread + lasts + self.rng.uniform(0, 2)
            self._recover(name, back)

    def rolling(self) -> None:
        """All gateways are restarted in turn."""
        kind = self.rng.choice(("graceful", "power", "controller"))
        between = self.rng.choice((1.0, 5.0, self.cycle))
        lasts = self.rng.uniform(0.5, 10)
        for name in self.gateways:
            self._put(0, kind, name)
            self._put(lasts, "heal", name)
            self.now += lasts + between

    def flap(self) -> None:
        """One gateway comes and goes."""
        name = self.rng.choice(self.gateways)
        kind = self.rng.choice(("power", "graceful", "tunnel", "management"))
        for _ in range(self.rng.randint(2, 5)):
            self._put(0, kind, name)
            self.now += self.rng.uniform(1, self.cycle)
            self._put(0, "heal", name)
            self.now += self.rng.uniform(1, self.cycle)

    def apart(self) -> None:
        """Two gateways lose each other."""
        one, other = self.rng.sample(self.gateways, 2)
        self._put(0, "cut", one, other)
        self._put(self.rng.uniform(2, 2 * self.cycle), "mend", one, other)

    def slow(self) -> None:
        """A controller is overloaded for a while."""
        name = self.rng.choice(self.gateways)
        self._put(0, "slow", name, self.rng.uniform(1.5, 10))
        self._put(self._while(), "heal", name)

    def compute(self) -> None:
        """A compute falls ill."""
        name = self.rng.choice(self.cloud.computes)
        kinds = ("power", "hang", "management", "tunnel", "graceful")
        self._put(0, self.rng.choice(kinds), name)
        self._put(self._while(), "heal", name)

    def hop(self) -> None:
        """The router next to OVN's, on one network, dies."""
        network = self.rng.choice(self.networks)
        self._put(0, "hop", network, False)
        self._put(self._while(), "hop", network, True)

    # -- the centre --------------------------------------------------------

    def centre(self) -> None:
        """A database or northd stands still."""
        what = self.rng.choice(("sb", "nb", "northd"))
        self._put(0, what, False)
        self._put(self._while(), what, True)

    def leader(self) -> None:
        """Another server leads NB."""
        self._put(0, "nb_leader")

    # -- daemons -----------------------------------------------------------

    def daemon(self) -> None:
        """A daemon crashes, hangs, or loses a connection."""
        name = self.rng.choice(self.daemons)
        lasts = self._while()
        kind = self.rng.choice(("crash", "hang", "nb", "sb", "restart"))
        if kind == "hang":
            self._put(0, "daemon_hang", name)
            self._put(lasts, "daemon_resume", name)
        elif kind in ("nb", "sb"):
            self._put(0, "daemon_link", name, kind, False)
            self._put(lasts, "daemon_link", name, kind, True)
        else:
            self._put(0, "daemon_crash", name)
            back = 1.0 if kind == "restart" else lasts
            self._put(back, "daemon_start", name)

    def mishap(self) -> None:
        """Something goes wrong with the next transaction of a daemon."""
        name = self.rng.choice(self.daemons)
        what = self.rng.choice(("request", "answer", "ambush", "hang"))
        self._put(0, "daemon_mishap", name, what)
        if what == "hang":
            self._put(self._while(), "daemon_resume", name)

    # -- operators, and others ---------------------------------------------

    def operator(self) -> None:
        """An operator wants something."""
        kind = self.rng.choice(
            ("drain", "drain", "cordon", "pin", "pause", "rebalance")
        )
        name = self.rng.choice(self.gateways)
        lasts = self.rng.uniform(1, 4) * self.cycle
        if kind in ("drain", "cordon"):
            self._put(0, kind, name, True)
            self._put(lasts, kind, name, False)
        elif kind == "pin":
            port = self.rng.choice([*self.cloud.ports])
            self._put(0, "pin", port, name)
            self._put(lasts, "pin", port, "")
        elif kind == "pause":
            self._put(0, "pause", True)
            self._put(lasts, "pause", False)
        else:
            self._put(0, "rebalance")

    def maintenance(self) -> None:
        """A gateway is drained, restarted, and taken back."""
        name = self.rng.choice(self.gateways)
        self._put(0, "drain", name, True)
        self.now += self.rng.uniform(0.3, 2) * self.cycle
        self._put(0, self.rng.choice(("graceful", "power")), name)
        self.now += self.rng.uniform(1, self.cycle)
        self._put(0, "heal", name)
        self.now += self.rng.uniform(0, self.cycle)
        self._put(0, "drain", name, False)

    def rival(self) -> None:
        """Somebody else writes a list, or asks for a heartbeat."""
        port = self.rng.choice([*self.cloud.ports])
        if self.rng.random() < 0.3:
            self._put(0, "bump")
            return
        count = self.rng.randint(1, len(self.gateways))
        order = tuple(self.rng.sample(self.gateways, count))
        self._put(0, "rewrite", port, order)

    def fleet(self) -> None:
        """Chassis and ports come and go, or are configured anew."""
        kind = self.rng.choice(("gateway", "port", "port", "flag", "networks"))
        name = self.rng.choice(self.gateways)
        self.added += 1
        if kind == "gateway":
            new = f"gw{9 + self.added}"
            self._put(0, "add_gateway", new, tuple(self.networks), "az1")
            self.gateways.append(new)
        elif kind == "port":
            port = f"new{self.added}"
            network = self.rng.choice(self.networks)
            behind = (self.rng.choice(self.cloud.computes),)
            self._put(0, "add_port", port, network, behind)
            if self.rng.random() < 0.5:
                self._put(self._while(), "remove_port", port)
        elif name in self.cloud.hosts:
            before: Any = self.cloud.hosts[name].networks
            after: Any = ()
            if kind == "flag":
                before, after = True, False
            self._put(0, kind, name, after)
            self._put(self._while(), kind, name, before)

    KINDS = (
        ("one", 14),
        ("many", 5),
        ("rolling", 2),
        ("flap", 3),
        ("apart", 2),
        ("slow", 1),
        ("compute", 2),
        ("hop", 1),
        ("centre", 3),
        ("leader", 1),
        ("daemon", 4),
        ("mishap", 3),
        ("operator", 4),
        ("maintenance", 2),
        ("rival", 2),
        ("fleet", 3),
    )

    # -- how it ends -------------------------------------------------------

    def _while(self) -> float:
        """How long something lasts: an instant, or longer than a verdict."""
        return self.cycle * 2 ** self.rng.uniform(-5, 1.3)

    def _recover(self, name: str, after: float) -> None:
        """Let a chassis be healed, at times in the bad order."""
        if self.rng.random() < 0.3:
            self._put(after, "heal_ovs", name)
            after += self.rng.uniform(0.5, self.cycle)
        self._put(after, "heal", name)

    def _put(self, after: float, what: str, *facts: Any) -> None:
        at = round(self.now + after, 3)
        self.steps.append(Step(at, what, facts))

    def _end(self) -> None:
        """Put all steps in order."""
        self.steps.sort(key=lambda step: step.at)
