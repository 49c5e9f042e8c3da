# SPDX-License-Identifier: Apache-2.0
"""What a cloud consists of, and how long things take in it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Host:
    """A chassis, as configured."""

    name: str
    is_gateway: bool = True
    networks: tuple[str, ...] = ("public",)
    zone: str = "az1"
    capacity: int = 1


@dataclass(frozen=True, slots=True)
class Port:
    """A gateway port: its router, its uplink, who has VMs behind it."""

    name: str
    router: str
    network: str = "public"
    computes: tuple[str, ...] = ("hv1",)
    next_hop: bool = False


@dataclass(frozen=True, slots=True)
class Cloud:
    """All of them, and the lists that are there already.

    ``lists`` are by unit: the ports and the chassis, best first.
    ``bfd_time`` is how long tunnel BFD needs at the most to see a death,
    ``claim_pause`` how long a controller waits before it claims a port
    again that it has claimed before (0.5 s; since OVN 24.03.7 it is 2 s).
    """

    hosts: Mapping[str, Host]
    ports: Mapping[str, Port]
    lists: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    form: str = "ha_chassis_group"
    bfd_time: float = 3.0
    claim_pause: float = 0.5
    seed: int = 0

    @property
    def gateways(self) -> tuple[str, ...]:
        """The names of the gateways."""
        return tuple(h.name for h in self.hosts.values() if h.is_gateway)

    @property
    def computes(self) -> tuple[str, ...]:
        """The names of the others."""
        return tuple(h.name for h in self.hosts.values() if not h.is_gateway)

    def between(self, low: float, high: float, *words: str) -> float:
        """Return a time that is this cloud's own, and always the same.

        Drawn from names and not from a generator, so that two worlds with
        different histories agree on how long one and the same thing takes.
        """
        said = f"{self.seed} {' '.join(words)}".encode()
        return low + (high - low) * zlib.crc32(said) / 2**32


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one chassis is: its controller's loop, its starts.

    ``install`` is from a controller's first look to flows in the switch.
    """

    loop: float
    ovs: float
    controller: float
    install: float

    @classmethod
    def of(cls, cloud: Cloud, name: str) -> Pace:
        """Return the pace of a chassis of a cloud."""
        return cls(
            loop=cloud.between(0.01, 0.08, "loop", name),
            ovs=cloud.between(0.3, 2.0, "ovs", name),
            controller=cloud.between(0.2, 2.0, "controller", name),
            install=cloud.between(0.05, 0.8, "install", name),
        )
