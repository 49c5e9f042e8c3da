# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.simulation``: a soak, or one seed told step by step."""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

from tests.simulation.drawing import draw
from tests.simulation.invariants import ViolationError
from tests.simulation.outcome import Outcome
from tests.simulation.schedules import Schedule, load
from tests.simulation.simulation import Simulation
from tests.simulation.soak import soak


def main() -> int:
    """Do what the command line says; 1 where something does not hold."""
    options = _options()
    if options.dump is not None:
        _say(draw(options.dump).dump())
        return 0
    if options.replay is not None:
        return _replay(draw(options.replay), options)
    if options.schedule:
        schedule = load(Path(options.schedule).read_text())
        return _replay(schedule, options)
    return _soak(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__
    )
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--most", type=int, default=5, help="gateways")
    parser.add_argument("--replay", type=int, metavar="SEED")
    parser.add_argument("--until", type=float, default=math.inf)
    parser.add_argument(
        "--polled",
        action="store_true",
        help="answers to heartbeats are asked for, as the daemon does",
    )
    parser.add_argument("--dump", type=int, metavar="SEED")
    parser.add_argument("--schedule", metavar="FILE", help="what --dump wrote")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _replay(schedule: Schedule, options: argparse.Namespace) -> int:
    """Tell all that happens in one schedule."""
    for host in schedule.cloud.hosts.values():
        _say(str(host))
    for port in schedule.cloud.ports.values():
        _say(str(port))
    for unit, (ports, order) in schedule.cloud.lists.items():
        _say(f"{unit} {' '.join(ports)}: [{' '.join(order)}]")
    _say(f"{schedule.policy} bfd_time={schedule.cloud.bfd_time}")
    run = Simulation(schedule, polled=options.polled)
    began = run.began
    run.ovn.log = lambda now, what: _say(f"{now - began:9.3f} {what}")
    try:
        run.run(options.until)
    except ViolationError as violation:
        _say(f"does not hold: {violation}")
        return 1
    for line in run.outcome.lines():
        _say(line)
    return 0


def _soak(options: argparse.Namespace) -> int:
    began = time.monotonic()
    total = Outcome()
    failed = []
    for seed, outcome, what in soak(
        options.seed,
        options.events,
        options.jobs,
        options.most,
        polled=options.polled,
    ):
        before = total.steps // 10_000
        total.add(outcome)
        if what:
            failed.append(seed)
            _say(f"seed {seed}: {what}")
        if total.steps // 10_000 > before:
            took = time.monotonic() - began
            _say(
                f"{total.steps} happenings, {total.seconds / 3600:.0f} "
                f"virtual hours, {len(failed)} failures, {took:.0f} s"
            )
    for line in total.lines():
        _say(line)
    _say(f"failures            {len(failed)}  {failed[:20]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
