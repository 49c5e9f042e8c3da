# SPDX-License-Identifier: Apache-2.0
"""Who may host a unit, who serves it already, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gwsched.decisions import Health, Refusal, State, Tunnels
from gwsched.model import Snapshot, Unit
from gwsched.placement.filters import (
    CONFIGURED,
    PREFERENCES,
    WITHOUT_VERDICT,
    Question,
    nearest_reason,
    refuse,
)
from gwsched.placement.standing import Standing
from gwsched.placement.survey import Answers
from gwsched.schedulers.pool import Pool

# What a refusal quotes of many chassis that were refused for one reason.
QUOTED = 5


class Eligibility(Standing):
    """The filters' answers on one snapshot, asked once per kind of unit."""

    def __init__(
        self,
        snapshot: Snapshot,
        health: Health,
        scatter_width: int = 0,
        answers: Answers | None = None,
    ) -> None:
        """Take what they are asked about.

        :param answers: those that were given already, and still hold
        """
        super().__init__(snapshot, health)
        self._scatter_width = scatter_width
        self._flagged = any(c.is_gateway for c in snapshot.chassis.values())
        known = Answers() if answers is None else answers
        self._pools = known.pools
        self._of_kind = known.of_kind
        self._servers = known.servers
        self._refusals: dict[object, tuple[str, str]] = {}

    def pool(self, unit: Unit, primary: str | None = None) -> Pool:
        """Return all live chassis that may host a unit.

        Without those whose uplink is bad, if there are others, without who
        has lost the primary from sight, or does not take it up.

        :param primary: if it is to be another than it is now
        """
        pool = self._pool_of_kind(unit)
        is_stranded = self.is_stranded(unit)
        if not (self._partners or self._health.uplinks.bad or is_stranded):
            return pool
        out = self.apart_from(primary or next(iter(unit.order), None))
        out = out.union(unit.order if is_stranded else ())
        names = [name for name in pool.names if name not in out]
        sound = [name for name in names if not self.is_marked(unit, name)]
        return self._pool(sound or names)

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

    def last_resort(self, unit: Unit, waited: Callable[[float], bool]) -> Pool:
        """Return who may host a unit if nobody live can.

        They answer, but OVN has left them not long ago: their tunnels may
        be up again, which nobody tells.  Or they have died too often.

        :param waited: whether a hold-down has passed since a moment
        """
        return self._pool(
            name
            for name, verdict in self._health.verdicts.items()
            if verdict.state in (State.SUSPECT, State.RETURNING)
            and name in self._chassis
            and self.answers(name)
            and not self._is_seen_cut_off(name)
            and refuse(self._question(unit, name), WITHOUT_VERDICT) is None
            and waited(verdict.back)
        )

    def backups_of_last_resort(
        self, unit: Unit, primary: str, waited: Callable[[float], bool]
    ) -> Pool:
        """Return who may stand behind a primary if nobody live can.

        They have died too often, but answer, and for a hold-down.
        """
        apart = self.apart_from(primary)
        return self._pool(
            name
            for name in self.last_resort(unit, waited).names
            if self.state(name) is State.RETURNING and name not in apart
        )

    def _is_seen_cut_off(self, name: str) -> bool:
        evidence = self._health.evidence.get(name)
        if evidence is None or evidence.tunnels is not Tunnels.DOWN:
            return False
        return evidence.watched

    def besides(self, unit: Unit, known: Sequence[str]) -> list[str]:
        """Return who may host a unit besides those known."""
        return [name for name in self.names(unit) if name not in known]

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
        if self.is_stranded(unit):
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
        if self.is_stranded(unit):
            # One that is left alone has nobody to wait for, and claims.
            if not len(order) == 1 < len(unit.order):
                return ()
            return tuple(c for c in order if self._takes_over(unit, c))
        serving = self.serving(unit, order)
        if self.is_forlorn(unit, serving):
            return ()
        primary, rest = serving[:1], serving[1:]
        leaves = [c for c in rest if self.leaves(unit, c, *primary)]
        return (*primary, *(c for c in rest if c not in leaves))

    def _takes_over(self, unit: Unit, name: str) -> bool:
        """Whether a member would be chosen, were it not in the list yet."""
        if self.state(name) is State.RETURNING and self.names(unit):
            return False
        return self.fits(unit, name)

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
        if unit.order and name in self.apart_from(unit.order[0]):
            return f"it and {unit.order[0]} have lost each other"
        return "nothing speaks against it"

    def refusal(self, unit: Unit) -> Refusal:
        """Say why nobody can host a unit: what is nearest to enough."""
        found = self._refusals.get(unit.kind)
        if found is None:
            found = self._refusals[unit.kind] = self._nearest(unit)
        return Refusal(unit, *found)

    def _nearest(self, unit: Unit) -> tuple[str, str]:
        refused = {
            name: found
            for name in sorted(self._chassis)
            if (found := refuse(self._question(unit, name)))
        }
        if not refused:
            return "no_chassis", "there is no chassis at all"
        nearest = nearest_reason(name for name, _ in refused.values())
        whys = [
            f"{chassis}: {why}"
            for chassis, (name, why) in refused.items()
            if name == nearest
        ]
        more = len(whys) - QUOTED
        tail = f"; and {more} more" if more > 0 else ""
        return nearest, "; ".join(whys[:QUOTED]) + tail

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
