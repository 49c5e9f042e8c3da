# SPDX-License-Identifier: Apache-2.0
"""L3 gateway routers whose chassis is dead: who takes them over.

OVN runs a router with ``options:chassis`` there and nowhere else; no BFD,
no backup (controller/binding.c, consider_l3gw_lport).  Pinned elsewhere it
is claimed in milliseconds, and who comes back does not claim it again.

But whose ovn-controller is gone does not let go: its flows stay, and two
chassis answer ARP for one router.  So only what an operator has asked for
is moved, and only off a chassis that more than silence speaks against.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from gwsched.decisions import (
    Evidence,
    Health,
    Refusal,
    Relocation,
    State,
    Tunnels,
)
from gwsched.model import (
    Candidate,
    GatewayPort,
    GatewayRouter,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.scene import Scene
from gwsched.schedulers import Ledger, Request

# When we last took a router (by name) off a chassis (monotonic seconds).
Moved = Mapping[tuple[str, str], float]
NEVER: Moved = frozen_map({})


def outcomes(scene: Scene, moved: Moved = NEVER) -> list[Relocation | Refusal]:
    """Return which routers are to be moved, and which cannot be."""
    stranded = _stranded(scene.snapshot, scene.health)
    if not stranded:
        return []
    ledger = _loads(scene)
    found = (_outcome(scene, router, ledger, moved) for router in stranded)
    return [outcome for outcome in found if outcome is not None]


def basis(snapshot: Snapshot, health: Health) -> Hashable:
    """Return what the outcomes depend on besides what all plans do."""
    return tuple(
        (router, health.evidence.get(router.chassis))
        for router in _stranded(snapshot, health)
    )


def _stranded(snapshot: Snapshot, health: Health) -> list[GatewayRouter]:
    """Return the routers we may move whose chassis is dead."""
    found = [
        router
        for router in snapshot.routers
        if router.name in snapshot.intents.failover
        and health.state(router.chassis) is State.DEAD
    ]
    return sorted(found, key=lambda router: (router.name, router.chassis))


def _outcome(
    scene: Scene, router: GatewayRouter, ledger: Ledger, moved: Moved
) -> Relocation | Refusal | None:
    """Decide on one router; None while what speaks for it must still last."""
    if _is_put_back(scene, router, moved):
        return _put_back(router)
    proofs = list(_proofs(scene, router.chassis))
    if not proofs:
        return _unproven(scene, router)
    proven = [what for since, what in proofs if scene.clock.past(since)]
    return _relocation(scene, router, proven[0], ledger) if proven else None


def _proofs(scene: Scene, name: str) -> Iterator[tuple[float, str]]:
    """Yield what proves that a dead chassis serves nothing, from when on.

    A row may be gone for a moment only: an ovn-controller that is restarted
    deletes it and makes a new one; and a name that never had one may be
    misspelt.  Tunnels may be down for a moment only as well, of a chassis
    that has been silent since its ovn-controller, and no more, ended.
    """
    evidence = _evidence(scene, name)
    gone, left, down = evidence.gone, evidence.left, evidence.tunnels_since
    if gone is not None:
        if evidence.heard is not None:
            since = gone + scene.policy.hold_down
            yield since, "it has not come back"
        return
    if left is not None and _is_deserted(evidence, left):
        yield left, "OVN has taken its gateway ports away"
    cut = evidence.tunnels is Tunnels.DOWN and evidence.watched
    if down is not None and cut:
        # After the hold-down it leaves all lists, and has no BFD any more.
        lasting = min(scene.policy.dead_after, scene.policy.hold_down)
        yield down + lasting, "no tunnel reaches it"


def _is_deserted(evidence: Evidence, left: float) -> bool:
    """Whether OVN has left a chassis that has given no sign of life since."""
    answered = evidence.heard is not None and evidence.heard > left
    up = evidence.tunnels is Tunnels.UP
    return not (evidence.holds or answered or up)


def _relocation(
    scene: Scene, router: GatewayRouter, proof: str, ledger: Ledger
) -> Relocation | Refusal:
    """Let the scheduler choose among who may host the router."""
    unit = as_unit(router)
    pool = scene.who.pool(unit)
    if not pool.names:
        return scene.who.refusal(unit)
    target = scene.ask(Request(router.name, (), pool), ledger)
    if target is None:
        why = "the scheduler chose none of the eligible"
        return Refusal(unit, "scheduler", why)
    ledger.extend((), target, unit.weight)
    why = scene.health.verdicts[router.chassis].why
    return Relocation(router, target, f"{router.chassis}: {why}; {proof}")


def as_unit(router: GatewayRouter) -> Unit:
    """Describe a router in the terms of the filters.

    One that faces no network is no port half made: it is said to have a list
    for the filters to let it pass.
    """
    listed = Candidate(router.chassis, 1)
    networks = router.physical_networks
    ports = tuple(
        GatewayPort(router.name, router.name, names, router.zone_hints)
        for names in networks or (frozenset(),)
    )
    return Unit(router.name, None, ports, () if networks else (listed,))


def _loads(scene: Scene) -> Ledger:
    """Count who carries what: the units' primaries and all such routers."""
    ledger = Ledger()
    for unit in scene.units:
        ledger.add(scene.who.serving(unit, unit.order)[:1], unit.weight)
    for router in scene.snapshot.routers:
        ledger.add((router.chassis,))
    return ledger


def _evidence(scene: Scene, name: str) -> Evidence:
    return scene.health.evidence.get(name, Evidence())


def _is_put_back(scene: Scene, router: GatewayRouter, moved: Moved) -> bool:
    """Whether we have moved a router off this chassis since its death."""
    at = moved.get((router.name, router.chassis))
    return at is not None and at >= scene.health.verdicts[router.chassis].since


def _put_back(router: GatewayRouter) -> Refusal:
    return Refusal(
        as_unit(router),
        "put_back",
        f"somebody has pinned it to {router.chassis} again, which is dead; "
        f"we do not fight: find out who it is",
    )


def _unproven(scene: Scene, router: GatewayRouter) -> Refusal:
    """Say why a dead chassis is not believed to be off."""
    name = router.chassis
    if _evidence(scene, name).gone is not None:
        return Refusal(
            as_unit(router),
            "never_seen",
            f"there is no chassis {name}, and was none since we began to "
            f"watch; if it is no slip of the pen, set options:chassis of the "
            f"router to another",
        )
    return Refusal(
        as_unit(router),
        "unproven",
        f"{name}: {scene.health.verdicts[name].why}; but nothing proves that "
        f"it forwards no more, and moved the router might be active twice; "
        f"once its host is known to be off: ovn-sbctl chassis-del {name}",
    )
