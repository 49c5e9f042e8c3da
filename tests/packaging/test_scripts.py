# SPDX-License-Identifier: Apache-2.0
"""The scripts a developer starts, and the packages they install."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path
    for folder in ("tools", ".ci")
    for path in (ROOT / folder).iterdir()
    if path.is_file()
)
SHELL = [path for path in SCRIPTS if "bash" in path.read_text()[:30]]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def packages() -> list[str]:
    lines = (ROOT / "bindep.txt").read_text().splitlines()
    return [line.split()[0] for line in lines if line and line[0] != "#"]


def test_the_fixed_names_are_there() -> None:
    names = {name(path) for path in SCRIPTS}
    assert names >= {"tools/setup", "tools/test", ".ci/run"}


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_a_script_is_executable(script: Path) -> None:
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("script", SHELL, ids=name)
def test_a_shell_script_parses(script: Path) -> None:
    check = subprocess.run(
        ["bash", "-n", script], check=False, capture_output=True, text=True
    )
    assert (check.returncode, check.stderr) == (0, "")


@pytest.mark.parametrize("script", SHELL, ids=name)
def test_a_shell_script_stops_at_errors(script: Path) -> None:
    assert "\nset -euo pipefail\n" in script.read_text()


def test_ci_runs_all_tests_and_nothing_else() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line and line[0] != "#"]
    assert commands[0] == "set -euo pipefail"
    assert len(commands) == 2
    assert re.fullmatch(r"exec .*/tools/test", commands[1].replace('"', ""))


@pytest.mark.parametrize("package", packages())
def test_a_package_is_installed(package: str) -> None:
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        check=False,
        capture_output=True,
        text=True,
    )
    assert query.stdout == "installed", query.stderr
