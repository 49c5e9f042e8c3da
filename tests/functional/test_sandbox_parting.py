# SPDX-License-Identifier: Apache-2.0
"""Two gateways of the sandbox lose each other, and nobody else."""

import os
from collections.abc import Iterator

import pytest

from gwsched.sandbox import Ping, Sandbox, SandboxError
from gwsched.sandbox.tables import mapping, tables
from tests.functional.claimlog import ClaimLog
from tests.functional.ovn import wait_for

pytestmark = pytest.mark.packets

PORT = "lrp-r1"


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """A router with three candidates."""
    box = Sandbox.up(f"p{os.getpid()}", gateways=3)
    try:
        box.add_router("r1", candidates=("gw1", "gw2", "gw3"))
        yield box
    finally:
        box.down()


@pytest.fixture
def box(shared: Sandbox) -> Sandbox:
    """The same, all well."""
    everybody = {"gw1", "gw2", "gw3", "hv1"}
    for chassis in everybody:
        sees(shared, chassis, everybody - {chassis})
    return shared


def sees(box: Sandbox, chassis: str, others: set[str]) -> None:
    """Wait until a chassis has BFD up with some others only."""

    names = {address(box, each.name): each.name for each in box.chassis}

    def found() -> set[str]:
        # fmt: off
        [tunnels] = tables(box.execute(
            chassis, "ovs-vsctl", "--format=json",
            "--columns=options,bfd_status", "find", "Interface", "type=geneve",
        ))
        # fmt: on
        return {
            names[mapping(tunnel["options"])["remote_ip"]]
            for tunnel in tunnels
            if mapping(tunnel["bfd_status"]).get("state") == "up"
        }

    wait_for(lambda: found() == others, f"{chassis} to see {others} only")


def address(box: Sandbox, chassis: str) -> str:
    key = "external_ids:ovn-encap-ip"
    found = box.execute(chassis, "ovs-vsctl", "get", "Open_vSwitch", ".", key)
    return found.strip().strip('"')


def stands_still(log: ClaimLog, run: Ping) -> bool:
    """Tell whether nobody claims the port while a hundred packets pass."""
    before = len(log.of(PORT))
    run.wait_replies(100, 30)
    return len(log.of(PORT)) == before


def test_claims_flap_until_they_are_rejoined(box: Sandbox) -> None:
    with ClaimLog(box.sb) as log, box.ping("r1", interval=0.02) as run:
        wait_for(lambda: stands_still(log, run), "a quiet start")
        before = len(log.of(PORT))

        box.part("gw1", "gw2")
        sees(box, "gw1", {"gw3", "hv1"})
        sees(box, "gw2", {"gw3", "hv1"})
        wait_for(lambda: len(log.of(PORT)) >= before + 6, "a fight")
        fight = log.of(PORT)[before:][:6]
        assert fight == ["gw2", "gw1"] * 3

        box.rejoin("gw1", "gw2")
        wait_for(lambda: stands_still(log, run), "the end of the fight")
        assert box.holder("r1") == "gw1"


def drops(box: Sandbox, chassis: str) -> bool:
    flows = box.execute(chassis, "ovs-ofctl", "dump-flows", "br-tun")
    return "drop" in flows


def test_heal_of_one_heals_the_pair(box: Sandbox) -> None:
    box.part("gw1", "gw2")
    box.part("gw2", "gw3")
    assert all(drops(box, name) for name in box.gateways)
    box.heal("gw1")
    assert not drops(box, "gw1")
    assert drops(box, "gw2")
    assert drops(box, "gw3")
    sees(box, "gw1", {"gw2", "gw3", "hv1"})
    box.heal("gw2")
    assert not any(drops(box, name) for name in box.gateways)


def test_rejoined_while_one_is_dead(box: Sandbox) -> None:
    box.part("gw1", "gw2")
    box.fault("gw2", "power")
    box.rejoin("gw1", "gw2")
    box.heal("gw2")
    sees(box, "gw1", {"gw2", "gw3", "hv1"})


def test_who_is_dead_cannot_be_parted(box: Sandbox) -> None:
    box.fault("gw3", "vswitchd")
    with pytest.raises(SandboxError, match="gw3: ovs-vswitchd does not run"):
        box.part("gw1", "gw3")
    box.heal("gw3")
    assert not drops(box, "gw1")
