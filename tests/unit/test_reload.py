# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the files are read anew, and all of it counts or nothing."""

import contextlib
import json
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.away import AWAY, Daemon, running

GOOD = AWAY.format(port=0)
REFUSED = "the configuration is not taken over"
# Each in a file of its own beside a change that would be good alone.
BAD = {
    "a value": ("[scheduler]\nmode = perhaps\n", "mode"),
    "a scheduler": ("[scheduler]\novn_l3_scheduler = best\n", "leastloaded"),
    "a file": ("nonsense\n", "nonsense"),
    "a number": ("[health]\ndead_after = 0\n", "dead_after"),
    "an address": ("[metrics]\nbind = 192.0.2.1\n", "192.0.2.1"),
    "a log": ("[DEFAULT]\nlog_file = /nonexistent/log\n", "/nonexistent/log"),
    "a facility": ("[DEFAULT]\ndebug = perhaps\n", "debug"),
    "a way to log": (
        "[DEFAULT]\nlog_config_append = /nonexistent/logging.conf\n",
        "needs a restart",
    ),
    "an identity": (
        "[ovn]\novn_nb_connection = ssl:10.0.0.1:6641\n",
        "ovn_nb_private_key",
    ),
}


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with running() as started:
        yield started


def metric(daemon: Daemon, name: str) -> float:
    found = re.search(
        rf"^gwsched_{name} (\S+)$", daemon.get("/metrics")[1], re.MULTILINE
    )
    assert found, name
    return float(found[1])


def configuration(daemon: Daemon) -> dict[str, object]:
    status, text = daemon.get("/api/status")
    assert status == 200
    found: dict[str, object] = json.loads(text)["configuration"]
    return found


