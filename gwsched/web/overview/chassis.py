# SPDX-License-Identifier: Apache-2.0
"""Each gateway: its verdict, what it has, and who would inherit that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from gwsched.decisions import Evidence, Health, State, Tunnels, Verdict
from gwsched.model import Chassis, Snapshot
from gwsched.telemetry.shortfalls import dead


def every_chassis(
    snapshot: Snapshot, health: Health, now: float
) -> list[dict[str, Any]]:
    """Return all that are gateways, or are used as one, by name.

    :param now: on the clock of the verdicts (monotonic seconds)
    """
    counts = _Counts(snapshot, health)
    return [
        {
            **_facts(name, snapshot),
            **_verdict(name, snapshot, health, now),
            **counts.of(name),
            "penalty": round(health.penalties.get(name, 0.0), 1),
            "bad_uplinks": sorted(
                n for c, n in health.uplinks.bad if c == name
            ),
        }
        for name in _concerned(snapshot)
    ]


def _concerned(snapshot: Snapshot) -> list[str]:
    found = set(snapshot.gateways)
    found |= {router.chassis for router in snapshot.routers}
    for unit in snapshot.units:
        found.update(unit.order)
        found.update(port.holder for port in unit.ports if port.holder)
    return sorted(found)


class _Counts:
    """What each chassis has, counted in one go."""

    def __init__(self, snapshot: Snapshot, health: Health) -> None:
        self._holds: Counter[str] = Counter()
        self._ranks: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._loads: Counter[str] = Counter()
        # How many ports who is first of a list, and who is next; None is
        # nobody.
        self._heirs: Counter[tuple[str, str | None]] = Counter()
        self._count(snapshot, dead(health))
        self._carries: Counter[str] = Counter()
        self._inherits: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for (name, heir), number in self._heirs.items():
            self._carries[name] += number
            if heir is not None:
                self._inherits[name][heir] = number

    def _count(self, snapshot: Snapshot, gone: frozenset[str]) -> None:
        for unit in snapshot.units:
            number = len(unit.ports)
            for port in unit.ports:
                if port.holder:
                    self._holds[port.holder] += 1
            for rank, name in enumerate(unit.order):
                self._ranks[name][rank] += number
            alive = [name for name in unit.order if name not in gone]
            if alive:
                self._loads[alive[0]] += unit.weight
                heir = alive[1] if len(alive) > 1 else None
                self._heirs[alive[0], heir] += number

    def of(self, name: str) -> dict[str, Any]:
        """Return what a chassis has, and what becomes of it if it fails."""
        ranks = self._ranks.get(name, Counter())
        return {
            "holds": self._holds[name],
            "ranks": [
                ranks[rank] for rank in range(max(ranks, default=-1) + 1)
            ],
            "carries": self._carries[name],
            "load": self._loads[name],
            "if_failed": {
                heir: self._carries[heir] + number
                for heir, number in sorted(self._inherits[name].items())
            },
            "if_failed_unserved": self._heirs[name, None],
        }


def _facts(name: str, snapshot: Snapshot) -> dict[str, Any]:
    row = snapshot.chassis.get(name, Chassis(name, is_gateway=False))
    intents = snapshot.intents
    asked = {"cordoned": intents.cordoned, "draining": intents.draining}
    return {
        "name": name,
        "hostname": row.hostname,
        "gateway": row.is_gateway,
        "networks": sorted(row.physical_networks),
        "zones": sorted(row.zones),
        "capacity": row.capacity,
        "intents": [what for what, names in asked.items() if name in names],
    }


def _verdict(
    name: str, snapshot: Snapshot, health: Health, now: float
) -> dict[str, Any]:
    verdict = health.verdicts.get(name, Verdict(State.UNKNOWN, now, ""))
    evidence = health.evidence.get(name, Evidence())
    # To be known at all counts as having been heard, of who never answered.
    proven = verdict.state is not State.UNKNOWN and snapshot.heartbeat
    answers = proven and bool(snapshot.answered.get(name))
    said = [*_said(evidence, now, answers=answers)]
    said += [w for (c, _), w in health.uplinks.bad.items() if c == name]
    row = snapshot.chassis.get(name)
    if row is not None and row.denied:
        said.append(row.denied)
    return {
        "verdict": str(verdict.state),
        "seconds": round(max(0.0, now - verdict.since), 1),
        "why": verdict.why,
        "advice": verdict.advice,
        "evidence": said,
    }


def _said(evidence: Evidence, now: float, *, answers: bool) -> Iterator[str]:
    """Say in short what speaks for and against a chassis."""

    def ago(since: float) -> str:
        return f"{max(0.0, now - since):.0f} s"

    if evidence.gone is not None:
        yield f"no row in SB for {ago(evidence.gone)}"
    if evidence.behind is not None:
        yield f"a heartbeat unanswered for {ago(evidence.behind)}"
    elif evidence.heard is not None and answers:
        yield f"answered a heartbeat {ago(evidence.heard)} ago"
    if evidence.tunnels is Tunnels.UP:
        yield "tunnels up"
    elif evidence.tunnels is Tunnels.DOWN:
        since = evidence.tunnels_since
        for_long = "" if since is None else f" for {ago(since)}"
        yield f"tunnels down{for_long}"
    if evidence.left is not None:
        yield f"OVN took a port from it unasked, {ago(evidence.left)} ago"
    if evidence.keeps:
        yield f"keeps {evidence.keeps} lists that others could have claimed"
