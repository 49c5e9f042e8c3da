# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.soak``: real OVN, random faults, traffic, no mercy."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.soak.cloud import Traits, cloud
from tests.soak.soak import Soak


def main() -> int:
    """Run a soak; 1 where an outage is not explained."""
    options = _options()
    chance = Random(options.seed)
    traits = Traits.draw(chance)
    place = Path(options.keep or tempfile.mkdtemp(prefix="gwsched-soak-"))
    place.mkdir(parents=True, exist_ok=True)
    _say(f"seed {options.seed}: {traits}; kept in {place}")
    with cloud(traits, place) as found:
        soak = Soak(found, chance, place, _say)
        try:
            soak.run(time.monotonic() + options.minutes * 60)
        finally:
            for line in soak.report():
                _say(line)
    return 1 if soak.findings.unexplained else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description=__doc__
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", metavar="DIRECTORY", help="for traces")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
