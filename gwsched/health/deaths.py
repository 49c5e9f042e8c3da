# SPDX-License-Identifier: Apache-2.0
"""Who has died between two steps, and who has come back."""

from __future__ import annotations

from collections.abc import Mapping

from gwsched.decisions import State, Verdict
from gwsched.model import frozen_map

Verdicts = Mapping[str, Verdict]


def newly(before: Verdicts, now: Verdicts) -> list[str]:
    """Return who is dead, and was there and not dead at the last step."""
    return [
        name
        for name, verdict in now.items()
        if verdict.state is State.DEAD
        and name in before
        and before[name].state is not State.DEAD
    ]


def forgotten(
    left: Mapping[str, float], before: Verdicts, now: Verdicts
) -> Mapping[str, float]:
    """Return whom OVN has left, but for whose death is over."""
    back = {name for name in left if name in newly(now, before)}
    if not back:
        return left
    return frozen_map({n: t for n, t in left.items() if n not in back})
