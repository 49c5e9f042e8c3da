# SPDX-License-Identifier: Apache-2.0
"""The ``nb_cfg`` heartbeat: who was asked, who answered, who is silent.

A bump of NB ``nb_cfg`` goes by northd to SB, and each ovn-controller copies
it into its Chassis_Private row (ovn-sb(5)).  That proves an ovn-controller
with an SB session and nothing more: it is answered with ovs-vswitchd dead
and with the tunnel network unplugged.  Anybody may bump (Neutron does).

Silence only counts where *another* chassis was seen to answer the bump that
a chassis missed, so a sick northd or SB ages nobody.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from gwsched.decisions import Policy
from gwsched.model import Snapshot, frozen_map

# How many bumps are remembered; more than a chassis gets before its verdict.
REMEMBERED = 32
# The answer of who has given none.
UNHEARD = -1
# How many answers a second the heartbeat may cost SB: each is a transaction
# that northd and every monitor of Chassis_Private digest.
ANSWER_RATE = 50.0


@dataclass(frozen=True, slots=True)
class Bump:
    """One value of SB ``nb_cfg``: when seen, and when first answered."""

    value: int
    seen: float
    answered: float = math.inf


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """What is known of heartbeats so far; the empty one knows nothing.

    All times are monotonic seconds.  ``heard_at``: when a chassis last
    answered, or came into sight.  ``behind``: since when it has missed a
    bump others answered.  ``proven``: who answered one while we
    watched.  ``undelivered``, ``unanswered``: since when the newest bump has
    been on its way to SB, or in SB without any answer.  ``resumed``: when
    the first answer came after nobody had given one for long.
    """

    bumps: tuple[Bump, ...] = ()
    heard: Mapping[str, int] = field(default_factory=lambda: frozen_map({}))
    heard_at: Mapping[str, float] = field(
        default_factory=lambda: frozen_map({})
    )
    behind: Mapping[str, float] = field(default_factory=lambda: frozen_map({}))
    proven: frozenset[str] = frozenset()
    requested: int = 0
    asked: float = -math.inf
    answered: float = math.inf
    first_answer: float = math.inf
    resumed: float = -math.inf
    stepped: float = math.inf
    undelivered: float | None = None
    unanswered: float | None = None


def listen(
    before: Heartbeats,
    snapshot: Snapshot,
    policy: Policy,
    now: float,
    *,
    interrupted: bool,
) -> Heartbeats:
    """Note who answered which bump since the last time."""
    if before.bumps and snapshot.published < before.bumps[-1].value:
        before = _anew(before, now)
    # An answer to what was not asked is from before the count began anew; one
    # below 0, which the schema allows, is none.
    heard = {
        name: value if 0 <= value <= snapshot.published else UNHEARD
        for name, value in snapshot.answered.items()
        if name in snapshot.chassis
    }
    fresh = {n for n in heard if heard[n] > before.heard.get(n, heard[n])}
    bumps = _bumps(before.bumps, snapshot.published, heard, now)
    after = Heartbeats(
        bumps=bumps,
        heard=frozen_map(heard),
        heard_at=frozen_map(
            {
                name: now if name in fresh else before.heard_at.get(name, now)
                for name in snapshot.chassis
            }
        ),
        behind=frozen_map(_behind(before, bumps, snapshot, heard, now)),
        proven=(before.proven | fresh) & frozenset(heard),
        requested=snapshot.requested,
        asked=_asked(before, snapshot, now),
        answered=now if fresh else before.answered,
        first_answer=min(before.first_answer, now if fresh else math.inf),
        resumed=now
        if fresh and now > lapses_at(before, policy)
        else before.resumed,
        stepped=now,
        undelivered=_undelivered(before, snapshot, now),
        unanswered=_unanswered(before, bumps, bool(fresh), now),
    )
    if interrupted or _gap(before, bool(fresh), policy, now):
        return restart(after, now)
    return after


def _anew(before: Heartbeats, now: float) -> Heartbeats:
    """Start to count again, as NB does; who owes an answer still does."""
    owing = before.behind
    return Heartbeats(
        heard=frozen_map(dict.fromkeys(owing, UNHEARD)),
        heard_at=before.heard_at,
        behind=frozen_map(dict.fromkeys(owing, now)),
    )


def forgive(
    beats: Heartbeats, names: Collection[str], now: float
) -> Heartbeats:
    """Start the clocks of some again: their silence was not their own."""
    again = {name: now for name in beats.behind if name in names}
    if not again:
        return beats
    return replace(
        beats,
        heard_at=frozen_map({**beats.heard_at, **again}),
        behind=frozen_map({**beats.behind, **again}),
    )


def restart(beats: Heartbeats, now: float) -> Heartbeats:
    """Start every clock again: we could not hear what was said."""
    return replace(
        beats,
        heard_at=frozen_map(dict.fromkeys(beats.heard_at, now)),
        behind=frozen_map(dict.fromkeys(beats.behind, now)),
        undelivered=None if beats.undelivered is None else now,
        unanswered=None if beats.unanswered is None else now,
    )


def lapses_at(beats: Heartbeats, policy: Policy) -> float:
    """When a round of answers has not come that should have."""
    return beats.answered + 2 * interval(beats, policy)


def interval(beats: Heartbeats, policy: Policy) -> float:
    """How often to bump (s): less often the more chassis have to answer."""
    return max(policy.probe_interval, len(beats.heard) / ANSWER_RATE)


def _bumps(
    before: tuple[Bump, ...],
    published: int,
    heard: Mapping[str, int],
    now: float,
) -> tuple[Bump, ...]:
    """Add the value SB shows, and note which values are answered."""
    if not before or published > before[-1].value:
        before = (*before, Bump(published, now))[-REMEMBERED:]
    best = max(heard.values(), default=UNHEARD)
    # Who answers a bump has answered all before: the open ones are last.
    if before[-1].answered < math.inf:
        return before
    return tuple(
        replace(bump, answered=now)
        if bump.answered == math.inf and best >= bump.value
        else bump
        for bump in before
    )


def _behind(
    before: Heartbeats,
    bumps: tuple[Bump, ...],
    snapshot: Snapshot,
    heard: Mapping[str, int],
    now: float,
) -> dict[str, float]:
    """Since when each chassis has missed a bump that another answered.

    Who has just come into sight is asked from now on.
    """
    answered = [b for b in bumps if b.answered < math.inf]
    newest = answered[-1].value if answered else UNHEARD
    behind = {}
    for name in snapshot.chassis:
        value = heard.get(name, UNHEARD)
        if value >= newest and name not in before.behind:
            continue
        same = before.heard.get(name, UNHEARD) == value
        if same and name in before.behind:
            behind[name] = before.behind[name]
        elif value < newest:
            missed = next(b.answered for b in answered if b.value > value)
            behind[name] = missed if name in before.heard_at else now
    return behind


def _asked(before: Heartbeats, snapshot: Snapshot, now: float) -> float:
    """When ``nb_cfg`` last went up in NB, whoever did it."""
    if before.bumps and snapshot.requested > before.requested:
        return now
    return before.asked


def _undelivered(
    before: Heartbeats, snapshot: Snapshot, now: float
) -> float | None:
    if snapshot.requested <= snapshot.published:
        return None
    moved = before.bumps and snapshot.published > before.bumps[-1].value
    return now if before.undelivered is None or moved else before.undelivered


def _unanswered(
    before: Heartbeats, bumps: tuple[Bump, ...], fresh: bool, now: float
) -> float | None:
    if bumps[-1].answered < math.inf:
        return None
    return now if before.unanswered is None or fresh else before.unanswered


def _gap(before: Heartbeats, fresh: bool, policy: Policy, now: float) -> bool:
    """Whether we did not listen, or heard nobody, for too long."""
    long = 2 * max(interval(before, policy), policy.dead_after)
    return now > before.stepped + long or (
        fresh and now > before.answered + long
    )
