# SPDX-License-Identifier: Apache-2.0
"""L3 gateway routers: moved off proven deaths only, and where to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from itertools import permutations

import pytest

from gwsched.decisions import (
    Evidence,
    Health,
    Policy,
    Refusal,
    Relocation,
    State,
    Tunnels,
    Uplinks,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    GatewayRouter,
    Intents,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement import routers
from gwsched.placement.routers import Moved
from gwsched.placement.scene import Past, Scene
from gwsched.schedulers import Ledger, Request, Scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded

NOW = 1000.0
DEAD_SINCE = NOW - 5
POLICY = Policy(dead_after=20.0, hold_down=30.0)
PUBLIC = frozenset({"public"})

# Evidence that lets a router go at once, and evidence that does not.
LEFT = Evidence(heard=NOW - 40, left=NOW - 37)
CUT_OFF = Evidence(tunnels=Tunnels.DOWN, tunnels_since=NOW - 20, watched=True)
SILENT = Evidence(heard=NOW - 40, behind=NOW - 30)


def router(
    name: str, chassis: str = "gw1", *networks: frozenset[str]
) -> GatewayRouter:
    return GatewayRouter(
        name, chassis, frozenset({chassis}), networks or (PUBLIC,)
    )


def unit(name: str, *order: str, weight: int = 1) -> Unit:
    port = GatewayPort(
        name, physical_networks=PUBLIC, holder=order[0], weight=weight
    )
    top = len(order)
    listed = tuple(Candidate(c, top - i) for i, c in enumerate(order))
    return Unit(name, Form.GATEWAY_CHASSIS, (port,), listed)


class World:
    """Live gateways gw1..gwN and routers that may all be moved."""

    def __init__(self, gateways: int, *found: GatewayRouter) -> None:
        self.routers = found
        self.policy = POLICY
        self.units: tuple[Unit, ...] = ()
        self.chassis = {
            f"gw{i}": Chassis(f"gw{i}", physical_networks=PUBLIC)
            for i in range(1, gateways + 1)
        }
        self.verdicts = {
            name: Verdict(State.LIVE, 0.0, "answers") for name in self.chassis
        }
        self.evidence: dict[str, Evidence] = {}
        self.apart: frozenset[str] = frozenset()
        self.bad_uplink = ""
        self.intents = Intents(failover=frozenset(r.name for r in found))
        self.scheduler: Scheduler = LeastLoaded()

    def kill(self, name: str, evidence: Evidence = LEFT) -> World:
        """Let a chassis die, and say what speaks for it."""
        if evidence.gone is not None:
            self.chassis.pop(name, None)
        self.evidence[name] = evidence
        self.verdicts[name] = Verdict(State.DEAD, DEAD_SINCE, "is dead")
        return self

    def change(self, name: str, **facts: object) -> World:
        known = self.chassis[name]
        self.chassis[name] = replace(known, **facts)  # type: ignore[arg-type]
        return self

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            frozen_map(self.chassis),
            self.units,
            intents=self.intents,
            routers=self.routers,
        )

    @property
    def health(self) -> Health:
        return Health(
            frozen_map(self.verdicts),
            evidence=frozen_map(self.evidence),
            uplinks=Uplinks(frozen_map({(self.bad_uplink, "public"): "why"})),
            apart=frozen_map({self.apart: NOW + 60}),
        )

    def scene(self, now: float = NOW) -> Scene:
        return Scene(
            self.snapshot,
            self.health,
            self.scheduler,
            self.policy,
            Past(),
            now,
        )

    def outcomes(
        self, now: float = NOW, moved: Moved = routers.NEVER
    ) -> list[Relocation | Refusal]:
        return routers.outcomes(self.scene(now), moved)

    def relocation(self, now: float = NOW) -> Relocation:
        (found,) = self.outcomes(now)
        assert isinstance(found, Relocation), found.why
        return found

    def refusal(self, moved: Moved = routers.NEVER) -> Refusal:
        (found,) = self.outcomes(moved=moved)
        assert isinstance(found, Refusal)
        return found

    @property
    def targets(self) -> dict[str, str]:
        return {
            found.router.name: found.target
            for found in self.outcomes()
            if isinstance(found, Relocation)
        }


# -- whose is moved at all ---------------------------------------------------


def test_the_router_of_a_dead_chassis_is_pinned_to_a_live_one() -> None:
    mine = router("r1")
    found = World(2, mine).kill("gw1").relocation()
    assert found == Relocation(
        mine,
        "gw2",
        "gw1: is dead; OVN has taken its gateway ports away",
    )


def test_without_the_intent_nothing_is_touched() -> None:
    world = World(2, router("r1"), router("r2"))
    world.intents = Intents(failover=frozenset({"r2", "r3"}))
    assert world.kill("gw1").targets == {"r2": "gw2"}


def test_where_none_is_asked_for_nothing_is_said_either() -> None:
    world = World(1, router("r1")).kill("gw1", SILENT)
    world.intents = Intents()
    assert world.outcomes() == []


@pytest.mark.parametrize("state", [s for s in State if s is not State.DEAD])
def test_only_a_dead_chassis_loses_its_routers(state: State) -> None:
    world = World(2, router("r1")).kill("gw1")
    world.verdicts["gw1"] = Verdict(state, DEAD_SINCE, "is not dead")
    assert world.outcomes() == []


def test_of_a_chassis_nobody_has_judged_nothing_is_believed() -> None:
    world = World(2, router("r1", "gw9"))
    assert world.outcomes() == []


def test_who_comes_back_does_not_get_it_back() -> None:
    world = World(2, router("r1", "gw2"))
    world.evidence["gw1"] = LEFT
    assert world.outcomes() == []


# -- the evidence ------------------------------------------------------------

ROWS = {"there": None, "gone": NOW - 30, "just gone": NOW - 29}
CLAIMS = {
    "none left": Evidence(heard=NOW - 40),
    "left": Evidence(heard=NOW - 40, left=NOW - 37),
    "left and never heard": Evidence(left=NOW - 37),
    "left as it answered": Evidence(heard=NOW - 40, left=NOW - 40),
    "heard since": Evidence(heard=NOW - 36, left=NOW - 37),
    "left but for one": Evidence(heard=NOW - 40, left=NOW - 37, holds=1),
}
TUNNELS = {
    "unseen": Evidence(),
    "up": Evidence(tunnels=Tunnels.UP, tunnels_since=NOW - 90),
    "down": Evidence(
        tunnels=Tunnels.DOWN, tunnels_since=NOW - 20, watched=True
    ),
    "just down": Evidence(
        tunnels=Tunnels.DOWN, tunnels_since=NOW - 19, watched=True
    ),
}
HAVE_LEFT = {"left", "left and never heard", "left as it answered"}


def expected(row: str, claims: str, tunnels: str) -> str | None:
    """Say what is to come of it: a reason to refuse, or None to wait."""
    if row != "there":
        if claims == "left and never heard":
            return "never_seen"
        return "moved" if row == "gone" else None
    if tunnels == "down" or (claims in HAVE_LEFT and tunnels != "up"):
        return "moved"
    return None if tunnels == "just down" else "unproven"


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("claims", CLAIMS)
@pytest.mark.parametrize("tunnels", TUNNELS)
def test_every_kind_of_evidence(row: str, claims: str, tunnels: str) -> None:
    seen = TUNNELS[tunnels]
    evidence = replace(
        CLAIMS[claims],
        gone=ROWS[row],
        tunnels=seen.tunnels,
        watched=seen.watched,
        tunnels_since=seen.tunnels_since,
    )
    found = World(2, router("r1")).kill("gw1", evidence).outcomes()
    wanted = expected(row, claims, tunnels)
    assert [
        "moved" if isinstance(one, Relocation) else one.reason for one in found
    ] == [wanted] * (wanted is not None)


@pytest.mark.parametrize(
    ("evidence", "after"),
    [
        (Evidence(gone=NOW, heard=NOW - 1), POLICY.hold_down),
        (
            Evidence(tunnels=Tunnels.DOWN, tunnels_since=NOW, watched=True),
            POLICY.dead_after,
        ),
    ],
)
def test_what_must_last_is_waited_for(
    evidence: Evidence, after: float
) -> None:
    world = World(2, router("r1")).kill("gw1", evidence)
    scene = world.scene()
    assert routers.outcomes(scene) == []
    assert scene.clock.wake_at == NOW + after
    assert world.outcomes(NOW + after - 0.1) == []
    assert world.relocation(NOW + after).target == "gw2"


def test_tunnels_are_proof_before_the_chassis_leaves_its_lists() -> None:
    """BFD to it ends with its last list, and what it proves with that."""
    evidence = Evidence(tunnels=Tunnels.DOWN, tunnels_since=NOW, watched=True)
    world = World(2, router("r1")).kill("gw1", evidence)
    world.policy = replace(POLICY, hold_down=POLICY.dead_after / 4)
    assert world.outcomes(NOW + world.policy.hold_down - 0.1) == []
    assert world.relocation(NOW + world.policy.hold_down).target == "gw2"


def test_what_is_proven_does_not_wait_for_what_is_not_yet() -> None:
    evidence = replace(LEFT, tunnels=Tunnels.DOWN, tunnels_since=NOW)
    assert World(2, router("r1")).kill("gw1", evidence).targets


def test_silence_alone_is_refused_and_says_what_to_do() -> None:
    found = World(2, router("r1")).kill("gw1", SILENT).refusal()
    assert found.unit.name == "r1"
    assert found.reason == "unproven"
    assert found.why.startswith("gw1: is dead; but nothing proves")
    assert "ovn-sbctl chassis-del gw1" in found.why
    assert not found.served


def test_no_evidence_at_all_is_silence() -> None:
    world = World(2, router("r1")).kill("gw1")
    world.evidence = {}
    assert world.refusal().reason == "unproven"


def test_a_chassis_nobody_ever_saw_may_be_a_slip_of_the_pen() -> None:
    world = World(2, router("r1", "gw-1"))
    found = world.kill("gw-1", Evidence(gone=0.0)).refusal()
    assert found.reason == "never_seen"
    assert "there is no chassis gw-1" in found.why
    assert "options:chassis" in found.why


def test_who_comes_into_sight_late_is_no_slip_of_the_pen() -> None:
    """Its row was there when we began to watch, but it never answered."""
    seen = Evidence(heard=NOW - 90, gone=NOW - 30)
    assert World(2, router("r1")).kill("gw1", seen).targets


# -- where to ----------------------------------------------------------------


def test_the_filters_that_hold_for_ports_hold_for_routers() -> None:
    world = World(9, router("r1")).kill("gw1")
    world.change("gw2", is_gateway=False)
    world.change("gw3", physical_networks=frozenset({"other"}))
    world.change("gw4", denied="it is in deny_chassis")
    world.verdicts["gw5"] = Verdict(State.SUSPECT, 0.0, "silent")
    world.verdicts["gw6"] = Verdict(State.RETURNING, 0.0, "back again")
    world.intents = replace(
        world.intents,
        cordoned=frozenset({"gw7"}),
        draining=frozenset({"gw8"}),
    )
    assert world.targets == {"r1": "gw9"}
    world.intents = replace(world.intents, draining=frozenset({"gw8", "gw9"}))
    found = world.refusal()
    assert found.reason == "drain"
    assert "gw8: it is draining" in found.why


def test_every_network_of_the_router_must_be_there() -> None:
    both = router("r1", "gw1", PUBLIC, frozenset({"storage", "backup"}))
    world = World(4, both).kill("gw1")
    world.change("gw2", physical_networks=frozenset({"storage"}))
    world.change("gw4", physical_networks=PUBLIC | {"backup"})
    assert world.targets == {"r1": "gw4"}


@pytest.mark.parametrize("networks", [(PUBLIC,), ()])
def test_the_zones_a_router_asks_for_are_kept(
    networks: tuple[frozenset[str], ...],
) -> None:
    mine = replace(
        router("r1"),
        physical_networks=networks,
        zone_hints=frozenset({"az2"}),
    )
    world = World(4, mine).kill("gw1")
    world.change("gw3", zones=frozenset({"az1"}))
    world.change("gw4", zones=frozenset({"az2"}))
    assert world.targets == {"r1": "gw4"}


def test_a_router_that_faces_no_physical_network_may_go_anywhere() -> None:
    inside = replace(router("r1"), physical_networks=())
    world = World(2, inside).kill("gw1")
    world.change("gw2", physical_networks=frozenset())
    assert world.targets == {"r1": "gw2"}


def test_who_fought_with_the_dead_may_inherit() -> None:
    world = World(2, router("r1")).kill("gw1")
    world.apart = frozenset({"gw1", "gw2"})
    assert world.targets == {"r1": "gw2"}


def test_a_dead_uplink_is_the_last_choice() -> None:
    world = World(3, router("r1")).kill("gw1")
    for name, other in (("gw2", "gw3"), ("gw3", "gw2")):
        world.bad_uplink = name
        assert world.targets == {"r1": other}


def test_a_router_goes_where_the_least_is_carried() -> None:
    world = World(4, router("r1"), router("r2", "gw2"))
    world.units = (unit("p3", "gw3", "gw4"),)
    assert world.kill("gw1").targets == {"r1": "gw4"}


def test_ports_count_by_their_weight() -> None:
    world = World(3, router("r1"))
    light = [unit(name, "gw3") for name in ("p1", "p2")]
    world.units = (*light, unit("p3", "gw2", weight=3))
    assert world.kill("gw1").targets == {"r1": "gw3"}


@pytest.mark.parametrize(("heir", "other"), [("gw2", "gw3"), ("gw3", "gw2")])
def test_what_a_dead_chassis_had_counts_where_it_goes(
    heir: str, other: str
) -> None:
    world = World(3, router("r1"))
    world.units = (unit("p", "gw1", heir, other),)
    assert world.kill("gw1").targets == {"r1": other}


def test_routers_that_are_nobodys_to_move_are_load_all_the_same() -> None:
    world = World(3, router("r1"), router("other", "gw2"))
    world.intents = Intents(failover=frozenset({"r1"}))
    assert world.kill("gw1").targets == {"r1": "gw3"}


def test_the_routers_of_one_dead_chassis_are_spread() -> None:
    world = World(5, *(router(f"r{i:02}") for i in range(40)))
    targets = world.kill("gw1").targets
    assert len(targets) == 40
    assert set(Counter(targets.values()).values()) == {10}


def test_larger_chassis_get_more_of_them() -> None:
    world = World(3, *(router(f"r{i:02}") for i in range(30)))
    world.change("gw2", capacity=2)
    targets = world.kill("gw1").targets
    assert Counter(targets.values()) == {"gw2": 20, "gw3": 10}


@pytest.mark.parametrize("scheduler", [LeastLoaded(), Chance()])
def test_the_order_of_what_is_read_makes_no_difference(
    scheduler: Scheduler,
) -> None:
    found = [router("r1"), router("r2"), router("r3"), router("r4", "gw2")]
    plans = []
    for order in permutations(found):
        world = World(6, *order).kill("gw1")
        world.scheduler = scheduler
        world.chassis = dict(reversed(world.chassis.items()))
        plans.append(world.outcomes())
    assert len(plans[0]) == 3
    assert plans == [plans[0]] * len(plans)


class Nobody:
    def choose(self, request: Request, ledger: Ledger) -> str | None:
        return None


def test_a_scheduler_that_chooses_nobody_is_named() -> None:
    world = World(3, router("r1")).kill("gw1")
    world.scheduler = Nobody()
    assert world.refusal().reason == "scheduler"


def test_where_everybody_is_dead_it_is_said_of_each_router() -> None:
    world = World(2, router("r1"), router("r2", "gw2"))
    found = world.kill("gw1").kill("gw2").outcomes()
    assert [one.unit.name for one in found if isinstance(one, Refusal)] == [
        "r1",
        "r2",
    ]


# -- beside others -----------------------------------------------------------


def test_who_pins_it_to_the_dead_again_has_the_last_word() -> None:
    world = World(2, router("r1")).kill("gw1")
    moved = frozen_map({("r1", "gw1"): DEAD_SINCE + 1})
    found = world.refusal(moved)
    assert found.reason == "put_back"
    assert "pinned it to gw1 again" in found.why


@pytest.mark.parametrize("before", [("r1", "gw2"), ("r2", "gw1")])
def test_other_moves_are_no_obstacle(before: tuple[str, str]) -> None:
    world = World(2, router("r1")).kill("gw1")
    assert world.outcomes(moved=frozen_map({before: NOW})) == (
        world.outcomes()
    )


def test_a_chassis_that_dies_again_loses_its_routers_again() -> None:
    world = World(2, router("r1")).kill("gw1")
    moved = frozen_map({("r1", "gw1"): DEAD_SINCE - 1})
    (found,) = world.outcomes(moved=moved)
    assert isinstance(found, Relocation)


# -- what makes it worth deciding anew ---------------------------------------


def test_the_basis_is_what_a_decision_rests_on() -> None:
    world = World(2, router("r1"), router("r2", "gw2"))

    def basis() -> Hashable:
        return routers.basis(world.snapshot, world.health)

    calm = basis()
    world.evidence["gw2"] = LEFT
    assert basis() == calm
    world.kill("gw1", SILENT)
    silent = basis()
    world.kill("gw1", CUT_OFF)
    assert len({calm, silent, basis()}) == 3
    world.intents = Intents()
    assert basis() == calm
