# SPDX-License-Identifier: Apache-2.0
"""Outcomes by contender, size and scenario, and what is still to be run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.bench.fleetmodel import Figures, Size
from tests.bench.scenarios import Outcome

Key = tuple[str, Size, str]


class Results:
    """All outcomes; the runs of one scenario share a budget in seconds.

    With a file they are kept there, and what is there is not run again.
    """

    def __init__(self, budget: float, keep: Path | None = None) -> None:
        self._budget = budget
        self._keep = keep
        self._found: dict[Key, dict[int, Outcome]] = {}
        self._spent: set[Key] = set()
        if keep and keep.exists():
            for line in keep.read_text().splitlines():
                self._take(json.loads(line))

    def outcomes(self, label: str, size: Size, scenario: str) -> list[Outcome]:
        """Return what the runs of a scenario came to."""
        return list(self._found.get((label, size, scenario), {}).values())

    def labels(self, scenario: str) -> list[str]:
        """Return who was put through a scenario, on any size."""
        found = [label for label, _, what in self._found if what == scenario]
        return sorted(set(found))

    def has(self, label: str, size: Size, scenario: str, seed: int) -> bool:
        """Whether this very run is there already."""
        return seed in self._found.get((label, size, scenario), {})

    def limit(self, label: str, size: Size, scenario: str) -> float | None:
        """Return how long one more run may take; None: do not start it."""
        if (label, size, scenario) in self._spent:
            return None
        outcomes = self.outcomes(label, size, scenario)
        left = self._budget - sum(outcome.took for outcome in outcomes)
        longest = max((outcome.took for outcome in outcomes), default=0.0)
        return left if longest <= left else None

    def add(
        self,
        label: str,
        size: Size,
        scenario: str,
        seed: int,
        outcome: Outcome,
        *,
        keep: bool = False,
    ) -> None:
        """Note an outcome; after one that was given up there are no more."""
        key = (label, size, scenario)
        self._note(key, seed, outcome)
        if keep and self._keep:
            record = {"label": label, "size": asdict(size), "seed": seed}
            record |= {"scenario": scenario, "outcome": asdict(outcome)}
            with self._keep.open("a") as file:
                file.write(json.dumps(record) + "\n")

    def _take(self, record: dict[str, object]) -> None:
        size, outcome = record["size"], record["outcome"]
        assert isinstance(size, dict)
        assert isinstance(outcome, dict)
        if outcome["figures"]:
            outcome["figures"] = Figures(**outcome["figures"])
        key = (str(record["label"]), Size(**size), str(record["scenario"]))
        self._note(key, int(str(record["seed"])), Outcome(**outcome))

    def _note(self, key: Key, seed: int, outcome: Outcome) -> None:
        self._found.setdefault(key, {})[seed] = outcome
        if outcome.figures is None:
            self._spent.add(key)
