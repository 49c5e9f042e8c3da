# SPDX-License-Identifier: Apache-2.0
"""gwsched as a contender: all that decides in it, on a clock of its own.

Each step of ten seconds is one round of heartbeats, which everybody who is
there answers, and one decision, written whole; OVN carries it out before
the next.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from gwsched.decider import Decider
from gwsched.decisions import Health, Plan, Policy
from gwsched.model import (
    OWN_GROUP,
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.scene import Past
from gwsched.planner import plan
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.bench.fleetmodel import Cloud, Spent

STEP = 10.0
# Longer than a hold-down, so that whatever waits for one has had its turn.
QUIET_STEPS = 6
MOST_STEPS = 3000
PUBLIC = frozenset({"public"})
# All gateways in one mesh: what the ideal is measured by.
POLICY = Policy(scatter_width=0)


def planned(snapshot: Snapshot, verdicts: Health, now: float) -> Plan:
    """Plan once, as a daemon does that has just started."""
    return plan(snapshot, verdicts, LeastLoaded(), POLICY, now, Past())


class Gwsched:
    """The daemon's cycles, repeated until there is nothing left to do."""

    def __init__(self, label: str = "gwsched", chunk: int = 0) -> None:
        self.label = label
        self.chunk = chunk

    def begin(self, cloud: Cloud) -> None:
        self._decider = Decider(LeastLoaded(), POLICY)
        self._seen = Snapshot(frozen_map({}), ())
        self._now = 0.0
        self._settle(cloud)

    def place(self, cloud: Cloud, ports: Sequence[str]) -> Spent:
        cloud.write(dict.fromkeys(ports, ()))
        return self._settle(cloud)

    def stopped(self, cloud: Cloud, chassis: str) -> Spent:
        return self._settle(cloud)

    def started(self, cloud: Cloud, chassis: str) -> Spent:
        return self._settle(cloud)

    def _settle(self, cloud: Cloud) -> Spent:
        spent, quiet = Spent(), 0
        for _ in range(MOST_STEPS):
            made, seconds = self._step(cloud)
            if made.changes:
                spent += Spent(seconds, len(made.changes))
            waiting = made.changes or made.uneven or made.deferred
            quiet = 0 if waiting else quiet + 1
            if quiet == QUIET_STEPS:
                break
        return spent

    def _step(self, cloud: Cloud) -> tuple[Plan, float]:
        self._now += STEP
        seen = self._seen = look(cloud, self._seen)
        started = time.perf_counter()
        made = self._decider.decide(
            seen, self._now, interrupted=False, writes=True
        )
        seconds = time.perf_counter() - started
        if made.changes:
            written = {c.unit.ports[0].name: c.after for c in made.changes}
            cloud.write(written)
            self._decider.wrote(made.changes, self._now)
        self._decider.keep_going(made)
        return made, seconds


def look(cloud: Cloud, before: Snapshot) -> Snapshot:
    """Return the cloud as read; what did not change is the same value."""
    known = {unit.ports[0].name: unit for unit in before.units}
    ports = sorted(cloud.lists)
    units = tuple(unit_of(cloud, port, known.get(port)) for port in ports)
    chassis = before.chassis
    if list(chassis) != sorted(cloud.live):
        chassis = frozen_map(
            {
                c: Chassis(c, physical_networks=PUBLIC)
                for c in sorted(cloud.live)
            }
        )
    beat = before.requested + 1
    return Snapshot(
        chassis,
        before.units if units == before.units else units,
        answered=frozen_map(dict.fromkeys(chassis, beat)),
        requested=beat,
        published=beat,
    )


def unit_of(cloud: Cloud, port: str, before: Unit | None) -> Unit:
    order, holder = cloud.lists[port], cloud.holder(port)
    if before and (before.order, before.holder) == (order, holder):
        return before
    router = port.removeprefix("lrp-")
    top = len(order)
    return Unit(
        OWN_GROUP + port if order else port,
        Form.HA_CHASSIS_GROUP if order else None,
        (GatewayPort(port, router, PUBLIC, holder=holder),),
        tuple(Candidate(c, top - i) for i, c in enumerate(order)),
    )
