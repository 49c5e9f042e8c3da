# SPDX-License-Identifier: Apache-2.0
"""Random snapshots and healths, the odd ones included, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st

from gwsched.decisions import (
    Change,
    Claim,
    Failback,
    Health,
    Policy,
    State,
    Uplinks,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    NextHop,
    Session,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement import origins, pace
from gwsched.placement.pace import Flight, Pace
from gwsched.placement.scene import Past

NOW = 1000.0
NAMES = [f"gw{i}" for i in range(1, 8)]
STRANGERS = ["gone1", "gone2"]
NETWORKS = ["public", "dmz"]
ZONES = ["az1", "az2"]

HOPS = ["192.0.2.1", "192.0.2.2"]

POLICY = Policy(
    max_candidates=3,
    hold_down=30.0,
    failback=Failback.DELAYED,
    failback_delay=50.0,
)


class Situation(NamedTuple):
    """All that a plan is made from, but for settings."""

    snapshot: Snapshot
    health: Health
    past: Past = Past()


def tossed(draw: st.DrawFn) -> bool:
    return draw(st.booleans())


def subsets(names: Sequence[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names))


@st.composite
def chassis(draw: st.DrawFn, name: str) -> Chassis:
    return Chassis(
        name,
        is_gateway=draw(st.booleans()) or draw(st.booleans()),
        physical_networks=draw(subsets(NETWORKS)) | {"public"},
        zones=draw(subsets(ZONES)),
        uncertain=draw(st.integers(0, 9)) == 0,
    )


@st.composite
def ports(draw: st.DrawFn, name: str) -> GatewayPort:
    hints = draw(st.integers(0, 3)) == 0
    return GatewayPort(
        name,
        router=f"r-{name}",
        physical_networks=frozenset({draw(st.sampled_from(NETWORKS))}),
        zone_hints=draw(subsets(ZONES)) if hints else frozenset(),
        holder=draw(st.none() | st.sampled_from(NAMES)),
        next_hops=tuple(
            NextHop(hop, Session.DOWN) for hop in sorted(draw(subsets(HOPS)))
        ),
    )


@st.composite
def units(draw: st.DrawFn, name: str) -> Unit:
    number = draw(st.integers(1, 2))
    form = draw(st.sampled_from([None, *Form]))
    if form is not Form.HA_CHASSIS_GROUP:
        number = 1
    members = tuple(draw(ports(f"{name}p{i}")) for i in range(number))
    candidates = draw(
        st.lists(
            st.builds(
                Candidate,
                st.sampled_from(NAMES + STRANGERS),
                st.integers(0, 6),
            ),
            max_size=5,
        )
    )
    best = sorted(candidates, key=lambda c: (-c.priority, c.chassis))
    return Unit(
        name,
        form,
        members,
        tuple(best) if form else (),
        neutron=draw(st.booleans()),
        in_force=draw(st.integers(0, 9)) > 0,
        references=draw(subsets(["hv1", *NAMES])),
        shadowed=form is Form.HA_CHASSIS_GROUP and draw(st.booleans()),
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    there = sorted(draw(subsets(NAMES)))
    found = {name: draw(chassis(name)) for name in there}
    found["hv1"] = Chassis("hv1", is_gateway=False)
    number = draw(st.integers(0, 6))
    return Snapshot(
        frozen_map(found),
        tuple(draw(units(f"u{i}")) for i in range(number)),
    )


@st.composite
def healths(draw: st.DrawFn, snapshot: Snapshot) -> Health:
    """Verdicts and claims of any age, as the snapshot allows them."""
    verdicts = {}
    named = {c for unit in snapshot.units for c in unit.order}
    for name in sorted(named | set(snapshot.chassis)):
        state = State.DEAD
        if name in snapshot.chassis:
            state = draw(st.sampled_from([State.LIVE, State.LIVE, *State]))
        age = draw(st.sampled_from([0.0, 5.0, 60.0]))
        verdicts[name] = Verdict(state, NOW - age, f"drawn {state}")
    claims = {
        unit.name: Claim(
            unit.holder,
            unit.order,
            since=NOW - draw(st.sampled_from([0.0, 60.0])),
            listed_since=NOW - draw(st.sampled_from([0.0, 60.0])),
        )
        for unit in snapshot.units
    }
    found = Health(frozen_map(verdicts), frozen_map(claims))
    return replace(
        found,
        uplinks=draw(st.just(Uplinks()) | uplinks(snapshot)),
        apart=frozen_map(dict.fromkeys(draw(pairs()), NOW + 100)),
        stranded=frozenset(
            unit.name
            for unit in snapshot.units
            if is_stranded(unit, found) and tossed(draw)
        ),
        damped=frozenset(
            name
            for name in found.verdicts
            if found.state(name) is State.RETURNING and tossed(draw)
        ),
    )


@st.composite
def uplinks(draw: st.DrawFn, snapshot: Snapshot) -> Uplinks:
    """Marks, lost ports, and who does reach a next hop."""
    places = [(name, network) for name in NAMES for network in NETWORKS]
    bad = draw(st.frozensets(st.sampled_from(places), max_size=6))
    good = draw(st.frozensets(st.sampled_from(places), max_size=6))
    held = [p for unit in snapshot.units for p in unit.ports if p.holder]
    lost = {
        port.name: draw(subsets(NAMES)) | {str(port.holder)}
        for port in held
        if port.next_hops and tossed(draw)
    }
    return Uplinks(
        frozen_map(dict.fromkeys(sorted(bad), "drawn")),
        good - bad,
        frozen_map(lost),
        frozen_map({hop: draw(subsets(NAMES)) for hop in HOPS}),
    )


def pairs() -> st.SearchStrategy[frozenset[frozenset[str]]]:
    """Gateways that have lost each other."""
    pair = st.frozensets(st.sampled_from(NAMES), min_size=2, max_size=2)
    return st.frozensets(pair, max_size=2)


def is_stranded(unit: Unit, health: Health) -> bool:
    """Whether nobody holds a unit, nor will."""
    states = {health.state(name) for name in unit.order}
    held = any(port.holder for port in unit.ports)
    return not held and bool(states) and states <= {State.SUSPECT, State.DEAD}


@st.composite
def pasts(draw: st.DrawFn, snapshot: Snapshot, health: Health) -> Past:
    """A move to be taken back, and where units were before a failure."""
    unclaimed = [
        unit
        for unit in snapshot.units
        if len(unit.order) > 1
        and unit.order[0] != unit.holder
        and health.uplinks == Uplinks()
    ]
    flow = Pace()
    if unclaimed and tossed(draw):
        unit = draw(st.sampled_from(unclaimed))
        before = (*unit.order[1:], unit.order[0])
        flight = Flight(unit.name, unit.order[0], NOW - 20, before)
        flow = Pace(undo=flight, halted_until=NOW + 600)
    lost = {
        unit.name: draw(st.sampled_from(NAMES))
        for unit in snapshot.units
        if unit.order and tossed(draw)
    }
    return Past(flow, origins=origins.follow(frozen_map(lost), snapshot))


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    snapshot = draw(snapshots())
    health = draw(healths(snapshot))
    past = draw(st.just(Past()) | pasts(snapshot, health))
    return Situation(snapshot, health, past)


def applied(situation: Situation, changes: Sequence[Change]) -> Situation:
    """The situation once changes are in NB and SB, before any claim moved.

    What OVN makes of a list that has just changed is not settled.
    """
    snapshot, health, past = situation
    by_unit = {change.unit.name: change for change in changes}
    units = tuple(
        _changed(unit, by_unit[unit.name]) if unit.name in by_unit else unit
        for unit in snapshot.units
    )
    claims = {
        name: replace(claim, order=by_unit[name].after, listed_since=NOW)
        if name in by_unit
        else claim
        for name, claim in health.claims.items()
    }
    then = replace(snapshot, units=units)
    rescued = {
        change.unit.name
        for change in changes
        if any(health.state(name) is State.LIVE for name in change.after)
    }
    came_from = origins.wrote(past.origins, changes)
    return Situation(
        then,
        replace(
            health,
            claims=frozen_map(claims),
            stranded=health.stranded - rescued,
        ),
        replace(
            past,
            pace=pace.follow(past.pace, then, NOW),
            origins=origins.follow(came_from, then),
        ),
    )


def _changed(unit: Unit, change: Change) -> Unit:
    return replace(
        unit,
        form=change.form,
        candidates=change.candidates,
        shadowed=unit.shadowed and unit.neutron,
    )
