# SPDX-License-Identifier: Apache-2.0
"""The example plug-in of docs/schedulers.md, installed and run as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "schedulers.md"
RUN = """
from gwsched.decisions import Policy
from gwsched.conf.plugins import load_scheduler
from tests.world import fleet

world = fleet(4, 250, scheduler=load_scheduler("pack"),
              policy=Policy(max_candidates=3))
world.settle()
print(sorted(world.loads().values()), {len(o) for o in world.orders})
"""


def blocks() -> dict[str, str]:
    """The files that the page shows, by their names."""
    text = PAGE.read_text()
    shown = re.findall(r"`(\S+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL)
    return dict(shown)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A directory with the plug-in as pip would have left it."""
    files = blocks()
    project = tomllib.loads(files["pyproject.toml"])["project"]
    (tmp_path / "gwsched_pack.py").write_text(files["gwsched_pack.py"])
    name, version = project["name"].replace("-", "_"), project["version"]
    metadata = tmp_path / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    )
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{k} = {v}" for k, v in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_example_is_found_by_name_and_does_what_the_page_says(
    installed: Path,
) -> None:
    path = os.pathsep.join([str(installed), str(PAGE.parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, "PYTHONPATH": path},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[0, 50, 100, 100] {3}\n"
