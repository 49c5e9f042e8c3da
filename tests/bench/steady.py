# SPDX-License-Identifier: Apache-2.0
"""What the daemon costs in peace, and how long a first plan takes.

Real ovsdb-servers and northd; chassis made by hand that answer and claim.
The load on all three of them is measured twice: with the daemon at rest, and
without it, while a bare transaction makes a heartbeat as often.

Run: python -m tests.bench.steady [PORTS,CHASSIS ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.bench.processes import cpu_seconds
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

SIZES = ["100,5", "300,10", "1000,20", "2000,30", "4000,40"]
SHIPPED = {
    "health": {"probe_interval": 10, "dead_after": 20},
    "failover": {"hold_down": 30},
}
WATCHED = 60.0
SERVERS = ("nb", "sb", "northd")


def add_routers(ovn: Ovn, ports: int) -> None:
    """Add routers, each on an external switch of its own.

    On one switch together they cost northd time in their square.
    """
    batch = ["init"]
    for i in range(ports):
        mac = f"02:00:{i >> 24:02x}:{i >> 16 & 255:02x}"
        mac += f":{i >> 8 & 255:02x}:{i & 255:02x}"
        batch += f"-- ls-add ls{i} -- lsp-add ls{i} ln{i}".split()
        batch += f"-- lsp-set-type ln{i} localnet".split()
        batch += f"-- lsp-set-options ln{i} network_name=public".split()
        batch += f"-- lr-add r{i} -- lrp-add r{i} lrp-r{i} {mac}".split()
        batch += [f"172.16.{i // 250}.{i % 250 + 1}/12"]
        batch += f"-- set Logical_Router_Port lrp-r{i}".split()
        batch += ['external_ids:"neutron:is_ext_gw"="True"']
        batch += f"-- lsp-add ls{i} p{i} -- lsp-set-type p{i} router".split()
        batch += f"-- lsp-set-options p{i} router-port=lrp-r{i}".split()
        if len(batch) > 3000:
            ovn.nbctl(*batch)
            batch = ["init"]
    ovn.nbctl(*batch)


def samples(daemon: Daemon) -> dict[str, float]:
    """Sum the daemon's metrics over their labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(daemon.get("/metrics")[1]):
        for sample in family.samples:
            found.setdefault(sample.name, 0.0)
            found[sample.name] += sample.value
    return found


def measure(ports: int, chassis: int) -> str:
    """Measure one size; return a row of the table."""
    with Ovn() as ovn, tempfile.TemporaryDirectory() as directory:
        ovn.add_chassis(*(f"gw{i}" for i in range(1, chassis + 1)))
        add_routers(ovn, ports)
        with Controllers(ovn.sb):
            with Daemon(Path(directory), ovn.nb, ovn.sb, SHIPPED) as daemon:
                own = _at_rest(ovn, daemon, ports)
            bare = _loads(ovn, lambda: _beat(ovn))
    return f"| {ports} | {chassis} | {own} | {bare} |"


def _at_rest(ovn: Ovn, daemon: Daemon, ports: int) -> str:
    """Let it place all ports, then watch it at rest."""
    started = time.monotonic()
    claimed = "gwsched_chassis_active_ports"
    wait_for(lambda: samples(daemon).get(claimed) == ports, "claims", 600)
    took = time.monotonic() - started
    time.sleep(15)  # let the last claims be digested
    before = samples(daemon)
    loads = _loads(ovn, lambda: None)
    after = samples(daemon)
    change = {k: after[k] - before.get(k, 0.0) for k in after}
    cycles = change["gwsched_cycle_duration_seconds_count"]
    spent = change["gwsched_cycle_duration_seconds_sum"]
    rss = after["process_resident_memory_bytes"] / 2**20
    cpu = change["process_cpu_seconds_total"] / WATCHED
    return (
        f"{took:.1f} s | {cpu:.2%} | {cycles:.0f} "
        f"| {spent / max(cycles, 1) * 1000:.1f} ms | {rss:.0f} MiB | {loads}"
    )


def _loads(ovn: Ovn, beat: Callable[[], None]) -> str:
    """Watch what the servers take while there is a heartbeat at times."""
    began = {name: cpu_seconds(ovn.pid(name)) for name in SERVERS}
    for _ in range(int(WATCHED / SHIPPED["health"]["probe_interval"])):
        beat()
        time.sleep(SHIPPED["health"]["probe_interval"])
    return " | ".join(
        f"{(cpu_seconds(ovn.pid(name)) - began[name]) / WATCHED:.2%}"
        for name in SERVERS
    )


def _beat(ovn: Ovn) -> None:
    more: list[Any] = ["nb_cfg", "+=", 1]
    ovn.transact(
        "nb",
        {
            "op": "mutate",
            "table": "NB_Global",
            "where": [],
            "mutations": [more],
        },
    )


def main() -> None:
    """Measure every size."""
    print(
        "| ports | chassis | placed and claimed | CPU at rest | cycles a "
        "minute | each | RSS | NB | SB | northd | NB without | SB without "
        "| northd without |\n" + "|---" * 13 + "|",
        flush=True,
    )
    for size in sys.argv[1:] or SIZES:
        ports, chassis = size.split(",")
        print(measure(int(ports), int(chassis)), flush=True)


if __name__ == "__main__":
    main()
