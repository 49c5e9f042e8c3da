# SPDX-License-Identifier: Apache-2.0
"""L3 gateway routers pinned elsewhere: only that option, only as planned."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gwsched import apply
from gwsched.apply import Result
from gwsched.decisions import Relocation
from gwsched.model import GatewayRouter
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import catch_up, databases

Meddling = Callable[[Ovn], object]
SEEN_OR_NOT = pytest.mark.parametrize("noticed", [True, False])
MINE = {"chassis": "gw1", "mcast_relay": "true"}


def relocation(
    name: str, chassis: str = "gw1", target: str = "gw2"
) -> Relocation:
    return Relocation(GatewayRouter(name, chassis), target, "a test")


def pin(ovn: Ovn, name: str, **options: str) -> None:
    """Add an L3 gateway router with one port."""
    ovn.add_router(name, marker="none")
    write(ovn, name, **options)


def write(ovn: Ovn, name: str, **options: str) -> None:
    """Write some options of a router, and leave the others."""
    ovn.nbctl(
        *("set", "Logical_Router", name),
        *(f"options:{key}={value}" for key, value in options.items()),
    )


def options(ovn: Ovn, name: str) -> dict[str, str]:
    text = ovn.nbctl("get", "Logical_Router", name, "options")
    pairs = (pair.split("=") for pair in text.strip("{}").split(", "))
    return {key: value.strip('"') for key, value in pairs}


def pinned_in_sb(ovn: Ovn, name: str) -> list[str]:
    """Where northd tells the chassis that a router's ports are."""
    found = ovn.sbctl(
        *("--bare", "--columns=options", "find", "Port_Binding"),
        *("type=l3gateway", f"logical_port=lrp-{name}"),
    )
    words = dict(word.split("=") for word in found.split() if "=" in word)
    return [words["l3gateway-chassis"]] if words else []


@pytest.fixture
def two(ovn: Ovn) -> Ovn:
    ovn.add_chassis("gw1", "gw2", "gw3")
    pin(ovn, "r1", **MINE)
    pin(ovn, "r2", **MINE)
    return ovn


def test_a_router_is_pinned_elsewhere_and_keeps_its_other_options(
    two: Ovn,
) -> None:
    wait_for(lambda: pinned_in_sb(two, "r1") == ["gw1"], "northd")
    with databases(two) as (nb, _):
        result, detail = apply.relocate(nb, [relocation("r1")], 10)
        assert result is Result.COMMITTED, detail
    assert options(two, "r1") == MINE | {"chassis": "gw2"}
    assert options(two, "r2") == MINE
    wait_for(lambda: pinned_in_sb(two, "r1") == ["gw2"], "northd")


def test_several_routers_are_one_transaction(two: Ovn) -> None:
    with databases(two) as (nb, _):
        both = [relocation("r1"), relocation("r2", target="gw3")]
        assert apply.relocate(nb, both, 10)[0] is Result.COMMITTED
    assert options(two, "r1")["chassis"] == "gw2"
    assert options(two, "r2")["chassis"] == "gw3"
    (written,) = two.plans_written()
    assert "2 L3 gateway routers (r1, r2 ...)" in written


def the_other_chassis(ovn: Ovn) -> None:
    write(ovn, "r2", chassis="gw3")


def unpinned(ovn: Ovn) -> None:
    ovn.nbctl("remove", "Logical_Router", "r2", "options", "chassis")


def renamed(ovn: Ovn) -> None:
    ovn.nbctl("set", "Logical_Router", "r2", "name=r3")


def deleted(ovn: Ovn) -> None:
    ovn.nbctl("lr-del", "r2")


@pytest.mark.parametrize(
    "meddle", [the_other_chassis, unpinned, renamed, deleted]
)
@SEEN_OR_NOT
def test_what_came_in_between_fails_the_whole_transaction(
    two: Ovn, meddle: Meddling, noticed: bool
) -> None:
    """Whether our replica shows it already, or only the server knows."""
    with databases(two) as (nb, sb):
        meddle(two)
        theirs = two.nbctl("list", "Logical_Router")
        if noticed:
            catch_up(nb, sb)
        plan = [relocation("r1"), relocation("r2")]
        assert apply.relocate(nb, plan, 10)[0] is Result.STALE
        assert two.nbctl("list", "Logical_Router") == theirs
        catch_up(nb, sb)
        assert apply.relocate(nb, plan[:1], 10)[0] is Result.COMMITTED
    assert options(two, "r1")["chassis"] == "gw2"


@SEEN_OR_NOT
def test_other_options_written_meanwhile_are_kept(
    two: Ovn, noticed: bool
) -> None:
    with databases(two) as (nb, sb):
        write(two, "r1", mcast_relay="false", dynamic_neigh_routers="true")
        if noticed:
            catch_up(nb, sb)
        plan = [relocation("r1")]
        result, _ = apply.relocate(nb, plan, 10)
        if not noticed:
            assert result is Result.STALE
            catch_up(nb, sb)
            result, _ = apply.relocate(nb, plan, 10)
        assert result is Result.COMMITTED
    assert options(two, "r1") == {
        "chassis": "gw2",
        "mcast_relay": "false",
        "dynamic_neigh_routers": "true",
    }


def test_of_two_routers_of_a_name_the_other_is_left_alone(two: Ovn) -> None:
    two.nbctl("--add-duplicate", "lr-add", "r1")
    with databases(two) as (nb, _):
        assert apply.relocate(nb, [relocation("r1")], 10)[0] is (
            Result.COMMITTED
        )
    found = two.nbctl(
        *("--bare", "--columns=options", "find", "Logical_Router", "name=r1")
    )
    assert found.split() == ["chassis=gw2", "mcast_relay=true"]


def test_two_routers_of_a_name_on_one_chassis_are_not_told_apart(
    two: Ovn,
) -> None:
    uuid = two.nbctl(
        *("--bare", "--columns=_uuid", "find"),
        *("Logical_Router", "name=r2"),
    )
    two.nbctl("set", "Logical_Router", uuid, "name=r1")
    with databases(two) as (nb, _):
        result, detail = apply.relocate(nb, [relocation("r1")], 10)
    assert result is Result.STALE
    assert "r1 is pinned to gw1" in detail
    assert two.plans_written() == []


def test_without_the_lock_nothing_is_written(two: Ovn) -> None:
    with databases(two), databases(two, with_lock=False) as (nb, _):
        result, _ = apply.relocate(nb, [relocation("r1")], 10)
        assert result is Result.NOT_LOCKED
    assert options(two, "r1") == MINE
