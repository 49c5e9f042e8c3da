# SPDX-License-Identifier: Apache-2.0
"""Who should be primary, and what gives way where nobody would be left."""

import pytest

from gwsched.model import GatewayPort
from gwsched.placement.eligibility import Eligibility
from tests.unit.test_filters import PUBLIC, asked_for, chassis, unit, who


def primaries(fleet: Eligibility, siblings: str = "") -> tuple[str, ...]:
    found = fleet.for_primary(unit(), frozenset(siblings.split()))
    return found.names


FLEET = (chassis("gw1"), chassis("gw2"), chassis("gw3"))


def test_without_a_wish_all_may_be_primary() -> None:
    fleet = who(*FLEET)
    assert primaries(fleet) == ("gw1", "gw2", "gw3")
    assert fleet.for_primary(unit(), frozenset()) is fleet.pool(unit())


@pytest.mark.parametrize(
    ("pins", "siblings", "names"),
    [
        ({}, "gw1", "gw2 gw3"),
        ({}, "gw1 gw3", "gw2"),
        ({}, "gw1 gw2 gw3", "gw1 gw2 gw3"),
        ({}, "gone", "gw1 gw2 gw3"),
        ({"lrp": "gw2"}, "", "gw2"),
        ({"lrp": "gw2"}, "gw1", "gw2"),
        ({"lrp": "gw2"}, "gw2", "gw2"),
        ({"lrp": "gone"}, "", "gw1 gw2 gw3"),
        ({"other": "gw2"}, "", "gw1 gw2 gw3"),
    ],
)
def test_a_pin_comes_before_anti_affinity_and_both_give_way(
    pins: dict[str, str], siblings: str, names: str
) -> None:
    fleet = who(*FLEET, intents=asked_for(**pins))
    assert primaries(fleet, siblings) == tuple(names.split())


def test_anti_affinity_is_kept_where_a_pin_cannot_be() -> None:
    fleet = who(*FLEET, intents=asked_for(lrp="gone"))
    assert primaries(fleet, "gw1") == ("gw2", "gw3")


def test_the_first_pin_of_ports_that_share_a_list_counts() -> None:
    shared = unit(more_ports=[GatewayPort("lrp2", physical_networks=PUBLIC)])
    fleet = who(*FLEET, intents=asked_for(lrp2="gw3"))
    assert fleet.for_primary(shared, frozenset()).names == ("gw3",)
    fleet = who(*FLEET, intents=asked_for(lrp="gw1", lrp2="gw3"))
    assert fleet.for_primary(shared, frozenset()).names == ("gw1",)
