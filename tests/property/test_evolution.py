# SPDX-License-Identifier: Apache-2.0
"""Random sequences of chassis and port events: it always comes to rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gwsched.decisions import Policy, Reason, State
from gwsched.model import Intents, Unit
from gwsched.placement.pace import VOLUNTARY
from tests.world import World

CHASSIS = [f"gw{i}" for i in range(8)]
ZONES = [frozenset({"az1"}), frozenset({"az2"})]
NETWORKS = [
    frozenset({"public"}),
    frozenset({"dmz"}),
    frozenset({"public", "dmz"}),
]
POLICY = Policy(max_candidates=4, moves_per_minute=20)

EVENTS = st.one_of(
    st.tuples(
        st.just("add"),
        st.sampled_from(CHASSIS),
        st.sampled_from(ZONES),
        st.sampled_from(NETWORKS),
        st.integers(1, 2),
    ),
    st.tuples(st.just("kill"), st.sampled_from(CHASSIS), st.booleans()),
    st.tuples(st.just("ports"), st.integers(1, 12), st.integers(0, 1)),
    st.tuples(st.just("delete"), st.integers(0, 50)),
    st.tuples(st.just("drain"), st.sampled_from([*CHASSIS, ""])),
    st.tuples(st.just("pass"), st.integers(1, 90)),
)


class Driver:
    """A world, and what must hold at every step of it."""

    def __init__(self) -> None:
        self.world = World(policy=POLICY)
        self.number = 0
        self.moves: list[float] = []

    def happen(self, event: Sequence[object]) -> None:
        kind, *facts = event
        getattr(self, f"_{kind}")(*facts)
        self.step()

    def _add(
        self,
        name: str,
        zones: frozenset[str],
        networks: frozenset[str],
        capacity: int,
    ) -> None:
        self.world.revive(
            name, zones=zones, physical_networks=networks, capacity=capacity
        )

    def _kill(self, name: str, stays: bool) -> None:
        if self.world.chassis.get(name) and self.world.is_up(name):
            self.world.kill(name, stays=stays)

    def _ports(self, count: int, network: int) -> None:
        for _ in range(count):
            self.number += 1
            self.world.port(
                f"p{self.number:03}", physical_networks=NETWORKS[network]
            )

    def _delete(self, which: int) -> None:
        names = sorted(self.world.units)
        if names:
            del self.world.units[names[which % len(names)]]

    def _drain(self, name: str) -> None:
        draining = frozenset({name} if name else ())
        self.world.intents = replace(Intents(), draining=draining)

    def _pass(self, seconds: int) -> None:
        for _ in range(seconds):
            self.world.now += 1
            self.step()

    def step(self) -> None:
        """Take one step, and judge each change of it."""
        world = self.world
        before = {unit.name: unit for unit in world.units.values()}
        for change in world.step().changes:
            unit = before[change.unit.name]
            assert len(set(change.after)) == len(change.after)
            served = [c for c in unit.order if self._serves(unit, c)]
            kept = [c for c in change.after if self._serves(unit, c)]
            drains = change.reason is Reason.DRAIN
            assert len(kept) >= min(len(served) - drains, 4) or drains
            if change.reason not in VOLUNTARY or not change.is_move:
                continue
            self.moves.append(world.now)
            assert unit.holder == unit.order[0]
            assert world.verdicts[unit.order[0]].state is State.LIVE
            warm = world.claims[unit.name].joined[change.after[0]]
            assert world.now - warm >= 2 * 3.0, "moved to a cold chassis"

    def _serves(self, unit: Unit, name: str) -> bool:
        if not self.world.is_up(name):
            return False
        carried = self.world.chassis[name].physical_networks
        return bool(carried & unit.ports[0].physical_networks)

    def rest(self) -> None:
        """Let it come to rest; no list is ever written twice the same."""
        world = self.world
        lists: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for _ in range(5000):
            self.step()
            for change in world.plan.changes:
                assert change.after not in lists[change.unit.name]
                lists[change.unit.name].add(change.after)
            quiet = not world.plan.changes and not world.past.pace.flight
            if quiet and world.plan.wake_at == float("inf"):
                return
            later = world.plan.wake_at if quiet else 0.0
            world.now = max(world.now + 1, later)
        raise AssertionError(f"no rest: {world.plan}")


@given(events=st.lists(EVENTS, max_size=25))
def test_whatever_happens_it_comes_to_rest_within_budget(
    events: list[tuple[object, ...]],
) -> None:
    driver = Driver()
    for event in events:
        driver.happen(event)
    driver.rest()
    spacing = 60 / POLICY.moves_per_minute
    for earlier, later in zip(driver.moves, driver.moves[1:], strict=False):
        assert later - earlier >= spacing - 1e-6
    assert driver.world.step().changes == ()


@given(events=st.lists(EVENTS, max_size=25))
def test_at_rest_nothing_is_past_the_threshold(
    events: list[tuple[object, ...]],
) -> None:
    """Where every chassis may host everything."""
    driver = Driver()
    for kind, *facts in events:
        if kind == "add":
            facts[1:] = [frozenset(), NETWORKS[2], 1]
        driver.happen((kind, *facts))
    driver.happen(("drain", ""))
    driver.rest()
    world = driver.world
    up = [name for name in world.chassis if world.is_up(name)]
    if not up:
        return
    loads = world.loads()
    even = sum(loads[name] for name in up) / len(up)
    for name in up:
        excess = abs(loads[name] - even)
        assert excess < 2 or excess <= POLICY.threshold * even + 1
