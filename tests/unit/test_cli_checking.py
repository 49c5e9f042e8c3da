# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl check-config``: what the daemon would say of its files."""

import subprocess
import sys
from pathlib import Path

GWSCHEDCTL = Path(sys.executable).with_name("gwschedctl")


def check(*files: Path) -> subprocess.CompletedProcess[str]:
    named = [word for file in files for word in ("--config-file", str(file))]
    return subprocess.run(
        [GWSCHEDCTL, "check-config", *named],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_names_that_nobody_knows_are_an_error_each_with_its_file(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one.conf", tmp_path / "two.conf"
    one.write_text("[scheduler]\nmax_candidate = 3\n[schedular]\nx = 1\n")
    two.write_text("[health]\nhold_down = 3\n")
    done = check(one, two)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"gwschedctl: {one}: there is no option 'max_candidate' in "
        "[scheduler]; did you mean max_candidates?",
        f"gwschedctl: {one}: there is no [schedular]; "
        "did you mean [scheduler]?",
        f"gwschedctl: {two}: there is no option 'hold_down' in [health]; "
        "did you mean [failover] hold_down?",
        "gwschedctl: the daemon would start, but what it does not know it "
        "ignores",
    ]


def test_a_bad_value_is_named_beside_them(tmp_path: Path) -> None:
    file = tmp_path / "one.conf"
    file.write_text("[scheduler]\nmax_candidate = 3\nmode = perhaps\n")
    done = check(file)
    assert (done.returncode, done.stdout) == (2, "")
    strange, wrong = done.stderr.splitlines()
    assert "max_candidates?" in strange
    assert "perhaps" in wrong


def test_oslo_logs_options_and_neutrons_section_are_good(
    tmp_path: Path,
) -> None:
    file = tmp_path / "one.conf"
    file.write_text(
        "[DEFAULT]\ndebug = true\nlog_date_format = %H\n"
        "[ovn]\novn_l3_scheduler = chance\nneutron_sync_mode = log\n"
    )
    done = check(file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"configuration is good: {file}; ")
