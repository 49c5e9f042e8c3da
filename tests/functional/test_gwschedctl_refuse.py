# SPDX-License-Identifier: Apache-2.0
"""What gwschedctl refuses to write, and says of it; no daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.ovn import Ovn
from tests.functional.steering import (
    SYSTEM_ID,
    as_json,
    asked,
    conf_of,
    said,
    steerable,
)
from tests.functional.test_gwschedctl import Done, ctl


@pytest.fixture
def fleet(ovn: Ovn) -> Ovn:
    return steerable(ovn)


@pytest.fixture
def conf(fleet: Ovn, tmp_path: Path) -> Path:
    return conf_of(fleet, tmp_path)


def refused(done: Done, *lines: str) -> None:
    assert (done.returncode, done.stdout) == (3, "")
    for line in lines:
        assert f"gwschedctl: {line}\n" in done.stderr, done.stderr


def test_the_last_one_that_can_host_a_port_is_not_drained(
    fleet: Ovn, conf: Path
) -> None:
    fleet.add_chassis("gw4", mappings="dmz:br-dmz")
    fleet.add_router("d1", "gw4", network="dmz")
    fleet.add_router("d2", "gw4", network="dmz")
    fleet.nbctl("--wait=sb", "sync")
    fleet.answer("gw4")
    before = fleet.transactions()
    done = ctl("--config-file", conf, "drain", "gw4")
    why = f"{SYSTEM_ID}: ovn-bridge-mappings has no dmz; "
    refused(done, "refused to drain gw4:")
    for port in ("lrp-d1", "lrp-d2"):
        assert f"gwschedctl: {port}: {why}gw1: " in done.stderr
    assert "verdicts are assumed" in done.stderr
    found = as_json(conf, "drain", "gw4", code=3)
    assert [o["port"] for o in found["refused"]] == ["lrp-d1", "lrp-d2"]
    assert (found["changed"], found["was"], found["now"]) == (
        False,
        None,
        None,
    )
    assert fleet.transactions() == before


def test_by_force_it_is_drained_even_so(fleet: Ovn, conf: Path) -> None:
    fleet.add_chassis("gw4", mappings="dmz:br-dmz")
    fleet.add_router("d1", "gw4", network="dmz")
    fleet.nbctl("--wait=sb", "sync")
    fleet.answer("gw4")
    done = ctl("--config-file", conf, "drain", "gw4", "--force")
    assert done.returncode == 0
    assert "lrp-d1: " in done.stderr
    assert asked(fleet) == {"drain-gw4": "true"}


def test_the_last_one_beside_those_that_drain_is_not_drained(
    fleet: Ovn, conf: Path
) -> None:
    said(conf, "drain", "gw1")
    said(conf, "drain", "gw2")
    done = ctl("--config-file", conf, "drain", SYSTEM_ID)
    why = "gw1: it is draining; gw2: it is draining"
    refused(done, f"lrp-r1: {why}")
    assert asked(fleet) == {"drain-gw1": "true", "drain-gw2": "true"}


def test_the_only_backup_that_answers_is_not_drained(
    fleet: Ovn, conf: Path
) -> None:
    for _ in range(3):
        fleet.nbctl("--wait=sb", "sync")
        fleet.answer("gw1", "hv7")
    done = ctl("--config-file", conf, "drain", "gw1")
    refused(done, f"lrp-r2: {SYSTEM_ID}: it is suspect; gw2: it is suspect")


def test_what_configuration_leaves_alone_is_not_drained(
    fleet: Ovn, tmp_path: Path
) -> None:
    conf = conf_of(fleet, tmp_path, {"scheduler": {"deny_routers": "r1"}})
    done = ctl("--config-file", conf, "drain", "gw1")
    refused(
        done, "lrp-r1: deny_routers of the configuration names router r1 (r1)"
    )


def test_what_gwsched_does_not_move_is_named(fleet: Ovn, conf: Path) -> None:
    fleet.nbctl("lr-add", "edge", "--", "set", "Logical_Router", "edge",
                "options:chassis=gw1")  # fmt: skip
    port = fleet.add_router("alien", "gw1", marker="none")
    fleet.nbctl("set", "Logical_Router_Port", port,
                'external_ids:"neutron:router_name"=alien')  # fmt: skip
    fleet.nbctl("--wait=sb", "sync")
    fleet.claim(port, "gw1")
    done = ctl("--config-file", conf, "drain", "gw1")
    assert done.returncode == 0
    assert (
        "gw1 also has what gwsched does not move: L3 gateway router edge, "
        "port lrp-alien\n"
    ) in done.stderr


def test_a_pin_onto_who_may_not_host_the_port(fleet: Ovn, conf: Path) -> None:
    said(conf, "cordon", "gw2")
    for name, why in (("gw2", "it is cordoned"), ("hv7", "ovn-cms-options")):
        done = ctl("--config-file", conf, "pin", "lrp-r1", name)
        refused(done, "refused to pin lrp-r1:")
        assert f"lrp-r1: {name}: {why}" in done.stderr
    found = as_json(conf, "pin", "lrp-r1", "gw2", code=3)
    assert found["refused"] == [
        {"port": "lrp-r1", "why": "gw2: it is cordoned"}
    ]
    assert asked(fleet) == {"cordon-gw2": "true"}
