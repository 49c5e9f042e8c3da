# SPDX-License-Identifier: Apache-2.0
"""Evidence to verdicts: which chassis are live, dead, or only silent.

``step`` is pure: the time is an argument, the memory is a value.  It keeps
these promises, each with a test:

1. A chassis whose SB row is gone is dead.  That is proof by itself.
2. A chassis with a row is never dead before it left a bump of ``nb_cfg``
   unanswered for ``dead_after`` that others answered, and a second bump,
   asked for half-way through that time, as well.
3. Nor while it keeps a gateway port that other live candidates could have
   claimed for longer than tunnel BFD needs: then its data plane lives, only
   its controller does not answer, and moving the port would make two actives.
4. A bump that nobody answered says nothing about anybody, nor does time in
   which we did not look (a lost database, a stopped process): after such a
   gap the clocks of silence start again.
5. Nobody is judged by ignorance: a chassis is ``unknown`` until it answers
   a bump made while we watched, and one that comes back, or that we see for
   the first time, is ``returning`` until it has answered for ``hold_down``.
6. Where most gateways are lost at once, nobody is newly dead by silence.

Measured facts behind them: the reference in docs/design.md, "Evidence".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gwsched import claims, heartbeat
from gwsched.decisions import Claim, Guard, Health, Policy, State, Verdict
from gwsched.heartbeat import Heartbeats
from gwsched.model import Snapshot, Unit, frozen_map

# How long the answers to a first heartbeat may trickle in (seconds).
START_GRACE = 3.0
# Fewer losses than this are never a mass failure; of more, this part is
# (the figures of the Kubernetes node life-cycle controller).
MASS_COUNT = 3
MASS_PART = 0.55


@dataclass(frozen=True, slots=True)
class Memory:
    """What one step hands to the next; the empty one knows nothing."""

    health: Health = field(default_factory=Health)
    beats: Heartbeats = field(default_factory=Heartbeats)
    first_step: bool = True


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
    lost = _lost(memory, snapshot, beats, policy, now)
    guards = _guards(snapshot, beats, policy, now, lost)
    if Guard.MASS_FAILURE in memory.health.guards and not guards:
        beats = heartbeat.restart(beats, now)
    judge = _Judge(memory, snapshot, beats, policy, now, bool(guards))
    verdicts = {name: judge.verdict(name) for name in _names(snapshot)}
    followed = claims.follow(memory.health.claims, snapshot, now)
    health = Health(
        verdicts=frozen_map(verdicts),
        claims=frozen_map(followed),
        guards=frozen_map(guards),
        beat=snapshot.heartbeat and heartbeat.due(beats, policy, now),
        wake_at=min(
            heartbeat.wake_at(beats, policy, now),
            _settling(verdicts, followed, snapshot, policy, now),
            _start_ends(beats, now),
        ),
    )
    return Memory(health, beats, first_step=False)


def _names(snapshot: Snapshot) -> list[str]:
    """Every chassis with a row, or named by a candidate list."""
    named = {c for unit in snapshot.units for c in unit.order}
    return sorted(named | set(snapshot.chassis))


def _lost(
    memory: Memory,
    snapshot: Snapshot,
    beats: Heartbeats,
    policy: Policy,
    now: float,
) -> tuple[int, int]:
    """Count the gateways lost lately, and all that are not long dead."""
    lost = fleet = 0
    for name in _names(snapshot):
        row = snapshot.chassis.get(name)
        before = memory.health.verdicts.get(name)
        if before and before.state is State.DEAD:
            if now - before.since > policy.hold_down:
                continue
        elif row and not row.is_gateway:
            continue
        fleet += 1
        lost += row is None or heartbeat.silent(beats, name, policy, now)
    return lost, fleet


def _guards(
    snapshot: Snapshot,
    beats: Heartbeats,
    policy: Policy,
    now: float,
    lost: tuple[int, int],
) -> dict[Guard, str]:
    """What speaks against believing, or doing, anything at this moment."""
    guards = {}
    if snapshot.heartbeat and not _started(snapshot, beats, now):
        guards[Guard.STARTUP] = (
            f"{len(beats.proven)} of {len(snapshot.chassis)} chassis have "
            f"answered a heartbeat so far"
        )
    stuck = heartbeat.stuck(beats, policy, now)
    if stuck:
        guards[Guard.ISOLATION] = stuck
    gone, fleet = lost
    if is_mass_failure(gone, fleet):
        guards[Guard.MASS_FAILURE] = (
            f"{gone} of {fleet} gateways lost at once: more likely a "
            f"network or database fault than so many deaths"
        )
    return guards


def is_mass_failure(gone: int, fleet: int) -> bool:
    """Whether so many gateways of a fleet are too many to be believed."""
    most = gone >= MASS_COUNT and gone >= MASS_PART * fleet
    return most or (gone > 1 and gone == fleet)


def _started(snapshot: Snapshot, beats: Heartbeats, now: float) -> bool:
    """Whether the first round of answers is in, but for who stays silent.

    A list made of who answered first would be filled up a moment later, and
    a second member with cold BFD costs the first one a second of traffic.
    """
    if len(beats.proven) == len(snapshot.chassis):
        return True
    return now >= beats.first_answer + START_GRACE


# State, why, and perhaps advice.
Judgement = tuple[State, str] | tuple[State, str, str]


@dataclass(frozen=True, slots=True)
class _Judge:
    """The table of transitions, for one step; docs/design.md has it too."""

    memory: Memory
    snapshot: Snapshot
    beats: Heartbeats
    policy: Policy
    now: float
    frozen: bool

    def verdict(self, name: str) -> Verdict:
        """Return the verdict on one chassis, as old as its state is."""
        before = self.memory.health.verdicts.get(name)
        state, why, *advice = self._state(name, before)
        since = self.now
        if before and before.state is state:
            # A hold-down starts over where the chassis falls silent again.
            restart = state is State.RETURNING and self._overdue(name)
            since = self.now if restart else before.since
        return Verdict(state, since, why, *advice)

    def _state(self, name: str, before: Verdict | None) -> Judgement:
        if name not in self.snapshot.chassis:
            return State.DEAD, "its SB Chassis row is gone"
        if not self.snapshot.heartbeat:
            return State.LIVE, "has a row; heartbeats are switched off"
        if not self._overdue(name):
            return self._answering(name, before)
        age = heartbeat.silence(self.beats, name, self.now)
        why = f"left the heartbeat unanswered for {age:.0f} s"
        if before and before.state is State.DEAD:
            return State.DEAD, before.why
        if not heartbeat.silent(self.beats, name, self.policy, self.now):
            return self._doubtful(before), why
        if self.frozen:
            return self._doubtful(before), f"{why}, as did too many others"
        return self._silent(name, age, why)

    @staticmethod
    def _doubtful(before: Verdict | None) -> State:
        """Silence makes suspects of the live; the others stay unproven."""
        if before is None:
            return State.UNKNOWN
        if before.state in (State.UNKNOWN, State.RETURNING):
            return before.state
        return State.SUSPECT

    def _answering(self, name: str, before: Verdict | None) -> Judgement:
        proven = name in self.beats.proven
        if before is None:
            if self.memory.first_step:
                return State.UNKNOWN, "no heartbeat answered yet"
            return State.RETURNING, "new here"
        if before.state is State.UNKNOWN and not proven:
            return State.UNKNOWN, "no heartbeat answered yet"
        if before.state is State.DEAD:
            return State.RETURNING, "back again"
        if before.state is State.RETURNING:
            steady = self.now - before.since >= self.policy.hold_down
            if not (proven and steady):
                return State.RETURNING, before.why
        return State.LIVE, "answers heartbeats"

    def _silent(self, name: str, age: float, why: str) -> Judgement:
        """Silent, but is it dead?  Ask what became of its ports."""
        held = [u for u in self.snapshot.units if u.holder == name]
        if not held:
            return State.DEAD, f"{why} and holds no gateway port"
        kept = [u for u in held if self._claimable(u, name)]
        if not kept:
            return (
                State.DEAD,
                f"{why} and no live candidate could claim what it holds",
            )
        if age < self.snapshot.bfd_time:
            return State.SUSPECT, f"{why}; BFD may not have seen it yet"
        return (
            State.SUSPECT,
            f"{why}, yet keeps {len(kept)} ports that others could claim",
            "its data plane lives and its ports stay; see to its "
            "ovn-controller and its connection to SB",
        )

    def _claimable(self, unit: Unit, holder: str) -> bool:
        """Whether live members could take the unit were its holder dead."""
        heirs = [c for c in unit.order if c != holder and self._up(c)]
        if len(heirs) == 1:
            return claims.has_witness(unit, heirs[0], self._up)
        return bool(heirs)

    def _up(self, name: str) -> bool:
        return name in self.snapshot.chassis and not self._overdue(name)

    def _overdue(self, name: str) -> bool:
        return heartbeat.overdue(self.beats, name, self.policy, self.now)


def _settling(
    verdicts: Mapping[str, Verdict],
    followed: Mapping[str, Claim],
    snapshot: Snapshot,
    policy: Policy,
    now: float,
) -> float:
    """When the next hold-down ends or the next claim will have settled."""
    times = [
        v.since + policy.hold_down
        for v in verdicts.values()
        if v.state in (State.DEAD, State.RETURNING)
    ]
    times += [
        claims.settles_at(claim, snapshot.bfd_time)
        for claim in followed.values()
        if claim.holder != next(iter(claim.order), None)
    ]
    return min((t for t in times if t > now), default=math.inf)


def _start_ends(beats: Heartbeats, now: float) -> float:
    ends = beats.first_answer + START_GRACE
    return ends if ends > now else math.inf