def opened(daemon: Daemon, file: Path) -> int:
    """How often the daemon has a file open."""
    found = 0
    for link in Path(f"/proc/{daemon.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += link.readlink() == file
    return found


def descriptors(daemon: Daemon) -> int:
    """How many are open while the next try is some time away."""
    daemon.reload()
    daemon.wait_log("next try in 1.0 s", daemon.log.count("try in 1.0") + 1)
    return len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(  # noqa: S310
            f"{url}/livez", timeout=5
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def test_the_service_manager_is_told_of_it(daemon: Daemon) -> None:
    before = time.monotonic_ns() // 1000
    daemon.process.send_signal(signal.SIGHUP)
    told = daemon.wait_told("RELOADING=1")
    (stamp,) = (x for x in told if x.startswith("MONOTONIC_USEC="))
    assert before <= int(stamp.partition("=")[2])
    assert int(stamp.partition("=")[2]) <= time.monotonic_ns() // 1000
    daemon.wait_told("READY=1")
    daemon.wait_told("WATCHDOG=1")
    assert "nothing has changed" in daemon.log


def test_what_has_changed_is_said_and_when_it_was_read(daemon: Daemon) -> None:
    first = metric(daemon, "config_last_reload_success_timestamp_seconds")
    assert abs(first - time.time()) < 60
    daemon.reload(GOOD + "[scheduler]\nmode = observe\nmax_candidates = 3\n")
    assert (
        "taken over: [scheduler] max_candidates: 5 -> 3, "
        "[scheduler] mode: enforce -> observe" in daemon.log
    )
    later = metric(daemon, "config_last_reload_success_timestamp_seconds")
    assert first < later
    assert metric(daemon, "config_last_reload_successful") == 1
    assert configuration(daemon)["good"] is True
    assert configuration(daemon)["error"] is None


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_changes_nothing_and_says_so(
    daemon: Daemon, text: str, why: str
) -> None:
    read_at = configuration(daemon)["read_at"]
    address = daemon.address
    good = "[rebalance]\nmode = off\n"
    daemon.reload(f"{good}{text}" if text[0] == "n" else GOOD + good + text)
    (line,) = (x for x in daemon.log.splitlines() if REFUSED in x)
    assert " ERROR " in line
    assert why in line
    assert metric(daemon, "config_last_reload_successful") == 0
    found = configuration(daemon)
    assert found["good"] is False
    assert why in str(found["error"])
    assert found["read_at"] == read_at
    assert answers(address)
    (status,) = (x for x in daemon.wait_told("WATCHDOG=1") if "STATUS" in x)
    assert "configuration on disk is refused" in status
    assert "Traceback" not in daemon.log
    daemon.reload(GOOD + good)
    assert "taken over: [rebalance] mode: auto -> off" in daemon.log
    assert metric(daemon, "config_last_reload_successful") == 1
    assert configuration(daemon)["error"] is None
    assert answers(address)


def test_a_file_that_is_gone_changes_nothing(daemon: Daemon) -> None:
    daemon.conf.unlink()
    daemon.reload()
    assert f"{REFUSED}, what was read before goes on: " in daemon.log
    assert str(daemon.conf) in daemon.log
    assert answers(daemon.address)
    assert daemon.process.poll() is None


def test_names_that_nobody_knows_are_only_warned_of(daemon: Daemon) -> None:
    daemon.reload(GOOD + "[scheduler]\nmax_candidate = 3\nmode = observe\n")
    (line,) = (x for x in daemon.log.splitlines() if "max_candidate'" in x)
    assert " WARNING " in line
    assert str(daemon.conf) in line
    assert "did you mean max_candidates?" in line
    assert "taken over: [scheduler] mode: enforce -> observe" in daemon.log


def test_the_daemon_warns_of_them_when_it_starts() -> None:
    with running("[scheduler]\nmax_candidate = 3\n") as daemon:
        daemon.wait_log(r"WARNING .*did you mean max_candidates\?")


# -- the listener ----------------------------------------------------------


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


def test_the_listener_moves_to_another_port(daemon: Daemon) -> None:
    old, port = daemon.address, free_port()
    daemon.reload(AWAY.format(port=port))
    assert daemon.address == f"http://127.0.0.1:{port}"
    assert answers(daemon.address)
    assert not answers(old)


def test_the_listener_moves_to_all_addresses_of_its_port(
    daemon: Daemon,
) -> None:
    """The kernel lets nobody have one address and all of them at once."""
    port = free_port()
    daemon.reload(AWAY.format(port=port))
    daemon.reload(AWAY.format(port=port) + "bind = 0.0.0.0\n")
    assert answers(f"http://127.0.0.2:{port}")
    daemon.reload(AWAY.format(port=port))
    assert answers(f"http://127.0.0.1:{port}")
    assert not answers(f"http://127.0.0.2:{port}")


def test_a_port_that_is_taken_refuses_all_of_it(daemon: Daemon) -> None:
    address = daemon.address
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        changed = "[scheduler]\nmode = observe\n"
        daemon.reload(changed + AWAY.format(port=port))
        assert f"cannot listen on 127.0.0.1 port {port}" in daemon.log
        assert answers(address)
    assert metric(daemon, "config_last_reload_successful") == 0
    daemon.reload(changed + AWAY.format(port=port))
    assert "mode: enforce -> observe" in daemon.log
    assert answers(f"http://127.0.0.1:{port}")


def test_an_address_that_is_taken_leaves_the_old_one(daemon: Daemon) -> None:
    port = free_port()
    daemon.reload(AWAY.format(port=port))
    with closing(socket.create_server(("127.0.0.2", port))):
        daemon.reload(AWAY.format(port=port) + "bind = 127.0.0.2\n")
        assert "cannot listen on 127.0.0.2" in daemon.log
        assert answers(f"http://127.0.0.1:{port}")
    assert metric(daemon, "config_last_reload_successful") == 0


def test_the_listener_moves_back_where_the_log_cannot(daemon: Daemon) -> None:
    port, other = free_port(), free_port()
    daemon.reload(AWAY.format(port=port))
    bad = "[DEFAULT]\nlog_file = /nonexistent/log\n"
    for text in (
        AWAY.format(port=other),
        AWAY.format(port=port) + "bind = 127.0.0.2\n",
    ):
        daemon.reload(bad + text)
        assert answers(f"http://127.0.0.1:{port}")
        assert not answers(f"http://127.0.0.1:{other}")
        assert not answers(f"http://127.0.0.2:{port}")
    assert daemon.log.count(REFUSED) == 2


# -- the log ---------------------------------------------------------------


def test_debug_is_switched_on_and_off(daemon: Daemon) -> None:
    debugging = " DEBUG "
    assert debugging not in daemon.log
    daemon.reload("[DEFAULT]\ndebug = true\n" + GOOD)
    daemon.get("/livez")
    daemon.wait_log(r" DEBUG gwsched\.web\.serving ")
    daemon.reload(GOOD)
    seen = daemon.log.count(debugging)
    daemon.get("/livez")
    daemon.reload()
    assert daemon.log.count(debugging) == seen


def test_the_log_moves_into_a_file_and_back(
    daemon: Daemon, tmp_path: Path
) -> None:
    file = tmp_path / "gwsched.log"
    daemon.reload(f"[DEFAULT]\nlog_file = {file}\nuse_json = true\n{GOOD}")
    assert opened(daemon, file) == 1
    daemon.reload()
    assert opened(daemon, file) == 1
    lines = map(json.loads, file.read_text().splitlines())
    assert any("nothing has changed" in line["message"] for line in lines)
    daemon.reload(GOOD)
    seen = file.read_text()
    assert opened(daemon, file) == 0
    daemon.reload()
    assert file.read_text() == seen


def test_a_log_that_cannot_be_had_leaves_the_old_one_whole(
    daemon: Daemon, tmp_path: Path
) -> None:
    limited = "rate_limit_burst = 10000\nrate_limit_interval = 1\n"
    file = tmp_path / "gwsched.log"
    good = f"[DEFAULT]\nlog_file = {file}\n{limited}{GOOD}"
    daemon.reload(good)
    for _ in range(3):
        daemon.reload(
            f"[DEFAULT]\nlog_file = /nonexistent/log\n{limited}{GOOD}"
        )
    assert file.read_text().count(REFUSED) == 3
    assert opened(daemon, file) == 1
    assert "nothing has changed" not in file.read_text()
    daemon.reload(good)
    assert "nothing has changed" in file.read_text()


# -- many of them, and early ones ------------------------------------------


def test_many_at_once_do_no_harm(daemon: Daemon) -> None:
    before = descriptors(daemon)
    for number in [*range(1, 5)] * 12 + [9]:
        text = f"{GOOD}[scheduler]\nmax_candidates = {number}\n"
        fresh = daemon.conf.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(daemon.conf)  # never to be read half written
        daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_log("max_candidates: .* -> 9")
    assert descriptors(daemon) == before
    assert answers(daemon.address)
    assert "Traceback" not in daemon.log


def test_the_end_may_come_at_the_same_time(daemon: Daemon) -> None:
    for _ in range(10):
        daemon.process.send_signal(signal.SIGHUP)
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_told("STOPPING=1")
    assert daemon.process.wait(timeout=20) == 0
    assert "Traceback" not in daemon.log
