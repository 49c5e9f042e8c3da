# SPDX-License-Identifier: Apache-2.0
"""How each chassis stands: with the health step, and with operators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gwsched.decisions import Health, Reason, State
from gwsched.health.claims import has_witness
from gwsched.model import Snapshot, Unit


@dataclass(frozen=True, slots=True)
class Parting:
    """Why a backup is to leave: ``spares`` many others must stay.

    Of two that fight it leaves even though it holds the port for the moment.
    """

    reason: Reason
    what: str
    spares: int = 1
    is_fight: bool = False


class Standing:
    """What speaks against a chassis at this moment, whatever it is."""

    def __init__(self, snapshot: Snapshot, health: Health) -> None:
        self._chassis = snapshot.chassis
        self._intents = snapshot.intents
        self._health = health
        self._asks = snapshot.heartbeat
        self.all_dead = frozenset(
            name
            for name, verdict in health.verdicts.items()
            if verdict.state is State.DEAD
        )
        self._suspect = frozenset(
            name
            for name, verdict in health.verdicts.items()
            if verdict.state is State.SUSPECT
        )
        # Who is dead overrules nobody any more.
        fights = [p for p in health.apart if p.isdisjoint(self.all_dead)]
        self._partners = _partners(fights)
        # The short way for the many: mostly nobody is to leave any list.
        self._any_leave = bool(
            self._intents.draining
            or self._intents.cordoned
            or self._partners
            or health.uplinks.bad
        )

    def state(self, name: str) -> State:
        """Return the state that counts for placement.

        Without heartbeats nobody can be proven live; a row has to do.
        """
        state = self._health.state(name)
        if state is State.UNKNOWN and not self._asks and name in self._chassis:
            return State.LIVE
        return state

    def vouches(self, name: str) -> bool:
        """Whether a chassis can be a lone survivor's witness."""
        return name in self._chassis and self.state(name) in (
            State.LIVE,
            State.UNKNOWN,
        )

    def dead(self, name: str) -> bool:
        """Whether the verdict on a chassis is death."""
        return name in self.all_dead

    def draining(self, name: str) -> bool:
        """Whether a chassis is to lose what it has."""
        return name in self._intents.draining

    def is_stranded(self, unit: Unit) -> bool:
        """Whether a unit was dropped, and no member takes it up.

        One that does not answer may have done so, and cannot say it.
        """
        if unit.name not in self._health.stranded:
            return False
        return all(self.answers(name) for name in unit.order)

    def answers(self, name: str) -> bool:
        """Whether a chassis has missed no heartbeat."""
        evidence = self._health.evidence.get(name)
        return evidence is None or evidence.behind is None

    def may_be_deaf(self, name: str) -> bool:
        """Whether it may not see SB, though no verdict says so yet."""
        state = self.state(name)
        if state in (State.UNKNOWN, State.RETURNING):
            return not self.answers(name)
        return state is State.SUSPECT

    def doubts(self, unit: Unit, name: str) -> bool:
        """Whether a member may not take up a unit if it is next in line.

        BFD may say that it is up, and nobody else claims then, while its
        controller hangs.
        """
        return name in self._suspect and not unit.held_by(name)

    def any_suspect(self, unit: Unit) -> bool:
        """Whether any of a unit's list is suspect."""
        return not self._suspect.isdisjoint(unit.order)

    def is_lonely(self, unit: Unit, names: Sequence[str]) -> bool:
        """Whether all but one are suspect, and nobody vouches for that one.

        Their tunnels may be down: it takes itself for the one that is cut
        off then, and gives up what it carries (controller/ha-chassis.c).
        """
        sure = [name for name in names if name not in self._suspect]
        if len(sure) != 1 or len(names) < 2:
            return False
        return not has_witness(unit, sure[0], self.vouches)

    def is_forlorn(self, unit: Unit, serving: Sequence[str]) -> bool:
        """Whether nobody takes a unit up, and all are doubted.

        Who has died may have held it under a list that did not name it.
        """
        stranded = unit.name in self._health.stranded
        nobody_died = self.all_dead.isdisjoint((*unit.order, unit.holder))
        if nobody_died and not stranded:
            return False
        return all(self.doubts(unit, name) for name in serving)

    def is_marked(self, unit: Unit, name: str) -> bool:
        """Whether a chassis' uplink is bad for some port of a unit."""
        bad = self._health.uplinks.bad
        return any(
            networks and all((name, network) in bad for network in networks)
            for networks in unit.physical_networks
        )

    def apart_from(self, primary: str | None) -> frozenset[str]:
        """Return who has lost a primary from sight, and it them."""
        if primary is None:
            return frozenset()
        return self._partners.get(primary, frozenset())

    def leaves(self, unit: Unit, name: str, primary: str) -> bool:
        """Whether a backup is to leave a unit's list."""
        if not self._any_leave:
            return False
        return self.parting(unit, name, primary) is not None

    def any_leave(self, unit: Unit) -> bool:
        """Whether any of a unit's list is to leave it."""
        if not self._any_leave:
            return False
        return any(self.leaves(unit, c, unit.order[0]) for c in unit.order)

    def parting(self, unit: Unit, name: str, primary: str) -> Parting | None:
        """Say why a backup is to leave a unit's list, if it is.

        A cordoned one too where the list is Neutron's: it would be taken up
        again, as primary even, by what Neutron does when another goes.
        """
        if self.draining(name):
            return Parting(Reason.DRAIN, "is draining")
        if unit.neutron and name in self._intents.cordoned:
            return Parting(Reason.REPAIR, "is cordoned")
        if name in self.apart_from(primary):
            what = f"and {primary} have lost each other and fight"
            return Parting(Reason.REPAIR, what, is_fight=True)
        if self._health.uplinks.bad and self.is_marked(unit, name):
            return Parting(Reason.UPLINK, "has a dead uplink", spares=2)
        return None


def _partners(
    apart: Iterable[frozenset[str]],
) -> Mapping[str, frozenset[str]]:
    """Return by chassis whom it has lost from sight."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for pair in apart:
        for name in pair:
            found[name] |= pair - {name}
    return {name: frozenset(others) for name, others in found.items()}
