# SPDX-License-Identifier: Apache-2.0
"""Vantage points: what is seen from them, and what it costs if nothing is."""

from __future__ import annotations

import logging
import os
import select
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from ovs.poller import POLLIN, Poller
from ovsdbapp import venv
from ovsdbapp.backend.ovs_idl import vlog

from gwsched import conf, loop
from gwsched.conf import Identities, Tls
from gwsched.loop import Loop
from gwsched.ovsdb import streams, vantage
from gwsched.ovsdb.vantage import Vantages
from gwsched.sandbox import Sandbox
from gwsched.schedulers.leastloaded import LeastLoaded
from gwsched.telemetry.metrics import Metrics
from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import PATIENCE, SCHEMAS, Ovn, wait_for
from tests.functional.reading import databases, settings_for
from tests.functional.vswitch import SCHEMA, Vswitch
from tests.pki import Authority, Files

# As quick as python-ovs can be.
QUICK = {"ovsdb_probe_interval": 1000, "ovsdb_connection_timeout": 1}


@pytest.fixture
def gw1() -> Iterator[Vswitch]:
    """The running database of a chassis gw1 without tunnels."""
    with Vswitch() as switch:
        yield switch.start().begin()


class Looking:
    """Vantage points as the loop has them; the clock is the test's."""

    def __init__(self, *remotes: str, tls: Files | None = None) -> None:
        settings = replace(
            conf.load([])[1], ovs=remotes, timeout=10, probe_ms=1000
        )
        if tls:
            files = (tls.private_key, tls.certificate, tls.ca_cert)
            ours = Identities(ovs=Tls(*files, options="ovs"))
            settings = replace(settings, tls=ours)
        streams.prepare(settings.tls)
        self.vantages = Vantages(settings)
        self.now = 0.0
        self.changes = 0

    def turn(self) -> None:
        """Come round once, as the loop does when something wakes it."""
        self.changes += self.vantages.run(self.now)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Come round until a condition holds."""

        def found() -> object:
            self.turn()
            if condition():
                return True
            poller = Poller()
            self.vantages.wait(poller)
            poller.timer_wait(200)
            poller.block()
            return False

        wait_for(found, what)

    def until_seen(self, **tunnels: bool) -> None:
        """Come round until the only vantage point sees just this."""
        self.until(lambda: self.seen == tunnels, f"{tunnels} to be seen")

    def until_blind(self, *remotes: str) -> None:
        """Come round until nothing is seen from these."""
        in_use = self.vantages
        self.until(
            lambda: not any(in_use.in_use[r] for r in remotes),
            f"nothing to be seen from {remotes}",
        )

    def until_counted(self) -> None:
        """Come round until counters are written, of the only vantage point."""
        [point] = self.vantages._points
        self.until(lambda: point._counted_at == self.now, "counters")

    @property
    def synced(self) -> bool:
        """Whether the only vantage point is kept up to date."""
        [point] = self.vantages._points
        return point._synced

    @property
    def seen(self) -> dict[str, bool] | None:
        """What the only vantage point sees."""
        found = self.vantages.seen
        return dict(found[0].tunnels) if found else None


@pytest.fixture
def look(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., Looking]]:
    """Look at remotes; connections end with the test."""
    caplog.set_level(logging.INFO, "gwsched")
    with ExitStack() as stack:
        # As the daemon has it.
        vlog.use_python_logger(max_level=vlog.WARN)
        stack.callback(vlog.reset_logger)

        def start(*remotes: str, tls: Files | None = None) -> Looking:
            looking = Looking(*remotes, tls=tls)
            stack.enter_context(closing(looking.vantages))
            return looking

        yield start


Look = Callable[..., Looking]


def name_switch(remote: str, chassis: str) -> None:
    """Let a database say whose it is."""
    command = ["ovs-vsctl", f"--db={remote}", "--no-wait", "init", "--"]
    command += [
        "set",
        "Open_vSwitch",
        ".",
        f"external_ids:system-id={chassis}",
    ]
    subprocess.run(command, check=True, timeout=20)


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return the level and the text of each line of log."""
    return [(record.levelno, record.getMessage()) for record in caplog.records]


