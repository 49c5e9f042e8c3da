# SPDX-License-Identifier: Apache-2.0
"""When to look again though nothing happens, and when to ask again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from gwsched.decisions import Claim, Evidence, Policy, State, Verdict
from gwsched.health import claims, evidence, guards, silence
from gwsched.health.memory import Memory
from gwsched.model import Snapshot

# How soon after a bump there may be another out of turn (seconds).
NOT_AGAIN = 1.0


def is_beat_due(known: Memory, policy: Policy, now: float) -> bool:
    """Whether to bump: it is time, or something is to be known now."""
    if silence.due(known.beats, policy, now):
        return True
    return _has_news(known) and now >= known.beats.asked + NOT_AGAIN


def wake_at(
    known: Memory,
    gathered: Mapping[str, Evidence],
    verdicts: Mapping[str, Verdict],
    followed: Mapping[str, Claim],
    snapshot: Snapshot,
    policy: Policy,
    now: float,
) -> float:
    """When time alone may change what was concluded."""
    return min(
        of_heartbeats(known, gathered, snapshot, policy, now),
        of_rows(known, verdicts, followed, snapshot, policy, now),
    )


def of_heartbeats(
    known: Memory,
    gathered: Mapping[str, Evidence],
    snapshot: Snapshot,
    policy: Policy,
    now: float,
) -> float:
    """When answers that are owed, or were given, begin to count."""
    times = [
        silence.wake_at(known.beats, policy, now),
        silence.known_at(known.beats, policy),
        known.beats.first_answer + guards.START_GRACE,
        *_of_debtors(known, gathered, snapshot),
    ]
    return min(t for t in times if t > now)


def of_rows(
    known: Memory,
    verdicts: Mapping[str, Verdict],
    followed: Mapping[str, Claim],
    snapshot: Snapshot,
    policy: Policy,
    now: float,
) -> float:
    """When something else begins to count, or ends."""
    times = [
        known.sight.wake_at,
        known.uplinks.wake_at,
        *known.fights.apart(now).values(),
        *(flap.ends for flap in known.flaps.values()),
        *_of_verdicts(verdicts, policy),
        *_of_claims(followed, known, snapshot),
        *_of_news(known, policy),
    ]
    return min((t for t in times if t > now), default=math.inf)


def _has_news(known: Memory) -> bool:
    """Whether OVN has left a chassis, or it was lost from sight.

    That is, since the last bump: one answer more would tell.
    """
    news = [*known.left.values(), *known.sight.lost_at()]
    return any(since > known.beats.asked for since in news)


def _of_verdicts(
    verdicts: Mapping[str, Verdict], policy: Policy
) -> Iterator[float]:
    """When hold-downs end."""
    for verdict in verdicts.values():
        if verdict.state in (State.DEAD, State.RETURNING):
            yield verdict.since + policy.hold_down


def _of_claims(
    followed: Mapping[str, Claim], known: Memory, snapshot: Snapshot
) -> Iterator[float]:
    """When claims that prove something will have settled.

    Of a unit that works that is of interest only where OVN has left someone.
    """
    names = followed if known.left else known.census.unusual
    for claim in (followed[name] for name in names):
        if claim.holder in known.left:
            yield claim.since + claims.CLAIM_SETTLE
        if claim.holder != next(iter(claim.order), None):
            yield claims.settles_at(claim, snapshot.bfd_time)
            yield claim.since + claims.CLAIM_SETTLE
        if claim.dropped_by:
            yield claim.since + snapshot.bfd_time + claims.CLAIM_SETTLE


def _of_news(known: Memory, policy: Policy) -> Iterator[float]:
    """When it begins to count that OVN has left a chassis, or ends."""
    for since in known.left.values():
        yield since + claims.CLAIM_SETTLE
        yield since + evidence.DISTRUST * policy.hold_down
    if _has_news(known):
        yield known.beats.asked + NOT_AGAIN


def _of_debtors(
    known: Memory, gathered: Mapping[str, Evidence], snapshot: Snapshot
) -> Iterator[float]:
    """When more is known of who owes an answer."""
    for name in known.beats.behind:
        found = gathered[name]
        if found.emptied is not None:
            yield found.emptied + claims.CLAIM_SETTLE
        if found.keeping is not None:
            since = max(found.keeping, known.beats.behind[name])
            yield since + snapshot.bfd_time + claims.CLAIM_SETTLE
        yield known.beats.heard_at[name] + snapshot.bfd_time
