# SPDX-License-Identifier: Apache-2.0
"""Evidence to verdicts: which chassis are live, dead, or only silent.

``step`` is pure: the time is an argument, the memory is a value.  It keeps
these promises, each with a test:

1. A chassis whose SB row is gone is dead.  That is proof by itself.
2. A chassis with a row is dead only by two kinds of evidence.  It has not
   answered ``nb_cfg`` for ``dead_after``, asked twice, while others did, and
   OVN has left it, or nobody could have claimed what it holds.  Or the
   vantage points see its tunnels down, and it misses one bump that most
   others answer, or OVN has taken its ports away.
3. It is not dead by silence while it keeps a gateway port that other live
   candidates could have claimed for longer than tunnel BFD needs, nor while
   its tunnels are up: then its data plane lives, only its controller does
   not answer, and moving the port would make two actives.
4. A bump that nobody answered says nothing about anybody, nor does time in
   which we did not look (a lost database, a stopped process): after such a
   gap the clocks of silence start again.
5. Nobody is judged by ignorance: a chassis is ``unknown`` until it answers
   a bump made while we watched, and one that comes back, or that we see for
   the first time, is ``returning`` until it has answered for ``hold_down``
   with its tunnels up, and longer if it has died again and again.
6. Where most gateways are lost at once, nobody is newly dead but by a
   removed row; where most of a zone are, silence there must last longer.

The table is in verdicts.py; the facts behind it in docs/design.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gwsched.decisions import Guard, Health, Policy, State, Tunnels, Verdict
from gwsched.health import (
    census,
    claims,
    damping,
    deaths,
    departures,
    evidence,
    fights,
    guards,
    heartbeat,
    rest,
    silence,
    tunnels,
    uplinks,
    waking,
)
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.judging import Judging
from gwsched.health.losses import counted
from gwsched.health.memory import Memory
from gwsched.model import Snapshot, frozen_map

# For how many hold-downs an uplink is not trusted, at first.
UPLINK_REST = 10.0


def step(
    memory: Memory,
    snapshot: Snapshot,
    policy: Policy,
    now: float,
    *,
    interrupted: bool = False,
) -> Memory:
    """Judge every chassis by the snapshot and what came before.

    ``interrupted`` says that SB was out of sight since the last step.
    """
    beats = heartbeat.listen(
        memory.beats, snapshot, policy, now, interrupted=interrupted
    )
    if not interrupted:
        resting = rest.after(memory, snapshot, beats, policy, now)
        if resting is not None:
            return resting
    this = _Step(memory, snapshot, beats, policy, now)
    return this.after(interrupted=interrupted)


class _Step:
    """One step: evidence first, then guards, verdicts, and what follows."""

    def __init__(
        self,
        memory: Memory,
        snapshot: Snapshot,
        beats: Heartbeats,
        policy: Policy,
        now: float,
    ) -> None:
        self.memory = memory
        self.snapshot = snapshot
        self.beats = beats
        self.policy = policy
        self.now = now

    def after(self, *, interrupted: bool) -> Memory:
        """Return what is remembered, with the health that was found."""
        memory, snapshot, now = self.memory, self.snapshot, self.now
        self.census = census.follow(memory.census, snapshot.units)
        self.sight = tunnels.look(
            memory.sight,
            snapshot,
            tunnels.Known(
                self._owes,
                self._is_silent,
                self._has_claimed,
                self._keeps_since,
            ),
            evidence.DISTRUST * self.policy.hold_down,
            now,
        )
        self.left = self._left(interrupted=interrupted)
        verdicts = self._verdicts()
        before = memory.health.verdicts
        self.left = deaths.forgotten(self.left, before, verdicts)
        died = deaths.newly(before, verdicts)
        self.flaps = damping.follow(memory.flaps, died, now)
        hold_down = self.policy.hold_down
        self.fights = fights.follow(
            memory.fights,
            snapshot,
            self.census.home,
            memory.health.claims,
            fights.REST * hold_down,
            now,
        )
        self.left = fights.explained(
            self.left, memory.fights, self.fights, now
        )
        self.uplinks = uplinks.follow(
            memory.uplinks,
            self.census.linked.values(),
            lambda name: (
                name in verdicts
                and verdicts[name].state not in (State.SUSPECT, State.DEAD)
            ),
            self._owes,
            UPLINK_REST * hold_down,
            now,
        )
        known = Memory(
            memory.health,
            self.beats,
            self.sight,
            self.left,
            self.flaps,
            self.fights,
            self.uplinks,
            self.wary,
            self.lost,
            first_step=False,
            census=self.census,
        )
        known = replace(known, health=self._health(known, verdicts))
        return replace(
            known, rest=rest.begun(known, snapshot, self.policy, now)
        )

    def _owes(self, name: str) -> bool:
        return name in self.beats.behind

    def _is_silent(self, name: str) -> bool:
        return silence.overdue(self.beats, name, self.policy, self.now)

    def _has_claimed(self, name: str) -> bool:
        return name in claims.takers(self.memory.health.claims, self.census)

    def _keeps_since(self, name: str) -> float | None:
        known = self.memory.health.evidence.get(name)
        return known.keeping if known else None

    def _left(self, *, interrupted: bool) -> Mapping[str, float]:
        # What changed hands while nobody looked may have been asked for.
        known = {} if interrupted else self.memory.health.claims
        lasts = evidence.DISTRUST * self.policy.hold_down
        found = departures.follow(
            self.memory.left,
            known,
            self.snapshot,
            self.census,
            self.sight,
            lambda name: not self._owes(name),
            lasts,
            self.now,
        )
        return frozen_map(found)

    def _verdicts(self) -> dict[str, Verdict]:
        snapshot, policy, now = self.snapshot, self.policy, self.now
        names = self._names()
        losses = counted(
            names,
            self.memory,
            snapshot,
            self.beats,
            self.sight,
            policy,
            now,
        )
        self.guards = guards.standing(
            snapshot, self.beats, policy, now, losses
        )
        is_mass_failure = Guard.MASS_FAILURE in self.guards
        self.lost = losses.lost if is_mass_failure else frozenset()
        was_mass_failure = Guard.MASS_FAILURE in self.memory.health.guards
        if was_mass_failure and not is_mass_failure:
            self.beats = heartbeat.restart(self.beats, now)
        self.zones = guards.wary_zones(snapshot, losses)
        self.wary = guards.wary_of(snapshot, self.zones)
        over = self.memory.wary - self.wary
        self.beats = heartbeat.forgive(self.beats, over, now)
        self.evidence = evidence.gather(
            self.memory.health.evidence,
            names,
            snapshot,
            self.census.held,
            evidence.dropped(self.memory.health.claims, self.census),
            self.beats,
            self.sight,
            self.left,
            self._up,
            now,
        )
        judging = Judging(
            None if self.memory.first_step else self.memory.health.verdicts,
            snapshot,
            self.beats,
            damping.follow(self.memory.flaps, (), now),
            policy,
            now,
            self.wary,
            bool(self.guards),
        )
        return {n: judging.verdict(n, e) for n, e in self.evidence.items()}

    def _names(self) -> list[str]:
        """Every chassis with a row, or named by a list or a router."""
        pinned = {router.chassis for router in self.snapshot.routers}
        named = self.census.listed.keys() | pinned
        return sorted(named | self.snapshot.chassis.keys())

    def _up(self, name: str) -> bool:
        """Whether a chassis could claim what is another's."""
        if name not in self.snapshot.chassis:
            return False
        if self.sight.of(name)[0] is Tunnels.DOWN:
            return False
        return not self._is_silent(name)

    def _health(
        self, known: Memory, verdicts: Mapping[str, Verdict]
    ) -> Health:
        snapshot, policy, now = self.snapshot, self.policy, self.now
        self.claims = claims.follow(
            self.memory.health.claims, self.census, snapshot.chassis, now
        )
        return Health(
            verdicts=frozen_map(verdicts),
            claims=self.claims,
            guards=frozen_map(self.guards),
            cautions=frozen_map(self._cautions()),
            evidence=frozen_map(self.evidence),
            uplinks=self.uplinks.found,
            apart=frozen_map(self.fights.apart(now)),
            stranded=claims.stranded(
                self.claims, self.census, snapshot.bfd_time, now
            ),
            stale=snapshot.heartbeat
            and silence.stale(self.beats, policy, now),
            damped=frozenset(
                name for name, f in self.flaps.items() if f.is_suppressed
            ),
            penalties=damping.penalties(self.flaps, now),
            beat=snapshot.heartbeat and waking.is_beat_due(known, policy, now),
            wake_at=waking.wake_at(
                known,
                self.evidence,
                verdicts,
                self.claims,
                snapshot,
                policy,
                now,
            ),
        )

    def _cautions(self) -> dict[Guard, str]:
        found = {}
        if self.zones:
            found[Guard.MASS_FAILURE] = "; ".join(self.zones.values())
        damped = damping.sentence(self.flaps, self.now)
        if damped:
            found[Guard.FLAP] = damped
        return found
