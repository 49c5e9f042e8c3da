# SPDX-License-Identifier: Apache-2.0
"""Every kind of remote: unix, tcp, ssl, several of one cluster."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.functional.cluster import Cluster
from tests.functional.controllers import Controllers
from tests.functional.daemon import BIN, Daemon, write_conf
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import databases
from tests.functional.relay import Relay


@pytest.mark.parametrize("protocol", ["tcp", "ssl"])
def test_a_remote_over_the_network(protocol: str, tmp_path: Path) -> None:
    with Ovn(protocol=protocol) as ovn:
        ovn.add_chassis("gw1", "gw2")
        port = ovn.add_router("r1")
        options: dict[str, dict[str, object]] = {"ovn": {}}
        if ovn.identity:
            for db in ("nb", "sb"):
                options["ovn"] |= ovn.identity.options(f"ovn_{db}")
        assert ovn.nb.startswith(f"{protocol}:")
        with (
            Controllers(ovn.unix("sb")),
            Daemon(tmp_path, ovn.nb, ovn.sb, options) as daemon,
        ):
            wait_for(lambda: len(ovn.order(port)) == 2, "two candidates")
            daemon.wait_log(f"NB: connected to {ovn.nb}")


def test_a_remote_that_is_away_is_no_obstacle_to_the_others(
    ovn: Ovn, gateways: Controllers, tmp_path: Path
) -> None:
    port = ovn.add_router("r1")
    nb = f"unix:/nowhere.sock,{ovn.nb}"
    with Daemon(tmp_path, nb, ovn.sb):
        wait_for(lambda: len(ovn.order(port)) == 4, "four candidates")


def test_of_a_cluster_only_the_leader_and_always_the_leader(
    tmp_path: Path,
) -> None:
    with Cluster() as cluster, Ovn(nb=cluster.remotes) as ovn:
        ovn.add_chassis("gw1", "gw2", "gw3", "gw4")
        with (
            Controllers(ovn.sb),
            Daemon(tmp_path, cluster.remotes, ovn.sb) as daemon,
        ):
            first = cluster.leader()
            daemon.wait_log(f"NB: connected to {cluster.remote(first)}")
            port = ovn.add_router("r1")
            wait_for(lambda: len(ovn.order(port)) == 4, "four candidates")
            cluster.kill(first)
            second = cluster.leader()
            daemon.wait_log(f"NB: connected to {cluster.remote(second)}")
            other = ovn.add_router("r2")
            wait_for(lambda: len(ovn.order(other)) == 4, "four candidates")
            assert daemon.metric("gwsched_leader") == 1


def test_sb_through_a_relay_or_a_read_only_listener(
    ovn: Ovn, gateways: Controllers, tmp_path: Path
) -> None:
    """Both together: the relay's own source is the read-only listener."""
    ovn.appctl(
        *("sb", "ovsdb-server/add-remote"),
        "db:OVN_Southbound,SB_Global,connections",
    )
    ovn.sbctl(
        *("--", "--id=@new", "create", "Connection", "read_only=true"),
        *(f'target="punix:{ovn.directory}/ro.sock"', "--"),
        *("add", "SB_Global", ".", "connections", "@new"),
    )
    source = f"unix:{ovn.directory}/ro.sock"
    with Relay(ovn, "OVN_Southbound", source) as relay:
        port = ovn.add_router("r1")
        with Daemon(tmp_path, ovn.nb, relay.remote) as daemon:
            wait_for(lambda: len(ovn.order(port)) == 4, "four candidates")
            wait_for(lambda: ovn.holder(port), "a claim")
            wait_for(
                lambda: claimed(daemon, "new") == 1, "the claim to be seen"
            )


def test_nb_through_a_relay_is_refused_with_a_word(
    ovn: Ovn, tmp_path: Path
) -> None:
    with Relay(ovn, "OVN_Northbound", ovn.nb) as relay:
        ovn.add_router("r1")
        with Daemon(tmp_path, relay.remote, ovn.sb) as daemon:
            daemon.wait_log(
                f"NB: not to be reached .{relay.remote}: a relay, which "
                "gives out no lock .*name the servers of the cluster"
            )
        # Who only looks may look there.
        conf = write_conf(tmp_path / "c", relay.remote, ovn.sb, {})
        ports = ("ports", "-f", "value", "-c", "port")
        done = subprocess.run(
            [BIN / "gwschedctl", "--config-file", conf, *ports],
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.stdout == "lrp-r1\n", done.stderr


def claimed(daemon: Daemon, reason: str) -> float | None:
    return daemon.metric(
        "gwsched_moves_total", reason=reason, result="claimed"
    )


def test_only_what_is_needed_is_monitored(
    ovn: Ovn, gateways: Controllers
) -> None:
    """Of 20 switch ports and their bindings, none is replicated."""
    ovn.add_router("r1", "gw1")
    for number in range(20):
        ovn.nbctl(
            "--may-exist", "ls-add", "ls", "--", "lsp-add", "ls", f"p{number}"
        )
    ovn.nbctl("--wait=sb", "sync")
    with databases(ovn) as (nb, sb):
        ports = nb.rows["Logical_Switch_Port"].rows.values()
        assert {row.type for row in ports} == {"router", "localnet"}
        bindings = sb.rows["Port_Binding"].rows.values()
        assert [row.logical_port for row in bindings] == ["cr-lrp-r1"]
        assert "Logical_Flow" not in sb.rows


@pytest.mark.parametrize("name", ["nb", "sb"])
def test_a_server_that_hangs_is_given_up_and_found_again(
    name: str, ovn: Ovn, gateways: Controllers, tmp_path: Path
) -> None:
    """On a unix socket too, where python-ovs would wait for ever."""
    port = ovn.add_router("r1")
    quick = {"ovn": {"ovsdb_probe_interval": 1000}}
    with Daemon(tmp_path, ovn.nb, ovn.sb, quick) as daemon:
        wait_for(lambda: len(ovn.order(port)) == 4, "four candidates")
        ovn.pause(name)
        try:
            daemon.wait_log(f"{name.upper()}: connection lost")
        finally:
            ovn.resume(name)
        other = ovn.add_router("r2")
        wait_for(lambda: len(ovn.order(other)) == 4, "four candidates")
