# SPDX-License-Identifier: Apache-2.0
"""The daemon as systemd sees it: coming up, staying up, going down."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gwsched import __version__, service
from tests.unit.away import AWAY, GWSCHED, PATIENCE, Daemon, running


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running() as started:
        yield started


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the daemon where it should end by itself."""
    return subprocess.run(
        [GWSCHED, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[scheduler]\nmode = perhaps\n", "mode"),
        ("[scheduler]\novn_l3_scheduler = nonsense\n", "leastloaded"),
        ("[ovn]\novn_nb_connection = nonsense\n", "ovn_nb_connection"),
        ("[metrics]\nbind = 192.0.2.1\n", "192.0.2.1"),
        ("[DEFAULT]\ndebug = perhaps\n", "debug"),
        ("[DEFAULT]\nlog_file = /nonexistent/log\n", "/nonexistent/log"),
        (
            "[DEFAULT]\nlog_config_append = /nonexistent/logging.conf\n",
            "/nonexistent/logging.conf",
        ),
        ("nonsense\n", "nonsense"),
    ],
)
def test_a_wrong_configuration_ends_it_with_one_line(
    tmp_path: Path, text: str, words: str
) -> None:
    conf = tmp_path / "gwsched.conf"
    conf.write_text(text)
    done = run("--config-file", conf)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("gwsched: ")
    assert words in done.stderr


def test_main_returns_what_the_process_shall_exit_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.conf"
    assert service.main(["--config-file", str(missing)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert str(missing) in said.err


def test_a_port_in_use_ends_it_with_one_line(tmp_path: Path) -> None:
    conf = tmp_path / "gwsched.conf"
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        conf.write_text(AWAY.format(port=port))
        done = run("--config-file", conf)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"127.0.0.1 port {port}" in done.stderr
    assert "in use" in done.stderr


def test_an_argument_not_known_is_wrong_usage() -> None:
    assert run("--nonsense").returncode == 2


def test_the_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert __version__ in done.stdout


def test_databases_that_are_away_do_not_keep_it_from_coming_up(
    daemon: Daemon,
) -> None:
    assert daemon.get("/livez") == (200, "ok\n")
    status, why = daemon.get("/readyz")
    assert status == 503
    assert "NB" in why
    status, metrics = daemon.get("/metrics")
    assert status == 200
    assert 'gwsched_ovsdb_connected{db="nb"} 0.0' in metrics
    assert "gwsched_leader 0.0" in metrics


def test_the_log_says_what_is_away_and_where_to_look(daemon: Daemon) -> None:
    daemon.wait_told("WATCHDOG=1")
    daemon.wait_told("WATCHDOG=1")
    assert "ovn_nb_connection" in daemon.log
    assert "Traceback" not in daemon.log


def test_the_watchdog_is_fed_while_the_databases_are_away(
    daemon: Daemon,
) -> None:
    for _ in range(4):
        daemon.wait_told("WATCHDOG=1")
    assert daemon.process.poll() is None


def test_a_hangup_does_not_end_it(daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGHUP)
    for _ in range(3):
        daemon.wait_told("WATCHDOG=1")
    assert daemon.get("/livez")[0] == 200
    assert daemon.process.poll() is None


def test_after_a_hangup_it_still_pauses_between_two_tries(
    daemon: Daemon,
) -> None:
    """A wake-up that nobody takes would let it spin."""
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGHUP)
    while "next try in 4.0 s" not in daemon.log:
        daemon.wait_told("WATCHDOG=1")
    assert time.monotonic() - began > 1.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(
    daemon: Daemon, number: signal.Signals
) -> None:
    began = time.monotonic()
    daemon.process.send_signal(number)
    daemon.wait_told("STOPPING=1")
    assert daemon.process.wait(timeout=PATIENCE) == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in daemon.log
