# SPDX-License-Identifier: Apache-2.0
"""A seed replays the same, in every process; a schedule is plain data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.drawing import draw
from tests.simulation.predict import for_sandbox, is_certain
from tests.simulation.schedules import load
from tests.simulation.simulation import Simulation
from tests.simulation.soak import try_seed
from tests.simulation.test_against_ovn import SEEDS

# A quiet one with several daemons, and enough writes to tell a difference.
SEED = 8


def told(*arguments: str, hash_seed: str = "0") -> str:
    """Return what the command says."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=Path(__file__).parents[2],
    )
    assert done.stderr == ""
    return done.stdout


def test_a_seed_replays_the_same_in_every_process() -> None:
    once = told("--replay", str(SEED), hash_seed="1")
    assert "writes" in once
    assert told("--replay", str(SEED), hash_seed="2") == once


def test_a_replay_can_end_early() -> None:
    whole = told("--replay", str(SEED)).splitlines()
    early = told("--replay", str(SEED), "--until", "5").splitlines()
    told_early = [line for line in early if line.startswith(" ")]
    assert told_early
    assert all(line in whole for line in told_early)
    assert len(early) < len(whole)


def test_a_schedule_is_plain_data(tmp_path: Path) -> None:
    schedule = draw(SEED)
    assert load(schedule.dump()) == schedule
    path = tmp_path / "schedule.json"
    path.write_text(told("--dump", str(SEED)))
    assert told("--schedule", str(path)) == told("--replay", str(SEED))


def test_the_same_in_one_process_twice() -> None:
    first, second = try_seed(SEED), try_seed(SEED)
    assert first == second


def test_a_soak_sums_up() -> None:
    summary = told("--events", "200", "--jobs", "1")
    assert "virtual hours" in summary
    assert "worst times" in summary


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_compared_with_real_ovn_is_certain(seed: int) -> None:
    assert is_certain(for_sandbox(seed))


def test_a_copy_of_the_world_goes_on_the_same() -> None:
    run = Simulation(draw(SEED))
    run.start()
    run.go_on(20)
    one, other = run.ovn.copy(), run.ovn.copy()
    for world in (one, other):
        world.power_off("gw1")
        world.run(world.now + 30)
    assert one.sb == other.sb
    assert one.sb.rows == run.ovn.sb.rows
    assert run.ovn.nodes["gw1"].power
