# SPDX-License-Identifier: Apache-2.0
"""The step of a fleet at rest: all are well, and only heartbeats go on.

Of a large fleet somebody answers at every moment.  As long as rows, lists
and claims are as they were, everybody is live and nobody is late, an answer
changes since when a chassis was heard and nothing else: no other evidence,
no verdict, no guard.  So nothing else is looked at again, until a time that
the last whole step has told.  A test compares with whole steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from gwsched.decisions import Evidence, Policy, State, Tunnels
from gwsched.health import damping, evidence, silence, uplinks, waking
from gwsched.health.claims import CLAIM_SETTLE
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.memory import Memory, Rest
from gwsched.health.tunnels import Sight
from gwsched.health.verdicts import ANSWERS
from gwsched.model import Snapshot, frozen_map


def begun(
    known: Memory, snapshot: Snapshot, policy: Policy, now: float
) -> Rest | None:
    """Return what a fleet at rest rests on, if it is, after a whole step."""
    if not (_is_quiet(known) and snapshot.heartbeat):
        return None
    if not (_is_seen_well(known.sight) and _is_linked(known.uplinks, now)):
        return None
    if not (_are_settled(known, policy, now) and _are_kept(known)):
        return None
    if not _are_in_time(known.beats, snapshot, policy, now):
        return None
    until = waking.of_rows(
        known,
        known.health.verdicts,
        known.health.claims,
        snapshot,
        policy,
        now,
    )
    return Rest(snapshot, known.census, policy, until)


def after(
    memory: Memory,
    snapshot: Snapshot,
    beats: Heartbeats,
    policy: Policy,
    now: float,
) -> Memory | None:
    """Return what is known after heartbeats, if nothing else has changed."""
    rest = memory.rest
    if rest is None or now >= rest.until or policy is not rest.policy:
        return None
    if not _is_same(snapshot, rest.snapshot):
        return None
    if not _are_in_time(beats, snapshot, policy, now):
        return None
    health = memory.health
    found = _gathered(health.evidence, rest, beats, now)
    flaps = damping.follow(memory.flaps, (), now)
    known = replace(memory, beats=beats, flaps=flaps)
    return replace(
        known,
        health=replace(
            health,
            evidence=found,
            penalties=damping.penalties(flaps, now),
            beat=waking.is_beat_due(known, policy, now),
            wake_at=min(
                rest.until,
                waking.of_heartbeats(known, found, snapshot, policy, now),
            ),
        ),
    )


def _is_same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots differ in heartbeats at the most."""
    return (
        one.units is other.units
        and one.chassis is other.chassis
        and one.claimed is other.claimed
        and one.heartbeat is other.heartbeat
        and one.bfd_time == other.bfd_time
        and one.vantages == other.vantages
        and one.routers == other.routers
    )


def _are_in_time(
    beats: Heartbeats, snapshot: Snapshot, policy: Policy, now: float
) -> bool:
    """Whether no chassis is late with an answer, nor are the databases.

    Nor has any kept anything since for so long that it would prove a life.
    """
    if silence.stuck(beats, policy, now) or silence.stale(beats, policy, now):
        return False
    since = min(beats.behind.values(), default=math.inf)
    proof = snapshot.bfd_time + CLAIM_SETTLE
    return now < since + min(policy.dead_after / 4, proof)


def _gathered(
    before: Mapping[str, Evidence], rest: Rest, beats: Heartbeats, now: float
) -> Mapping[str, Evidence]:
    found = {}
    for name, old in before.items():
        heard = beats.heard_at.get(name, old.heard)
        behind = beats.behind.get(name)
        if heard == old.heard and behind == old.behind:
            continue
        keeps = 0 if behind is None else _keeps(name, rest)
        keeping = old.keeping if old.keeping is not None else now
        found[name] = Evidence(
            old.gone,
            heard,
            behind,
            None,
            old.tunnels,
            old.tunnels_since,
            old.watched,
            old.emptied,
            old.holds,
            keeps,
            keeping if keeps else None,
        )
    return frozen_map({**before, **found}) if found else before


def _keeps(name: str, rest: Rest) -> int:
    """Return how much others could claim of what a chassis holds.

    Everybody with a row is up: it is the same as long as the rest lasts.
    """
    if name not in rest.keeps:
        rows = rest.snapshot.chassis
        rest.keeps[name] = evidence.kept_by(
            name, rest.census.held, rows.__contains__
        )
    return rest.keeps[name]


# -- when a fleet is at rest -------------------------------------------------


def _is_quiet(known: Memory) -> bool:
    """Whether nothing is held against anybody, nor holds anything back.

    Claims of late are forgotten, by and by; that begins no fight.
    """
    health = known.health
    return not (
        health.guards
        or health.cautions
        or health.apart
        or health.stale
        or known.left
        or known.wary
        or known.lost
    )


def _is_seen_well(sight: Sight) -> bool:
    """Whether all tunnels that anybody sees are up, or nobody sees any."""
    return all(
        seen.tunnels is Tunnels.UP for seen in sight.chassis.values()
    ) and all(session.was_up for session in sight.sessions.values())


def _is_linked(known: uplinks.Memory, now: float) -> bool:
    """Whether no session with a next hop is down, or has only just moved.

    What the row says of one that moved a moment ago is taken note of later.
    """
    return not known.marks and all(
        watched.down_since is None and watched.since < now
        for watched in known.watched.values()
    )


def _are_settled(known: Memory, policy: Policy, now: float) -> bool:
    """Whether everybody is live, or has been gone for long."""
    for name, verdict in known.health.verdicts.items():
        seen = known.health.evidence[name]
        is_well = verdict.state is State.LIVE and verdict.why == ANSWERS
        if is_well and not seen.kept:
            continue
        if seen.gone is None or now - verdict.since <= policy.hold_down:
            return False
    return True


def _are_kept(known: Memory) -> bool:
    """Whether no list is on its way to SB, and no port was given up."""
    claims = known.health.claims
    return all(
        unit.in_force and not claims[name].dropped_by
        for name, unit in known.census.unusual.items()
    )
