# SPDX-License-Identifier: Apache-2.0
"""What heartbeats tell: who is late, who is silent, when to ask again."""

from __future__ import annotations

import math

from gwsched.decisions import Policy
from gwsched.health.heartbeat import Heartbeats, interval, lapses_at

# How long a chassis must have missed a bump that most have answered, where
# its tunnels are down as well (seconds): answers come within 0.3 s.
CONFIRM = 0.5
# How much longer silence must last in a zone that is mostly lost.
ZONE_PATIENCE = 3.0


def age(beats: Heartbeats, name: str, now: float) -> float:
    """How long ago a chassis last answered, if it has missed a bump (s)."""
    if name not in beats.behind:
        return 0.0
    return now - beats.heard_at.get(name, now)


def overdue(beats: Heartbeats, name: str, policy: Policy, now: float) -> bool:
    """Whether a chassis has missed a bump for a quarter of ``dead_after``."""
    return now >= _asked_again(beats, name, policy)


def silent(
    beats: Heartbeats,
    name: str,
    policy: Policy,
    now: float,
    patience: float = 1.0,
) -> bool:
    """Whether a chassis has not answered for ``dead_after``, asked twice.

    It must have missed a bump for half of that time, and then a second one
    that another chassis answered an eighth of that time ago, or longer:
    after a pause of the databases the answers trickle in one by one.

    :param patience: by what ``dead_after`` is multiplied
    """
    if now < _silent_at(beats, name, policy, patience):
        return False
    again = _asked_again(beats, name, policy)
    return any(
        bump.seen >= again and now >= bump.answered + policy.dead_after / 8
        for bump in beats.bumps
    )


def missed(beats: Heartbeats, name: str, now: float) -> bool:
    """Whether a chassis left a bump unanswered that most have answered."""
    if now < beats.behind.get(name, math.inf) + CONFIRM:
        return False
    own = beats.heard.get(name, -1)
    ahead = sum(value > own for value in beats.heard.values())
    return 2 * ahead >= len(beats.heard) - 1


def stale(beats: Heartbeats, policy: Policy, now: float) -> bool:
    """Whether nobody knows who answers at this moment.

    For a while nobody did, as nobody was asked: NB was away.  Or they do
    again, but who does not is not in doubt yet.
    """
    return now > lapses_at(beats, policy) or now < known_at(beats, policy)


def known_at(beats: Heartbeats, policy: Policy) -> float:
    """When who has not answered the first bump after a lapse is overdue."""
    return beats.resumed + policy.dead_after / 4


def stuck(beats: Heartbeats, policy: Policy, now: float) -> str | None:
    """Say what is wrong if heartbeats are not carried or answered at all."""
    undelivered, unanswered = beats.undelivered, beats.unanswered
    if undelivered is not None and now >= undelivered + policy.dead_after:
        return (
            f"nb_cfg has not gone from NB to SB for "
            f"{now - undelivered:.0f} s: is ovn-northd running?"
        )
    if unanswered is not None and now >= unanswered + policy.dead_after:
        return (
            f"no chassis at all has answered a heartbeat for "
            f"{now - unanswered:.0f} s: is SB, or this host, cut off?"
        )
    return None


def due(beats: Heartbeats, policy: Policy, now: float) -> bool:
    """Whether it is time for one more bump.

    That is every ``interval`` unless somebody else just did, and once
    more for a chassis that has missed one for a quarter of ``dead_after``.
    """
    if now >= beats.asked + interval(beats, policy):
        return True
    return any(
        now >= since + policy.dead_after / 4 > beats.asked
        for since in {*beats.behind.values()}
    )


def wake_at(beats: Heartbeats, policy: Policy, now: float) -> float:
    """When the next bump is due or the next silence ripens."""
    times = [beats.asked + interval(beats, policy), now + policy.dead_after]
    # Of hundreds who owe an answer most have missed the same bump.
    heard_at = beats.heard_at
    for since, heard in {
        (since, heard_at.get(name, since))
        for name, since in beats.behind.items()
    }:
        times += [since + CONFIRM, since + policy.dead_after / 4]
        times += [
            _ripe(heard, since, policy.dead_after * patience)
            for patience in (1.0, ZONE_PATIENCE)
        ]
    for bump in beats.bumps if beats.behind else ():
        times.append(bump.answered + policy.dead_after / 8)
    waits = (beats.undelivered, beats.unanswered)
    times += [w + policy.dead_after for w in waits if w is not None]
    return min(t for t in times if t > now)


def _asked_again(beats: Heartbeats, name: str, policy: Policy) -> float:
    return beats.behind.get(name, math.inf) + policy.dead_after / 4


def _silent_at(
    beats: Heartbeats, name: str, policy: Policy, patience: float
) -> float:
    behind = beats.behind.get(name, math.inf)
    heard = beats.heard_at.get(name, behind)
    return _ripe(heard, behind, policy.dead_after * patience)


def _ripe(heard: float, behind: float, wait: float) -> float:
    return max(heard + wait, behind + wait / 2)