# --- what is seen ----------------------------------------------------------


def test_tunnels_come_up_and_go_down_and_lose_their_bfd(
    gw1: Vswitch, look: Look
) -> None:
    gw1.add_tunnel("gw2")
    gw1.add_tunnel("gw3", "down")
    gw1.add_tunnel("hv1", "")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True, gw3=False)
    whose = [(seen.remote, seen.chassis) for seen in looking.vantages.seen]
    assert whose == [(gw1.remote, "gw1")]
    gw1.set_tunnel("gw2", "bfd_status:state=down")
    looking.until_seen(gw2=False, gw3=False)
    gw1.set_tunnel("hv1", "bfd_status:state=init")
    looking.until_seen(gw2=False, gw3=False, hv1=False)
    gw1.set_tunnel("hv1", "bfd_status:state=up")
    looking.until_seen(gw2=False, gw3=False, hv1=True)
    gw1.clear_tunnel("gw2", "bfd", "bfd_status")
    looking.until_seen(gw3=False, hv1=True)
    gw1.vsctl("del-port", "ovn-gw3-0")
    looking.until_seen(hv1=True)


def test_marks_that_mean_nothing_and_a_name_that_comes_late(
    gw1: Vswitch, look: Look
) -> None:
    gw1.vsctl("remove", "Open_vSwitch", ".", "external_ids", "system-id")
    for number, mark in enumerate(("", "@", "gw9", "\U0001f4a9@@%")):
        gw1.add_tunnel(f"x{number}", mark=mark)
    gw1.add_tunnel("gw2")
    looking = look(gw1.remote)
    looking.now = 11
    for _ in range(20):
        looking.turn()
    assert looking.seen is None
    gw1.vsctl("set", "Open_vSwitch", ".", "external_ids:system-id=gw7")
    looking.until(lambda: looking.vantages.seen, "a view")
    [seen] = looking.vantages.seen
    assert seen.chassis == "gw7"
    assert seen.tunnels == {"gw2": True, "\U0001f4a9": True}


def test_each_remote_is_a_database_of_its_own(
    gw1: Vswitch, look: Look
) -> None:
    gw1.add_tunnel("gw2")
    with Vswitch("gw2") as gw2:
        gw2.start().begin().add_tunnel("gw1", "down")
        there = sorted([gw1.remote, gw2.remote], reverse=True)
        looking = look(*there, "unix:/nowhere/db.sock")
        vantages = looking.vantages
        looking.until(lambda: len(vantages.seen) == 2, "two views")
        found = {seen.remote: seen for seen in vantages.seen}
        assert list(found) == sorted(found)
        assert found[gw1.remote].tunnels == {"gw2": True}
        assert found[gw2.remote].tunnels == {"gw1": False}
        assert vantages.in_use["unix:/nowhere/db.sock"] is False


def test_ports_of_vms_are_not_replicated(gw1: Vswitch, look: Look) -> None:
    gw1.add_vms(20)
    gw1.add_tunnel("gw2")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    [replica] = [point._replica for point in looking.vantages._points]
    assert replica is not None
    for table in ("Port", "Interface"):
        assert len(replica.tables[table].rows) == 1


def test_only_what_changes_the_view_is_a_change(
    gw1: Vswitch, look: Look
) -> None:
    gw1.add_tunnel("gw2")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    assert looking.changes == 1
    gw1.set_tunnel("gw2", "bfd_status:flap_count=7")
    gw1.set_tunnel("gw2", 'bfd_status:diagnostic="Neighbor Signaled"')
    gw1.set_tunnel("gw2", "statistics:rx_packets=7")
    gw1.vsctl("set", "Open_vSwitch", ".", "external_ids:hostname=gw1")
    # The last of these to be taken in; all others were before it.
    gw1.set_tunnel("gw2", "bfd_status:state=down")
    looking.until_seen(gw2=False)
    assert looking.changes == 2


