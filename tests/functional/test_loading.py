# SPDX-License-Identifier: Apache-2.0
"""While a database is being loaded, the daemon says so and lives."""

from __future__ import annotations

from pathlib import Path

from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for
from tests.functional.trickle import Trickle

# More than the schemas take, less than the routers do.
MOST = 60_000
ROUTERS = 100


def test_who_asks_hears_how_far_it_is(ovn: Ovn, tmp_path: Path) -> None:
    many: list[str] = []
    for number in range(ROUTERS):
        many += ["--", "lr-add", f"{number:0>1000}"]
    ovn.nbctl(*many[1:])
    path = tmp_path / "slow.sock"
    with (
        Trickle(ovn.directory / "nb.sock", path, MOST) as slow,
        Daemon(tmp_path, slow.remote, ovn.sb) as daemon,
    ):
        half = (503, "NB is not in sync: 0.1 MiB received so far\n")
        wait_for(lambda: daemon.get("/readyz") == half, "half of it")
        assert daemon.get("/livez") == (200, "ok\n")
        slow.release()
        wait_for(lambda: daemon.get("/readyz") == (200, "ok\n"), "all of it")
