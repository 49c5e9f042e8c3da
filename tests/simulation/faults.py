# SPDX-License-Identifier: Apache-2.0
"""What can befall chassis and cables, and how it is made well again."""

from __future__ import annotations

from tests.simulation.controllers import Controllers
from tests.simulation.state import NOBODY, Node, pair


class Faults(Controllers):
    """Processes die, hang and start; cables are cut and mended."""

    # -- chassis -----------------------------------------------------------

    def stop_controller(self, name: str, how: str = "dead") -> None:
        """Let an ovn-controller die, or hang."""
        node = self.nodes[name]
        if not node.power or node.controller == "dead":
            return
        node.controller = how
        if how == "dead":
            self._bury(node)
        self.stamp += 1

    def start_controller(self, name: str, life: int) -> None:
        """Let an ovn-controller be up that was started a while ago."""
        node = self.nodes[name]
        if node.life == life and node.power and node.controller == "dead":
            node.controller = "up"
            node.stale = True
            self.say(f"  {name}: ovn-controller is up")
            self.stamp += 1
            self.wake(node)

    def resume_controller(self, name: str) -> None:
        """Let a hung ovn-controller go on."""
        node = self.nodes[name]
        if node.power and node.controller == "hung":
            node.controller = "up"
            self.stamp += 1
            self.wake(node)

    def _bury(self, node: Node) -> None:
        """Forget all that was in a controller's memory."""
        node.controller = "dead"
        node.life += 1
        node.view = None
        node.basis = ()
        node.looping = node.installing = False
        node.claimed.clear()
        self.forget_hops(node)

    def stop_switch(self, name: str) -> None:
        """Let an ovs-vswitchd die: no flows, no tunnels, no BFD."""
        node = self.nodes[name]
        if not node.switching:
            return
        node.vswitchd = False
        self._unplug(node)
        self.wake(node)
        self.keep_hops(node)

    def _unplug(self, node: Node) -> None:
        node.flows = None
        node.installing = False
        # What conf.db still says of BFD is stale by now, and ovn-controller
        # takes it for nothing (8e37d8fbb of ovn).
        node.tunnels = NOBODY
        self.dirty = True
        self.stamp += 1
        self.retune(node.name)

    def start_switch(self, name: str, boots: int) -> None:
        """Let an ovs-vswitchd be up, with the tunnels of conf.db."""
        node = self.nodes[name]
        if node.boots != boots or not node.power or node.vswitchd:
            return
        node.vswitchd = True
        self.say(f"  {name}: ovs-vswitchd is up")
        self.dirty = True
        self.stamp += 1
        self.retune(name)
        self.wake(node)

    def power_off(self, name: str) -> None:
        """Let a chassis lose its power."""
        node = self.nodes[name]
        if node.power:
            self._die(node)

    def leave(self, name: str) -> None:
        """Stop a chassis in good order: its rows and tunnels go."""
        node = self.nodes[name]
        if not (node.thinking and self.links(node)):
            self.power_off(name)
            return
        sb = self.sb
        held = {p: None for p, holder in sb.holders.items() if holder == name}
        others = {n: c for n, c in sb.answered.items() if n != name}
        self.write_sb(
            sb._replace(
                rows={n: row for n, row in sb.rows.items() if n != name},
                linked=sb.linked - {name},
                references={
                    port: found - {name}
                    for port, found in sb.references.items()
                },
                answered=others,
                holders={**sb.holders, **held},
            )
        )
        self.wake_northd()
        node.peers = NOBODY
        self._die(node)

    def _die(self, node: Node) -> None:
        node.power = node.vswitchd = False
        node.boots += 1
        self._bury(node)
        self._unplug(node)

    def heal(self, name: str, *, ovs_only: bool = False) -> None:
        """Plug in and start all of a chassis, but perhaps its controller."""
        node = self.nodes[name]
        node.power = node.management = node.tunnel = True
        node.uplinks = frozenset(node.host.networks)
        if node.loop != node.pace.loop:
            node.loop = node.pace.loop
            node.looping = False  # what it was at is done sooner
        self.dirty = True
        self.stamp += 1
        delay = 0.0
        if not node.vswitchd:
            delay = node.pace.ovs
            self.after(delay, "start_switch", name, node.boots)
        self.retune(name)
        self.wake(node)
        if ovs_only:
            return
        if node.controller == "hung":
            self.resume_controller(name)
        elif node.controller == "dead":
            delay += node.pace.controller
            self.after(delay, "start_controller", name, node.life)
        self.keep_hops(node)

    # -- cables ------------------------------------------------------------

    def plug(self, name: str, what: str, *, works: bool) -> None:
        """Cut, or mend, "management", "tunnel" or "uplink" of a chassis."""
        node = self.nodes[name]
        self.stamp += 1
        if what == "uplink":
            networks = frozenset(node.host.networks)
            node.uplinks = networks if works else NOBODY
            self.keep_hops(node)
        elif what == "tunnel":
            node.tunnel = works
            self.retune(name)
        else:
            node.management = works
            self.wake(node)
        self.dirty = True

    def cut(self, one: str, other: str) -> None:
        """Let two chassis lose each other, and nobody else."""
        self.cuts |= {pair(one, other)}
        self._recable(one, other)

    def mend(self, one: str, other: str) -> None:
        """Let them find each other again."""
        self.cuts -= {pair(one, other)}
        self._recable(one, other)

    def _recable(self, one: str, other: str) -> None:
        self.dirty = True
        self.stamp += 1
        self.retune_pair(one, other)

    def set_hop(self, network: str, *, works: bool) -> None:
        """Let the routers of a physical network die, or live."""
        hops = self.dead_hops
        self.dead_hops = hops - {network} if works else hops | {network}
        self.dirty = True
        self.stamp += 1
        for node in self.nodes.values():
            self.keep_hops(node)

    def wake_all(self) -> None:
        """Let everybody look: a database is back, or northd."""
        self.stamp += 1
        self.wake_northd()
        for node in self.nodes.values():
            if self.links(node):
                self.wake(node)
