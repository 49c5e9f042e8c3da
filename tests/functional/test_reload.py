# SPDX-License-Identifier: Apache-2.0
"""Another configuration for a daemon at work: it goes on by the new one."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon, write_conf
from tests.functional.ovn import Ovn, wait_for

GATEWAYS = ("gw1", "gw2", "gw3", "gw4")
FAST = {"rebalance": {"moves_per_minute": 6000}}
OFF = {"rebalance": {"mode": "off", "moves_per_minute": 6000}}
TAKEN = "the configuration is taken over"
REFUSED = "the configuration is not taken over"

Options = Mapping[str, Mapping[str, object]]


class Reloading:
    """A daemon whose file is written anew."""

    def __init__(self, daemon: Daemon, directory: Path, ovn: Ovn) -> None:
        self.daemon = daemon
        self.remotes = (ovn.nb, ovn.sb)
        self._conf = directory / "gwsched.conf"

    def write(self, options: Options, more: str = "") -> None:
        """Replace the file at once; it must never be read half written."""
        fresh = self._conf.with_suffix(".new")
        write_conf(fresh, *self.remotes, options)
        with fresh.open("a") as file:
            file.write(more)
        fresh.rename(self._conf)

    def hang_up(self) -> None:
        self.daemon.process.send_signal(signal.SIGHUP)

    def take(self, options: Options) -> None:
        """Have it take a configuration over."""
        self._tell(options, "", TAKEN)

    def refuse(self, options: Options, more: str = "") -> None:
        """Have it refuse one."""
        self._tell(options, more, REFUSED)

    def _tell(self, options: Options, more: str, said: str) -> None:
        before = self.daemon.log.count(said)
        self.write(options, more)
        self.hang_up()
        wait_for(lambda: self.daemon.log.count(said) > before, said)

    @property
    def status(self) -> dict[str, Any]:
        """The document of the status page."""
        found: dict[str, Any] = json.loads(self.daemon.get("/api/status")[1])
        return found

    def passes(self, number: int = 5) -> None:
        """Wait until it has come round a few times more."""
        name = "gwsched_cycle_duration_seconds_count"
        seen = self.daemon.metric(name) or 0
        wait_for(
            lambda: (self.daemon.metric(name) or 0) > seen + number, "passes"
        )

    def proceeds(self, ovn: Ovn, name: str, members: int = 4) -> None:
        """Wait until a new port is given a list."""
        port = ovn.add_router(name)
        wait_for(lambda: len(ovn.order(port)) == members, "a list")


@pytest.fixture
def world(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, tmp_path: Path
) -> Reloading:
    """A daemon that evens nothing out, and four gateways."""
    ovn.quicken_bfd()
    daemon = start(OFF)
    daemon.wait_log("guard startup is over")
    return Reloading(daemon, tmp_path, ovn)


def primaries(ovn: Ovn) -> Counter[str]:
    return Counter(order[0][0] for order in ovn.lists().values() if order)


# -- what can change -------------------------------------------------------


def test_from_observing_to_enforcing_and_back(
    ovn: Ovn, world: Reloading
) -> None:
    world.take({"scheduler": {"mode": "observe"}})
    first = ovn.add_router("r1")
    world.daemon.wait_log(f"observe: would write {first}")
    assert world.status["mode"] == "observe"
    assert ovn.order(first) == []
    world.take({"scheduler": {"mode": "enforce"}})
    wait_for(lambda: len(ovn.order(first)) == 4, "a list")
    world.take({"scheduler": {"mode": "observe"}})
    second = ovn.add_router("r2")
    world.daemon.wait_log(f"observe: would write {second}")
    assert ovn.order(second) == []
    assert world.daemon.metric("gwsched_leader") == 1


def test_the_length_of_lists(ovn: Ovn, world: Reloading) -> None:
    world.take({"scheduler": {"max_candidates": 2}})
    world.proceeds(ovn, "r1", members=2)
    world.take({"scheduler": {"max_candidates": 3}})
    wait_for(lambda: len(ovn.order("lrp-r1")) == 3, "a longer list")


def test_rebalancing_and_its_threshold(ovn: Ovn, world: Reloading) -> None:
    world.take({"scheduler": {"mode": "observe"}})
    for i in range(8):
        ovn.add_router(f"r{i}", *GATEWAYS)
    world.take(OFF)
    world.passes()
    assert primaries(ovn) == {"gw1": 8}
    world.take({"rebalance": {"threshold": 1000, "moves_per_minute": 6000}})
    world.passes()
    assert primaries(ovn) == {"gw1": 8}
    world.take({"rebalance": {"threshold": 10, "moves_per_minute": 6000}})
    wait_for(
        lambda: primaries(ovn) == dict.fromkeys(GATEWAYS, 2), "an even load"
    )


def test_who_is_used_and_who_weighs_what(ovn: Ovn, world: Reloading) -> None:
    for i in range(8):
        ovn.add_router(f"r{i}")
    world.take({**FAST, "scheduler": {"deny_chassis": "gw[34]"}})
    wait_for(
        lambda: {len(order) for order in ovn.lists().values()} == {2},
        "only two to be used",
    )
    capacity = {"deny_chassis": "gw[34]", "chassis_capacity": "gw2:3"}
    world.take({**FAST, "scheduler": capacity})
    wait_for(lambda: primaries(ovn) == {"gw1": 2, "gw2": 6}, "the new weights")
    world.take({**OFF, "scheduler": {"deny_routers": "*"}})
    port = ovn.add_router("r9")
    world.passes()
    assert ovn.order(port) == []


def test_what_is_a_gateway_port(ovn: Ovn, world: Reloading) -> None:
    port = ovn.add_router("r1", marker="none")
    world.passes()
    assert ovn.order(port) == []
    world.take({"scheduler": {"adopt": "localnet"}})
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")


def test_the_scheduler(ovn: Ovn, world: Reloading) -> None:
    for i in range(12):
        ovn.add_router(f"r{i}")
    wait_for(
        lambda: set(primaries(ovn).values()) == {3}, "twelve ports, evenly"
    )
    world.take({"scheduler": {"ovn_l3_scheduler": "chance"}})
    assert world.status["scheduler"] == "chance"
    # Evenly is one way of four by twelve draws, and not these draws'.
    ports = [ovn.add_router(f"s{i}") for i in range(12)]
    wait_for(lambda: all(len(ovn.order(port)) == 4 for port in ports), "lists")
    assert set(Counter(ovn.order(p)[0] for p in ports).values()) != {3}


def test_when_a_silent_chassis_is_dead(
    ovn: Ovn, gateways: Controllers, world: Reloading
) -> None:
    world.take({"health": {"dead_after": 3600}})
    world.proceeds(ovn, "r1")
    (idle,) = {*GATEWAYS} - {*ovn.order("lrp-r1")[:3]}
    gateways.silence([idle])
    world.passes()
    assert f"chassis {idle}: live -> dead" not in world.daemon.log
    world.take({"health": {"dead_after": 2}})
    world.daemon.wait_log(f"chassis {idle}: .* -> dead")


def test_the_vantage_points(world: Reloading, tmp_path: Path) -> None:
    one = f"unix:{tmp_path}/one.sock"
    two = f"unix:{tmp_path}/two.sock"
    name = "gwsched_vantage_connected"
    world.take({"ovn": {"ovs_connections": one}})
    wait_for(lambda: world.daemon.metric(name, remote=one) == 0, "the first")
    world.take({"ovn": {"ovs_connections": two}})
    wait_for(lambda: world.daemon.metric(name, remote=two) == 0, "the second")
    assert world.daemon.metric(name, remote=one) is None


# -- what must not be lost -------------------------------------------------


def test_a_bad_file_changes_nothing(ovn: Ovn, world: Reloading) -> None:
    longer = {"scheduler": {"max_candidates": 4}}
    world.take({"scheduler": {"max_candidates": 2}})
    world.refuse(longer, "[health]\ndead_after = never\n")
    assert "dead_after" in world.daemon.log
    name = "gwsched_config_last_reload_successful"
    assert world.daemon.metric(name) == 0
    assert world.status["configuration"]["good"] is False
    assert "dead_after" in world.status["configuration"]["error"]
    world.proceeds(ovn, "r1", members=2)
    world.passes()
    assert len(ovn.order("lrp-r1")) == 2
    assert world.status["configuration"]["good"] is False
    world.take(longer)
    wait_for(lambda: len(ovn.order("lrp-r1")) == 4, "a longer list")
    assert world.daemon.metric(name) == 1


def test_a_move_under_way_is_followed_to_its_end(
    ovn: Ovn, gateways: Controllers, world: Reloading
) -> None:
    port = ovn.add_router("r1")
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    first, second = ovn.order(port)[:2]
    wait_for(lambda: ovn.holder(port) == first, "the first claim")
    gateways.refuse([second])
    ovn.intend(f"pin-{port}", second)
    wait_for(lambda: ovn.order(port)[0] == second, "the move")
    world.take({**FAST, "scheduler": {"max_candidates": 3}})
    gateways.refuse([])
    world.daemon.wait_log(f"{port}: {second} has claimed it after")
    labels = {"reason": "pin", "result": "claimed"}
    assert world.daemon.metric("gwsched_moves_total", **labels) == 1
    assert ovn.order(port)[0] == second


def test_fifty_in_a_row_do_no_harm(ovn: Ovn, world: Reloading) -> None:
    world.proceeds(ovn, "r1")
    where = Path(f"/proc/{world.daemon.process.pid}")
    before = [len(list((where / x).iterdir())) for x in ("fd", "task")]
    for number in range(50):
        world.write({**OFF, "scheduler": {"max_candidates": 2 + number % 3}})
        world.hang_up()
    world.take({**OFF, "scheduler": {"max_candidates": 4}})
    world.proceeds(ovn, "r2")
    world.proceeds(ovn, "r3")
    wait_for(
        lambda: (
            [len(list((where / x).iterdir())) for x in ("fd", "task")]
            == before
        ),
        "as many descriptors and threads as before",
    )
    assert world.daemon.log.count("took the lock") == 1
    assert world.daemon.metric("gwsched_leader") == 1
    assert world.daemon.metric("gwsched_errors_total", where="cycle") == 0
    assert "Traceback" not in world.daemon.log
    assert " -> dead" not in world.daemon.log


def test_one_that_stands_by_takes_it_over_as_well(
    ovn: Ovn, world: Reloading, start: StartDaemon, tmp_path: Path
) -> None:
    second = start({"scheduler": {"max_candidates": 2}}, name="second")
    second.wait_log("another gwsched holds the lock")
    write_conf(tmp_path / "second.conf", *world.remotes, OFF)
    second.process.send_signal(signal.SIGHUP)
    second.wait_log(TAKEN)
    world.daemon.kill()
    second.wait_log("took the lock")
    world.proceeds(ovn, "r1", members=4)


# -- the listener ----------------------------------------------------------


def test_the_port_of_the_metrics(
    ovn: Ovn, world: Reloading, tmp_path: Path
) -> None:
    old = world.daemon.port
    world.take({"metrics": {"bind": "127.0.0.2"}})
    world.daemon.wait_log(rf"metrics and health on http://127\.0\.0\.2:{old}")
    world.take({"metrics": {"bind": "127.0.0.1"}})
    assert world.daemon.metric("gwsched_leader") == 1
    world.refuse({"metrics": {"bind": "192.0.2.1"}})
    assert world.daemon.metric("gwsched_leader") == 1
    world.proceeds(ovn, "r1")


# -- other databases -------------------------------------------------------


def test_a_remote_that_was_wrong_is_put_right(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, tmp_path: Path
) -> None:
    daemon = start({"ovn": {"ovn_nb_connection": "unix:/nonexistent"}})
    daemon.wait_log("NB: not to be reached .* next try in 1.0 s")
    Reloading(daemon, tmp_path, ovn).take({})
    port = ovn.add_router("r1")
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    assert daemon.log.count("metrics and health on") == 1


def test_the_other_remotes_of_a_daemon_at_work(
    ovn: Ovn, world: Reloading, start: StartDaemon
) -> None:
    world.proceeds(ovn, "r1")
    with Ovn() as other:
        other.add_chassis("gw7", "gw8")
        other.quicken_bfd()
        port = other.add_router("r1", "gw8")
        with Controllers(other.sb):
            world.remotes = (other.nb, other.sb)
            world.take(OFF)
            world.daemon.wait_log(f"NB: connected to {other.nb}")
            # Nobody is judged by what was known of the others.
            wait_for(lambda: len(other.order(port)) == 2, "two candidates")
            assert other.order(port)[0] == "gw8"
            assert " -> dead" not in world.daemon.log
            assert world.daemon.metric("gwsched_leader") == 1
            # Whoever comes to the old ones finds the lock free.
            second = start(OFF, name="second")
            second.wait_log("took the lock")
            world.daemon.wait_log("guard startup is over")
            assert world.daemon.log.count("took the lock") == 2
            assert world.daemon.terminate() == 0


def test_remotes_that_are_away_can_be_taken_back(
    ovn: Ovn, world: Reloading
) -> None:
    good = world.remotes
    world.remotes = ("unix:/nonexistent/nb.sock", good[1])
    world.take(OFF)
    wait_for(lambda: world.daemon.get("/readyz")[0] == 503, "no NB")
    assert world.daemon.metric("gwsched_leader") == 0
    assert world.status["role"] == "connecting"
    world.remotes = good
    world.take(OFF)
    wait_for(lambda: world.daemon.get("/readyz")[0] == 200, "NB again")
    world.proceeds(ovn, "r1")


def test_load_by_nat_needs_another_table_of_the_same_databases(
    ovn: Ovn, world: Reloading
) -> None:
    for i in range(2):
        world.proceeds(ovn, f"r{i}")
    first = ovn.order("lrp-r0")[0]
    for i in range(5):
        ovn.add_nat("r0", "dnat_and_snat", f"172.16.0.{100 + i}")
    world.take({**FAST, "scheduler": {"load": "nat"}})
    world.daemon.wait_log("NB: connected to(.|\n)*NB: connected to")
    port = ovn.add_router("r9")
    wait_for(lambda: len(ovn.order(port)) == 4, "a list")
    name = "gwsched_chassis_weight_load"
    wait_for(
        lambda: (world.daemon.metric(name, chassis=first) or 0) >= 6,
        "the load of NAT",
    )
