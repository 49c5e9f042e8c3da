# SPDX-License-Identifier: Apache-2.0
"""What is not judged anew at rest is what it would be if it were."""

from __future__ import annotations

from typing import Any

import pytest

from gwsched import planner
from gwsched.decisions import Health, Plan
from gwsched.health import census, rest
from gwsched.model import Snapshot, Unit
from gwsched.placement.survey import Stand, Survey
from gwsched.sharing.lineage import Pair
from tests.simulation.daemon import Daemon
from tests.simulation.drawing import draw
from tests.simulation.simulation import Simulation

BEGIN = Survey.begin
Look = tuple[str, Health, Plan]


class Recorded(Simulation):
    """A run that keeps what each daemon concludes at each look."""

    def __init__(self, seed: int) -> None:
        super().__init__(draw(seed))
        self.looks: list[Look] = []

    def looked(self, daemon: Daemon, seen: Snapshot, plan: Plan) -> None:
        self.looks.append((daemon.name, daemon.decider.health, plan))
        super().looked(daemon, seen, plan)


def looks(seed: int) -> list[Look]:
    run = Recorded(seed)
    run.run()
    return run.looks


@pytest.mark.parametrize("seed", range(10))
def test_what_is_not_looked_at_again_is_as_it_would_be_found(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is put off depends on whether it is known to be in vain.
    monkeypatch.setattr(Daemon, "_is_hurried", lambda *_: False)
    rests = []
    after = rest.after

    def counted(*facts: object) -> object:
        found = after(*facts)  # type: ignore[arg-type]
        rests.append(found is not None)
        return found

    monkeypatch.setattr(rest, "after", counted)
    remembered = looks(seed)
    monkeypatch.setattr(rest, "after", lambda *_: None)
    monkeypatch.setattr(census, "differing", everything)
    monkeypatch.setattr(Survey, "begin", begin_anew)
    assert remembered == looks(seed)
    assert any(rests), "it was never at rest"


def begin_anew(
    survey: Survey, standing: Stand | None, units: tuple[Unit, ...]
) -> None:
    """Remember nothing of the last plan."""
    survey.__init__()  # type: ignore[misc]
    BEGIN(survey, standing, units)


def everything(
    before: tuple[Unit, ...], after: tuple[Unit, ...]
) -> list[Pair]:
    """Say that all units are different ones."""
    old = {unit.name: unit for unit in before}
    new = {unit.name: unit for unit in after}
    names = sorted(old.keys() | new.keys())
    return [(old.get(name), new.get(name)) for name in names]


@pytest.mark.parametrize("seed", range(10))
def test_what_is_put_off_or_remembered_is_all_that_is_not_planned_anew(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, kinds = planner.plan, set()

    def compared(*facts: Any, hurried: bool) -> Plan:
        made = plan(*facts, hurried=hurried)
        anew = (*facts[:-1], Survey())
        whole = plan(*anew)
        kinds.add((hurried, made.postponed))
        if not made.postponed:
            assert made == whole
        else:
            assert made.changes == ()
            assert made.relocations == whole.relocations
            assert {*made.blocking} == {*whole.blocking}
        return made

    monkeypatch.setattr(planner, "plan", compared)
    looks(seed)
    assert kinds == {(False, False), (True, False), (True, True)}
