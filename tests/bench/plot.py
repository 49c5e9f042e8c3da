# SPDX-License-Identifier: Apache-2.0
"""The worst load after one failure, over the ideal, as a picture."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.fleetmodel import Size
from tests.bench.results import Results
from tests.bench.scenarios import INITIAL, ideal

PANELS = {
    INITIAL: "placed from nothing",
    "restarts": "after a rolling restart",
}
COLOURS = ("#0072b2", "#e69f00", "#d55e00", "#009e73", "#cc79a7")
MARKERS = ("o", "s", "D", "^", "v")
# The same results give the same file, whenever and wherever it is made.
STYLE = {"svg.hashsalt": "gwsched", "svg.fonttype": "none", "font.size": 9}
METADATA = {"Date": None, "Creator": None}


def draw(results: Results, sizes: Sequence[Size], path: Path) -> None:
    """Write the picture as SVG."""
    # Only here: it is installed for this picture alone.
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")
    with matplotlib.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            1, len(PANELS), figsize=(9, 3.6), layout="constrained"
        )
        labels = sorted({x for s in PANELS for x in results.labels(s)})
        for panel, scenario in zip(axes, PANELS, strict=True):
            _dress(panel, scenario, sizes)
            for index, label in enumerate(labels):
                points = _points(results, sizes, label, scenario)
                _mark(panel, label, index, len(labels), points)
        axes[0].set_ylabel("worst load after one failure / ideal")
        handles = axes[-1].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=len(labels))
        figure.savefig(path, format="svg", metadata=METADATA)
        pyplot.close(figure)


def _dress(panel: Any, scenario: str, sizes: Sequence[Size]) -> None:
    panel.set_title(PANELS[scenario])
    panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    panel.set_xlabel("chassis / ports")
    panel.set_xlim(-0.5, len(sizes) - 0.5)
    panel.axhline(1, color="black", linewidth=0.8)
    panel.grid(axis="y", linewidth=0.3)
    if scenario != INITIAL:
        panel.set_yscale("log")
        ticks = (1, 2, 5, 10, 20, 50)
        panel.set_yticks(ticks, [str(tick) for tick in ticks], minor=False)
        panel.minorticks_off()


Point = tuple[int, float, float, float]


def _points(
    results: Results, sizes: Sequence[Size], label: str, scenario: str
) -> list[Point]:
    """Return place, median, lowest and highest of what was not skipped."""
    points = []
    for place, size in enumerate(sizes):
        outcomes = results.outcomes(label, size, scenario)
        least = ideal(scenario, size).one
        found = [o.figures.one / least for o in outcomes if o.figures]
        if found:
            middle = statistics.median(found)
            points.append((place, middle, min(found), max(found)))
    return points


def _mark(
    panel: Any, label: str, index: int, count: int, points: list[Point]
) -> None:
    offset = (index - (count - 1) / 2) * 0.7 / count
    panel.errorbar(
        [place + offset for place, *_ in points],
        [middle for _, middle, _, _ in points],
        yerr=[
            [middle - low for _, middle, low, _ in points],
            [high - middle for _, middle, _, high in points],
        ],
        fmt=MARKERS[index % len(MARKERS)],
        color=COLOURS[index % len(COLOURS)],
        markersize=5,
        capsize=2,
        label=label,
    )
