# SPDX-License-Identifier: Apache-2.0
"""docs/status-page.png: the page of a real daemon on a populated fleet.

Run it by ``python -m tests.functional.screenshot [FILE]``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.functional.browsing import Browser
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for

DOCS = Path(__file__).parents[2] / "docs"
GATEWAYS = [f"gw{number}" for number in range(1, 7)]
ROUTERS = 120
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "ovn": {"ovs_connections": ""},
    "rebalance": {"moves_per_minute": 6000},
}


def main() -> None:
    """Build the fleet, drain one gateway, and take the picture."""
    path = Path(sys.argv[1]) if sys.argv[1:] else DOCS / "status-page.png"
    with Ovn() as ovn, tempfile.TemporaryDirectory() as directory:
        populate(ovn)
        with (
            Controllers(ovn.sb),
            Daemon(Path(directory), ovn.nb, ovn.sb, OPTIONS) as daemon,
            Browser() as browser,
        ):
            settle(ovn, daemon)
            browser.size(1440, 1240)
            browser.open(f"http://127.0.0.1:{daemon.port}/")
            browser.wait_text("#headline", "are served")
            browser.point("#rows tr:nth-child(2) button")
            browser.wait_text("#panel", "would go to")
            browser.shoot(path)


def populate(ovn: Ovn) -> None:
    """Add gateways with host names and zones, and routers of tenants."""
    ovn.add_chassis(*GATEWAYS)
    for number, name in enumerate(GATEWAYS):
        zone = f"az{number % 3 + 1}"
        options = f'"enable-chassis-as-gw,availability-zones={zone}"'
        ovn.sbctl(
            *("set", "Chassis", name, f"hostname=net-{number + 1:02d}.cloud"),
            f"other_config:ovn-cms-options={options}",
        )
    for number in range(ROUTERS):
        ovn.add_router(f"tenant-{number:03d}")


def settle(ovn: Ovn, daemon: Daemon) -> None:
    """Wait until all is placed, then drain one and wait until it is empty."""

    def counted(name: str) -> float:
        return daemon.metric("gwsched_chassis_active_ports", chassis=name) or 0

    wait_for(
        lambda: (
            sum(map(counted, GATEWAYS)) == ROUTERS
            and all(counted(name) == ROUTERS / 6 for name in GATEWAYS)
        ),
        "an even load",
        timeout=120,
    )
    ovn.intend("drain-gw4")
    wait_for(lambda: _is_at_rest(daemon), "gw4 to be empty", timeout=300)


def _is_at_rest(daemon: Daemon) -> bool:
    status = json.loads(daemon.get("/api/status")[1])
    drained = status["chassis"][GATEWAYS.index("gw4")]
    busy = status["uneven"] or status["waiting"] or drained["holds"]
    return not busy and not any(drained["ranks"])


if __name__ == "__main__":
    main()
