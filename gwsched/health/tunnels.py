# SPDX-License-Identifier: Apache-2.0
"""Tunnel BFD, put to the vote.

SB has nothing of it; each vantage point says what one chassis sees of the
others.  One that sees nobody is itself cut off and has no vote; one that
sees somebody is seen.  A tie is no death.

A session starts down, and takes a second or two to come up: until it was up
once, or should have been, it is no vote.  It never comes up with who does not
see SB, which runs no BFD with newcomers: such a one owes answers.  All
sessions start anew of a vantage point that was away, for its ovs-vswitchd may
have been restarted, or that has seen nobody: they do not come up together.

Who leaves all lists has no sessions any more.  If they were down, it is
taken to be so still: until SB tells more of it, or for so long.  Of one that
is being cut off the sessions end one by one, within a second: what it has
said against others is void as soon as it sees nobody.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gwsched.decisions import Tunnels
from gwsched.health.claims import CLAIM_SETTLE
from gwsched.model import Snapshot, Vantage, frozen_map

# How long a first session may take to come up, in times of what BFD needs to
# see a death (OVS: it comes up within about one transmit interval each way).
WARM_UP = 4.0

# A vantage point's remote, and the chassis it looks at.
Line = tuple[str, str]
# The remotes of who sees a chassis up, and of who sees it down.
Ballots = tuple[list[str], list[str]]


@dataclass(frozen=True, slots=True)
class Session:
    """One line of sight: since when it is there, and if it was ever up."""

    first: float
    was_up: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the vote on a chassis is, since when, and since when none is cast.

    It counts from the first look without one: how often was looked before is
    of no account.  ``against``: the vantage points that have seen it down.
    """

    tunnels: Tunnels
    since: float
    against: frozenset[str] = frozenset()
    ended: float = math.inf


@dataclass(frozen=True, slots=True)
class Sight:
    """What the vantage points see of all chassis."""

    chassis: Mapping[str, Seen] = field(default_factory=lambda: frozen_map({}))
    sessions: Mapping[Line, Session] = field(
        default_factory=lambda: frozen_map({})
    )
    wake_at: float = float("inf")
    watched: frozenset[str] = frozenset()

    def of(self, name: str) -> tuple[Tunnels, float | None]:
        """Return what is seen of a chassis, and since when."""
        seen = self.chassis.get(name)
        return (seen.tunnels, seen.since) if seen else (Tunnels.UNSEEN, None)

    def is_remembered(self, name: str) -> bool:
        """Whether a chassis was lost by those who see it no more."""
        return self.of(name)[0] is Tunnels.DOWN and not self.is_watched(name)

    def is_watched(self, name: str) -> bool:
        """Whether any vantage point looks at a chassis now."""
        return name in self.watched

    def lost_at(self) -> list[float]:
        """Return when the chassis were lost whose tunnels are down."""
        return [
            seen.since
            for seen in self.chassis.values()
            if seen.tunnels is Tunnels.DOWN
        ]


@dataclass(frozen=True, slots=True)
class Known:
    """What heartbeats and claims tell of a chassis, asked by its name.

    ``owes``: whether it has left a heartbeat unanswered; ``silent``: whether
    it does not answer, so that its answers will tell; ``claims``: whether it
    has just claimed something; ``keeps_since``: since when it keeps what
    others could claim, if it does.
    """

    owes: Callable[[str], bool]
    silent: Callable[[str], bool]
    claims: Callable[[str], bool]
    keeps_since: Callable[[str], float | None]


