# SPDX-License-Identifier: Apache-2.0
"""Reaction against the number of ports, beside a bare transaction.

Run: python -m tests.bench.reactionplot TABLE PICTURE; the table is what
tests.bench.reaction prints, the picture an SVG file.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.plot import COLOURS, MARKERS, METADATA, STYLE

BARE = "bare transaction by ovsdb-client"
Lines = dict[str, list[tuple[int, float]]]


def read(table: str) -> Lines:
    """Return the medians by what is measured, with their ports."""
    found: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) < 6 or not cells[2][:1].isdigit():
            continue
        ports = int(cells[1].split(",")[0])
        found[f"event: {cells[0]}"].append((ports, float(cells[2])))
        if cells[0] == "emptied":
            found[BARE].append((ports, float(cells[5])))
    return dict(found)


def draw(lines: Lines, path: Path) -> None:
    """Write the picture as SVG."""
    # Only here: it is installed for this picture alone.
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")
    with matplotlib.rc_context(STYLE):
        figure, panel = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
        for index, (label, points) in enumerate(sorted(lines.items())):
            panel.plot(
                *zip(*sorted(points), strict=True),
                marker=MARKERS[index],
                color=COLOURS[index],
                markersize=5,
                label=label,
            )
        ports = sorted({n for points in lines.values() for n, _ in points})
        panel.set_xscale("log")
        panel.set_xticks(ports, [str(number) for number in ports])
        panel.minorticks_off()
        panel.set_ylim(bottom=0)
        panel.set_xlabel("gateway ports")
        panel.set_ylabel("milliseconds, median")
        panel.grid(axis="y", linewidth=0.3)
        panel.legend()
        figure.savefig(path, format="svg", metadata=METADATA)
        pyplot.close(figure)


if __name__ == "__main__":
    draw(read(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
