# SPDX-License-Identifier: Apache-2.0
"""What came of one run, and of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gwsched.decisions import Change

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


@dataclass(slots=True)
class Outcome:
    """Counts and worst times; those of several runs can be added up."""

    runs: int = 0
    seconds: float = 0.0
    steps: int = 0
    events: int = 0
    looks: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    worst: dict[str, float] = field(default_factory=dict)

    def wrote(self, changes: Sequence[Change]) -> None:
        """Count what was written, and what of it moves a primary."""
        for change in changes:
            self.writes[change.reason] += 1
            if change.awaits_claim:
                self.moves[change.reason] += 1

    def note(self, what: str, seconds: float) -> None:
        """Remember a time, if it is the longest."""
        if seconds > self.worst.get(what, 0.0):
            self.worst[what] = seconds

    def close(self, run: Simulation) -> None:
        """Take what the end of a run tells."""
        self.runs = 1
        self.seconds = run.ovn.now - run.began
        self.refused = run.server.refused
        for kind, lasted in run.meter.longest.items():
            self.note(f"longest {kind}", lasted)

    def add(self, other: Outcome) -> None:
        """Add another run, or many."""
        self.runs += other.runs
        self.seconds += other.seconds
        self.steps += other.steps
        self.events += other.events
        self.looks += other.looks
        self.refused += other.refused
        self.checks += other.checks
        self.writes += other.writes
        self.moves += other.moves
        self.failed += other.failed
        self.passed_over += other.passed_over
        for what, lasted in other.worst.items():
            self.note(what, lasted)

    def lines(self) -> Iterator[str]:
        """Say it all."""
        yield f"schedules           {self.runs}"
        yield f"happenings          {self.steps}"
        yield f"events of OVN       {self.events}"
        yield f"looks of daemons    {self.looks}"
        yield f"virtual hours       {self.seconds / 3600:.1f}"
        yield f"refused (no lock)   {self.refused}"
        for title, counts in (
            ("checks", self.checks),
            ("writes", self.writes),
            ("moves", self.moves),
            ("not committed", self.failed),
            ("not required", self.passed_over),
        ):
            yield f"{title:<20}{sum(counts.values())}"
            for name, count in sorted(counts.items()):
                yield f"  {name:<18}{count}"
        yield "worst times (s)"
        for name, lasted in sorted(self.worst.items()):
            yield f"  {name:<18}{lasted:.1f}"
