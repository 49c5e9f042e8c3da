# SPDX-License-Identifier: Apache-2.0
"""What a step of a schedule does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from gwsched.model import Intents
from tests.simulation.daemon import Daemon
from tests.simulation.facts import Host, Port
from tests.simulation.ovn import Ovn
from tests.simulation.server import Server

# What Sandbox.fault can do to a chassis, by the same names.
SANDBOX_FAULTS = (
    "power",
    "controller",
    "vswitchd",
    "hang",
    "tunnel",
    "management",
    "uplink",
    "graceful",
)


class Stage(Protocol):
    """What a step can reach."""

    ovn: Ovn
    server: Server
    daemons: dict[str, Daemon]


class ChassisHappenings:
    """What befalls chassis and cables; OVN alone is enough for these."""

    def __init__(self, ovn: Ovn) -> None:
        self.ovn = ovn

    def do(self, what: str, *facts: Any) -> None:
        """Let it happen."""
        getattr(self, what)(*facts)

    def power(self, name: str) -> None:
        self.ovn.power_off(name)

    def graceful(self, name: str) -> None:
        self.ovn.leave(name)

    def controller(self, name: str) -> None:
        self.ovn.stop_controller(name)

    def hang(self, name: str) -> None:
        self.ovn.stop_controller(name, "hung")

    def vswitchd(self, name: str) -> None:
        self.ovn.stop_switch(name)

    def tunnel(self, name: str) -> None:
        self.ovn.plug(name, "tunnel", works=False)

    def management(self, name: str) -> None:
        self.ovn.plug(name, "management", works=False)

    def uplink(self, name: str) -> None:
        self.ovn.plug(name, "uplink", works=False)

    def slow(self, name: str, seconds: float) -> None:
        """Let a controller need long for everything."""
        self.ovn.nodes[name].loop = seconds

    def heal(self, name: str) -> None:
        self.ovn.heal(name)

    def heal_ovs(self, name: str) -> None:
        """Heal all but ovn-controller, as a host that boots may look."""
        self.ovn.heal(name, ovs_only=True)

    def cut(self, one: str, other: str) -> None:
        self.ovn.cut(one, other)

    def mend(self, one: str, other: str) -> None:
        self.ovn.mend(one, other)

    def hop(self, network: str, works: bool) -> None:
        """Let the routers next to OVN's die, or live."""
        self.ovn.set_hop(network, works=works)

    def northd(self, works: bool) -> None:
        """Pause northd, or let it go on."""
        self.ovn.northd = works
        self.ovn.stamp += 1
        if works:
            self.ovn.wake_northd()


class Happenings(ChassisHappenings):
    """All of it: databases, daemons, operators and others besides."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.ovn)
        self.stage = stage

    # -- databases ---------------------------------------------------------

    def sb(self, works: bool) -> None:
        """Pause SB's server, or let it go on."""
        self.ovn.sb_up = works
        self._database(works)

    def nb(self, works: bool) -> None:
        """Pause NB's server, or let it go on."""
        self.ovn.nb_up = works
        self._database(works)

    def _database(self, works: bool) -> None:
        self.ovn.stamp += 1
        for daemon in self.stage.daemons.values():
            if works:
                daemon.refresh()
            else:
                daemon.lose()
        if works:
            self.ovn.wake_all()

    def nb_leader(self) -> None:
        """Let another server lead NB; who is connected finds out in time."""
        self.stage.server.close_all()
        self.ovn.stamp += 1
        for daemon in self.stage.daemons.values():
            delay = self.ovn.cloud.between(0.05, 5.0, "leader", daemon.name)
            daemon.refresh_in(delay)

    # -- daemons -----------------------------------------------------------

    def daemon_crash(self, name: str) -> None:
        self.stage.daemons[name].crash()

    def daemon_start(self, name: str) -> None:
        self.stage.daemons[name].start()

    def daemon_hang(self, name: str) -> None:
        self.stage.daemons[name].hang()

    def daemon_mishap(self, name: str, what: str) -> None:
        """Let something go wrong with a daemon's next transaction."""
        self.stage.daemons[name].mishaps.append(what)

    def daemon_resume(self, name: str) -> None:
        self.stage.daemons[name].resume()

    def daemon_link(self, name: str, which: str, works: bool) -> None:
        """Cut, or mend, a daemon's way to "nb" or "sb"."""
        daemon = self.stage.daemons[name]
        if which == "nb":
            daemon.nb_link = works
        else:
            daemon.sb_link = works
        self.ovn.stamp += 1
        if works:
            daemon.refresh()
        else:
            daemon.lose()

    # -- operators, and others ---------------------------------------------

    def drain(self, name: str, wanted: bool) -> None:
        intents = self.ovn.nb.intents
        found = _with(intents.draining, name, wanted=wanted)
        self._intend(replace(intents, draining=found))

    def cordon(self, name: str, wanted: bool) -> None:
        intents = self.ovn.nb.intents
        found = _with(intents.cordoned, name, wanted=wanted)
        self._intend(replace(intents, cordoned=found))

    def pin(self, port: str, name: str) -> None:
        """Pin a port to a chassis; an empty name unpins it."""
        intents = self.ovn.nb.intents
        pins = {k: v for k, v in intents.pins.items() if k != port}
        if name:
            pins[port] = name
        self._intend(replace(intents, pins=pins))

    def pause(self, wanted: bool) -> None:
        self._intend(replace(self.ovn.nb.intents, paused=wanted))

    def rebalance(self) -> None:
        self._intend(replace(self.ovn.nb.intents, rebalance=True))

    def _intend(self, intents: Intents) -> None:
        self.ovn.write_nb(self.ovn.nb._replace(intents=intents))

    def bump(self) -> None:
        """Let somebody else raise nb_cfg."""
        nb = self.ovn.nb
        self.ovn.write_nb(nb._replace(cfg=nb.cfg + 1))

    def rewrite(self, port: str, order: tuple[str, ...]) -> None:
        """Let somebody else write the list that a port has."""
        for unit, found in self.ovn.nb.units.items():
            if port in found.ports and found.form is not None:
                self.ovn.write_list(unit, order)
                return

    def add_gateway(
        self, name: str, networks: tuple[str, ...], zone: str
    ) -> None:
        if name not in self.ovn.nodes:
            self.ovn.add_host(Host(name, True, networks, zone))

    def flag(self, name: str, is_gateway: bool) -> None:
        """Set, or take, the gateway flag of a chassis."""
        host = self.ovn.hosts[name]
        self.ovn.configure(replace(host, is_gateway=is_gateway))

    def networks(self, name: str, networks: tuple[str, ...]) -> None:
        """Let a chassis have other bridge mappings."""
        node = self.ovn.nodes[name]
        self.ovn.configure(replace(node.host, networks=networks))
        node.uplinks = frozenset(networks)
        self.ovn.dirty = True
        self.ovn.stamp += 1

    def add_port(
        self, name: str, network: str, computes: tuple[str, ...]
    ) -> None:
        if name not in self.ovn.ports:
            router = f"r-{name}"
            self.ovn.add_port(Port(name, router, network, computes))

    def remove_port(self, name: str) -> None:
        if name in self.ovn.ports:
            self.ovn.remove_port(name)


def _with(names: frozenset[str], name: str, *, wanted: bool) -> frozenset[str]:
    return names | {name} if wanted else names - {name}
