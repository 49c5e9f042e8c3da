# SPDX-License-Identifier: Apache-2.0
"""What becomes of those already in a list: who stays, who goes, in order.

Nobody comes in here; that is the planner's second half.
"""

from __future__ import annotations

from collections.abc import Sequence

from gwsched.decisions import Reason, State
from gwsched.health.claims import CLAIM_SETTLE, has_witness, settles_at
from gwsched.model import Unit
from gwsched.placement.drafts import Draft
from gwsched.placement.leaving import Leaving
from gwsched.placement.scene import Scene
from gwsched.placement.uplink import Uplink

# For how many times dead_after a suspect has the place it has.
PATIENCE = 1.5


class Staying:
    """Drafts of lists, made of who is in them."""

    def __init__(self, scene: Scene) -> None:
        self.snapshot = scene.snapshot
        self.health = scene.health
        self.who = scene.who
        self.policy = scene.policy
        self.clock = scene.clock
        self.uplinks = Uplink(scene)
        self.undo = scene.past.pace.undo
        self.leaving = Leaving(scene)

    def draft(self, unit: Unit) -> Draft:
        """Return what is left of a unit's list, best first, and why."""
        draft = self._undo(unit, Draft(unit.order))
        draft = self._follow_holder(unit, draft)
        draft = self._demote(unit, draft)
        draft = self._leave(unit, draft)
        if draft.order[:1] != unit.order[:1]:
            # Who is first matters to all; what now is first, to them again.
            draft = self._leave(unit, draft)
        return self.drop_useless(unit, draft)

    def _leave(self, unit: Unit, draft: Draft) -> Draft:
        draft = self.uplinks.leave(unit, draft)
        draft = self._trim(unit, draft)
        draft = self.leaving.withdraw(unit, draft)
        return self._dismiss(unit, draft)

    def _undo(self, unit: Unit, draft: Draft) -> Draft:
        """Take back a move that its new primary has not claimed."""
        undo = self.undo
        if undo is None or undo.unit != unit.name:
            return draft
        before = [c for c in undo.before if c in draft.order]
        rest = [c for c in draft.order if c not in before]
        return draft.to(
            [*before, *rest],
            Reason.REPAIR,
            f"{undo.target} has not claimed it; taken back",
        )

    def _follow_holder(self, unit: Unit, draft: Draft) -> Draft:
        """Make who OVN elected the primary, and the passed-over one last.

        It costs nothing and spares the switch back when the former primary
        returns: OVN always preempts.
        """
        claim = self.health.claims.get(unit.name)
        holder = unit.holder
        if holder is None or holder not in draft.order[1:]:
            return draft
        if claim is None:
            return draft
        if not self.clock.past(settles_at(claim, self.snapshot.bfd_time)):
            return draft
        if not self.who.serves(unit, holder):
            return draft
        if self.who.state(holder) is State.SUSPECT:
            return draft  # it may go by an older list, which stays in order
        passed = draft.order[: draft.order.index(holder)]
        rest = draft.order[len(passed) + 1 :]
        return draft.to(
            (holder, *rest, *passed),
            Reason.FAILOVER,
            f"OVN has elected {holder} over {', '.join(passed)}",
        )

    def _demote(self, unit: Unit, draft: Draft) -> Draft:
        """Put behind the live who has long been suspect and holds nothing.

        It is in the way: while BFD says that it is up nobody below it claims
        the unit, and its controller may hang.
        """
        if not any(self._is_in_doubt(unit, c) for c in draft.order):
            return draft
        if unit.holder and self.who.state(unit.holder) is State.SUSPECT:
            return draft  # the live may not see it, see Repairs._takes_more
        doubted = [c for c in draft.order if self.who.doubts(unit, c)]
        rest = [c for c in draft.order if c not in doubted]
        live = [c for c in rest if self.who.state(c) is State.LIVE]
        if not any(self.who.serves(unit, c) for c in live):
            return draft
        names = ", ".join(doubted)
        return draft.to(
            [*rest, *doubted],
            Reason.FAILOVER,
            f"{names} last: it has long been suspect, and holds nothing",
        )

    def _is_in_doubt(self, unit: Unit, chassis: str) -> bool:
        if not self.who.doubts(unit, chassis):
            return False
        if unit.holder is not None:
            # Who is cold claims for an instant what the doubted one has.
            claim = self.health.claims.get(unit.name)
            if claim and not self.clock.past(claim.since + CLAIM_SETTLE):
                return False
        since = self.health.verdicts[chassis].since
        evidence = self.health.evidence.get(chassis)
        if evidence and evidence.behind is not None:
            since = max(since, evidence.heard or since)
        return self.clock.past(since + PATIENCE * self.policy.dead_after)

    def _dismiss(self, unit: Unit, draft: Draft) -> Draft:
        """Put who may not serve last, and out once that costs nothing."""
        if self.who.is_stranded(unit):
            return draft  # somebody else is put before them
        if self._is_held_by_older_list(unit, draft):
            return draft
        good = self.who.serving(unit, draft.order)
        heirs, others = good, self.who.besides(unit, draft.order)
        if good and all(self.who.doubts(unit, name) for name in good):
            if not (others and self.who.is_forlorn(unit, good)):
                return draft  # nobody of them is better than the dead
            heirs = [others[0], *good]  # one of the others will be the first
        if draft.order[:1] != tuple(good[:1]):
            good.sort(key=lambda name: self._trust(unit, name))
        bad = [c for c in draft.order if c not in good]
        if not bad or not (good or others):
            return draft
        staying = [c for c in bad if self._stays(unit, c, heirs)]
        staying = staying or self._company(unit, good, bad, others)
        left = [*good, *bad] if good else [*draft.order]
        if good and draft.order[0] in staying:
            # The reason to change is the primary's, whoever goes besides.
            draft = self._put_last(unit, draft, left, staying)
        for chassis in (c for c in bad if c not in staying):
            left.remove(chassis)
            draft = draft.to(
                left,
                self._dismissal(chassis),
                f"{chassis} leaves: {self.who.against(unit, chassis)}",
            )
        if good and staying:
            draft = self._put_last(unit, draft, [*good, *staying], staying)
        return draft

    def _is_held_by_older_list(self, unit: Unit, draft: Draft) -> bool:
        """Whether the holder may not hear that a dead one is put behind it.

        Who has no SB goes by the list it knows.  When the dead one is back
        it gives way to that by the old list, and that to it by the new one.
        """
        holder = unit.holder
        if holder not in draft.order or not self.who.serves(unit, holder):
            return False
        if self.who.state(holder) is not State.SUSPECT:
            return False
        above = draft.order[: draft.order.index(holder)]
        return any(self.who.dead(name) for name in above)

    def _put_last(
        self,
        unit: Unit,
        draft: Draft,
        order: Sequence[str],
        staying: Sequence[str],
    ) -> Draft:
        why = self.who.against(unit, staying[0])
        return draft.to(
            order,
            self._dismissal(staying[0]),
            f"{', '.join(staying)} last: {why}",
        )

    def _trust(self, unit: Unit, name: str) -> int:
        """Rank a member by whether it would take up a unit; 0 is best."""
        if self.who.doubts(unit, name):
            return 3
        if unit.held_by(name):
            return 0
        return 1 if self.who.state(name) is State.LIVE else 2

    def _stays(self, unit: Unit, chassis: str, good: Sequence[str]) -> bool:
        """Whether who may not serve keeps a place at the end for now."""
        if not self.who.dead(chassis):
            return unit.held_by(chassis) or self._is_needed_yet(unit, good)
        if not good:
            return False  # nobody serves this unit: it does not wait
        if self._is_needed_yet(unit, good):
            return True
        since = self.health.verdicts[chassis].since
        if not self.clock.past(since + self.policy.hold_down):
            return True
        # Neutron takes a chassis with a row for valid and would put it back.
        room = len(good) + len(self.who.besides(unit, unit.order))
        short = room < self.policy.max_candidates
        return unit.neutron and short and chassis in self.snapshot.chassis

    def _company(
        self,
        unit: Unit,
        good: Sequence[str],
        bad: Sequence[str],
        others: Sequence[str],
    ) -> list[str]:
        """Return the dead one that keeps its place beside a single member.

        Nobody runs BFD for a list of one: to fill that up would start it
        cold, and cut all traffic for a second or more.  But a single member
        that nobody vouches for would not claim beside a dead one.
        """
        if len(good) != 1 or others:
            return []
        if not has_witness(unit, good[0], self.who.vouches):
            return []
        rows = self.snapshot.chassis
        return [c for c in bad if self.who.dead(c) and c in rows][:1]

    def _is_needed_yet(self, unit: Unit, good: Sequence[str]) -> bool:
        """Whether the dead may be all that others have to go by.

        Some of them only seem to be dead.  Who is alone then may take over,
        and who is not sees by them that it is not cut off.
        """
        if self.who.is_lonely(unit, good):
            return True
        return bool(good) and all(
            self.who.state(c) is State.SUSPECT for c in good
        )

    def drop_useless(
        self, unit: Unit, draft: Draft, chosen: str | None = None
    ) -> Draft:
        """Never leave one live and dead ones with nobody to vouch.

        Nor suspects, where nobody takes the unit up: all of them answer.
        But for who was just chosen to take it up.
        """
        useless = [c for c in draft.order if self._is_useless(unit, c)]
        dead = [c for c in useless if c != chosen]
        alive = [c for c in draft.order if c not in dead]
        if len(alive) == 2 and self.who.is_stranded(unit):
            gave_up = self.health.claims[unit.name].dropped_by
            alive = [c for c in alive if c != gave_up]
            dead = [c for c in draft.order if c not in alive]
        if len(alive) != 1 or not dead:
            return draft
        if has_witness(unit, alive[0], self.who.vouches):
            return draft
        return draft.to(
            alive,
            Reason.FAILOVER,
            f"{alive[0]} is alone and would not claim beside "
            f"{', '.join(dead)}",
        )

    def _is_useless(self, unit: Unit, chassis: str) -> bool:
        if self.who.dead(chassis):
            return True
        suspect = self.who.state(chassis) is State.SUSPECT
        is_member = chassis in unit.order
        return suspect and is_member and self.who.is_stranded(unit)

    def _trim(self, unit: Unit, draft: Draft) -> Draft:
        """Remove what Neutron adds to every list when a chassis returns.

        2026.2 appends it with priority 0, whatever the length is by then
        (handle_ha_chassis_group_changes); nobody else uses 0.
        """
        if not unit.neutron:
            return draft
        appended = {c.chassis for c in unit.candidates if c.priority == 0}
        appended -= {c.chassis for c in unit.candidates if c.priority > 0}
        keep = list(draft.order)
        for chassis in reversed(draft.order):
            serving = self.who.serving(unit, keep)
            alike = serving if chassis in serving else keep
            excess = len(alike) > self.policy.max_candidates
            if excess and chassis in appended and not unit.held_by(chassis):
                keep.remove(chassis)
        why = "Neutron has appended more than the list should have"
        return draft.to(keep, Reason.REPAIR, why)

    def _dismissal(self, chassis: str) -> Reason:
        return Reason.FAILOVER if self.who.dead(chassis) else Reason.REPAIR
