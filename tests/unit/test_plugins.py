# SPDX-License-Identifier: Apache-2.0
"""Schedulers by name: ours, another package's, and what is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gwsched.conf import ConfigurationError
from gwsched.conf.plugins import installed, load_scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded

GOOD = """
class Last:
    def choose(self, request, ledger):
        return max((c.name for c in request.eligible), default=None)
"""

# Loads the scheduler of a name and says what came of it.
ASK = """
import sys
from gwsched.conf import ConfigurationError
from gwsched.model import Chassis
from gwsched.conf.plugins import load_scheduler
from gwsched.schedulers import Ledger, Pool, Request
try:
    scheduler = load_scheduler(sys.argv[1])
except ConfigurationError as error:
    sys.exit(f"ConfigurationError: {error}")
pool = Pool(Chassis(name) for name in ("gw1", "gw2", "gw3"))
first = scheduler.choose(Request("lrp", (), pool), Ledger())
print(first, scheduler.choose(Request("lrp", (first,), pool), Ledger()))
"""


def install(
    site: Path, code: str, package: str = "thirdparty", name: str = "last"
) -> None:
    """Lay down a package with a scheduler as pip would."""
    site.mkdir(exist_ok=True)
    (site / f"{package}.py").write_text(code)
    metadata = site / f"{package}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    )
    (metadata / "entry_points.txt").write_text(
        f"[gwsched.schedulers]\n{name} = {package}:Last\n"
    )


def run(site: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that sees the packages of a site directory."""
    return subprocess.run(
        command,
        env={
            **os.environ,
            "PYTHONPATH": str(site),
            "XDG_CACHE_HOME": str(site / "cache"),  # stevedore's
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def ask(site: Path, name: str) -> subprocess.CompletedProcess[str]:
    return run(site, sys.executable, "-c", ASK, name)


def daemon(site: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run the installed daemon with a scheduler's name configured."""
    path = site / "gwsched.conf"
    path.write_text(
        f"[scheduler]\novn_l3_scheduler = {name}\n[metrics]\nport = 0\n"
    )
    command = Path(sys.executable).with_name("gwsched")
    return run(site, str(command), "--config-file", str(path))


def test_ours_are_found_by_name() -> None:
    assert isinstance(load_scheduler("leastloaded"), LeastLoaded)
    assert isinstance(load_scheduler("chance"), Chance)


def test_ours_are_installed() -> None:
    assert {"chance", "leastloaded"} <= set(installed())
    assert installed() == sorted(installed())


@pytest.mark.parametrize("name", ["nonsense", "", "LeastLoaded", "a\nb"])
def test_a_name_not_known_lists_those_installed(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_scheduler(name)
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    assert "ovn_l3_scheduler" in said
    assert repr(name) in said
    assert ", ".join(installed()) in said


def test_another_packages_scheduler_works_by_its_name(tmp_path: Path) -> None:
    install(tmp_path, GOOD)
    done = ask(tmp_path, "last")
    assert done.stderr == ""
    assert done.stdout == "gw3 gw2\n"


def test_another_packages_scheduler_is_listed(tmp_path: Path) -> None:
    install(tmp_path, GOOD)
    done = ask(tmp_path, "nonsense")
    assert done.returncode == 1
    assert "chance, last, leastloaded" in done.stderr


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise RuntimeError('out of order')", "out of order"),
        ("import nobody_has_this", "nobody_has_this"),
        ("assert False, 'out of order'", "out of order"),
        ("this is no Python", "SyntaxError"),
        ("First = None", "Last"),
        ("class Last:\n    def __init__(self, x): pass", "argument"),
        ("class Last:\n    pass", "choose"),
        ("class Last:\n    choose = None", "choose"),
        ("def Last(): return None", "choose"),
    ],
)
def test_what_is_no_scheduler_is_refused_in_one_line(
    tmp_path: Path, code: str, words: str
) -> None:
    install(tmp_path, code)
    done = ask(tmp_path, "last")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("ConfigurationError: ")
    assert "ovn_l3_scheduler" in done.stderr
    assert "last" in done.stderr
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_scheduler_may_be_callable_too(tmp_path: Path) -> None:
    install(tmp_path, f"{GOOD}\n    __call__ = choose\n")
    assert ask(tmp_path, "last").stdout == "gw3 gw2\n"


def test_two_of_one_name_are_refused_in_one_line(tmp_path: Path) -> None:
    install(tmp_path, GOOD)
    install(tmp_path, GOOD, "fourthparty")
    done = ask(tmp_path, "last")
    assert done.stderr.startswith("ConfigurationError: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_daemon_refuses_a_name_not_known(tmp_path: Path) -> None:
    done = daemon(tmp_path, "nonsense")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("gwsched: ")
    assert "nonsense" in done.stderr
    assert "chance, leastloaded" in done.stderr


def test_the_daemon_refuses_what_is_no_scheduler(tmp_path: Path) -> None:
    install(tmp_path, "raise RuntimeError('out of order')")
    done = daemon(tmp_path, "last")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "out of order" in done.stderr


def test_a_broken_one_does_not_get_in_the_way_of_others(
    tmp_path: Path,
) -> None:
    install(tmp_path, "raise RuntimeError('out of order')")
    assert ask(tmp_path, "chance").returncode == 0
    done = daemon(tmp_path, "nonsense")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "chance, last, leastloaded" in done.stderr
