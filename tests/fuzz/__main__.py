# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.fuzz``: one history after another, until time is up."""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.history import live


def main() -> int:
    """Do what the command line says; 1 where something was found."""
    options = _options()
    # Whoever ends us ends what we have started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if options.replay is not None:
        return _try(options.replay, options)
    began = time.monotonic()
    first = options.seed
    if first is None:
        first = random.SystemRandom().randrange(1 << 30)
    found = 0
    for seed in itertools.count(first):
        minutes = (time.monotonic() - began) / 60
        if minutes >= options.minutes:
            _say(f"{seed - first} histories, {found} with findings")
            return min(found, 1)
        found += _try(seed, options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, help="the first; else any")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--replay", type=int, metavar="SEED")
    parser.add_argument(
        "--keep", type=Path, help="where directories go; default: /tmp"
    )
    return parser.parse_args()


def _try(seed: int, options: argparse.Namespace) -> int:
    """Live through one history; say what it was, and return what is wrong."""
    began = time.monotonic()
    try:
        told = live(seed, options.steps, options.keep)
    except Exception:  # whatever it is, the others are to be tried
        _say(f"seed {seed}: FOUND\n{traceback.format_exc()}")
        return 1
    _say(f"seed {seed}: {told}, {time.monotonic() - began:.0f} s")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
