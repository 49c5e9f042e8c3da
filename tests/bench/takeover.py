# SPDX-License-Identifier: Apache-2.0
"""Two or three controllers are killed, stopped and cut, again and again.

Each run draws what becomes of the gwsched that writes, of the NB server that
leads, or of both, while an operator pins ports here and there.  Counted is
what the raft log says: transactions by who had been replaced, intents that
were acknowledged and are gone or not obeyed; and who was taken for dead.

Run: python -m tests.bench.takeover [--runs 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.functional import harm
from tests.functional.harm import Outcome
from tests.functional.takeover import PROBE, World

# So many runs share one set of servers.
SHARED = 10


def main() -> None:
    """Make all runs; print each, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=1)
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.runs)
    shares = [seeds[i : i + SHARED] for i in range(0, args.runs, SHARED)]
    with ProcessPoolExecutor(args.side_by_side) as pool:
        done = pool.map(several, shares)
        print(summary([outcome for some in done for outcome in some]))


def several(seeds: Sequence[int]) -> list[Outcome]:
    """Make some runs on one set of controllers, of two or of three."""
    daemons = 2 + (seeds[0] // SHARED) % 2
    outcomes = []
    with World(*[()] * daemons) as world:
        for seed in seeds:
            drawn = harm.draw(seed, daemons)
            try:
                outcome = harm.run(world, drawn, seed)
            except AssertionError:
                print(seed, drawn, world.tell(), file=sys.stderr)
                raise
            outcomes.append(outcome)
            print(time.strftime("%T"), seed, daemons, outcome, flush=True)
    return outcomes


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the table, and what is to be 0."""
    took: dict[str, list[float]] = defaultdict(list)
    unready = []
    for outcome in outcomes:
        if outcome.took is not None and outcome.ready:
            took[str(outcome.harm)].append(outcome.took)
        elif outcome.took is not None:
            unready.append(f"{outcome.harm} {outcome.took:.2f} s")
    lines = ["| harmed | runs | median | most |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {len(times)} | {statistics.median(times):.2f} s "
        f"| {max(times):.2f} s |"
        for name, times in sorted(took.items())
    ]
    sums = {
        "transactions": sum(o.transactions for o in outcomes),
        "by who had been replaced": sum(o.intruders for o in outcomes),
        "intents": sum(o.intents for o in outcomes),
        "lost": sum(o.lost for o in outcomes),
        "false deaths": sum(o.deaths for o in outcomes),
    }
    said = ", ".join(f"{name} {count}" for name, count in sums.items())
    lines += [
        f"{len(outcomes)} runs, heartbeats every {PROBE} s: {said}",
        "while one that stands by was connecting anew: " + ", ".join(unready),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
