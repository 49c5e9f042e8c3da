# SPDX-License-Identifier: Apache-2.0
"""A fleet of chassis on a clock of its own, watched by the health step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gwsched import health
from gwsched.decisions import Health, Policy, State
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)

STEP = 0.25


class Fleet:
    """Gateways gw1.., a leader that beats, and answers that may fail."""

    def __init__(self, gateways: int = 4, policy: Policy | None = None):
        self.policy = policy or Policy(
            probe_interval=2.0, dead_after=4.0, hold_down=6.0
        )
        self.now = 100.0
        self.memory = health.Memory()
        self.chassis = {
            f"gw{i}": Chassis(f"gw{i}") for i in range(1, gateways + 1)
        }
        self.chassis["hv1"] = Chassis("hv1", is_gateway=False)
        self.answered = dict.fromkeys(self.chassis, 0)
        self.units: dict[str, Unit] = {}
        self.silent: set[str] = set()
        self.northd = True
        self.leading = True
        self.heartbeat = True
        self.requested = 0
        self.published = 0
        self.beats: list[float] = []

    def unit(
        self,
        name: str,
        *order: str,
        holder: str | None = None,
        references: Iterable[str] = ("hv1",),
    ) -> None:
        """Put a unit there, with a list and who holds it."""
        top = len(order)
        self.units[name] = Unit(
            name,
            Form.GATEWAY_CHASSIS,
            (GatewayPort(name, holder=holder),),
            tuple(Candidate(c, top - i) for i, c in enumerate(order)),
            references=frozenset(references),
        )

    def hold(self, name: str, holder: str | None) -> None:
        """Let a unit's port be claimed."""
        unit = self.units[name]
        port = replace(unit.ports[0], holder=holder)
        self.units[name] = replace(unit, ports=(port,))

    def add(self, *names: str) -> None:
        """Let chassis register."""
        for name in names:
            self.chassis[name] = Chassis(name)
            self.answered[name] = self.published

    def remove(self, *names: str) -> None:
        """Let chassis' rows go."""
        for name in names:
            del self.chassis[name]
            del self.answered[name]

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            frozen_map(dict(self.chassis)),
            tuple(self.units.values()),
            frozen_map(self.answered),
            requested=self.requested,
            published=self.published,
            heartbeat=self.heartbeat,
        )

    @property
    def health(self) -> Health:
        return self.memory.health

    def state(self, name: str) -> State:
        return self.health.state(name)

    def why(self, name: str) -> str:
        return self.health.verdicts[name].why

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
            self.now += STEP
            self.step()

    def until(self, name: str, state: State, most: float = 30.0) -> float:
        """Let time pass until a chassis is in a state; how long was it?"""
        start = self.now
        while self.state(name) is not state:
            assert self.now < start + most, (
                f"{name} is {self.state(name)}: {self.why(name)}"
            )
            self.run(STEP)
        return self.now - start
