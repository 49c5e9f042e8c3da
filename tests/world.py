# SPDX-License-Identifier: Apache-2.0
"""A world of chassis and ports that the planner keeps in order.

It applies plans at once and lets OVN elect as it does: the first of a list
whose tunnels are up, and whose controller is not deaf, holds the port.
Health is not judged but known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from gwsched.decisions import (
    Claim,
    Evidence,
    Guard,
    Health,
    Plan,
    Policy,
    State,
    Verdict,
)
from gwsched.health import census, claims
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Intents,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement import pace, rivals
from gwsched.placement.pace import VOLUNTARY
from gwsched.placement.scene import Past
from gwsched.planner import plan
from gwsched.schedulers import Scheduler
from gwsched.schedulers.leastloaded import LeastLoaded

PUBLIC = frozenset({"public"})
STEP = 1.0


# Of who has left a heartbeat unanswered.
OWES = Evidence(behind=0.0)


class World:
    """Chassis, units, and what has been done to them."""

    def __init__(
        self,
        policy: Policy | None = None,
        scheduler: Scheduler | None = None,
    ) -> None:
        self.policy = policy or Policy(moves_per_minute=60, scatter_width=0)
        self.scheduler = scheduler or LeastLoaded()
        self.now = 1000.0
        self.chassis: dict[str, Chassis] = {}
        self.units: dict[str, Unit] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.claims: Mapping[str, Claim] = {}
        self.census = census.Census()
        self.guards: dict[Guard, str] = {}
        self.stale = False
        self.deaf: set[str] = set()
        self.owing: set[str] = set()
        self.intents = Intents()
        self.past = Past()
        self.plan = Plan()
        self.written: list[int] = []
        self.moves: list[tuple[float, str, str]] = []
        self.interrupted: Counter[str] = Counter()

    # -- what is there -----------------------------------------------------

    def add(self, *names: str, **facts: object) -> None:
        """Let chassis come, live."""
        for name in names:
            known = {"physical_networks": PUBLIC, **facts}
            self.chassis[name] = Chassis(name, **known)  # type: ignore[arg-type]
            self.verdicts[name] = Verdict(State.LIVE, self.now, "added")

    def port(self, name: str, **facts: object) -> None:
        """Let a gateway port come that has no list."""
        known = {"physical_networks": PUBLIC, **facts}
        port = GatewayPort(name, **known)  # type: ignore[arg-type]
        self.units[name] = Unit(name, None, (port,))

    def write(self, name: str, *order: str, **facts: object) -> None:
        """Let somebody else write a port's list, and what else is told."""
        top = len(order)
        listed = tuple(Candidate(c, top - i) for i, c in enumerate(order))
        unit = self.units[name]
        known = {"form": unit.form or Form.HA_CHASSIS_GROUP, **facts}
        self.units[name] = replace(unit, candidates=listed, **known)  # type: ignore[arg-type]
        self._elect()

    def judge(self, name: str, state: State) -> None:
        """Let the verdict on a chassis be another one from now on."""
        self.verdicts[name] = Verdict(state, self.now, f"is {state}")

    def kill(self, name: str, *, stays: bool = False) -> None:
        """Let a chassis die; its row goes, if it does not stay."""
        if not stays:
            del self.chassis[name]
        self.verdicts[name] = Verdict(State.DEAD, self.now, "killed")
        self._elect()

    def revive(self, name: str, **facts: object) -> None:
        """Let a chassis come back, its hold-down over."""
        self.add(name, **facts)
        self._elect()

    # -- what happens ------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            frozen_map(dict(sorted(self.chassis.items()))),
            tuple(self.units[name] for name in sorted(self.units)),
            intents=self.intents,
        )

    @property
    def health(self) -> Health:
        verdicts = {
            name: verdict
            for name, verdict in sorted(self.verdicts.items())
            if name in self.chassis or self._is_listed(name)
        }
        return Health(
            frozen_map(verdicts),
            frozen_map(dict(self.claims)),
            frozen_map(self.guards),
            evidence=frozen_map(dict.fromkeys(self.owing, OWES)),
            stale=self.stale,
        )

    def _is_listed(self, name: str) -> bool:
        return any(name in unit.order for unit in self.units.values())

    def look(self) -> Plan:
        """Plan once, without writing."""
        seen = self.snapshot
        self.census = census.follow(self.census, seen.units)
        self.claims = claims.follow(
            self.claims, self.census, seen.chassis, self.now
        )
        self.past = Past(
            pace.follow(self.past.pace, seen, self.now),
            rivals.follow(self.past.rivals, seen, self.now),
        )
        return plan(
            seen,
            self.health,
            self.scheduler,
            self.policy,
            self.now,
            self.past,
        )

    def step(self) -> Plan:
        """Plan once and write the plan; OVN follows."""
        made = self.plan = self.look()
        flow = replace(self.past.pace, running=made.uneven)
        for change in made.changes:
            before = self.units[change.unit.name]
            self.units[change.unit.name] = replace(
                before, form=change.form, candidates=change.candidates
            )
            if change.is_move and change.reason in VOLUNTARY:
                flow = pace.launched(flow, change, self.policy, self.now)
                move = (self.now, change.unit.name, change.after[0])
                self.moves.append(move)
        self.past = Past(flow, rivals.wrote(self.past.rivals, made.changes))
        self.written.append(len(made.changes))
        if made.is_done:
            self.intents = replace(self.intents, rebalance=False)
        self._elect()
        return made

    def run(self, seconds: float) -> list[Plan]:
        """Let time pass, planning every second; return the plans."""
        plans = []
        end = self.now + seconds
        while self.now < end:
            plans.append(self.step())
            self.now += STEP
        return plans

    def settle(self, most: int = 20000) -> int:
        """Let time pass until nothing is left to do; return the steps."""
        for steps in range(most):
            made = self.step()
            quiet = not made.changes and not self.past.pace.flight
            if quiet and made.wake_at == float("inf"):
                return steps
            later = self.now + STEP
            if not made.changes and made.wake_at < float("inf"):
                later = max(later, made.wake_at)
            self.now = later
        left = [(c.unit.name, c.after, c.why) for c in made.changes[:3]]
        raise AssertionError(f"not at rest after {most} steps: {left}")

    def _elect(self) -> None:
        for name, unit in self.units.items():
            if not unit.order:
                continue
            before = unit.ports[0].holder
            holder = next(
                (
                    c
                    for c in unit.order
                    if self.is_up(c) and (c == before or c not in self.deaf)
                ),
                before,
            )
            if unit.holder == holder:
                continue
            if unit.holder is not None:
                self.interrupted[name] += 1
            ports = tuple(replace(p, holder=holder) for p in unit.ports)
            self.units[name] = replace(unit, ports=ports)

    def is_up(self, name: str) -> bool:
        """Whether the tunnels to a chassis are up."""
        dead = self.verdicts[name].state is State.DEAD
        return name in self.chassis and not dead

    # -- what came of it ---------------------------------------------------

    @property
    def orders(self) -> list[tuple[str, ...]]:
        return [unit.order for unit in self.units.values()]

    def loads(self, failed: Iterable[str] = ()) -> Counter[str]:
        """The weight each chassis carries if some fail at once."""
        gone = set(failed)
        loads: Counter[str] = Counter(
            {name: 0 for name in self.chassis if name not in gone}
        )
        for unit in self.units.values():
            heir = next((c for c in unit.order if c not in gone), None)
            if heir is not None:
                loads[heir] += unit.weight
        return loads

    def worst(
        self, failures: int, sets: Sequence[Sequence[str]] | None = None
    ) -> int:
        """The highest load of one chassis after the worst failure."""
        if sets is None:
            sets = list(combinations(sorted(self.chassis), failures))
        return max(max(self.loads(f).values()) for f in sets)


def fleet(chassis: int, ports: int, **options: object) -> World:
    """A world of so many gateways and ports, nothing placed yet."""
    world = World(**options)  # type: ignore[arg-type]
    world.add(*(f"gw{i:03}" for i in range(chassis)))
    for i in range(ports):
        world.port(f"lrp{i:05}")
    return world
