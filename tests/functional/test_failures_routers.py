# SPDX-License-Identifier: Apache-2.0
"""L3 gateway routers whose chassis fails, with real packets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwsched.sandbox import Sandbox
from tests.functional.claimlog import ClaimLog
from tests.functional.daemon import Daemon
from tests.functional.failures import (
    NOISE,
    falls_silent,
    flowing,
    hands,
    held,
    live,
    nothing_answers,
    returned,
    sandbox,
    seeing,
    settled,
    silent,
    start,
    streams,
    traffic,
    warm,
)

pytestmark = pytest.mark.packets

# BFD, then dead_after of no tunnel at all, and the claim (s).
RESCUE = 3 + 2 + 1.0


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Four gateways and a compute node."""
    with sandbox() as found:
        yield found


def test_only_who_is_asked_for_fails_over(
    box: Sandbox, tmp_path: Path
) -> None:
    box.add_router("asked", pinned_to="gw1")
    box.add_router("tied", pinned_to="gw1", marker="none")
    # Tunnels have BFD only between chassis that share a list; in Neutron's
    # even the dead stay.
    box.add_router("listed", candidates=box.gateways, marker="neutron")
    settled(box, "listed")
    warm(box)
    with streams(box, "asked", "tied"):
        box.fault("gw1", "power")
    held(box, "listed", "gw2")
    nothing_answers(box, "asked", "tied")
    assert box.pinned("asked") == box.pinned("tied") == "gw1"
    box.heal("gw1")
    settled(box, "listed")
    warm(box)

    with start(box, tmp_path, {"ovn": seeing(box)}) as daemon:
        live(daemon, *box.gateways)
        with (
            streams(box, "asked", "tied") as runs,
            ClaimLog(box.sb) as claims,
        ):
            box.fault("gw1", "power")
            falls_silent(runs["tied"])
            daemon.wait_log("router asked: gw1 -> gw[234] .failover: ")
            flowing(runs["asked"])
            held(box, "listed", "gw2")
            silent(runs["tied"])
        assert hands(claims, "listed") == ["gw1", "gw2"]
        assert runs["asked"].report.longest_gap <= RESCUE + NOISE
        returning_it_takes_nothing(box, daemon)
    assert "router tied" not in daemon.log


def returning_it_takes_nothing(box: Sandbox, daemon: Daemon) -> None:
    """Who was pinned elsewhere stays there; who was not is served again."""
    target = box.pinned("asked")
    assert target in ("gw2", "gw3", "gw4")
    with traffic(box, "asked") as run:
        box.heal("gw1")
        returned(daemon, "gw1")
        flowing(run)
    assert run.report.lost == 0
    assert box.pinned("asked") == target
    assert set(box.pinned_holders("asked").values()) == {target}
    assert box.pinned("tied") == "gw1"
    with box.ping("tied") as tied:
        flowing(tied, packets=3)
    assert box.holder("listed") == "gw2"
