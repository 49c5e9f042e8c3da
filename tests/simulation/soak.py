# SPDX-License-Identifier: Apache-2.0
"""Many seeds, on all processors."""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context

from tests.simulation.drawing import draw
from tests.simulation.invariants import ViolationError
from tests.simulation.outcome import Outcome
from tests.simulation.simulation import Simulation

# How many schedules CI runs, in chunks that are one test each.
SCHEDULES = 10_000
CHUNK = 250

# A seed, what came of it, and what did not hold, if anything.
Report = tuple[int, Outcome, str]


def try_seed(seed: int, most: int = 5, *, polled: bool = False) -> Report:
    """Run one seed."""
    run = Simulation(draw(seed, most=most), polled=polled)
    with _uncollected():
        try:
            run.run()
        except ViolationError as violation:
            return seed, run.outcome, str(violation)
    return seed, run.outcome, ""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave cycles be for the while of one run: they are its very state."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def failures(seeds: Iterable[int]) -> list[str]:
    """Run seeds; return what does not hold, and how to see it happen."""
    return [
        f"{what} (python -m tests.simulation --replay {seed})"
        for seed, _, what in map(try_seed, seeds)
        if what
    ]


def soak(
    seed: int,
    events: int,
    jobs: int = 0,
    most: int = 5,
    *,
    polled: bool = False,
) -> Iterator[Report]:
    """Run seeds until so much has happened in them; yield each."""
    seeds = ((number, most, polled) for number in itertools.count(seed))
    happened = 0
    with get_context("fork").Pool(jobs or os.cpu_count()) as pool:
        for report in pool.imap(_one, seeds, chunksize=20):
            yield report
            happened += report[1].steps
            if happened >= events:
                return


def _one(arguments: tuple[int, int, bool]) -> Report:
    seed, most, polled = arguments
    return try_seed(seed, most, polled=polled)
