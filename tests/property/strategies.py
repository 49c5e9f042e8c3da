# SPDX-License-Identifier: Apache-2.0
"""Random snapshots and healths, the odd ones included, and what follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st

from gwsched.decisions import (
    Change,
    Claim,
    Evidence,
    Failback,
    Health,
    Policy,
    State,
    Tunnels,
    Uplinks,
    Verdict,
)
from gwsched.health.claims import settles_at
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
    """Return any of some names, drawn at one stroke: sets are slow."""
    bits = st.integers(0, 2 ** len(names) - 1)
    return bits.map(
        lambda drawn: frozenset(
            name for place, name in enumerate(names) if drawn >> place & 1
        )
    )


def one_in(number: int) -> st.SearchStrategy[bool]:
    return st.integers(1, number).map(lambda drawn: drawn == number)


@st.composite
def chassis(draw: st.DrawFn, name: str) -> Chassis:
    return Chassis(
        name,
        is_gateway=draw(st.booleans()) or draw(st.booleans()),
        physical_networks=draw(subsets(NETWORKS)) | {"public"},
        zones=draw(subsets(ZONES)),
        uncertain=draw(one_in(10)),
    )


@st.composite
def ports(draw: st.DrawFn, name: str) -> GatewayPort:
    hints = draw(one_in(4))
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
        in_force=not draw(one_in(10)),
        references=draw(subsets(["hv1", *NAMES])),
        shadowed=form is Form.HA_CHASSIS_GROUP and draw(st.booleans()),
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    there = sorted(draw(subsets(NAMES)))
    found = {name: draw(chassis(name)) for name in there}
    found["hv1"] = Chassis("hv1", is_gateway=False)
    number = draw(st.integers(0, 4))
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
        since = NOW - age
        back = since if state is State.RETURNING else -math.inf
        verdicts[name] = Verdict(state, since, f"drawn {state}", back=back)
    claims = {unit.name: draw(claimed(unit)) for unit in snapshot.units}
    return Health(
        frozen_map(verdicts),
        frozen_map(claims),
        evidence=frozen_map(
            {name: draw(evidence(v)) for name, v in verdicts.items()}
        ),
        uplinks=draw(st.just(Uplinks()) | uplinks(snapshot)),
        apart=frozen_map(dict.fromkeys(draw(pairs()), NOW + 100)),
        stranded=frozenset(
            name
            for name, claim in claims.items()
            if claim.dropped_by and settles_at(claim, snapshot.bfd_time) <= NOW
        ),
        damped=frozenset(
            name
            for name, verdict in verdicts.items()
            if verdict.state is State.RETURNING and tossed(draw)
        ),
    )


@st.composite
def claimed(draw: st.DrawFn, unit: Unit) -> Claim:
    """Who holds a unit, and, where nobody does, who may have dropped it."""
    dropped_by = None
    if unit.holder is None and unit.order and tossed(draw):
        dropped_by = draw(st.sampled_from(unit.order))
    return Claim(
        unit.holder,
        unit.order,
        since=NOW - draw(st.sampled_from([0.0, 60.0])),
        listed_since=NOW - draw(st.sampled_from([0.0, 60.0])),
        dropped_by=dropped_by,
    )


@st.composite
def evidence(draw: st.DrawFn, verdict: Verdict) -> Evidence:
    """Whether a suspect answers, and what others say of its tunnels."""
    heard = verdict.since
    if verdict.state is not State.SUSPECT:
        return Evidence(heard=heard)
    silent = tossed(draw)
    return Evidence(
        heard=heard,
        behind=heard if silent else None,
        tunnels=draw(st.sampled_from(Tunnels)),
    )


@st.composite
def uplinks(draw: st.DrawFn, snapshot: Snapshot) -> Uplinks:
    """Marks, lost ports, and who does reach a next hop."""
    places = [(name, network) for name in NAMES for network in NETWORKS]
    marks = draw(st.lists(st.sampled_from(places), max_size=8))
    bad = frozenset(marks[::2])
    good = frozenset(marks[1::2])
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
        flow = undoing(draw(st.sampled_from(unclaimed)))
    lost = {
        unit.name: draw(st.sampled_from(NAMES))
        for unit in snapshot.units
        if unit.order and tossed(draw)
    }
    return Past(flow, origins=origins.follow(frozen_map(lost), snapshot))


def undoing(unit: Unit) -> Pace:
    """The pace after a move that the new primary has not claimed."""
    before = (*unit.order[1:], unit.order[0])
    flight = Flight(unit.name, unit.order[0], NOW - 20, before)
    return Pace(undo=flight, halted_until=NOW + 600)


@st.composite
def undone(draw: st.DrawFn) -> Situation:
    """A situation with a move to be taken back, and no dead uplink."""
    snapshot = draw(snapshots())
    order = draw(
        st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True)
    )
    port = replace(
        draw(ports("moved")),
        holder=draw(st.sampled_from([None, *order[1:]])),
    )
    unit = Unit(
        "moved",
        Form.GATEWAY_CHASSIS,
        (port,),
        tuple(Candidate(c, len(order) - i) for i, c in enumerate(order)),
        references=draw(subsets(["hv1", *NAMES])),
    )
    snapshot = replace(snapshot, units=(*snapshot.units, unit))
    health = replace(draw(healths(snapshot)), uplinks=Uplinks())
    return Situation(snapshot, health, Past(undoing(unit)))


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
        by_unit[unit.name].written if unit.name in by_unit else unit
        for unit in snapshot.units
    )
    claims = {
        name: replace(claim, order=by_unit[name].after, listed_since=NOW)
        if name in by_unit
        else claim
        for name, claim in health.claims.items()
    }
    then = replace(snapshot, units=units)
    came_from = origins.wrote(past.origins, changes)
    return Situation(
        then,
        replace(
            health,
            claims=frozen_map(claims),
            stranded=health.stranded - by_unit.keys(),
        ),
        replace(
            past,
            pace=pace.follow(past.pace, then, NOW),
            origins=origins.follow(came_from, then),
        ),
    )
