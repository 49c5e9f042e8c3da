# SPDX-License-Identifier: Apache-2.0
"""A fleet of chassis on a clock of its own, watched by the health step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar, cast

from gwsched import health
from gwsched.decisions import Health, Policy, State, Verdict
from gwsched.model import (
    NOBODY,
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    NextHop,
    Session,
    Snapshot,
    Unit,
    Vantage,
    frozen_map,
)

STEP = 0.25
HOP = "192.0.2.1"
PUBLIC = frozenset({"public"})

T = TypeVar("T")


class Fleet:
    """Gateways gw1.., a leader that beats, and answers that may fail.

    The ``silent`` do not answer, the tunnels of the ``dark`` are down, and
    so are those between the ``cut`` pairs.  The ``watchers`` are chassis
    whose tunnel BFD can be read.  Time passes in steps of ``pace`` seconds.
    """

    def __init__(
        self,
        gateways: int = 4,
        policy: Policy | None = None,
        *,
        pace: float = STEP,
    ) -> None:
        self.policy = policy or Policy(
            probe_interval=2.0, dead_after=4.0, hold_down=6.0
        )
        self.pace = pace
        self.now = 100.0
        self.memory = health.Memory()
        self.chassis: dict[str, Chassis] = {}
        self.answered: dict[str, int] = {}
        self.published = self.requested = 0
        self.add(*(f"gw{i}" for i in range(1, gateways + 1)))
        self.chassis["hv1"] = Chassis("hv1", is_gateway=False)
        self.answered["hv1"] = 0
        self.units: dict[str, Unit] = {}
        self.claimed: Mapping[str, Mapping[str, int]] = frozen_map({})
        self.silent: set[str] = set()
        self.dark: set[str] = set()
        self.cut: set[frozenset[str]] = set()
        self.watchers: list[str] = []
        self.northd = True
        self.leading = True
        self.heartbeat = True
        self.bfd_time = 3.0
        self.beats: list[float] = []
        self._last: dict[str, object] = {}

    # -- what is there --

    def unit(
        self,
        name: str,
        *order: str,
        holder: str | None = None,
        references: Iterable[str] = ("hv1",),
        networks: frozenset[str] = PUBLIC,
    ) -> None:
        """Put a unit there, with a list and who holds it."""
        self.units[name] = Unit(
            name,
            Form.GATEWAY_CHASSIS,
            (GatewayPort(name, physical_networks=networks, holder=holder),),
            listed(order),
            references=frozenset(references),
        )

    def write(
        self, name: str, *order: str, in_force: bool | None = None
    ) -> None:
        """Give a unit another list, as told to OVN or not yet."""
        unit = self.units[name]
        told = unit.in_force if in_force is None else in_force
        self.units[name] = replace(
            unit, candidates=listed(order), in_force=told
        )

    def hold(self, name: str, holder: str | None) -> None:
        """Let a unit's port be claimed, or given up."""
        port = self.units[name].ports[0]
        if holder not in (None, port.holder):
            counts = dict(self.claimed.get(name, {}))
            counts[str(holder)] = counts.get(str(holder), 0) + 1
            claims = {**self.claimed, name: frozen_map(counts)}
            self.claimed = frozen_map(claims)
        self._port(name, replace(port, holder=holder))

    def drop(self, name: str) -> None:
        """Let a unit's holder give its port up, and let that be seen."""
        counts = dict(self.claimed.get(name, {}))
        counts[NOBODY] = counts.get(NOBODY, 0) + 1
        claims = {**self.claimed, name: frozen_map(counts)}
        self.claimed = frozen_map(claims)
        self.hold(name, None)

    def session(self, name: str, session: Session, address: str = HOP) -> None:
        """Let SB say something of a unit's session with a next hop."""
        port = self.units[name].ports[0]
        others = [hop for hop in port.next_hops if hop.address != address]
        hops = (*others, NextHop(address, session))
        self._port(name, replace(port, next_hops=hops))

    def _port(self, name: str, port: GatewayPort) -> None:
        self.units[name] = replace(self.units[name], ports=(port,))

    def add(self, *names: str) -> None:
        """Let chassis register."""
        for name in names:
            self.chassis[name] = Chassis(name, physical_networks=PUBLIC)
            self.answered[name] = self.published

    def remove(self, *names: str) -> None:
        """Let chassis' rows go, and with them what refers to them."""
        for name in names:
            del self.chassis[name]
            del self.answered[name]
        for unit in list(self.units.values()):
            if unit.holder in names:
                self.hold(unit.name, None)

    def zone(self, zone: str, *names: str) -> None:
        """Let chassis be in an availability zone."""
        for name in names:
            zones = frozenset({zone})
            self.chassis[name] = replace(self.chassis[name], zones=zones)

    def kill(self, *names: str) -> None:
        """Let chassis lose power, as it looks once BFD has seen it."""
        self.silent |= set(names)
        self.dark |= set(names)

    def revive(self, *names: str) -> None:
        """Let chassis be as if nothing had been."""
        self.silent -= set(names)
        self.dark -= set(names)

    # -- what is seen of it --

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            self._kept("chassis", frozen_map(dict(self.chassis))),
            self._kept("units", tuple(self.units.values())),
            frozen_map(self.answered),
            requested=self.requested,
            published=self.published,
            heartbeat=self.heartbeat,
            bfd_time=self.bfd_time,
            claimed=self.claimed,
            vantages=tuple(self._view(name) for name in self.watchers),
        )

    def _kept(self, what: str, value: T) -> T:
        """Return the very object of the last look while it is as it was."""
        if self._last.get(what) != value:
            self._last[what] = value
        return cast(T, self._last[what])

    def _view(self, watcher: str) -> Vantage:
        tunnels = {
            name: {name, watcher}.isdisjoint(self.dark)
            and frozenset({name, watcher}) not in self.cut
            for name in sorted(self.chassis)
            if name != watcher
        }
        return Vantage(f"tcp:{watcher}", watcher, frozen_map(tunnels))

    @property
    def health(self) -> Health:
        return self.memory.health

    def verdict(self, name: str) -> Verdict:
        return self.health.verdicts[name]

    def state(self, name: str) -> State:
        return self.health.state(name)

    def why(self, name: str) -> str:
        return self.verdict(name).why

    # -- what happens --

    def step(self, *, interrupted: bool = False) -> None:
        """Look once; beat if asked to; let who is not silent answer."""
        self.memory = health.step(
            self.memory,
            self.snapshot,
            self.policy,
            self.now,
            interrupted=interrupted,
        )
        if self.health.beat and self.leading:
            self.requested += 1
            self.beats.append(self.now)
        if self.northd:
            self.published = self.requested
        for name in set(self.chassis) - self.silent:
            self.answered[name] = self.published

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self.now < end:
            self.now += self.pace
            self.step()

    def wait_for(self, what: Callable[[], object], most: float = 60) -> None:
        """Let time pass until something is the case."""
        end = self.now + most
        while not what():
            assert self.now < end, f"not within {most} s"
            self.run(self.pace)

    def until(self, name: str, state: State, most: float = 30.0) -> float:
        """Let time pass until a chassis is in a state; how long was it?"""
        start = self.now
        while self.state(name) is not state:
            assert self.now < start + most, (
                f"{name} is {self.state(name)}: {self.why(name)}"
            )
            self.run(self.pace)
        return self.now - start


def listed(order: Iterable[str]) -> tuple[Candidate, ...]:
    """Return a candidate list, best first."""
    names = tuple(order)
    top = len(names)
    return tuple(Candidate(c, top - i) for i, c in enumerate(names))
