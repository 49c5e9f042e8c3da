# SPDX-License-Identifier: Apache-2.0
"""From the aim to the next steps: bring in, move one, re-rank the rest.

A unit goes to a chassis only once that is warm in its list: a cold one is
first brought in at the end, which costs nothing, and raised when its BFD
sessions are up.  One move at a time, within the budget, verified by its
claim before the next (pace.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence, Set
from dataclasses import replace

from gwsched.decisions import Change, Guard, Reason
from gwsched.health.claims import warm_at
from gwsched.model import Unit
from gwsched.placement.balance import Balance, Target
from gwsched.placement.evening import Found
from gwsched.placement.mesh import gathered
from gwsched.placement.ranks import Ranks
from gwsched.placement.scene import Scene
from gwsched.placement.survey import Identical, Same
from gwsched.schedulers import Ledger

# How many moves ahead chassis are brought in, at the least.
AHEAD = 10


class Moves:
    """What to do for lists with which nothing is wrong."""

    def __init__(
        self,
        scene: Scene,
        ledger: Ledger,
        waiting: Set[str],
        *,
        evens: bool = True,
    ) -> None:
        """Take what all parts share, and the units not to be touched now.

        :param evens: whether this is the time to even anything out; pins
            and drains do not wait for that
        """
        self.evens = evens
        self.scene = scene
        self.waiting = waiting
        self.ledger = ledger
        self.units = [u for u in scene.units if self._carries(u)]
        self.deferred: Counter[Guard] = Counter()

    def found(self) -> Found:
        """Return the next steps, and what is to be known of others."""
        running = self.scene.past.pace.running
        balance = Balance(self.scene, self.units, evens=self.evens)
        targets = balance.targets()
        changes = self._changes(targets)
        origins = self.scene.past.origins
        return Found(
            tuple(changes),
            tuple(balance.refusals),
            self.deferred,
            uneven=balance.uneven if self.evens else running,
            is_whole=self.evens and not changes,
            is_settled=not (changes or targets or origins),
        )

    def _changes(self, aims: Sequence[Target]) -> list[Change]:
        """Return at most one move, and what costs nothing."""
        targets = [
            target
            for target in aims
            if self._may_change(target.unit, self._moved(target))
        ]
        halted = not self._past(self.scene.past.pace.halted_until)
        if halted:
            self.deferred[Guard.UNVERIFIED] = len(targets)
            targets = []
        ready = [target for target in targets if self._is_warm(target)]
        if self.scene.health.stale:
            ready = []  # some of those who are to claim may not answer
        found = [*self._next_moves(ready), *self._bring_in(targets)]
        if not self.evens:
            return found
        if self.scene.balances:
            found += self._re_ranked(targets)
        return found or self._gathered({t.unit.name for t in targets})

    def _gathered(self, moving: Set[str]) -> list[Change]:
        """Return what keeps the BFD mesh small, when all else is done."""
        rivals = self.scene.past.rivals
        usual = [
            unit
            for unit in self.units
            if unit.works
            and not (unit.excluded or unit.name in moving)
            and self._living(unit) == unit.order
            and not self.scene.who.any_suspect(unit)
            and rivals.is_ours(unit)
        ]
        found = gathered(self.scene, self.ledger, usual)
        return [c for c in found if self._may_change(c.unit, c.after)]

    def _carries(self, unit: Unit) -> bool:
        return bool(self._living(unit))

    def _living(self, unit: Unit) -> tuple[str, ...]:
        if self.scene.who.all_dead.isdisjoint(unit.order):
            return unit.order
        return tuple(c for c in unit.order if not self.scene.who.dead(c))

    def _past(self, moment: float) -> bool:
        return self.scene.clock.past(moment)

    def _may_change(self, unit: Unit, order: tuple[str, ...]) -> bool:
        """Whether a unit may be given a list, as far as others go."""
        if unit.name in self.waiting:
            return False
        return self._past(self.scene.past.rivals.waits(unit, order))

    def _is_warm(self, target: Target) -> bool:
        claim = self.scene.health.claims.get(target.unit.name)
        if self._is_single(target.unit):
            return True  # there is no place to warm up in
        if claim is None or target.chassis not in target.unit.order:
            return False
        bfd_time = self.scene.snapshot.bfd_time
        return self._past(warm_at(claim, target.chassis, bfd_time))

    def _next_moves(self, ready: Sequence[Target]) -> list[Change]:
        """Return the first move that is ready, if the budget allows one."""
        pace = self.scene.past.pace
        allowed = pace.together
        if ready and (pace.flight or not self._past(pace.next_at)):
            allowed = 0
        self.deferred[Guard.BUDGET] = max(len(ready) - allowed, 0)
        return [self._move(target) for target in ready[:allowed]]

    def _move(self, target: Target) -> Change:
        """Return a move, with what ovn-controller overlooks about it.

        With ovn-chassis-mac-mappings it does not make the flows of localnet
        ports anew when a gateway port moves, and the router is cut off until
        something else has them made (ovn-org/ovn issue 129; measured).
        """
        known = self.scene.snapshot.chassis
        both = (target.unit.order[0], target.chassis)
        mapped = any(known[name].maps_macs for name in both if name in known)
        return replace(
            self._change(target, self._moved(target)), nudges=mapped
        )

    def _bring_in(self, targets: Sequence[Target]) -> Iterator[Change]:
        ahead = max(AHEAD, self.scene.policy.moves_per_minute)
        most = self.scene.policy.max_candidates
        for target in targets[:ahead]:
            order = target.unit.order
            if target.chassis in order:
                continue
            kept = order if len(order) < most else order[:-1]
            brought = (*kept, target.chassis)
            if kept and self._may_change(target.unit, brought):
                yield self._change(target, brought)

    def _change(self, target: Target, order: tuple[str, ...]) -> Change:
        form = self.scene.form(target.unit)
        return Change(target.unit, form, order, target.reason, target.why)

    def _re_ranked(self, targets: Sequence[Target]) -> list[Change]:
        """Level the backups, as if all moves were made already."""
        orders = {unit.name: self._living(unit) for unit in self.units}
        orders |= {t.unit.name: self._moved(t) for t in targets}
        moving = {target.unit.name for target in targets}

        def fixed(unit: Unit) -> bool:
            # What is not held by its primary is followed, or claimed, first.
            alive = orders[unit.name] == unit.order
            free = unit.name not in moving and not unit.excluded
            # A silent one knows nothing of newcomers, who cannot see it.
            who, primary = self.scene.who, unit.order[:1]
            deaf = who.any_suspect(unit) or any(map(who.may_be_deaf, primary))
            return deaf or not (unit.works and alive and free)

        ranks = Ranks(self.scene, self.units, orders, fixed)
        return [
            Change(
                ranking.unit,
                self.scene.form(ranking.unit),
                ranking.order,
                Reason.REBALANCE,
                ranking.why,
            )
            for ranking in ranks.rankings()
            if self._may_change(ranking.unit, ranking.order)
        ]

    def _moved(self, target: Target) -> tuple[str, ...]:
        """Return the list after a move: the one before is second.

        Or last, where it is to be emptied.
        """
        primary, *backups = target.unit.order
        out = {target.chassis, *self.scene.who.apart_from(target.chassis)}
        rest = [c for c in backups if c not in out]
        order = (target.chassis, primary, *rest)
        if target.reason is Reason.DRAIN:
            order = (target.chassis, *rest, primary)
        return order[:1] if self._is_single(target.unit) else order

    def _is_single(self, unit: Unit) -> bool:
        return self.scene.policy.max_candidates == len(unit.order) == 1


def basis(scene: Scene, waiting: Set[str], *, evens: bool) -> Hashable:
    """Return what the steps rest on besides the lists; None where on more.

    That is, where there are none: those to come rest on claims as well.
    """
    standing, past = scene.survey.standing, scene.past
    if standing is None:
        return None
    return (
        standing,
        evens,
        frozenset(waiting),
        Same(past.rivals.feuds),
        Identical(past.rivals.ours),
        past.rivals.mended,
        past.pace,
        scene.health.stale,
        frozenset(filter(scene.who.may_be_deaf, scene.health.verdicts)),
        scene.snapshot.default_form,
        scene.balances,
    )
