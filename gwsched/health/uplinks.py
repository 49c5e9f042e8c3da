# SPDX-License-Identifier: Apache-2.0
"""Uplinks, by the BFD sessions that OVN runs with next hops (SB BFD).

Tunnel BFD is blind to them: a gateway whose uplink is dead keeps its ports.
A session is run by whoever holds the port, so it speaks for that chassis
only, and only while it is otherwise sound: after a crash the row goes on
saying ``up`` (ovn-org/ovn issue 320).

Where all sessions of a chassis on a physical network are down, the pair of
both is bad, not just those ports.  Where some are up, only the ports are
lost whose own next hop is not reached.  A chassis that has nothing to show
is neither good nor bad; a bad one stays so for a rest, for nobody can see
its uplink once its ports are gone.

Where the next hop itself was dead, it is bad for all one after another.
When it comes back somewhere, later than a move could have brought it back,
the others' marks are void: nothing had ever spoken against their uplinks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gwsched.decisions import Uplinks
from gwsched.health.sessions import START, Watched, watch
from gwsched.model import GatewayPort, Session, Unit, frozen_map

Place = tuple[str, str]

# How old a mark must be to outlast what else comes to light of a chassis:
# its sessions are down too where its switch or its host is dead.
CAUSE = 10.0
# How often the rest of a mark may double, and in how many rests without
# another mark one doubling is forgotten: in a large fleet something fails
# all the time, and what was long ago must not leave a sound gateway unused.
MOST_DOUBLINGS = 4
FADING = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """A chassis' uplink to a network is bad, until when, and why.

    ``addresses`` are the next hops it did not reach.  ``is_certain`` says
    that somebody else did.  ``lasts`` while a session still says so.
    """

    since: float
    until: float
    times: int
    why: str
    addresses: frozenset[str]
    is_certain: bool = False
    lasts: bool = True

    def renewed(self, rest: float, now: float) -> Mark:
        """Return the mark with its whole time before it."""
        pause = rest * 2 ** min(self.times - 1, MOST_DOUBLINGS)
        return replace(self, until=now + pause, lasts=True)

    def remembered(self, rest: float, now: float) -> int:
        """Return how many of the marks in a row count yet."""
        peace = max(0.0, now - self.until)
        return max(0, self.times - int(peace / (FADING * rest)))


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of uplinks so far."""

    watched: Mapping[str, Watched] = field(
        default_factory=lambda: frozen_map({})
    )
    marks: Mapping[Place, Mark] = field(default_factory=lambda: frozen_map({}))
    found: Uplinks = field(default_factory=Uplinks)
    wake_at: float = float("inf")


def follow(
    before: Memory,
    units: Iterable[Unit],
    sound: Callable[[str], bool],
    owes: Callable[[str], bool],
    rest: float,
    now: float,
) -> Memory:
    """Judge the uplinks by what sessions say now.

    :param sound: whether a chassis is such that its sessions are believed
    :param owes: whether it owes an answer, so that it may have more to say
    :param rest: how long a mark lasts at first (seconds)
    """
    ports = [port for unit in units for port in unit.ports if port.next_hops]
    if not (ports or before.marks or before.watched):
        return before
    known = before.watched
    watched = {p.name: known[p.name] for p in ports if p.name in known}
    heard = [
        port
        for port in ports
        if port.holder
        and sound(port.holder)
        and not (_is_hearsay(known.get(port.name), port) and owes(port.holder))
    ]
    for port in heard:
        watched[port.name] = watch(known.get(port.name), port, now)
    sessions = _Sessions(heard, watched, now)
    own = {
        place: mark
        for place, mark in before.marks.items()
        if now >= mark.since + CAUSE or sound(place[0])
    }
    marks = _marks(own, sessions, rest, now)
    times = [w.lost_at() for w in watched.values()]
    times += [mark.until for mark in marks.values()]
    return Memory(
        frozen_map(watched),
        frozen_map(marks),
        Uplinks(
            frozen_map({p: m.why for p, m in marks.items() if now < m.until}),
            frozenset(sessions.good),
            frozen_map(sessions.lost),
            frozen_map({a: frozenset(c) for a, c in sessions.reached.items()}),
        ),
        min((t for t in times if t > now), default=float("inf")),
    )


def _is_hearsay(known: Watched | None, port: GatewayPort) -> bool:
    """Whether SB has only the word of the holder before.

    Who took a port and lost SB at once cannot say that its session is up.
    """
    if known is None or known.holder != port.holder:
        return False
    return known.is_hearsay


class _Sessions:
    """What the sessions of all ports say together."""

    def __init__(
        self,
        ports: Iterable[GatewayPort],
        watched: Mapping[str, Watched],
        now: float,
    ) -> None:
        self.good: set[Place] = set()
        self.bad: defaultdict[Place, set[str]] = defaultdict(set)
        self.lost: dict[str, frozenset[str]] = {}
        self.reached: dict[str, set[str]] = defaultdict(set)
        for port in ports:
            seen = watched[port.name]
            if now >= seen.lost_at():
                self._lost(port, seen)
            elif seen.was_up and seen.down_since is None:
                self._reached(port, seen.holder)

    def _lost(self, port: GatewayPort, seen: Watched) -> None:
        addresses = {hop.address for hop in port.next_hops}
        self.lost[port.name] = seen.tried
        for network in port.physical_networks:
            self.bad[seen.holder, network] |= addresses

    def _reached(self, port: GatewayPort, holder: str) -> None:
        for network in port.physical_networks:
            self.good.add((holder, network))
        for hop in port.next_hops:
            if hop.session is Session.UP:
                self.reached[hop.address].add(holder)


def _marks(
    before: Mapping[Place, Mark], sessions: _Sessions, rest: float, now: float
) -> dict[Place, Mark]:
    marks = {}
    for place, mark in before.items():
        kept = _kept(place, mark, sessions, rest, now)
        if kept is not None:
            marks[place] = kept
    for place, addresses in sessions.bad.items():
        if place not in sessions.good:
            marks[place] = _marked(
                marks.get(place), place, addresses, rest, now
            )
    return marks


def _kept(
    place: Place, mark: Mark, sessions: _Sessions, rest: float, now: float
) -> Mark | None:
    """Return what becomes of a mark that nothing new speaks for."""
    if place in sessions.good:
        return None
    if mark.lasts:
        # It has ended by now, and not before: nobody had to look meanwhile.
        mark = replace(mark.renewed(rest, now), lasts=False)
    if mark.remembered(rest, now) == 0:
        return None
    elsewhere = any(
        sessions.reached.get(address, set()) - {place[0]}
        for address in mark.addresses
    )
    if not elsewhere or mark.is_certain or now >= mark.until:
        return mark
    if now < mark.since + START:
        return replace(mark, is_certain=True)
    return None


def _marked(
    old: Mark | None,
    place: Place,
    addresses: set[str],
    rest: float,
    now: float,
) -> Mark:
    """Return a mark that is new, or goes on."""
    chassis, network = place
    reached = ", ".join(sorted(addresses))
    why = f"{chassis} does not reach {reached} by its uplink to {network}"
    if old is not None and now < old.until:
        return replace(old.renewed(rest, now), why=why)
    times = 1 + (old.remembered(rest, now) if old else 0)
    fresh = Mark(now, now, times, why, frozenset(addresses))
    return fresh.renewed(rest, now)
