# SPDX-License-Identifier: Apache-2.0
"""Results as tables in markdown: medians, and ranges where there are some."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence

from tests.bench.fleetmodel import Figures, Size
from tests.bench.results import Results
from tests.bench.scenarios import INITIAL, SCENARIOS, Outcome, ideal

TITLES = {
    INITIAL: "All ports placed, from nothing",
    "restarts": "Then each chassis stops in order and comes back, in turn",
    "removed": "Or one chassis goes for good",
    "added": "Or one more chassis comes",
}
COLUMNS = (
    "chassis / ports",
    "scheduler",
    "most loaded",
    "after one failure",
    "after two",
    "unforced moves",
    "ms per list",
    "runs",
)


def tables(results: Results, sizes: Sequence[Size]) -> Iterator[str]:
    """Return the lines of one table per scenario."""
    for scenario in SCENARIOS:
        labels = results.labels(scenario)
        if not labels:
            continue
        yield f"\n**{TITLES[scenario]}**\n"
        yield row(COLUMNS)
        yield row(["---"] * len(COLUMNS))
        for size in sizes:
            yield row([str(size), "*ideal*", *least(ideal(scenario, size))])
            for label in labels:
                outcomes = results.outcomes(label, size, scenario)
                yield row([str(size), label, *cells(outcomes)])


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def least(figures: Figures) -> list[str]:
    two = "-" if figures.two is None else str(figures.two)
    return [str(figures.now), str(figures.one), two, "-", "-", "-"]


def cells(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the figures of all runs of a scenario, as text."""
    done = [(o, o.figures) for o in outcomes if o.figures]
    if not done:
        needed = max((o.took for o in outcomes), default=0.0)
        why = f"skipped (over {needed:.0f} s)" if needed else "skipped"
        return [why, "", "", "", "", ""]
    stranded = max(figures.stranded for _, figures in done)
    times = [o.per_list for o, _ in done if o.per_list]
    return [
        spread(figures.now for _, figures in done),
        spread(figures.one for _, figures in done)
        + (f", {stranded} stranded" if stranded else ""),
        spread(figures.two for _, figures in done),
        spread(o.unforced for o, _ in done),
        f"{statistics.median(times) * 1000:.2g}" if times else "-",
        str(len(done)),
    ]


def spread(values: Iterable[int | None]) -> str:
    """Return the median of a figure over all runs, and its range."""
    found = [value for value in values if value is not None]
    if not found:
        return "-"
    low, high = min(found), max(found)
    text = f"{statistics.median(found):g}"
    return text if low == high else f"{text} ({low}-{high})"
