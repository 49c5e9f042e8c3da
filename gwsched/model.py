# SPDX-License-Identifier: Apache-2.0
"""What is read, as frozen values; nothing here does anything.

A :class:`Snapshot` is everything read from the two databases at one moment.
Ranks count from 1 (the primary); in the database a higher priority is better.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from gwsched.memory.frugal import Lasting, union

# Who claims a port, in counts of claims, when its holder gives it up.
NOBODY = ""
# What the names of HA chassis groups begin with that we have made.
OWN_GROUP = "gwsched-"
# What one chassis can be said to carry beside others.
HIGHEST_CAPACITY = 1_000_000

K = TypeVar("K")
V = TypeVar("V")


def frozen_map(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Return a read-only copy of a mapping, in the order of its items."""
    return MappingProxyType(dict(mapping))


class Form(enum.StrEnum):
    """The NB table that holds a candidate list (ovn-nb(5))."""

    GATEWAY_CHASSIS = "gateway_chassis"
    HA_CHASSIS_GROUP = "ha_chassis_group"


@dataclass(frozen=True, slots=True)
class Chassis:
    """A row of SB Chassis.

    ``capacity`` is how much it can carry beside others (1 is usual).
    ``denied`` says why configuration keeps it from hosting anything.
    ``maps_macs`` says that it has ``ovn-chassis-mac-mappings``.
    ``uncertain`` is set where ``ovn-bridge-mappings`` or ``ovn-cms-options``
    could not be parsed whole: what is missing then proves nothing.
    """

    name: str
    hostname: str = ""
    is_gateway: bool = True
    physical_networks: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    capacity: int = 1
    denied: str = ""
    maps_macs: bool = False
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chassis that may host a gateway port, and its priority in NB."""

    chassis: str
    priority: int


class Session(enum.StrEnum):
    """What SB ``BFD.status`` can be (ovn-sb(5))."""

    UP = "up"
    DOWN = "down"
    INIT = "init"
    ADMIN_DOWN = "admin_down"


@dataclass(frozen=True, slots=True)
class NextHop:
    """A next hop that OVN runs a BFD session with (SB BFD).

    The session is run by whoever holds the port, and by nobody else: it
    says nothing of how another chassis would fare.
    """

    address: str
    session: Session


@dataclass(frozen=True, slots=True)
class GatewayPort:
    """An NB Logical_Router_Port entitled to candidates, and its SB twin.

    ``holder`` is the chassis that SB ``Port_Binding[cr-<name>]`` names.
    ``weight`` is the load it puts on whoever holds it: 1, or as configured.
    """

    name: str
    router: str = ""
    physical_networks: frozenset[str] = frozenset()
    zone_hints: frozenset[str] = frozenset()
    holder: str | None = None
    weight: int = 1
    next_hops: tuple[NextHop, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayRouter:
    """An L3 gateway router: NB Logical_Router with ``options:chassis``.

    ``chassis`` is who it is pinned to, ``holders`` who SB says has its
    ports.  ``physical_networks`` has one set per port that faces one.
    """

    name: str
    chassis: str
    holders: frozenset[str] = frozenset()
    physical_networks: tuple[frozenset[str], ...] = ()
    zone_hints: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Vantage:
    """What one chassis sees of the others by tunnel BFD.

    Read from its Open_vSwitch database, for SB has none of it.  ``tunnels``
    says of each chassis that it runs BFD with whether any session is up.
    """

    remote: str
    chassis: str
    tunnels: Mapping[str, bool]


@dataclass(frozen=True)
class Unit:
    """A placement unit: the ports that share one candidate list.

    ``candidates`` are in the order OVN ranks them, duplicates included.
    ``in_force`` says that SB carries the same order (northd has seen it).
    ``references`` are the ``ref_chassis`` of the SB group: who can tell a
    lone survivor that it is not the one cut off (ovn-sb(5)).
    ``shadowed`` says that the other table is filled in too and that OVN
    ignores it (northd prefers ha_chassis_group).  ``externals`` are the
    external switch ports that follow the same group.  ``excluded`` says why
    configuration has us leave the unit alone; its load counts all the same.
    """

    name: str
    form: Form | None
    ports: tuple[GatewayPort, ...]
    candidates: tuple[Candidate, ...] = ()
    neutron: bool = False
    in_force: bool = True
    references: frozenset[str] = frozenset()
    shadowed: bool = False
    externals: tuple[str, ...] = ()
    excluded: str = ""

    @Lasting
    def order(self) -> tuple[str, ...]:
        """The chassis of the list, best first, each named once."""
        return tuple(dict.fromkeys(c.chassis for c in self.candidates))

    @Lasting
    def holder(self) -> str | None:
        """The chassis that holds every port of the unit, if one does."""
        holders = {port.holder for port in self.ports}
        return next(iter(holders)) if len(holders) == 1 else None

    @Lasting
    def is_tangled(self) -> bool:
        """Whether a chassis or a priority is there twice.

        Or, where the list is Neutron's, priorities are not its length to 1:
        Neutron's scheduler counts load at 1..5 only.
        """
        priorities = [c.priority for c in self.candidates]
        if self.neutron:
            return priorities != list(range(len(priorities), 0, -1))
        distinct = len(set(priorities)) == len(priorities) == len(self.order)
        return not distinct

    @property
    def works(self) -> bool:
        """Whether its primary holds it, by the list that OVN acts on."""
        return self.in_force and self.holder in self.order[:1]

    def held_by(self, chassis: str) -> bool:
        """Whether a chassis holds any port of the unit."""
        return any(port.holder == chassis for port in self.ports)

    @Lasting
    def weight(self) -> int:
        """The load of all its ports on whoever holds them."""
        return sum(port.weight for port in self.ports) + len(self.externals)

    @Lasting
    def routers(self) -> frozenset[str]:
        """The routers its ports belong to."""
        return frozenset(port.router for port in self.ports)

    @Lasting
    def physical_networks(self) -> tuple[frozenset[str], ...]:
        """One set per port: a host must carry one network of each."""
        return tuple(p.physical_networks for p in self.ports)

    @Lasting
    def kind(self) -> tuple[object, ...]:
        """What the filters ask of the unit: the same for many units."""
        nets, hints = self.physical_networks, self.zone_hints
        return (self.neutron, bool(self.candidates), nets, hints)

    @Lasting
    def zone_hints(self) -> frozenset[str]:
        """The availability zones its routers ask for; empty is any."""
        return union(p.zone_hints for p in self.ports)


@dataclass(frozen=True, slots=True)
class Intents:
    """What operators have asked for in ``NB_Global.external_ids``.

    ``adopted`` ports are ours though nothing else says so.  A cordoned
    chassis gets nothing new, a draining one loses what it has.  ``pins``
    and ``weights`` are by port.  ``paused`` stops every change.
    ``rebalance`` asks for one rebalance now.  ``failover`` names the L3
    gateway routers that may be moved when their chassis dies.
    """

    adopted: frozenset[str] = frozenset()
    cordoned: frozenset[str] = frozenset()
    draining: frozenset[str] = frozenset()
    pins: Mapping[str, str] = field(default_factory=lambda: frozen_map({}))
    weights: Mapping[str, int] = field(default_factory=lambda: frozen_map({}))
    paused: bool = False
    rebalance: bool = False
    failover: frozenset[str] = frozenset()

    def pinned(self, unit: Unit) -> str | None:
        """Return the chassis a unit is pinned to, by the first pin."""
        if not self.pins:
            return None
        named = (self.pins.get(port.name) for port in unit.ports)
        return next((chassis for chassis in named if chassis), None)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a database that is not as it should be."""

    database: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.database} {self.subject}: {self.what}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Both databases at one moment.

    ``requested`` is NB ``nb_cfg`` (the heartbeat asked for), ``published``
    is SB ``nb_cfg`` (what northd passed on to the chassis), ``answered``
    what each chassis has in its Chassis_Private.  ``bfd_time`` is how long
    tunnel BFD needs to see a death, in seconds.  ``orphans`` are groups of
    our own that nothing refers to any more.  ``claimed`` counts, by port and
    chassis, the claims seen in SB so far (those of ``NOBODY`` are when it
    was given up): two that overrule each other within milliseconds are not
    to be seen in who holds a port.
    """

    chassis: Mapping[str, Chassis]
    units: tuple[Unit, ...]
    answered: Mapping[str, int] = field(default_factory=lambda: frozen_map({}))
    requested: int = 0
    published: int = 0
    heartbeat: bool = True
    bfd_time: float = 3.0
    default_form: Form = Form.HA_CHASSIS_GROUP
    intents: Intents = field(default_factory=Intents)
    orphans: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    claimed: Mapping[str, Mapping[str, int]] = field(
        default_factory=lambda: frozen_map({})
    )
    vantages: tuple[Vantage, ...] = ()
    routers: tuple[GatewayRouter, ...] = ()

    @property
    def gateways(self) -> frozenset[str]:
        """The chassis with the gateway flag; all, where none has it."""
        rows = self.chassis.values()
        flagged = frozenset(row.name for row in rows if row.is_gateway)
        return flagged or frozenset(self.chassis)
