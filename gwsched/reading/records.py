# SPDX-License-Identifier: Apache-2.0
"""What is taken from a row of each table: plain, frozen and typed.

A field is called as its column is, and has its default where a server's
schema lacks the column.  References are UUIDs; the row may be gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

R = TypeVar("R")

# A UUID as a number, which Python hashes ten times as fast.
Ref = int
# In the order of their size: a set of five takes ten times as much.
Refs = tuple[Ref, ...]
Texts = Mapping[str, str]
NOTHING: Mapping[Any, Any] = {}


class NbGlobal(NamedTuple):
    """The row of NB_Global."""

    nb_cfg: int = 0
    external_ids: Texts = NOTHING
    options: Texts = NOTHING


class Router(NamedTuple):
    """A row of Logical_Router."""

    name: str = ""
    ports: Refs = ()
    options: Texts = NOTHING
    external_ids: Texts = NOTHING
    nat: Refs = ()


class RouterPort(NamedTuple):
    """A row of Logical_Router_Port."""

    name: str = ""
    gateway_chassis: Refs = ()
    ha_chassis_group: Ref | None = None
    external_ids: Texts = NOTHING
    networks: tuple[str, ...] = ()


class Switch(NamedTuple):
    """A row of Logical_Switch."""

    ports: Refs = ()


class SwitchPort(NamedTuple):
    """A row of Logical_Switch_Port."""

    name: str = ""
    type: str = ""
    options: Texts = NOTHING
    ha_chassis_group: Ref | None = None


class GatewayChassis(NamedTuple):
    """A row of NB Gateway_Chassis."""

    chassis_name: str = ""
    priority: int = 0
    name: str = ""


class Group(NamedTuple):
    """A row of NB HA_Chassis_Group."""

    name: str = ""
    ha_chassis: Refs = ()
    external_ids: Texts = NOTHING


class Member(NamedTuple):
    """A row of NB HA_Chassis."""

    chassis_name: str = ""
    priority: int = 0


class Nat(NamedTuple):
    """A row of NAT."""

    type: str = ""
    external_ip: str = ""
    external_mac: str | None = None
    logical_port: str | None = None
    gateway_port: Ref | None = None


class SbGlobal(NamedTuple):
    """The row of SB_Global."""

    nb_cfg: int = 0


class Chassis(NamedTuple):
    """A row of SB Chassis."""

    name: str = ""
    hostname: str = ""
    other_config: Texts = NOTHING


class ChassisName(NamedTuple):
    """Of a row of SB Chassis only what never changes."""

    name: str = ""


class Binding(NamedTuple):
    """A row of Port_Binding."""

    logical_port: str = ""
    type: str = ""
    chassis: Ref | None = None
    ha_chassis_group: Ref | None = None


class SbGroup(NamedTuple):
    """A row of SB HA_Chassis_Group."""

    ha_chassis: Refs = ()
    ref_chassis: Refs = ()


class SbMember(NamedTuple):
    """A row of SB HA_Chassis."""

    chassis: Ref | None = None
    priority: int = 0
    external_ids: Texts = NOTHING


class Bfd(NamedTuple):
    """A row of SB BFD: a next hop."""

    logical_port: str = ""
    dst_ip: str = ""
    status: str = ""


Kinds = Mapping[str, tuple[type[Any], ...]]
NORTHBOUND: Kinds = {
    "NB_Global": (NbGlobal,),
    "Logical_Router": (Router,),
    "Logical_Router_Port": (RouterPort,),
    "Logical_Switch": (Switch,),
    "Logical_Switch_Port": (SwitchPort,),
    "Gateway_Chassis": (GatewayChassis,),
    "HA_Chassis_Group": (Group,),
    "HA_Chassis": (Member,),
    "NAT": (Nat,),
}
SOUTHBOUND: Kinds = {
    "SB_Global": (SbGlobal,),
    "Chassis": (Chassis, ChassisName),
    "Port_Binding": (Binding,),
    "HA_Chassis_Group": (SbGroup,),
    "HA_Chassis": (SbMember,),
    "BFD": (Bfd,),
}


class Index(Generic[R]):
    """The rows of a kind by what they say, each under all its keys."""

    def __init__(
        self, kind: type[R], keys: Callable[[R], Collection[Hashable]]
    ) -> None:
        self.kind = kind
        self.keys = keys


def _faced(port: SwitchPort) -> Collection[str]:
    faces = port.type == "router" and "router-port" in port.options
    return (port.options["router-port"],) if faces else ()


def _distributed(binding: Binding) -> Collection[str]:
    prefix, port = binding.logical_port[:3], binding.logical_port[3:]
    if binding.type != "chassisredirect" or prefix != "cr-":
        return ()
    return (port,)


def _pinned(binding: Binding) -> Collection[str]:
    return (binding.logical_port,) if binding.type == "l3gateway" else ()


def _group(port: RouterPort | SwitchPort) -> Collection[Ref]:
    return (port.ha_chassis_group,) if port.ha_chassis_group else ()


ROUTERS_NAMED = Index(Router, lambda router: (router.name,))
ROUTERS_WITH_PORT = Index(Router, lambda router: router.ports)
PORTS_IN_GROUP = Index(RouterPort, _group)
SWITCHES_WITH_PORT = Index(Switch, lambda switch: switch.ports)
# By the name of the router port that they face.
SWITCH_PORTS_FACING = Index(SwitchPort, _faced)
SWITCH_PORTS_IN_GROUP = Index(SwitchPort, _group)
# By the name of the router port; a cr-port's own has a prefix.
DISTRIBUTED_BINDINGS = Index(Binding, _distributed)
PINNED_BINDINGS = Index(Binding, _pinned)
SESSIONS_OF_PORT = Index(Bfd, lambda session: (session.logical_port,))

INDEXES: tuple[Index[Any], ...] = (
    ROUTERS_NAMED,
    ROUTERS_WITH_PORT,
    PORTS_IN_GROUP,
    SWITCHES_WITH_PORT,
    SWITCH_PORTS_FACING,
    SWITCH_PORTS_IN_GROUP,
    DISTRIBUTED_BINDINGS,
    PINNED_BINDINGS,
    SESSIONS_OF_PORT,
)
