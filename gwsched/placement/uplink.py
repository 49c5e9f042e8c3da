# SPDX-License-Identifier: Apache-2.0
"""Off a chassis whose uplink is dead, to one with a better prospect.

A port whose own next hop is lost goes to whoever is not known to be worse,
for it has nothing to lose.  The others on the same uplink go only to who is
known to be better.  Where all look bad, everything stays where it is.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from gwsched.decisions import Reason, State
from gwsched.health.claims import claim_is_due
from gwsched.model import GatewayPort, Unit
from gwsched.placement.drafts import Draft
from gwsched.placement.scene import Scene
from gwsched.schedulers import draw

ALARMING = (State.SUSPECT, State.DEAD)


class Prospect(enum.IntEnum):
    """How a chassis would fare with a unit's uplink, for all we know."""

    BAD = 0
    OPEN = 1
    GOOD = 2


class Uplink:
    """The uplinks as the health step has found them."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.who = scene.who
        self.found = scene.health.uplinks

    def leave(self, unit: Unit, draft: Draft) -> Draft:
        """Return the list with a better primary, if there is one."""
        if not (self.found.bad or self.found.lost):
            return draft
        holder = unit.holder or next(iter(draft.order), None)
        if holder is None or self.who.state(holder) in ALARMING:
            return draft  # nor does the health step believe its sessions
        wanted = self._wanted(unit, holder)
        if wanted is None:
            return draft
        best = self._best(unit, draft, holder, wanted)
        if best is None:
            return draft
        out = {best, holder, *self.who.apart_from(best)}
        rest = [c for c in draft.order if c not in out]
        most = self.scene.policy.max_candidates
        last = (holder,) if holder in unit.order else ()
        order = (best, *rest[: max(most - 1 - len(last), 0)], *last)[:most]
        return draft.to(order, Reason.UPLINK, self._why(unit, holder))

    def _wanted(self, unit: Unit, holder: str) -> Prospect | None:
        """Return how good another must be; None where there is no need."""
        marked = self.who.is_marked(unit, holder)
        if self._lost(unit):
            return Prospect.OPEN if marked else Prospect.GOOD
        return Prospect.GOOD if marked else None

    def _best(
        self, unit: Unit, draft: Draft, holder: str, wanted: Prospect
    ) -> str | None:
        """Return the best of the list, else of who else may host it."""
        members = self.who.serving(unit, draft.order)
        found = self._at_least(
            wanted, unit, [c for c in members if c != holder]
        )
        if found:
            return max(found, key=lambda c: (found[c], -members.index(c)))
        outside = self.who.besides(unit, (*draft.order, holder))
        found = self._at_least(wanted, unit, outside)
        found = found or self._last_resort(wanted, unit, holder)
        if found:
            return max(found, key=lambda c: (found[c], draw(unit.name, c)))
        return None

    def _last_resort(
        self, wanted: Prospect, unit: Unit, holder: str
    ) -> dict[str, Prospect]:
        """Return who is not trusted, but may reach what nobody reaches."""
        pool = self.who.last_resort(unit, self.scene.waited)
        others = [name for name in pool.names if name != holder]
        if self._lost(unit):
            wanted = Prospect.OPEN
        return self._fit(wanted, unit, others)

    def _at_least(
        self, wanted: Prospect, unit: Unit, names: Iterable[str]
    ) -> dict[str, Prospect]:
        live = [name for name in names if self.who.state(name) is State.LIVE]
        return self._fit(wanted, unit, live)

    def _fit(
        self, wanted: Prospect, unit: Unit, names: Iterable[str]
    ) -> dict[str, Prospect]:
        prospects = {name: self._prospect(unit, name) for name in names}
        return {n: found for n, found in prospects.items() if found >= wanted}

    def _prospect(self, unit: Unit, name: str) -> Prospect:
        if self.who.is_marked(unit, name) or self._declines(unit, name):
            return Prospect.BAD
        lost = self._lost(unit)
        if any(name in self.found.lost[port.name] for port in lost):
            return Prospect.BAD
        if lost:
            reaches = all(self._reaches(name, port) for port in lost)
        else:
            reaches = all(
                any((name, network) in self.found.good for network in nets)
                for nets in unit.physical_networks
                if nets
            )
        return Prospect.GOOD if reaches else Prospect.OPEN

    def _reaches(self, name: str, port: GatewayPort) -> bool:
        reached = self.found.reached
        return any(
            name in reached.get(hop.address, ()) for hop in port.next_hops
        )

    def _declines(self, unit: Unit, name: str) -> bool:
        """Whether a chassis was made primary and has not claimed the unit."""
        claim = self.scene.health.claims.get(unit.name)
        if claim is None or unit.order[:1] != (name,) or unit.holder == name:
            return False
        return self.scene.clock.past(claim_is_due(claim))

    def _lost(self, unit: Unit) -> list[GatewayPort]:
        return [port for port in unit.ports if port.name in self.found.lost]

    def _why(self, unit: Unit, holder: str) -> str:
        lost = self._lost(unit)
        if not lost:
            return next(
                why
                for (chassis, network), why in self.found.bad.items()
                if chassis == holder
                and any(network in nets for nets in unit.physical_networks)
            )
        hops = {hop.address for port in lost for hop in port.next_hops}
        return f"{holder} does not reach {', '.join(sorted(hops))}"
