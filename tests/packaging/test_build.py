# SPDX-License-Identifier: Apache-2.0
"""The sdist and the wheel: built, installed and used, all of it offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from gwsched import __version__
from tests.functional import daemon
from tests.functional.daemon import Daemon

ROOT = Path(__file__).parents[2]
FOLDERS = (
    *(".ci", "docs", "etc", "gwsched", "man", "systemd", "tests", "tools"),
)
FILES = (
    *("LICENSE", "MANIFEST.in", "bindep.txt", "pyproject.toml", "tox.ini"),
)
COMMANDS = ("gwsched", "gwschedctl", "gwsched-sandbox")
# Where an operator, and what is in docs and man, finds them.
SHARED = {
    "share/bash-completion/completions/gwschedctl.bash",
    "share/gwsched/grafana/gwsched.json",
    "share/gwsched/gwsched.conf.sample",
    "share/gwsched/prometheus/gwsched.rules.yml",
    "share/gwsched/rolling-reboot.sh",
    "share/gwsched/systemd/gwsched.service",
    "share/gwsched/systemd/gwsched.sysusers",
    "share/man/man5/gwsched.conf.5",
    "share/man/man8/gwsched-sandbox.8",
    "share/man/man8/gwsched.8",
    "share/man/man8/gwschedctl.8",
    "share/zsh/site-functions/_gwschedctl",
}


def run(*argv: str | Path, cwd: Path) -> str:
    """Run a command that may fetch nothing; return all it says."""
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **offline},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def sources() -> set[str]:
    """Return all that is to be in a sdist, by its path in the checkout."""
    found = [ROOT / name for name in FILES] + [*ROOT.glob("*.md")]
    for folder in FOLDERS:
        found += [p for p in (ROOT / folder).rglob("*") if p.is_file()]
    return {
        str(path.relative_to(ROOT))
        for path in found
        if "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a sdist, and the wheel that was built from it."""
    ignored = (ROOT / ".gitignore").read_text().split()
    checkout = tmp_path_factory.mktemp("build") / "checkout"
    shutil.copytree(
        ROOT,
        checkout,
        ignore=shutil.ignore_patterns(
            ".git", *(name.rstrip("/") for name in ignored)
        ),
    )
    build = (sys.executable, "-m", "build", "--no-isolation")
    said = run(*build, "--outdir", checkout.parent / "dist", cwd=checkout)
    assert "deprecated" not in said.lower()
    return checkout.parent / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return dist / f"gwsched-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def prefix(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel.

    What gwsched depends on it has from ours, but not gwsched itself: ours is
    an editable one, and that is not found by a path alone.
    """
    found = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", found, cwd=found)
    pip = (sys.executable, "-m", "pip", "--python", found / "bin/python")
    run(*pip, "install", "--no-deps", wheel, cwd=found)
    (packages,) = found.glob("lib/python*/site-packages")
    ours = sysconfig.get_path("purelib")
    (packages / "dependencies.pth").write_text(f"{ours}\n")
    return found


def test_a_sdist_has_everything(dist: Path) -> None:
    name = f"gwsched-{__version__}"
    with tarfile.open(dist / f"{name}.tar.gz") as archive:
        names = {
            member.name.removeprefix(f"{name}/")
            for member in archive.getmembers()
            if member.isfile()
        }
    made = {"PKG-INFO", "setup.cfg"}
    found = {n for n in names if not n.startswith("gwsched.egg-info/")}
    assert found - made == sources() | {".gitignore"}


def test_a_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name[-1] != "/"}
    about = f"gwsched-{__version__}"
    package = {name for name in sources() if name.startswith("gwsched/")}
    data = {f"{about}.data/data/{name}" for name in SHARED}
    info = {name for name in names if name.startswith(f"{about}.dist-info/")}
    assert names - info == package | data
    assert f"{about}.dist-info/licenses/LICENSE" in info


def test_what_is_shared_is_what_is_in_the_checkout(prefix: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    data = project["tool"]["setuptools"]["data-files"]
    named = {
        f"{folder}/{Path(name).name}": name
        for folder, names in data.items()
        for name in names
    }
    found = [p for p in (prefix / "share").rglob("*") if p.is_file()]
    assert {str(path.relative_to(prefix)) for path in found} == SHARED
    assert named.keys() == SHARED
    for path, name in named.items():
        assert (prefix / path).read_bytes() == (ROOT / name).read_bytes()


def test_a_script_can_be_run(prefix: Path) -> None:
    assert os.access(prefix / "share/gwsched/rolling-reboot.sh", os.X_OK)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_what_it_takes(prefix: Path, command: str) -> None:
    said = run(prefix / "bin" / command, "--help", cwd=prefix)
    assert said.startswith(f"usage: {command} ")


@pytest.mark.parametrize("command", COMMANDS[:2])
def test_a_command_says_its_version(prefix: Path, command: str) -> None:
    said = run(prefix / "bin" / command, "--version", cwd=prefix)
    assert said == f"{__version__}\n"


def test_the_shared_sample_is_good(prefix: Path) -> None:
    sample = prefix / "share/gwsched/gwsched.conf.sample"
    check: Sequence[str | Path] = ("--config-file", sample, "check-config")
    said = run(prefix / "bin/gwschedctl", *check, cwd=prefix)
    assert said.startswith(f"configuration is good: {sample}")


def test_it_runs_from_there_and_shows_the_page(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = "import gwsched; print(gwsched.__file__)"
    module = run(prefix / "bin/python", "-c", where, cwd=prefix)
    assert Path(module).is_relative_to(prefix)
    monkeypatch.setattr(daemon, "BIN", prefix / "bin")
    nowhere = f"unix:{tmp_path}/nowhere"
    with Daemon(tmp_path, nowhere, nowhere) as running:
        status, page = running.get("/")
        assert status == 200
        assert "<html" in page
        assert running.get("/metrics")[0] == 200
