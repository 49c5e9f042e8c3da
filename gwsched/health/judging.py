# SPDX-License-Identifier: Apache-2.0
"""From the evidence on every chassis to the facts that verdicts rest on."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gwsched.decisions import Evidence, Policy, State, Tunnels, Verdict
from gwsched.health import silence
from gwsched.health.damping import Records
from gwsched.health.evidence import deserted, is_empty
from gwsched.health.heartbeat import Heartbeats
from gwsched.health.silence import ZONE_PATIENCE
from gwsched.health.verdicts import ANSWERS, Facts, judge
from gwsched.model import Snapshot

Verdicts = Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class Judging:
    """One round of verdicts.

    ``before`` are those of the last round, None in the first.  ``wary`` has
    the chassis whose silence must last longer; ``frozen`` says that no death
    is to be believed but that of a chassis without a row.
    """

    before: Verdicts | None
    snapshot: Snapshot
    beats: Heartbeats
    flaps: Records
    policy: Policy
    now: float
    wary: Collection[str] = ()
    frozen: bool = False

    def verdict(self, name: str, evidence: Evidence) -> Verdict:
        """Judge one chassis; the verdict is as old as its state is."""
        before = self.before.get(name) if self.before else None
        if before and self._is_well(evidence, before):
            return before
        facts = self._facts(name, evidence, before)
        state, why, advice = judge(facts)
        since = self.now
        if before and before.state is state:
            # A hold-down starts over where something speaks against it.
            again = state is State.RETURNING and (
                facts.overdue or facts.cut or facts.deserted
            )
            since = self.now if again else before.since
            why = why or before.why
        return Verdict(state, since, why, advice, self._back(before, state))

    def _back(self, before: Verdict | None, state: State) -> float:
        is_new = before is None and state is State.RETURNING
        if is_new or (before and before.state is State.DEAD):
            return self.now
        return before.back if before else -math.inf

    def _is_well(self, evidence: Evidence, before: Verdict) -> bool:
        """Whether nothing speaks against who was live: most of all, mostly.

        Then it is live by the last rule of the table, as it was.
        """
        return (
            before.state is State.LIVE
            and evidence.gone is None
            and evidence.behind is None
            and evidence.left is None
            and evidence.tunnels is not Tunnels.DOWN
            and before.why == ANSWERS
            and self.snapshot.heartbeat
        )

    def _facts(
        self, name: str, evidence: Evidence, before: Verdict | None
    ) -> Facts:
        beats, policy, now = self.beats, self.policy, self.now
        asked = self.snapshot.heartbeat
        patience = ZONE_PATIENCE if name in self.wary else 1.0
        flaps = self.flaps.get(name)
        return Facts(
            evidence,
            before.state if before else None,
            first_look=self.before is None,
            asked=asked,
            proven=not asked or name in beats.proven,
            behind=asked and name in beats.behind,
            overdue=asked and silence.overdue(beats, name, policy, now),
            silent=asked
            and silence.silent(beats, name, policy, now, patience),
            missed=asked
            and evidence.watched
            and silence.missed(beats, name, now),
            empty=is_empty(evidence, now),
            deserted=deserted(evidence, now),
            mended=self._mended(evidence),
            frozen=self.frozen,
            steady=before is not None
            and now >= before.since + policy.hold_down,
            damped=flaps is not None and flaps.is_suppressed,
            age=silence.age(beats, name, now),
            bfd_time=self.snapshot.bfd_time,
            controller_dead=policy.controller_dead,
        )

    def _mended(self, evidence: Evidence) -> bool:
        since = evidence.tunnels_since
        if evidence.tunnels is not Tunnels.UP or since is None:
            return False
        return self.now < since + self.policy.hold_down
