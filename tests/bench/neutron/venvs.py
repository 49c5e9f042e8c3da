# SPDX-License-Identifier: Apache-2.0
"""Virtual environments with Neutron from PyPI, each made once.

Neutron is used as released and never beside gwsched: each version has an
environment of its own, with the libraries of its own time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path("~/.cache/gwsched-bench").expanduser()
# 27.0.4 does not cap its libraries, and breaks with those of today.
PINS = {
    "27.0.4": (
        "neutron-lib<3.22",
        "ovs<3.6",
        "ovsdbapp<2.14",
        "SQLAlchemy<2.1",
    )
}


def python_with(version: str, cache: Path) -> Path:
    """Return the interpreter of an environment that has this Neutron."""
    directory = cache / f"neutron-{version}"
    python = directory / "bin" / "python"
    # What was not finished has no mark and is made anew.
    finished = directory / "finished"
    if finished.exists():
        return python
    print(f"installing neutron {version} in {directory}", file=sys.stderr)
    shutil.rmtree(directory, ignore_errors=True)
    directory.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    wanted = [f"neutron=={version}", *PINS.get(version, ())]
    # Only the errors of pip: what is printed here is the table.
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--quiet", *wanted],
        check=True,
        stdout=sys.stderr,
    )
    finished.touch()
    return python