class Recorder:
    """Stands in for a poller, and remembers the sockets."""

    def __init__(self) -> None:
        self.readable: list[socket.socket] = []

    def fd_wait(self, fd: socket.socket | int, events: int) -> None:
        if events & POLLIN and isinstance(fd, socket.socket):
            self.readable.append(fd)

    def timer_wait(self, milliseconds: int) -> None:
        pass

    def immediate_wake(self) -> None:
        raise AssertionError("there is nothing to do")

    def block(self) -> None:
        """Do not wait; who asks has been heard."""


def test_an_update_wakes_who_waits(gw1: Vswitch, look: Look) -> None:
    gw1.add_tunnel("gw2")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    recorder = Recorder()
    looking.turn()
    looking.vantages.wait(recorder)
    gw1.set_tunnel("gw2", "bfd_status:state=down")
    assert select.select(recorder.readable, [], [], PATIENCE)[0]


# --- when there is nothing to see ------------------------------------------


def test_one_that_comes_late_goes_and_comes_back(
    look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    with Vswitch() as switch:
        looking = look(switch.remote)
        looking.turn()
        assert said(caplog) == []
        looking.now = 11  # longer than it may take to connect
        looking.until_blind(switch.remote)
        looking.turn()
        switch.start().begin().add_tunnel("gw2")
        looking.until_seen(gw2=True)
        switch.stop()
        looking.until_blind(switch.remote)
        looking.turn()
        switch.start()  # what is ephemeral is forgotten, as it should be
        looking.until_seen()
        switch.set_tunnel("gw2", "bfd_status:state=up")
        looking.until_seen(gw2=True)
    blind, seeing = "nothing to be seen from there", "sees the tunnels of gw1"
    levels = [logging.WARNING, logging.INFO] * 2
    texts = [blind, seeing] * 2
    found = said(caplog)
    assert [level for level, _ in found] == levels
    assert all(w in text for w, (_, text) in zip(texts, found, strict=True))
    assert all(switch.remote in text for _, text in found)


def test_what_was_seen_is_forgotten_with_the_database(
    gw1: Vswitch, look: Look
) -> None:
    gw1.add_tunnel("gw2")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    gw1.stop()
    gw1.create()
    gw1.start()
    looking.until_blind(gw1.remote)
    looking.until(lambda: looking.synced, "the new database to be read")
    assert looking.seen is None
    gw1.begin()
    looking.until_seen()


def test_the_default_one_that_is_not_there_is_nothing_unusual(
    look: Look,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remote = "unix:/nowhere/db.sock"
    monkeypatch.setattr(vantage, "LOCAL_OVS", remote)
    looking = look(remote)
    looking.turn()
    looking.now = 11
    for _ in range(5):
        looking.turn()
    [(level, text)] = said(caplog)
    assert level == logging.INFO
    assert remote in text


def refusing() -> str:
    """Return a TCP remote where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp:127.0.0.1:{probe.getsockname()[1]}"


def test_those_that_will_never_do_cost_a_line_each(
    look: Look, gw1: Vswitch, caplog: pytest.LogCaptureFixture
) -> None:
    """No socket, nobody there, another database, one that hangs."""
    gw1.add_tunnel("gw2")
    with (
        Vswitch(schema=SCHEMAS / "ovn-nb.ovsschema") as nb,
        Vswitch(schema=SCHEMA) as hanging,
    ):
        hanging.start().pause()
        bad = {
            "unix:/nowhere/db.sock",
            refusing(),
            nb.start().remote,
            hanging.remote,
        }
        looking = look(gw1.remote, *bad)
        looking.until_seen(gw2=True)
        looking.now = 11
        for state in ("down", "up") * 5:
            gw1.set_tunnel("gw2", f"bfd_status:state={state}")
            looking.until_seen(gw2=state == "up")
            # Nobody polls without waiting.
            looking.vantages.wait(Recorder())
        found = said(caplog)
        assert len(found) == 1 + len(bad)
        for remote in bad:
            [level] = [level for level, text in found if remote in text]
            assert level == logging.WARNING


def test_one_that_hangs_is_dropped_and_comes_back(
    gw1: Vswitch, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    gw1.add_tunnel("gw2")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    gw1.pause()
    looking.until_blind(gw1.remote)
    gw1.resume()
    looking.until_seen(gw2=True)
    lines = [text for _, text in said(caplog)]
    assert ["sees" in line for line in lines] == [True, False, True]
    assert "probe" in lines[1]


def test_tls_files_that_are_gone_are_no_concern_of_others(
    gw1: Vswitch,
    look: Look,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    gw1.add_tunnel("gw2")
    remote = "ssl:127.0.0.1:6640"
    files = Authority(tmp_path, "ca").sign("gwsched")
    looking = look(gw1.remote, remote, tls=files)
    Path(files.ca_cert).unlink()
    looking.until_seen(gw2=True)
    looking.now = 11
    looking.turn()
    looking.now = 22
    looking.turn()
    assert looking.seen == {"gw2": True}
    [line] = [text for _, text in said(caplog) if remote in text]
    assert f"[ovn] ovs_ca_cert: cannot read {files.ca_cert}" in line


def test_a_view_that_nobody_keeps_up_to_date_is_none(
    gw1: Vswitch, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a dead ovs-vswitchd all sessions stay as they were, for ever."""
    gw1.add_tunnel("gw2")
    gw1.set_tunnel("gw2", "statistics:tx_packets=1")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    looking.now = 14
    looking.turn()
    assert looking.seen == {"gw2": True}
    gw1.set_tunnel("gw2", "statistics:tx_packets=2")
    gw1.set_tunnel("gw2", "bfd_status:state=down")
    looking.until_seen(gw2=False)
    looking.now = 28
    looking.turn()
    assert looking.seen == {"gw2": False}
    looking.now = 29
    looking.turn()
    assert looking.seen is None
    assert "ovs-vswitchd" in caplog.messages[-1]
    gw1.set_tunnel("gw2", "statistics:tx_packets=3")
    looking.until_seen(gw2=False)


def test_counters_may_be_written_less_often(gw1: Vswitch, look: Look) -> None:
    interval = "other_config:stats-update-interval=60000"
    gw1.vsctl("set", "Open_vSwitch", ".", interval)
    gw1.add_tunnel("gw2")
    gw1.set_tunnel("gw2", "statistics:tx_packets=1")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    looking.now = 179
    looking.turn()
    assert looking.seen == {"gw2": True}
    looking.now = 180
    looking.turn()
    assert looking.seen is None


def test_where_there_is_no_bfd_nothing_need_be_counted(
    gw1: Vswitch, look: Look
) -> None:
    gw1.add_tunnel("gw2")
    gw1.set_tunnel("gw2", "statistics:tx_packets=1")
    looking = look(gw1.remote)
    looking.until_seen(gw2=True)
    gw1.clear_tunnel("gw2", "bfd", "bfd_status")
    looking.until_seen()
    looking.now = 100
    looking.turn()
    assert looking.seen == {}


# --- the daemon ------------------------------------------------------------


def votes(state: str, chassis: str) -> tuple[str, dict[str, str]]:
    return f"gwsched_chassis_tunnels_{state}", {"chassis": chassis}


def test_the_daemon_counts_votes_and_works_on_while_one_hangs(
    ovn: Ovn, gateways: Controllers, gw1: Vswitch, start: StartDaemon
) -> None:
    gw1.add_tunnel("gw2")
    daemon = start({"ovn": {"ovs_connections": gw1.remote, **QUICK}})

    def metric(name: str, labels: dict[str, str], value: float | None) -> None:
        wait_for(
            lambda: daemon.metric(name, **labels) == value,
            f"{name} of {labels} to be {value}",
        )

    connected = ("gwsched_vantage_connected", {"remote": gw1.remote})
    metric(*connected, 1)
    metric(*votes("up", "gw2"), 1)
    gw1.set_tunnel("gw2", "bfd_status:state=down")
    metric(*votes("down", "gw2"), 1)
    gw1.pause()
    first = ovn.add_router("r1")
    wait_for(lambda: len(ovn.order(first)) == 4, "a list")
    metric(*connected, 0)
    metric(*votes("down", "gw2"), None)
    second = ovn.add_router("r2")
    wait_for(lambda: len(ovn.order(second)) == 4, "a list")
    gw1.resume()
    metric(*connected, 1)
    metric(*votes("down", "gw2"), 1)
    assert daemon.metric("gwsched_errors_total", where="cycle") == 0
    assert daemon.terminate() == 0


def test_the_loop_waits_for_vantage_points_too(
    ovn: Ovn, gw1: Vswitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(loop, "Poller", lambda: recorder)
    settings = replace(settings_for(ovn), ovs=(gw1.remote,))
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    with reader, writer, databases(ovn) as (nb, sb):
        own = Loop(nb, sb, LeastLoaded(), settings, Metrics())
        with closing(own):
            wait_for(lambda: own._take_in() and own._vantages.seen, "a view")
            own._wait(reader)
            peers = {peer.getpeername() for peer in recorder.readable}
    assert gw1.remote.removeprefix("unix:") in peers


def test_a_vantage_point_over_tls(tmp_path: Path) -> None:
    """With the databases' own files, though those are on unix sockets."""
    with Ovn(protocol="ssl") as ovn:
        server = venv.OvsdbServerFixture(
            *(ovn.venv, "switch", str(SCHEMA)),
            ssl_config=ovn.identity,
            remote_proto="ssl",
        )
        ovn.useFixture(server)
        name_switch(f"unix:{server.unix_socket}", "gw7")
        assert ovn.identity
        assert server.connection.startswith("ssl:")
        options: dict[str, dict[str, object]] = {
            "ovn": {
                "ovs_connections": server.connection,
                **ovn.identity.options("ovn_sb"),
            }
        }
        nb, sb = ovn.unix("nb"), ovn.unix("sb")
        with Daemon(tmp_path, nb, sb, options) as daemon:
            daemon.wait_log(f"{server.connection}: sees the tunnels of gw7")


# --- real tunnels ----------------------------------------------------------


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Two gateways and a compute node, with a router between them."""
    sandbox = Sandbox.up(name=f"v{os.getpid()}", gateways=2, computes=1)
    try:
        sandbox.add_router("r1", candidates=("gw1", "gw2"))
        yield sandbox
    finally:
        sandbox.down()


def in_box(box: Sandbox, chassis: str) -> str:
    return f"unix:{box.directory}/{chassis}/db.sock"


@pytest.mark.packets
def test_a_gateway_without_power_is_down_until_it_is_back(
    box: Sandbox, look: Look
) -> None:
    looking = look(in_box(box, "gw1"))
    looking.until_seen(gw2=True, hv1=True)
    box.fault("gw2", "power")
    looking.until_seen(gw2=False, hv1=True)
    box.heal("gw2")
    looking.until_seen(gw2=True, hv1=True)
    assert looking.vantages.seen[0].chassis == "gw1"


@pytest.mark.packets
def test_real_counters_go_on_whoever_is_heard(
    box: Sandbox, look: Look
) -> None:
    """They prove ovs-vswitchd to live; where all are down, and only there.

    The clock runs only when the counters do not.
    """
    looking = look(in_box(box, "gw1"))
    looking.until_seen(gw2=True, hv1=True)
    for chassis in ("gw2", "hv1"):
        box.fault(chassis, "power")
    looking.until_seen(gw2=False, hv1=False)
    for _ in range(2):
        looking.now += 14
        looking.turn()
        looking.until_counted()
    assert looking.seen == {"gw2": False, "hv1": False}
    box.fault("gw1", "vswitchd")
    looking.now += 16
    looking.turn()
    assert looking.seen is None
    for chassis in ("gw1", "gw2", "hv1"):
        box.heal(chassis)
    looking.until_seen(gw2=True, hv1=True)
