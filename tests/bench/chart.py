# SPDX-License-Identifier: Apache-2.0
"""The tables that benchmarks print, as pictures.

Run: python -m tests.bench.chart NAME TABLE PICTURE; NAME is one of the
charts below, the table what that benchmark has printed (or a document with
it), the picture an SVG file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.plot import COLOURS, MARKERS, METADATA, STYLE

Row = Sequence[str]
UNITS = {"us": 1e-6, "ms": 1e-3}


def number(cell: str) -> float | None:
    """Return what a cell begins with, in seconds if it is a time."""
    found = re.match(r"([\d.]+) ?(us|ms)?", cell)
    if found is None:
        return None
    return float(found[1]) * UNITS.get(found[2], 1)


@dataclass(frozen=True)
class Line:
    """A column; ``of`` says which rows count."""

    label: str
    column: int
    of: Callable[[Row], bool] = lambda row: True


@dataclass(frozen=True)
class Panel:
    """Some lines over the first number of a column, or over its words."""

    y: str
    lines: Sequence[Line]
    logarithmic: bool = False


@dataclass(frozen=True)
class Chart:
    """Panels side by side; ``by_words`` has a place for each first cell.

    ``table`` is how the head of the table begins.
    """

    table: str
    x: str
    panels: Sequence[Panel]
    column: int = 0
    by_words: bool = False
    straight: bool = False


def _is_event(name: str) -> Callable[[Row], bool]:
    return lambda row: row[0] == name


def _has_100(row: Row) -> bool:
    return row[0].split("/")[1].strip() == "100"


CHARTS: Mapping[str, Chart] = {
    "plan": Chart(
        "| ports / gateways / chassis | from nothing",
        "gateway ports, on 100 gateways",
        [
            Panel(
                "seconds of CPU",
                [
                    Line("all placed from nothing", 1, _has_100),
                    Line("backups levelled", 6, _has_100),
                    Line("a death is seen", 4, _has_100),
                    Line("its lists are refilled", 5, _has_100),
                ],
                logarithmic=True,
            ),
            Panel("MiB", [Line("memory", 8, _has_100)]),
        ],
    ),
    "steady": Chart(
        "| ports | chassis | placed and claimed",
        "gateway ports",
        [
            Panel(
                "% of a core, at rest",
                [
                    Line("gwsched", 3),
                    Line("NB", 7),
                    Line("SB", 8),
                    Line("northd", 9),
                ],
            ),
            Panel(
                "% of a core, heartbeats by a bare transaction",
                [Line("NB", 10), Line("SB", 11), Line("northd", 12)],
            ),
        ],
    ),
    "idle": Chart(
        "| ports/gateways/chassis/others | of a core",
        "gateway ports",
        [
            Panel("% of a core, at rest", [Line("gwsched", 1)]),
            Panel("MiB", [Line("memory at rest", 6)]),
        ],
    ),
    "memory": Chart(
        "| updates | memory",
        "updates by others",
        [Panel("MiB", [Line("memory", 1)])],
        straight=True,
    ),
    "takeover": Chart(
        "| harmed | runs",
        "what was harmed, and how",
        [
            Panel(
                "seconds until somebody else writes",
                [Line("median", 2), Line("most", 3)],
            )
        ],
        by_words=True,
    ),
    "reaction": Chart(
        "| event | ports / gateways",
        "gateway ports",
        [
            Panel(
                "milliseconds, median",
                [
                    Line("event: emptied", 2, _is_event("emptied")),
                    Line("event: gone", 2, _is_event("gone")),
                    Line("bare, by ovsdb-client", 5, _is_event("emptied")),
                    Line("bare, open connection", 4, _is_event("emptied")),
                ],
            )
        ],
        column=1,
    ),
}


def rows(text: str, head: str) -> list[Row]:
    """Return the cells of the table whose head begins so.

    :raises SystemExit: where there is no such table
    """
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith(head)]
    if not starts:
        raise SystemExit(f"there is no table {head}")
    found: list[Row] = []
    for line in lines[starts[0] + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip(" *") for cell in line.split("|")[1:-1]])
    return found


def draw(chart: Chart, table: Sequence[Row], path: Path) -> None:
    """Write the picture as SVG."""
    # Only here: it is installed for pictures alone.
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")
    count = len(chart.panels)
    with matplotlib.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            1,
            count,
            figsize=(6 if count == 1 else 9, 3.6),
            layout="constrained",
            squeeze=False,
        )
        for axis, panel in zip(axes[0], chart.panels, strict=True):
            _plot(axis, chart, panel, table)
        figure.savefig(path, format="svg", metadata=METADATA)
        pyplot.close(figure)


def _plot(axis: Any, chart: Chart, panel: Panel, table: Sequence[Row]) -> None:
    for index, line in enumerate(panel.lines):
        chosen = [row for row in table if line.of(row)]
        axis.plot(
            _places(chart, chosen),
            [number(row[line.column]) for row in chosen],
            marker=MARKERS[index],
            color=COLOURS[index],
            linestyle="none" if chart.by_words else "-",
            markersize=5,
            label=line.label,
        )
    _dress(axis, chart, sorted({*_places(chart, table)}))
    axis.set_ylabel(panel.y)
    if panel.logarithmic:
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=0)


def _places(chart: Chart, table: Sequence[Row]) -> list[Any]:
    cells = [row[chart.column] for row in table]
    if chart.by_words:
        return cells
    return [int(re.split(r"\D", cell)[0]) for cell in cells]


def _dress(axis: Any, chart: Chart, places: Sequence[Any]) -> None:
    axis.set_xlabel(chart.x)
    axis.grid(axis="y", linewidth=0.3)
    if chart.by_words:
        axis.tick_params(axis="x", rotation=60)
    elif not chart.straight:
        axis.set_xscale("log")
        axis.set_xticks(places, [str(place) for place in places])
        axis.minorticks_off()
    axis.legend()


def main() -> None:
    """Draw the chart that is named."""
    name, source, target = sys.argv[1:]
    chart = CHARTS[name]
    table = rows(Path(source).read_text(), chart.table)
    draw(chart, table, Path(target))


if __name__ == "__main__":
    main()
