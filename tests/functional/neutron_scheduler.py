# SPDX-License-Identifier: Apache-2.0
"""How Neutron 29.0.0 chooses gateways: what it drops, keeps and adds.

As in neutron/scheduler/l3_ovn_scheduler.py, but for one thing: a tie is
broken by a digest, and not by Python's hash(), which differs from process
to process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# neutron/common/ovn/constants.py, MAX_GW_CHASSIS
MOST = 5

# By chassis: the ports that list it, and with which priority.
Bindings = Mapping[str, Sequence[tuple[str, int]]]


class Fleet:
    """What Neutron looks at in SB: rows of Chassis, and no sign of life."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.networks: dict[str, set[str]] = {}
        self.zones: dict[str, set[str]] = {}
        self.gateways: set[str] = set()
        for row in rows:
            mappings = row.other_config.get("ovn-bridge-mappings", "")
            pairs = (pair.partition(":") for pair in mappings.split(","))
            self.networks[row.name] = {network for network, _, _ in pairs}
            options = row.other_config.get("ovn-cms-options", "").split(",")
            self.zones[row.name] = {
                zone
                for option in options
                if option.startswith("availability-zones=")
                for zone in option.partition("=")[2].split(":")
            }
            if "enable-chassis-as-gw" in options:
                self.gateways.add(row.name)

    def spread(self, order: Sequence[str]) -> list[str]:
        """_reorder_by_az: who covers another zone goes first."""
        unused = {zone for name in order for zone in self.zones[name]}
        first: list[str] = []
        for name in order:
            if unused & self.zones[name]:
                unused -= self.zones[name]
                first.append(name)
        return first + [name for name in order if name not in first]


@dataclass(frozen=True)
class Wish:
    """A gateway port, and what a chassis must have to host it.

    ``siblings`` are the router's ports, where that is asked.
    """

    port: str
    network: str
    hints: Collection[str]
    siblings: frozenset[str] = frozenset()

    def is_valid(self, fleet: Fleet, name: str) -> bool:
        """utils.is_gateway_chassis_invalid, the other way round."""
        if self.network not in fleet.networks.get(name, ()):
            return False
        if fleet.gateways and name not in fleet.gateways:
            return False
        return not self.hints or not fleet.zones[name].isdisjoint(self.hints)

    def valid(self, fleet: Fleet) -> set[str]:
        """Return all chassis that are valid."""
        return {c for c in fleet.networks if self.is_valid(fleet, c)}


def is_unhosted(fleet: Fleet, wish: Wish, listed: Sequence[str]) -> bool:
    """get_unhosted_gateways: whether a list is to be written anew."""
    if not wish.network:
        return False
    kept = [name for name in listed if wish.is_valid(fleet, name)]
    valid = wish.valid(fleet)
    return len(kept) < MOST and bool(valid) and valid != set(listed)


def reschedule(
    fleet: Fleet, wish: Wish, listed: Sequence[str], bindings: Bindings
) -> list[str]:
    """ScheduleUnhostedGatewaysCommand: what it makes of a list.

    Below the first that is not valid any more, all are chosen anew.
    """
    kept = [name for name in listed if wish.is_valid(fleet, name)]
    for rank, name in enumerate(kept):
        if listed[rank] != name:
            kept = kept[: max(rank, 1)]
            break
    return select(fleet, wish, kept, bindings)


def select(
    fleet: Fleet, wish: Wish, kept: Sequence[str], bindings: Bindings
) -> list[str]:
    """Fill a list up, each priority with who has it least often."""
    valid = wish.valid(fleet) & fleet.gateways
    candidates = sorted(valid.difference(kept))
    room = min(MOST - len(kept), len(candidates))
    loads = _loads(candidates, room, bindings)
    chosen: list[str] = []
    for priority in range(room, 0, -1):
        rank = _ranking(wish, priority, loads, bindings)
        free = (name for name in candidates if name not in chosen)
        chosen.append(min(free, key=rank))
    return [*kept, *fleet.spread(chosen)]


Loads = Mapping[str, Mapping[int, int]]


def _loads(names: Sequence[str], room: int, bindings: Bindings) -> Loads:
    """Count, by chassis, at how many ports it has each priority."""
    return {
        name: {
            priority: [p for _, p in bindings.get(name, ())].count(priority)
            for priority in range(1, room + 1)
        }
        for name in names
    }


def _ranking(
    wish: Wish, priority: int, loads: Loads, bindings: Bindings
) -> Callable[[str], tuple[int, ...]]:
    """Least load; of a tie, who carries more at the next lower priorities.

    Who has another port of the router comes last.
    """

    def rank(name: str) -> tuple[int, ...]:
        hosted = {p for p, at in bindings.get(name, ()) if at in loads[name]}
        score = 0
        if not wish.siblings.isdisjoint(hosted):
            score = MOST * len(wish.siblings)
        lower = (-loads[name][p] for p in range(priority - 1, 0, -1))
        key = f"{wish.port}_{priority}_{name}".encode()
        digest = int(hashlib.sha512(key).hexdigest(), 16)
        return (loads[name][priority] + score, *lower, digest)

    return rank


def numbered(order: Sequence[str]) -> dict[str, int]:
    """utils.get_chassis_priority: the length of the list down to 1."""
    return {name: len(order) - rank for rank, name in enumerate(order)}
