# SPDX-License-Identifier: Apache-2.0
"""Neutron's L3 scheduler and gwsched on the same fleets and events.

Neutron is the real one, from PyPI, each version in an environment of its
own (made once, in --cache).  What is Neutron's and what is a stub is said in
tests/bench/neutron.  Neutron's choices depend on Python's hash seed or on
chance: several runs, of which the table has median and range.  gwsched is
the same every time.  Times in memory are compared with times in memory, and
those on real databases with those on real databases.  The runs of one
scenario together may take as long as --budget says; what would take longer
is skipped, or has fewer runs.

Run: python -m tests.bench.placement [--help]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.bench import plot, realrows
from tests.bench.fleetmodel import Contender, Size
from tests.bench.neutron.client import Driver, Neutron
from tests.bench.neutron.venvs import CACHE, python_with
from tests.bench.ours import Gwsched
from tests.bench.results import Results
from tests.bench.scenarios import INITIAL, SCENARIOS, Outcome, Run
from tests.bench.tables import tables

SIZES = ("3/300", "6/300", "10/1000", "50/1000", "100/5000")
VERSIONS = ("27.0.4", "29.0.0")
# Since 2026.2 Neutron adds a chassis that comes to the groups of all routers.
WITH_GROUPS = 29
PLOT = Path(__file__).parents[2] / "docs" / "placement.svg"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.placement")
    add = parser.add_argument
    add("--sizes", nargs="*", default=SIZES, help="CHASSIS/PORTS")
    add("--versions", nargs="*", default=VERSIONS, help="of Neutron")
    add("--seeds", type=int, default=10, help="runs of Neutron")
    add("--budget", type=float, default=300.0, help="s for one's runs")
    add("--cache", type=Path, default=CACHE, help="for the environments")
    add("--keep", type=Path, help="a file: its Neutron runs are not repeated")
    add("--plot", type=Path, default=PLOT, help="the picture to write")
    add("--no-plot", action="store_true", help="no picture")
    add("--no-real", action="store_true", help="nothing on databases")
    chosen = parser.parse_args()
    # Rather now than after an hour.
    if not (chosen.no_plot or find_spec("matplotlib")):
        parser.error("pip install 'gwsched[bench]', or say --no-plot")
    return chosen


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def variants(driver: Driver, version: str) -> list[Contender]:
    """Return a Neutron whole, and where it differs also without groups."""
    label = f"Neutron {version}"
    whole = Neutron(driver, label, groups=True)
    if int(version.split(".")[0]) < WITH_GROUPS:
        return [whole]
    return [whole, Neutron(driver, f"{label}, scheduling only", groups=False)]


def bout(
    results: Results,
    size: Size,
    seed: int,
    contenders: Sequence[Contender],
    scenarios: Sequence[str] = SCENARIOS,
) -> None:
    """Run all scenarios; all of the contenders place as the first does."""
    placed = None
    for contender in contenders:
        run = Run(contender, size, placed)
        for scenario in scenarios:
            if scenario == INITIAL and placed is not None:
                continue
            if scenario != INITIAL and run.placed is None:
                return
            limit = results.limit(contender.label, size, scenario)
            if limit is not None:
                outcome = run.run(scenario, seed, limit)
                what = (contender.label, size, scenario, seed)
                kept = isinstance(contender, Neutron)
                results.add(*what, outcome, keep=kept)
                say(told(*what, outcome))
        placed = run.placed


def told(
    label: str, size: Size, scenario: str, seed: int, outcome: Outcome
) -> str:
    what = f"{label}, {size}, {scenario}, run {seed}: {outcome.took:.1f} s"
    return what if outcome.figures else f"{what} needed, skipped"


def run_neutron(
    results: Results,
    sizes: Sequence[Size],
    version: str,
    seeds: int,
    cache: Path,
) -> None:
    label = f"Neutron {version}"
    python = python_with(version, cache)
    for seed in range(1, seeds + 1):
        wanted = [
            size
            for size in sizes
            if not results.has(label, size, INITIAL, seed)
            and results.limit(label, size, INITIAL) is not None
        ]
        if not wanted:
            continue
        with Driver(python, seed) as driver:
            for size in wanted:
                bout(results, size, seed, variants(driver, version))


def run_ours(results: Results, sizes: Sequence[Size]) -> None:
    for size in sizes:
        bout(results, size, 1, [Gwsched("gwsched")])
        alone = Gwsched("gwsched, port by port", chunk=1)
        bout(results, size, 1, [alone], [INITIAL])


def main() -> None:
    """Measure everything, print the tables and write the picture."""
    chosen = arguments()
    sizes = [Size.parse(text) for text in chosen.sizes]
    results = Results(chosen.budget, chosen.keep)
    for version in chosen.versions:
        run_neutron(results, sizes, version, chosen.seeds, chosen.cache)
    run_ours(results, sizes)
    for line in tables(results, sizes):
        print(line)
    if not chosen.no_plot:
        plot.draw(results, sizes, chosen.plot)
        say(f"wrote {chosen.plot}")
    if not chosen.no_real:
        pythons = {v: python_with(v, chosen.cache) for v in chosen.versions}
        for line in realrows.report(pythons, chosen.budget):
            print(line, flush=True)


if __name__ == "__main__":
    main()
