# SPDX-License-Identifier: Apache-2.0
"""Measure all failures all ways, as a Markdown table.

Run: python -m tests.bench.faults [WORD ...], only rows with these words.
"""

from __future__ import annotations

import sys

from gwsched.sandbox import PingReport
from tests.bench.faults.cases import CASES
from tests.bench.faults.measure import FOREVER, Way, cost


def text(report: PingReport) -> str:
    """Say what was lost, and for how long at most in one stretch."""
    if report.sent == 0 or report.longest_gap >= FOREVER:
        return "for ever"
    return f"{report.longest_gap:.2f} s, {report.lost}"


def main(words: list[str]) -> None:
    """Measure every failure that is asked for."""
    heads = [part for way in Way for part in (way.value, "its end")]
    print(f"| failure | {' | '.join(heads)} |")
    print(f"|---|{'---|' * len(heads)}", flush=True)
    for case in CASES:
        if words and not any(word in case.name for word in words):
            continue
        cells = [case.name]
        for way in Way:
            found = cost(case, way)
            cells += [text(found.broken), text(found.undone)]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