def look(
    before: Sight,
    snapshot: Snapshot,
    known: Known,
    lasts: float,
    now: float,
) -> Sight:
    """Count the votes, and note since when they are as they are.

    :param lasts: how long what nobody sees any more is held against a
        chassis (seconds)
    """
    if not (snapshot.vantages or before.chassis):
        return before
    sessions = _sessions(before.sessions, snapshot.vantages, now)
    warm_up = WARM_UP * snapshot.bfd_time
    # Who does not see SB goes on watching those who have left its lists.
    heard = tuple(v for v in snapshot.vantages if not known.silent(v.chassis))
    ballots = _ballots(sessions, heard, known.owes, now - warm_up)
    votes = _counted(before, ballots, now)
    blind = {v.remote for v in snapshot.vantages if _is_cut_off(v)}
    proof = snapshot.bfd_time + CLAIM_SETTLE
    remembered = {
        name: held
        for name, held in _lost(before, votes, now)
        if now < held.ended + lasts
        and not held.against <= blind
        and not _is_refuted(name, held, known, now - proof)
    }
    waits = [
        session.first + warm_up
        for session in sessions.values()
        if not session.was_up and now < session.first + warm_up
    ]
    waits += [held.ended + lasts for held in remembered.values()]
    return Sight(
        frozen_map({**votes, **remembered}),
        frozen_map(sessions),
        min(waits, default=float("inf")),
        frozenset(votes),
    )


def _counted(
    before: Sight, ballots: Mapping[str, Ballots], now: float
) -> dict[str, Seen]:
    """Return by majority whose tunnels are up."""
    found = {}
    for name, (up, down) in sorted(ballots.items()):
        tunnels = Tunnels.UP if len(up) >= len(down) else Tunnels.DOWN
        old = before.chassis.get(name)
        same = old is not None and old.tunnels is tunnels
        since = old.since if old and same else now
        found[name] = Seen(tunnels, since, frozenset(down))
    return found


def _lost(
    before: Sight, votes: Container[str], now: float
) -> Iterator[tuple[str, Seen]]:
    """Yield whom nobody sees any more, and whose tunnels were down."""
    for name, old in before.chassis.items():
        if name not in votes and old.tunnels is Tunnels.DOWN:
            yield name, replace(old, ended=min(old.ended, now))


def _is_refuted(name: str, held: Seen, known: Known, moment: float) -> bool:
    """Whether SB tells that a chassis has tunnels that nobody sees.

    Others would have claimed by now what it keeps.  Who does not answer will
    tell when it does.

    :param moment: since when it must have kept something
    """
    if known.silent(name) or known.claims(name):
        return True
    since = known.keeps_since(name)
    return since is not None and max(since, held.ended) <= moment


def _sessions(
    before: Mapping[Line, Session], vantages: tuple[Vantage, ...], now: float
) -> dict[Line, Session]:
    """Note what there is to be seen; who is away or blind starts anew."""
    new, found = Session(now, was_up=False), {}
    for vantage in filter(_sees, vantages):
        for name, up in vantage.tunnels.items():
            line = (vantage.remote, name)
            old = before.get(line, new)
            found[line] = Session(old.first, old.was_up or up)
    return found


def _ballots(
    sessions: Mapping[Line, Session],
    vantages: tuple[Vantage, ...],
    owes: Callable[[str], bool],
    first: float,
) -> Mapping[str, Ballots]:
    """Return which vantage points see each chassis up, and which down.

    :param first: sessions that began later and were never up have no vote
    """
    found: defaultdict[str, Ballots] = defaultdict(lambda: ([], []))
    for vantage in filter(_sees, vantages):
        found[vantage.chassis][0].append(vantage.remote)
        for name, up in vantage.tunnels.items():
            session = sessions[vantage.remote, name]
            if session.was_up or (session.first <= first and not owes(name)):
                found[name][0 if up else 1].append(vantage.remote)
    return found


def _sees(vantage: Vantage) -> bool:
    """Whether a vantage point sees anybody: else it may be itself cut off."""
    return any(vantage.tunnels.values())


def _is_cut_off(vantage: Vantage) -> bool:
    """Whether a vantage point surely is, for it has lost several at once."""
    return len(vantage.tunnels) > 1 and not _sees(vantage)
