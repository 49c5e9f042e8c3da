# SPDX-License-Identifier: Apache-2.0
"""What the daemon costs in peace, and how long a first plan takes.

Real ovsdb-servers and northd; chassis made by hand that answer and claim.
Run: python -m tests.bench.steady [PORTS,CHASSIS ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

SIZES = ["100,5", "300,10", "1000,20"]
SHIPPED = {
    "health": {"probe_interval": 10, "dead_after": 20},
    "failover": {"hold_down": 30},
}
WATCHED = 60.0


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


def measure(ports: int, chassis: int) -> None:
    """Measure one size and print a row of the table."""
    with Ovn() as ovn, tempfile.TemporaryDirectory() as directory:
        ovn.add_chassis(*(f"gw{i}" for i in range(1, chassis + 1)))
        add_routers(ovn, ports)
        with (
            Controllers(ovn.sb),
            Daemon(Path(directory), ovn.nb, ovn.sb, SHIPPED) as daemon,
        ):
            started = time.monotonic()
            claimed = "gwsched_chassis_active_ports"
            wait_for(
                lambda: samples(daemon).get(claimed) == ports, "claims", 300
            )
            took = time.monotonic() - started
            time.sleep(15)  # let the last claims be digested
            before = samples(daemon)
            time.sleep(WATCHED)
            after = samples(daemon)
            change = {k: after[k] - before.get(k, 0.0) for k in after}
            cycles = change["gwsched_cycle_duration_seconds_count"]
            spent = change["gwsched_cycle_duration_seconds_sum"]
            rss = after["process_resident_memory_bytes"] / 2**20
            cpu = change["process_cpu_seconds_total"] / WATCHED
            print(
                f"| {ports} | {chassis} | {took:.1f} s | {cpu:.2%} "
                f"| {cycles:.0f} | {spent / max(cycles, 1) * 1000:.1f} ms "
                f"| {rss:.0f} MiB |",
                flush=True,
            )


def main() -> None:
    """Measure every size."""
    print(
        "| ports | chassis | placed and claimed | CPU at rest | cycles a "
        "minute | each | RSS |\n|---|---|---|---|---|---|---|"
    )
    for size in sys.argv[1:] or SIZES:
        ports, chassis = size.split(",")
        measure(int(ports), int(chassis))


if __name__ == "__main__":
    main()
