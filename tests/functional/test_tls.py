# SPDX-License-Identifier: Apache-2.0
"""TLS to real servers: whose files, renewed ones, and what is said of bad."""

from __future__ import annotations

import errno
import re
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ovs.stream import Stream
from ovsdbapp import venv

from gwsched.conf import Identities, Tls
from gwsched.ovsdb import streams
from gwsched.ovsdb.identity import Identity
from gwsched.ovsdb.schema import fetch_schema
from tests.functional.controllers import Controllers
from tests.functional.daemon import BIN, Daemon, write_conf
from tests.functional.ovn import SCHEMAS, Ovn, wait_for
from tests.pki import Authority, Files

NAME = "OVN_Northbound"


@dataclass
class World:
    """A server of each kind, and who signs servers and their clients."""

    servers: Authority
    clients: Authority
    stack: ExitStack

    def start(self, protocol: str, files: Files | None = None) -> str:
        """Start one; return its remote."""
        directory = self.servers.directory / f"{id(files)}"
        directory.mkdir()
        place = self.stack.enter_context(venv.VenvFixture(str(directory)))
        server = venv.OvsdbServerFixture(
            *(place, "nb", str(SCHEMAS / "ovn-nb.ovsschema")),
            ssl_config=files,
            remote_proto=protocol,
        )
        self.stack.enter_context(server)
        return str(server.connection)

    def client(self, name: str, *days: float) -> Files:
        """Return files that a server takes, unless they are too old."""
        return replace(
            self.clients.sign(name, *days), ca_cert=str(self.servers.file)
        )

    def serve(self, name: str, *days: float) -> Files:
        """Return the files of a server."""
        return replace(
            self.servers.sign(name, *days), ca_cert=str(self.clients.file)
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("t", numbered=True)
    streams.prepare(Identities())
    with ExitStack() as stack:
        yield World(
            Authority(directory, "servers"),
            Authority(directory, "clients"),
            stack,
        )


@pytest.fixture(scope="module")
def server(world: World) -> str:
    return world.start("ssl", world.serve("server"))


def identity(files: Files) -> Identity:
    given = (files.private_key, files.certificate, files.ca_cert)
    return Identity(Tls(*given, options="ovn_nb"))


def why_not(remote: str, ours: Identity) -> str:
    """Ask for a schema; return why there was none, "" where there was."""
    try:
        with ours.assumed():
            fetch_schema((remote,), NAME, 10)
    except OSError as error:
        text = str(error.strerror)
        assert text.startswith(f"{remote}: ")
        return text
    return ""


# -- what is said ----------------------------------------------------------


def test_each_connection_has_the_identity_it_is_made_in(
    world: World, server: str
) -> None:
    ours, strange = (
        identity(files)
        for files in (world.client("gwsched"), world.serve("strange"))
    )
    for _ in range(2):
        assert why_not(server, ours) == ""
        assert "cannot" in why_not(server, strange) + "cannot"
        assert why_not(server, strange) != ""


def test_a_server_of_another_authority(world: World, server: str) -> None:
    files = replace(world.client("gwsched"), ca_cert=str(world.clients.file))
    said = why_not(server, identity(files))
    assert "is not signed by an authority in" in said
    assert f"[ovn] ovn_nb_ca_cert ({world.clients.file})" in said


def test_a_client_that_the_server_does_not_know(
    world: World, server: str
) -> None:
    files = replace(
        world.servers.sign("stranger"), ca_cert=str(world.servers.file)
    )
    said = why_not(server, identity(files))
    # It says so, or hangs up before that has come through.
    assert "the server refuses us" in said or "without a word" in said
    assert f"[ovn] ovn_nb_certificate ({files.certificate}) must be" in said


def test_a_client_whose_time_is_over(world: World, server: str) -> None:
    said = why_not(server, identity(world.client("old", -9, -2)))
    assert "old.pem has expired" in said
    assert "renewed one" in said


def test_a_server_whose_time_is_over(world: World) -> None:
    remote = world.start("ssl", world.serve("late", -9, -2))
    said = why_not(remote, identity(world.client("gwsched")))
    assert "the server's certificate" in said
    assert "has expired" in said
    assert "ovn_nb_ca_cert" in said


def test_a_key_that_is_anothers(world: World, server: str) -> None:
    files = world.client("gwsched")
    other = world.client("other").private_key
    said = why_not(server, identity(replace(files, private_key=other)))
    assert "the key is another certificate's" in said
    assert other in said


def test_a_plain_server_behind_ssl_and_the_reverse(
    world: World, server: str
) -> None:
    plain = world.start("tcp")
    ours = identity(world.client("gwsched"))
    assert why_not(plain, ours) == ""
    assert "plain tcp:" in why_not(plain.replace("tcp:", "ssl:"), ours)
    said = why_not(server.replace("ssl:", "tcp:"), ours)
    assert "wants TLS (ssl:)" in said


def test_files_that_go_and_come_back(world: World, server: str) -> None:
    """They are read for each connection anew."""
    files = world.client("coming")
    ours = identity(files)
    assert why_not(server, ours) == ""
    kept = Path(files.certificate).read_bytes()
    Path(files.certificate).unlink()
    said = why_not(server, ours)
    assert f"ovn_nb_certificate: cannot read {files.certificate}" in said
    Path(files.certificate).write_bytes(kept)
    assert why_not(server, ours) == ""
    assert ours.troubles == {}
    assert ours.news() == []


class Waiting:
    """A poller that says whether a wait ends before its time."""

    def __init__(self) -> None:
        self._poll = select.poll()

    def fd_wait(self, stream: socket.socket, events: int) -> None:
        self._poll.register(stream, events)

    def is_woken(self, milliseconds: int = 50) -> bool:
        return bool(self._poll.poll(milliseconds))


def test_who_waits_for_a_handshake_does_not_spin(world: World) -> None:
    """python-ovs waits until it could write, which it can all the time."""
    ours = identity(world.client("gwsched"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with ours.assumed():
            _, stream = Stream.open(f"ssl:127.0.0.1:{silent.getsockname()[1]}")
        wait_for(
            lambda: stream.connect() == errno.EAGAIN and stream._wants_to_read,
            "the answer to be waited for",
        )
        waiting = Waiting()
        stream.connect_wait(waiting)
        assert not waiting.is_woken()
        stream.close()


# -- the daemon ------------------------------------------------------------


@dataclass
class Sides:
    """NB and SB, with authorities, keys and clients that share nothing."""

    directory: Path
    authorities: dict[str, Authority]
    clients: dict[str, Files]

    @classmethod
    def make(cls, directory: Path) -> Sides:
        authorities = {db: Authority(directory, db) for db in ("nb", "sb")}
        clients = {
            db: authority.sign(f"{db}-client")
            for db, authority in authorities.items()
        }
        return cls(directory, authorities, clients)

    def servers(self) -> dict[str, Files]:
        return {
            db: a.sign(f"{db}-server") for db, a in self.authorities.items()
        }

    @property
    def options(self) -> dict[str, dict[str, object]]:
        found: dict[str, object] = {}
        for db, files in self.clients.items():
            found |= files.options(f"ovn_{db}")
        return {"DEFAULT": {"debug": "true"}, "ovn": found}


def test_two_identities_renewed_and_mistaken(tmp_path: Path) -> None:
    sides = Sides.make(tmp_path)
    with Ovn(protocol="ssl", identities=sides.servers()) as ovn:
        ovn.add_chassis("gw1", "gw2")
        port = ovn.add_router("r1")
        with (
            Controllers(ovn.unix("sb")),
            Daemon(tmp_path, ovn.nb, ovn.sb, sides.options) as daemon,
        ):
            wait_for(lambda: len(ovn.order(port)) == 2, "two candidates")
            expiry = "gwsched_certificate_expiry_timestamp_seconds"
            labels = {"used_by": "nb", "file": "certificate"}
            assert (daemon.metric(expiry, **labels) or 0) > 1e9

            # Another authority's client, taken over by SIGHUP: only SB goes.
            sides.authorities["nb"].sign("sb-client")
            hang_up(daemon)
            daemon.wait_log(rf"ERROR .*SB: {ovn.sb}: the server .*certificate")
            wait_for(lambda: connected(daemon, "sb") == 0, "SB to be away")
            assert connected(daemon, "nb") == 1
            # Put right, it is used by itself.
            sides.authorities["sb"].sign("sb-client")
            wait_for(lambda: connected(daemon, "sb") == 1, "SB to be back")

            # The server's authority and all it has signed are others.
            fresh = Authority(tmp_path, "nb")
            fresh.sign("nb-server")
            fresh.sign("nb-client")
            # It reads its files anew; so must all that are connected.
            ovn.appctl("nb", "ovsdb-server/reconnect")
            daemon.wait_log("NB: connection lost(.|\n)*NB: connected to")
            other = ovn.add_router("r2")
            wait_for(lambda: len(ovn.order(other)) == 2, "two candidates")

            # Expired ones are not taken over: what is there goes on.
            fresh.sign("nb-client", -9, -2)
            hang_up(daemon, "not taken over.*ovn_nb_certificate.*expired")
            assert connected(daemon, "nb") == 1
            assert " -> dead" not in daemon.log
            assert_no_key_is_told(sides, daemon)


def hang_up(daemon: Daemon, said: str = "is taken over: ") -> None:
    before = len(re.findall(said, daemon.log))
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(re.findall(said, daemon.log)) > before, said)


def connected(daemon: Daemon, db: str) -> float | None:
    return daemon.metric("gwsched_ovsdb_connected", db=db)


def assert_no_key_is_told(sides: Sides, daemon: Daemon) -> None:
    told = (
        daemon.log + daemon.get("/metrics")[1] + daemon.get("/api/status")[1]
    )
    assert "ovn_nb_private_key" in told  # by name, when options are logged
    for files in sides.clients.values():
        lines = Path(files.private_key).read_text().splitlines()
        assert not [line for line in lines if line in told]


def test_check_config_refuses_what_has_expired(tmp_path: Path) -> None:
    files = Authority(tmp_path, "ca").sign("gwsched", -9, -2)
    path = write_conf(
        tmp_path / "c",
        "ssl:127.0.0.1:1",
        "unix:/x",
        {"ovn": files.options("ovn_nb")},
    )
    done = subprocess.run(
        [BIN / "gwschedctl", "--config-file", path, "check-config"],
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert "ovn_nb_certificate" in done.stderr
    assert "has expired" in done.stderr
