# SPDX-License-Identifier: Apache-2.0
"""OVN's rules of who is active, word for word (controller/*.c)."""

from __future__ import annotations

from collections.abc import Mapping, Set

from tests.simulation.databases import Order, Southbound


def is_active(
    group: Order,
    linked: Set[str],
    references: Set[str],
    tunnels: Set[str],
    me: str,
) -> bool:
    """Whether a chassis takes a port (ha_chassis_group_is_active).

    :param linked: the chassis whose rows the group refers to
    :param references: the group's ``ref_chassis``
    :param tunnels: who can be reached, by tunnel BFD
    """
    if not group:
        return False
    if len(group) == 1:
        return group[0].chassis == me and me in linked
    present = [c.chassis for c in group if c.chassis in linked]
    if me not in present:
        return False
    if len(present) == 1:
        return True
    if not tunnels:
        return False  # it has lost all the others
    reached = [name for name in present if name == me or name in tunnels]
    if len(reached) == 1:
        return not references.isdisjoint(tunnels)
    return reached[0] == me


def bfd_peers(view: Southbound, me: str) -> frozenset[str]:
    """Return the chassis to run BFD with (bfd_calculate_chassis)."""
    peers: set[str] = set()
    for port, group in view.groups.items():
        if len(group) < 2:
            continue
        members = {c.chassis for c in group} & view.linked
        references = view.references[port]
        if me in members:
            peers |= references | members
        elif me in references:
            peers |= members
    return frozenset(peers - {me})


# Where a compute sends what is for a gateway port: by priority to members of
# its group, or to the one chassis that SB says holds it.
Bundle = tuple[bool, tuple[str, ...]]


def bundle(view: Southbound, port: str) -> Bundle:
    """Return where a compute sends a port's packets (physical.c).

    A group with fewer than two chassis is none: SB's word goes then.
    """
    present = tuple(
        c.chassis for c in view.groups[port] if c.chassis in view.linked
    )
    if len(present) >= 2:
        return True, present
    holder = view.holders[port]
    return False, (holder,) if holder else ()


def chosen(where: Bundle, peers: Set[str], tunnels: Set[str]) -> str | None:
    """Return the first of a bundle whose tunnel is up.

    A tunnel without BFD is up as far as OVS knows.
    """
    grouped, members = where
    for name in members:
        if not grouped or name not in peers or name in tunnels:
            return name
    return None


Bundles = Mapping[str, Bundle]
