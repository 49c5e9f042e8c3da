# SPDX-License-Identifier: Apache-2.0
"""What the loop remembers of a transaction, by what became of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from gwsched import apply, conf
from gwsched.apply import Result
from gwsched.decider import Decider
from gwsched.decisions import Change, Policy, Reason
from gwsched.health.claims import CLAIM_TIME
from gwsched.loop import Loop
from gwsched.model import Form
from gwsched.schedulers.leastloaded import LeastLoaded
from gwsched.telemetry.metrics import Metrics
from tests.unit.placing import listing

LOOKED, WROTE = 1000.0, 1003.0
MOVE = Change(
    listing("gw1 gw2", "gw1"),
    Form.HA_CHASSIS_GROUP,
    ("gw2", "gw1"),
    Reason.DRAIN,
    "gw1 is draining",
)


class Told:
    """In place of a Decider: what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float]] = []

    def wrote(self, _: tuple[Change, ...], now: float) -> None:
        self.calls.append(("wrote", now))

    def tried(self, _: tuple[Change, ...], now: float) -> None:
        self.calls.append(("tried", now))


@pytest.mark.parametrize(
    ("result", "calls"),
    [
        (Result.COMMITTED, [("wrote", WROTE)]),
        (Result.UNANSWERED, [("tried", WROTE)]),
        (Result.STALE, []),
        (Result.NOT_LOCKED, []),
    ],
)
def test_a_move_has_its_budget_from_when_it_was_or_may_have_been_written(
    result: Result,
    calls: list[tuple[str, float]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The process may have been stopped between the look and the write."""
    database: Any = None
    told: Any = Told()
    (tmp_path / "gwsched.conf").touch()
    _, settings = conf.load(["--config-file", f"{tmp_path}/gwsched.conf"])
    loop = Loop(database, database, LeastLoaded(), settings, Metrics())
    loop.acting._decider = told
    monkeypatch.setattr(apply, "commit", lambda *_: (result, ""))
    monkeypatch.setattr(time, "monotonic", lambda: WROTE)
    loop.acting.commit((MOVE,), LOOKED)
    assert told.calls == calls


def test_a_move_that_may_have_been_written_is_looked_after() -> None:
    decider = Decider(LeastLoaded(), Policy())
    decider.tried((MOVE,), WROTE)
    assert decider.wake_at == WROTE + CLAIM_TIME
