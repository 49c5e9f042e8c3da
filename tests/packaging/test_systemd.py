# SPDX-License-Identifier: Apache-2.0
"""The systemd unit and its user, checked by systemd's own tools."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "gwsched.service"
SYSUSERS = SYSTEMD / "gwsched.sysusers"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )


def settings(section: str) -> list[str]:
    """Return the assignments in a section of the unit."""
    text = "\n" + UNIT.read_text()
    body = text.split(f"\n[{section}]\n")[1].split("\n[")[0]
    return [line for line in body.splitlines() if line and line[0] != "#"]


@pytest.fixture
def runnable(tmp_path: Path) -> Path:
    """Return a copy of the unit whose command exists on any machine."""
    text, count = re.subn(
        r"(?m)^ExecStart=/usr/bin/gwsched$",
        "ExecStart=/bin/true",
        UNIT.read_text(),
    )
    assert count == 1
    copy = tmp_path / UNIT.name
    copy.write_text(text)
    return copy


def test_the_unit_is_valid(runnable: Path) -> None:
    verify = run("systemd-analyze", "verify", runnable)
    assert (verify.returncode, verify.stdout) == (0, "")


def test_verify_would_report_a_misspelling(runnable: Path) -> None:
    with runnable.open("a") as unit:
        unit.write("\n[Service]\nProtectSytem=strict\n")
    verify = run("systemd-analyze", "verify", runnable)
    assert "Unknown key" in verify.stdout


def test_the_unit_is_confined(runnable: Path) -> None:
    security = run("systemd-analyze", "security", "--offline=true", runnable)
    match = re.search(
        r"Overall exposure level for gwsched.service: ([\d.]+)",
        security.stdout,
    )
    assert match, security.stdout
    assert float(match[1]) < 2.0, security.stdout


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("Unit", "StartLimitIntervalSec=0"),
        ("Unit", "Wants=network-online.target"),
        ("Unit", "After=network-online.target"),
        ("Service", "Type=notify"),
        ("Service", "NotifyAccess=main"),
        ("Service", "ExecReload=/bin/kill -HUP $MAINPID"),
        ("Service", "WatchdogSec=60"),
        ("Service", "Restart=always"),
        ("Service", "RestartSec=2"),
        ("Service", "User=gwsched"),
        ("Service", "Group=gwsched"),
        ("Service", "ConfigurationDirectory=gwsched"),
    ],
)
def test_the_unit_says(section: str, line: str) -> None:
    assert line in settings(section)


@pytest.mark.parametrize("key", ["Requires", "ProcSubset"])
def test_the_unit_leaves_out(key: str) -> None:
    lines = settings("Unit") + settings("Service")
    assert not [line for line in lines if line.startswith(f"{key}=")]


def test_the_user_is_created_without_a_shell(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    root = f"--root={tmp_path}"
    created = run("systemd-sysusers", root, SYSUSERS)
    assert created.returncode == 0, created.stdout
    passwd = (tmp_path / "etc/passwd").read_text().splitlines()
    name, _, _, _, gecos, home, shell = passwd[0].split(":")
    assert (name, gecos, home) == ("gwsched", "OVN L3 gateway scheduler", "/")
    assert shell.endswith("/nologin")
    groups = (tmp_path / "etc/group").read_text()
    assert re.search(r"(?m)^gwsched:", groups)
