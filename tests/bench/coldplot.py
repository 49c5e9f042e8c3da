# SPDX-License-Identifier: Apache-2.0
"""Time and memory of a start against the number of ports, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.plot import COLOURS, MARKERS, METADATA, STYLE

Point = tuple[int, float]


@dataclass(frozen=True)
class Start:
    """CPU seconds until both databases are there and planned; memory."""

    loaded: float
    planned: float | None
    memory: int
    highest: int

    def __str__(self) -> str:
        planned = "" if self.planned is None else f"{self.planned:.1f} s"
        return (
            f"{self.loaded:.1f} s | {planned} | {self.memory} MiB "
            f"| {self.highest} MiB"
        )


def draw(results: Mapping[int, Mapping[str, Start]], path: Path) -> None:
    """Write the picture as SVG; results are by the number of ports."""
    # Only here: it is installed for this picture alone.
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")
    with matplotlib.rc_context(STYLE):
        figure, (time, memory) = pyplot.subplots(
            1, 2, figsize=(9, 3.6), layout="constrained"
        )
        for index, (label, points) in enumerate(_times(results).items()):
            _line(time, label, index, points)
        for index, who in enumerate(("ovsdbapp", "gwsched")):
            label = f"{who} at the most"
            _line(memory, label, index, _highest(results, who))
        time.set_title("from the start of the process")
        time.set_ylabel("seconds of CPU")
        memory.set_title("memory")
        memory.set_ylabel("MiB")
        for panel in (time, memory):
            _dress(panel, sorted(results))
        figure.savefig(path, format="svg", metadata=METADATA)
        pyplot.close(figure)


def _times(
    results: Mapping[int, Mapping[str, Start]],
) -> dict[str, list[Point]]:
    """Return the lines of the first panel, the slowest first."""
    lines: dict[str, list[Point]] = {}
    for ports, starts in sorted(results.items()):
        for who, start in starts.items():
            lines.setdefault(f"{who}: loaded", []).append(
                (ports, start.loaded)
            )
            if start.planned is not None:
                lines.setdefault(f"{who}: first full plan", []).append(
                    (ports, start.planned)
                )
    return dict(sorted(lines.items(), key=lambda x: -x[1][0][1]))


def _highest(
    results: Mapping[int, Mapping[str, Start]], who: str
) -> list[Point]:
    return [
        (ports, starts[who].highest)
        for ports, starts in sorted(results.items())
        if who in starts
    ]


def _line(panel: Any, label: str, index: int, points: list[Point]) -> None:
    panel.plot(
        [ports for ports, _ in points],
        [value for _, value in points],
        marker=MARKERS[index],
        color=COLOURS[index],
        markersize=5,
        label=label,
    )


def _dress(panel: Any, ports: list[int]) -> None:
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("gateway ports")
    panel.set_xticks(ports, [str(number) for number in ports])
    panel.minorticks_off()
    panel.grid(axis="y", linewidth=0.3)
    panel.legend()
