# SPDX-License-Identifier: Apache-2.0
"""What daemons conclude, told once."""

from __future__ import annotations

from collections.abc import Iterator

from gwsched.decisions import Plan
from tests.simulation.daemon import Daemon


class Trace:
    """Remembers what was said, and yields what is new."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, str]] = {}

    def news(self, daemon: Daemon, plan: Plan) -> Iterator[str]:
        """Yield what a daemon concludes that it did not before."""
        found = dict(_conclusions(daemon, plan))
        before = self._told.get(daemon.name, {})
        self._told[daemon.name] = found
        for key, what in found.items():
            if key not in before:
                yield f"{daemon.name}: {key}: {what}"
        for key in before:
            if key.startswith("guard") and key not in found:
                yield f"{daemon.name}: {key} is over"


def _conclusions(daemon: Daemon, plan: Plan) -> Iterator[tuple[str, str]]:
    for name, verdict in daemon.decider.health.verdicts.items():
        yield f"{name} is {verdict.state}", verdict.why
    for guard, why in plan.guards.items():
        yield f"guard {guard}", why
    for refusal in plan.refusals:
        yield f"{refusal.unit.name} cannot", refusal.why
