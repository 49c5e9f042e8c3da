# SPDX-License-Identifier: Apache-2.0
"""What is really so, whoever knows it, and since when."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.simulation.databases import names
from tests.simulation.facts import Host
from tests.simulation.state import Node

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

# As gwsched/health/claims.py has it: for how long a claim must stand.
CLAIM_SETTLE = 3.0
# A controller that needs longer than this for a loop is none that answers.
SLOW = 1.0
# Its switch runs, its tunnel is plugged in, no way to another is cut, and it
# reaches its next hop.
WHOLE = (True, True, False, True)


class Truth:
    """Who answers, who is sound, and whether anybody is in charge.

    ``unreached`` is when an uplink was last seen to be dead, ``parted``
    are those that ever lost each other, or all their tunnels: these end one
    by one, which looks alike at first.
    ``left`` is when OVN last took a port from a chassis by itself.
    ``works`` is since when one leader can see and write everything,
    ``calm`` since when nothing holds it back besides.

    A chassis *answers* whose controller runs, is quick and sees SB, and
    which has a row.  It is *sound* if its switch and all its cables work as
    well; ``changed`` is when that was last otherwise.  ``answers`` and
    ``sound`` are since when, ``silent`` and ``unsound`` since when not.
    """

    def __init__(self, run: Simulation) -> None:
        self.run = run
        self.ovn = run.ovn
        self.answers: dict[str, float] = {}
        self.silent: dict[str, float] = {}
        self.sound: dict[str, float] = {}
        self.unsound: dict[str, float] = {}
        self.calm: float = math.inf
        self.works: float = math.inf
        self.left: dict[str, float] = {}
        self.unreached: dict[str, float] = {}
        self.parted: set[str] = set()
        self.changed: dict[str, float] = {}
        self._known_ills: dict[str, tuple[bool, ...]] = {}
        self._holders: dict[str, str] = {}
        self._since: dict[str, tuple[str | None, float]] = {}
        self._settled: dict[str, str] = {}
        self._sb = run.ovn.sb
        self._stamp = -1
        self._leader: object = None
        # What was so at the beginning was so for ever.
        self._note(-math.inf)
        self._follow_claims()

    def refresh(self) -> bool:
        """Look again, if anything has changed; say whether it has."""
        sb = self.ovn.sb
        if sb.holders is not self._sb.holders or (
            sb.groups is not self._sb.groups
        ):
            self._follow_claims()
        if self._stamp == self.ovn.stamp:
            return False
        self._note(self.ovn.now)
        return True

    def _note(self, now: float) -> None:
        self._stamp = self.ovn.stamp
        lost = {name for pair in self.ovn.cuts for name in pair}
        for name, node in self.ovn.nodes.items():
            answers = self._is_answering(node)
            _turn(name, now, answers, self.answers, self.silent)
            # The sessions with next hops are its switch's.
            is_stopped = node.power and not node.vswitchd
            reaches = self._reaches(node)
            if is_stopped or not reaches:
                self.unreached[name] = now
            ills = (node.switching, node.tunnel, name in lost, reaches)
            if ills != self._known_ills.get(name, ills):
                self.changed[name] = now
            self._known_ills[name] = ills
            sound = answers and ills == WHOLE
            _turn(name, now, sound, self.sound, self.unsound)
        self.parted |= lost
        self.parted |= {
            name for name, node in self.ovn.nodes.items() if not node.tunnel
        }
        leader = self._in_charge()
        if leader is None:
            self.works = math.inf
        elif leader != self._leader or self.works == math.inf:
            self.works = now
        self._leader = leader
        if leader is None or self.ovn.nb.intents.paused or self.is_mass():
            self.calm = math.inf
        elif self.calm == math.inf or self.calm < self.works:
            self.calm = now

    def _follow_claims(self) -> None:
        """Note whom OVN has passed over, though its list has it first."""
        sb = self._sb = self.ovn.sb
        for port, holder in sb.holders.items():
            self._follow_holder(port, holder)
            before = self._holders.get(port)
            if holder is None or holder == before:
                continue
            self._holders[port] = holder
            group = names(sb.groups.get(port, ()))
            better = group[: group.index(holder)] if holder in group else ()
            if before in better:
                self.left[str(before)] = self.ovn.now

    def _follow_holder(self, port: str, holder: str | None) -> None:
        before, since = self._since.get(port, (None, self.ovn.now))
        if before == holder:
            return
        if before and self.ovn.now - since >= CLAIM_SETTLE:
            self._settled[port] = before
        self._since[port] = (holder, self.ovn.now)

    def holds(self, name: str) -> list[str]:
        """Return the ports of which it was the last to hold them for long.

        What a chassis claims for an instant, for its BFD is cold, it does
        not hold; and who loses it so still does.
        """
        found = []
        for port, (holder, since) in self._since.items():
            lasts = self.ovn.now - since >= CLAIM_SETTLE
            settled = holder if holder and lasts else self._settled.get(port)
            if settled == name:
                found.append(port)
        return found

    def _is_answering(self, node: Node) -> bool:
        return (
            node.thinking
            and node.management
            and node.loop <= SLOW
            and node.name in self.ovn.sb.rows
        )

    def reacts(self, name: str) -> bool:
        """Whether a chassis answers, be it ever so slowly."""
        node = self.ovn.nodes.get(name)
        if node is None or name not in self.ovn.sb.rows:
            return False
        return node.thinking and node.management

    def _reaches(self, node: Node) -> bool:
        networks = frozenset(node.host.networks)
        return node.uplinks == networks and not networks & self.ovn.dead_hops

    def _in_charge(self) -> object:
        """Return who can act, if somebody can and nothing speaks against."""
        run, ovn = self.run, self.ovn
        if not (ovn.northd and ovn.nb_up and ovn.sb_up):
            return None
        name = run.server.owner_name
        if name is None or not run.daemons[name].works:
            return None
        return run.server.owner

    def is_mass(self) -> bool:
        """Whether so many gateways are silent that nothing may be done."""
        fleet = self.fleet
        lost = sum(name in self.silent for name in fleet)
        most = lost >= 3 and lost >= 0.55 * len(fleet)
        return most or (lost > 1 and lost == len(fleet))

    @property
    def fleet(self) -> list[str]:
        """All gateways that there are, or that a list names."""
        listed = {
            name
            for unit in self.ovn.nb.units.values()
            for name in names(unit.candidates)
        }
        return [
            name
            for name, node in self.ovn.nodes.items()
            if self._described(node).is_gateway or name in listed
        ]

    def fits(self, name: str, ports: Iterable[str]) -> bool:
        """Whether a chassis is configured to host all of these ports."""
        ovn = self.ovn
        if name not in ovn.nodes:
            return False
        host = self._described(ovn.nodes[name])
        if not (host.is_gateway or self._unflagged()):
            return False
        return all(ovn.ports[p].network in host.networks for p in ports)

    def _described(self, node: Node) -> Host:
        """Return what SB says of a chassis, be it out of date."""
        return self.ovn.sb.rows.get(node.name, node.host)

    def _unflagged(self) -> bool:
        """Whether no chassis at all has the gateway flag."""
        return not any(host.is_gateway for host in self.ovn.sb.rows.values())

    def may_get(self, name: str, ports: Iterable[str]) -> bool:
        """Whether it fits and no operator has said no."""
        intents = self.ovn.nb.intents
        unwanted = intents.cordoned | intents.draining
        return name not in unwanted and self.fits(name, ports)

    def lasts(self, since: dict[str, float], name: str) -> float:
        """Return for how long something is so of a chassis, or -1."""
        return self.ovn.now - since[name] if name in since else -1.0


def _turn(
    name: str,
    now: float,
    is_so: bool,
    so: dict[str, float],
    other: dict[str, float],
) -> None:
    if is_so:
        so.setdefault(name, now)
        other.pop(name, None)
    else:
        other.setdefault(name, now)
        so.pop(name, None)
