# SPDX-License-Identifier: Apache-2.0
"""Random snapshots and healths, the odd ones included, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from gwsched.decisions import Change, Claim, Health, Policy, State, Verdict
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Snapshot,
    Unit,
    frozen_map,
)

NOW = 1000.0
NAMES = [f"gw{i}" for i in range(1, 8)]
STRANGERS = ["gone1", "gone2"]
NETWORKS = ["public", "dmz"]
ZONES = ["az1", "az2"]

POLICY = Policy(max_candidates=3, hold_down=30.0)


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
    return Health(frozen_map(verdicts), frozen_map(claims))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Snapshot, Health]:
    snapshot = draw(snapshots())
    return snapshot, draw(healths(snapshot))


def applied(
    situation: tuple[Snapshot, Health], changes: Sequence[Change]
) -> tuple[Snapshot, Health]:
    """The situation once changes are in NB and SB, before any claim moved.

    What OVN makes of a list that has just changed is not settled.
    """
    snapshot, health = situation
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
    return (
        replace(snapshot, units=units),
        replace(health, claims=frozen_map(claims)),
    )


def _changed(unit: Unit, change: Change) -> Unit:
    return replace(
        unit,
        form=change.form,
        candidates=change.candidates,
        shadowed=unit.shadowed and unit.neutron,
    )
