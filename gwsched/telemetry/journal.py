# SPDX-License-Identifier: Apache-2.0
"""The last decisions: what was changed, why, on what evidence, how it ended.

A memory for people, and for nothing else: no decision rests on it.  Times
are those of the wall clock, given in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gwsched.decisions import Change, Health, Kind, Reason, Relocation
from gwsched.model import frozen_map

# How many decisions are remembered.
LENGTH = 200


class Result(StrEnum):
    """How a decision ended, or that it has not yet."""

    WRITTEN = "written"
    CLAIMED = "claimed"
    UNCLAIMED = "unclaimed"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class Decision:
    """One change of one list, or of where an L3 gateway router is pinned.

    ``evidence`` has a sentence on each chassis that left, came, or was or is
    the primary.  ``awaits`` are the ports (or the router) that are still to
    be claimed; ``seconds`` is how long the last of them took.
    """

    time: float
    kind: Kind
    unit: str
    ports: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    reason: Reason
    why: str
    evidence: Mapping[str, str]
    result: Result = Result.WRITTEN
    seconds: float | None = None
    awaits: frozenset[str] = frozenset()

    @property
    def fields(self) -> dict[str, Any]:
        """What there is to say of it, by name: of plain types, for JSON."""
        return {
            "unit": self.unit,
            "ports": list(self.ports),
            "from": list(self.before),
            "to": list(self.after),
            "reason": str(self.reason),
            "why": self.why,
            "evidence": dict(self.evidence),
            "result": str(self.result),
        }

    def ended(self, port: str, seconds: float, *, claimed: bool) -> Decision:
        """Return it with how it ended for one port.

        One port that nobody has claimed makes all of it unclaimed.
        """
        awaits = self.awaits - {port}
        result = self.result
        if not claimed:
            result = Result.UNCLAIMED
        elif not awaits and result is Result.WRITTEN:
            result = Result.CLAIMED
        return replace(
            self,
            awaits=awaits,
            result=result,
            seconds=max(seconds, self.seconds or 0.0),
        )


def changed(
    change: Change, health: Health, time: float, *, observed: bool = False
) -> Decision:
    """Return what is to be remembered of a change."""
    before, after = change.unit.order, change.after
    ports = tuple(port.name for port in change.unit.ports)
    # In this order: who was and is the primary, who has left, who came.
    told = [*before[:1], *after[:1], *before, *after]
    stayed = set(before[1:]) & set(after[1:])
    waits = change.awaits_claim and not observed
    result = Result.WRITTEN
    if observed:
        result = Result.OBSERVED
    elif change.is_move and not waits:
        result = Result.CLAIMED  # who is now the primary has it already
    return Decision(
        time,
        change.kind,
        change.unit.name,
        ports,
        before,
        after,
        change.reason,
        change.why,
        _evidence((c for c in told if c not in stayed), health),
        result,
        awaits=frozenset(ports if waits else ()),
    )


def relocated(
    wanted: Relocation, health: Health, time: float, *, observed: bool = False
) -> Decision:
    """Return what is to be remembered of a router that is pinned anew."""
    router = wanted.router
    return Decision(
        time,
        Kind.RELOCATE,
        router.name,
        (),
        (router.chassis,),
        (wanted.target,),
        Reason.FAILOVER,
        wanted.why,
        _evidence((router.chassis, wanted.target), health),
        Result.OBSERVED if observed else Result.WRITTEN,
        awaits=frozenset(() if observed else (router.name,)),
    )


def _evidence(names: Iterable[str], health: Health) -> Mapping[str, str]:
    return frozen_map({name: _sentence(name, health) for name in names})


def _sentence(name: str, health: Health) -> str:
    """Say what the verdict on a chassis was, and why."""
    verdict = health.verdicts.get(name)
    if verdict is None:
        return f"{health.state(name)}: nothing is known of it"
    if not verdict.why:
        return str(verdict.state)
    return f"{verdict.state}: {verdict.why}"


@dataclass(frozen=True, slots=True)
class Journal:
    """The last decisions, the newest first."""

    decisions: tuple[Decision, ...] = ()

    def noted(self, new: Iterable[Decision]) -> Journal:
        """Return the journal with some more, given the oldest first."""
        newest = tuple(new)[::-1]
        return Journal((*newest, *self.decisions)[:LENGTH])

    def ended(
        self, port: str, target: str, seconds: float, *, claimed: bool
    ) -> Journal:
        """Return the journal with how a port's move to a chassis ended."""
        found = list(self.decisions)
        for index, decision in enumerate(found):
            if port in decision.awaits and decision.after[0] == target:
                found[index] = decision.ended(port, seconds, claimed=claimed)
                return Journal(tuple(found))
        return self
