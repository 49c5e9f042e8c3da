# SPDX-License-Identifier: Apache-2.0
"""Who may host a unit, who serves it already, and why not the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gwsched.decisions import Health, Reason, Refusal, State
from gwsched.model import Snapshot, Unit
from gwsched.placement.filters import (
    CONFIGURED,
    PREFERENCES,
    Question,
    nearest_reason,
    refuse,
)
from gwsched.schedulers.pool import Pool


@dataclass(frozen=True, slots=True)
class Parting:
    """Why a backup is to leave: ``spares`` many others must stay.

    Of two that fight it leaves even though it holds the port for the moment.
    """

    reason: Reason
    what: str
    spares: int = 1
    is_fight: bool = False


# What a refusal quotes of many chassis that were refused for one reason.
QUOTED = 5


class Eligibility:
    """The filters' answers on one snapshot, asked once per kind of unit."""

    def __init__(
        self, snapshot: Snapshot, health: Health, scatter_width: int = 0
    ) -> None:
        self._chassis = snapshot.chassis
        self._intents = snapshot.intents
        self._health = health
        self._scatter_width = scatter_width
        self._asks = snapshot.heartbeat
        self._flagged = any(c.is_gateway for c in snapshot.chassis.values())
        self.all_dead = frozenset(
            name
            for name, verdict in health.verdicts.items()
            if verdict.state is State.DEAD
        )
        self._partners = _partners(health.apart)
        # The short way for the many: mostly nobody is to leave any list.
        self._any_leave = bool(
            self._intents.draining
            or self._intents.cordoned
            or self._partners
            or health.uplinks.bad
        )
        self._pools: dict[tuple[str, ...], Pool] = {}
        self._of_kind: dict[object, Pool] = {}
        self._servers: dict[object, frozenset[str]] = {}

    def pool(self, unit: Unit) -> Pool:
        """Return all live chassis that may host a unit.

        Without those whose uplink is bad, if there are others, without who
        has lost the primary from sight, or does not take it up.
        """
        pool = self._pool_of_kind(unit)
        is_stranded = unit.name in self._health.stranded
        if not (self._partners or self._health.uplinks.bad or is_stranded):
            return pool
        out = self._apart_from(unit).union(unit.order if is_stranded else ())
        names = [name for name in pool.names if name not in out]
        sound = [name for name in names if not self.is_marked(unit, name)]
        return self._pool(sound or names)

    def is_marked(self, unit: Unit, name: str) -> bool:
        """Whether a chassis' uplink is bad for some port of a unit."""
        bad = self._health.uplinks.bad
        return any(
            networks and all((name, network) in bad for network in networks)
            for networks in unit.physical_networks
        )

    def _apart_from(self, unit: Unit) -> frozenset[str]:
        """Return who has lost a unit's primary, and it them."""
        if not self._partners or not unit.order:
            return frozenset()
        return self._partners.get(unit.order[0], frozenset())

    def _pool_of_kind(self, unit: Unit) -> Pool:
        pool = self._of_kind.get(unit.kind)
        if pool is None:
            pool = self._pool(
                name
                for name in self._chassis
                if refuse(self._question(unit, name)) is None
            )
            self._of_kind[unit.kind] = pool
        return pool

    def names(self, unit: Unit) -> tuple[str, ...]:
        """Return the names of all that may host a unit, sorted."""
        return self.pool(unit).names

    def for_primary(self, unit: Unit, siblings: frozenset[str]) -> Pool:
        """Return who should be its primary: all, if nobody is preferred.

        :param siblings: the primaries of its routers' other units
        """
        pool = self.pool(unit)
        if not siblings and self._intents.pinned(unit) is None:
            return pool
        each = [{name: ask} for name, ask in PREFERENCES.items()]
        for filters in (PREFERENCES, *each):
            narrow = [
                name
                for name in pool.names
                if not refuse(self._question(unit, name, siblings), filters)
            ]
            if narrow:
                return self._pool(narrow)
        return pool

    def besides(self, unit: Unit, known: Sequence[str]) -> list[str]:
        """Return who may host a unit besides those known."""
        return [name for name in self.names(unit) if name not in known]

    def dead(self, name: str) -> bool:
        """Whether the verdict on a chassis is death."""
        return name in self.all_dead

    def draining(self, name: str) -> bool:
        """Whether a chassis is to lose what it has."""
        return name in self._intents.draining

    def servers(self, unit: Unit) -> frozenset[str]:
        """Return all chassis that may stay where they are, as members.

        Where a chassis' own configuration cannot be read whole, nothing
        speaks against what it does already.
        """
        servers = self._servers.get(unit.kind)
        if servers is None:
            servers = frozenset(
                name
                for name in self._chassis
                if not self.dead(name) and self.fits(unit, name)
            )
            self._servers[unit.kind] = servers
        if unit.name in self._health.stranded:
            return frozenset()
        return servers

    def fits(self, unit: Unit, name: str) -> bool:
        """Whether a chassis is, by what it is, fit for the unit."""
        chassis = self._chassis.get(name)
        if chassis is None:
            return False
        question = self._question(unit, name)
        return chassis.uncertain or refuse(question, CONFIGURED) is None

    def serves(self, unit: Unit, name: str) -> bool:
        """Whether a member may stay where it is."""
        return name in self.servers(unit)

    def serving(self, unit: Unit, order: Sequence[str]) -> list[str]:
        """Return the members of a list that may stay where they are."""
        servers = self.servers(unit)
        return [name for name in order if name in servers]

    def ranked(self, unit: Unit, order: Sequence[str]) -> tuple[str, ...]:
        """Return the serving members of a list that count for ranks.

        One that is to leave does only while it is the primary: who comes in
        comes in above it.
        """
        serving = self.serving(unit, order)
        primary, rest = serving[:1], serving[1:]
        return (*primary, *(c for c in rest if not self.leaves(unit, c)))

    def leaves(self, unit: Unit, name: str) -> bool:
        """Whether a backup is to leave a unit's list."""
        return self._any_leave and self.parting(unit, name) is not None

    def any_leave(self, unit: Unit) -> bool:
        """Whether any of a unit's list is to leave it."""
        if not self._any_leave:
            return False
        return any(self.leaves(unit, name) for name in unit.order)

    def parting(self, unit: Unit, name: str) -> Parting | None:
        """Say why a backup is to leave a unit's list, if it is.

        A cordoned one too where the list is Neutron's: it would be taken up
        again, as primary even, by what Neutron does when another goes.
        """
        if self.draining(name):
            return Parting(Reason.DRAIN, "is draining")
        if unit.neutron and name in self._intents.cordoned:
            return Parting(Reason.REPAIR, "is cordoned")
        if name in self._apart_from(unit):
            what = f"and {unit.order[0]} have lost each other and fight"
            return Parting(Reason.REPAIR, what, is_fight=True)
        if self._health.uplinks.bad and self.is_marked(unit, name):
            return Parting(Reason.UPLINK, "has a dead uplink", spares=2)
        return None

    def vouches(self, name: str) -> bool:
        """Whether a chassis can be a lone survivor's witness."""
        return name in self._chassis and self.state(name) in (
            State.LIVE,
            State.UNKNOWN,
        )

    def state(self, name: str) -> State:
        """Return the state that counts for placement.

        Without heartbeats nobody can be proven live; a row has to do.
        """
        state = self._health.state(name)
        if state is State.UNKNOWN and not self._asks and name in self._chassis:
            return State.LIVE
        return state

    def against(self, unit: Unit, name: str) -> str:
        """Say why a member may not serve."""
        if self.dead(name):
            return self._health.verdicts[name].why
        found = refuse(self._question(unit, name), CONFIGURED)
        if found:
            return found[1]
        return "it was dropped, and does not take it up again"

    def refused(self, unit: Unit, name: str) -> str:
        """Say why a chassis may not host a unit, as if it were new."""
        if name not in self._chassis:
            return f"there is no chassis {name}"
        found = refuse(self._question(unit, name))
        if found:
            return found[1]
        if self.is_marked(unit, name):
            return "its uplink is dead"
        if name in self._apart_from(unit):
            return f"it and {unit.order[0]} have lost each other"
        return "nothing speaks against it"

    def refusal(self, unit: Unit) -> Refusal:
        """Say why nobody can host a unit: what is nearest to enough."""
        refused = {
            name: found
            for name in sorted(self._chassis)
            if (found := refuse(self._question(unit, name)))
        }
        if not refused:
            return Refusal(unit, "no_chassis", "there is no chassis at all")
        nearest = nearest_reason(name for name, _ in refused.values())
        whys = [
            f"{chassis}: {why}"
            for chassis, (name, why) in refused.items()
            if name == nearest
        ]
        more = len(whys) - QUOTED
        tail = f"; and {more} more" if more > 0 else ""
        return Refusal(unit, nearest, "; ".join(whys[:QUOTED]) + tail)

    def _pool(self, found: Iterable[str]) -> Pool:
        """Return the one pool of these chassis."""
        names = tuple(sorted(found))
        if names not in self._pools:
            chassis = [self._chassis[name] for name in names]
            self._pools[names] = Pool(chassis, self._scatter_width)
        return self._pools[names]

    def _question(
        self, unit: Unit, name: str, siblings: frozenset[str] = frozenset()
    ) -> Question:
        return Question(
            unit,
            self._chassis[name],
            self.state(name),
            self._flagged,
            self._intents,
            siblings,
        )


def _partners(
    apart: Mapping[frozenset[str], float],
) -> Mapping[str, frozenset[str]]:
    """Return by chassis whom it has lost from sight."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for pair in apart:
        for name in pair:
            found[name] |= pair - {name}
    return {name: frozenset(others) for name, others in found.items()}
