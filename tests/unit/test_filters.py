# SPDX-License-Identifier: Apache-2.0
"""Who may host what, and the reason why not."""

from collections.abc import Iterable

import pytest

from gwsched.decisions import Health, Policy, State, Verdict
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Intents,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.filters import (
    CONFIGURED,
    FILTERS,
    PREFERENCES,
    Question,
    nearest_reason,
    refuse,
)
from gwsched.planner import plan
from gwsched.schedulers.leastloaded import LeastLoaded


def unit(
    networks: str = "public",
    hints: str = "",
    *,
    more_ports: Iterable[GatewayPort] = (),
    neutron: bool = False,
    order: Iterable[str] = (),
) -> Unit:
    """Return a unit; networks and hints are words in a string."""
    port = GatewayPort(
        "lrp",
        physical_networks=frozenset(networks.split()),
        zone_hints=frozenset(hints.split()),
    )
    names = list(order)
    return Unit(
        "lrp",
        Form.GATEWAY_CHASSIS if names else None,
        (port, *more_ports),
        tuple(Candidate(n, len(names) - i) for i, n in enumerate(names)),
        neutron=neutron,
    )


def chassis(
    name: str = "gw1",
    networks: str = "public",
    zones: str = "",
    *,
    gateway: bool = True,
    denied: str = "",
    uncertain: bool = False,
) -> Chassis:
    return Chassis(
        name,
        is_gateway=gateway,
        physical_networks=frozenset(networks.split()),
        zones=frozenset(zones.split()),
        denied=denied,
        uncertain=uncertain,
    )


def asked_for(cordoned: str = "", draining: str = "", **pins: str) -> Intents:
    """Return intents; chassis are words in a string."""
    return Intents(
        cordoned=frozenset(cordoned.split()),
        draining=frozenset(draining.split()),
        pins=frozen_map(pins),
    )


def world(
    rows: Iterable[Chassis],
    states: dict[str, State] | None = None,
    intents: Intents | None = None,
) -> tuple[Snapshot, Health]:
    """Return a snapshot of chassis, live unless the states say else."""
    there = {row.name: row for row in rows}
    verdicts = {
        name: Verdict((states or {}).get(name, State.LIVE), 0, "because")
        for name in [*there, *(states or {})]
    }
    snapshot = Snapshot(frozen_map(there), (), intents=intents or Intents())
    return snapshot, Health(verdicts=frozen_map(verdicts))


def who(
    *rows: Chassis,
    states: dict[str, State] | None = None,
    intents: Intents | None = None,
) -> Eligibility:
    return Eligibility(*world(rows, states, intents))


PUBLIC = frozenset({"public"})
OTHER = GatewayPort("lrp2", physical_networks=frozenset({"dc"}))


@pytest.mark.parametrize(
    ("wanted", "offered", "name", "words"),
    [
        (unit(), chassis(), None, ""),
        (unit(), chassis(gateway=False), "gateway_flag", "enable-chassis"),
        (unit("public"), chassis(networks="public dc"), None, ""),
        (unit("public dc"), chassis(networks="dc"), None, ""),
        (
            unit("public"),
            chassis(networks="dc"),
            "physical_network",
            "ovn-bridge-mappings has no public",
        ),
        (unit("b a"), chassis(), "physical_network", "has no a, b"),
        (
            unit("public", more_ports=[OTHER]),
            chassis(networks="public dc"),
            None,
            "",
        ),
        (
            unit("public", more_ports=[OTHER]),
            chassis(networks="public"),
            "physical_network",
            "has no dc",
        ),
        (unit(), chassis(zones="az1"), None, ""),
        (unit(hints="az1 az2"), chassis(zones="az2 az3"), None, ""),
        (unit(hints="az2 az1"), chassis(zones="az3"), "zone", "az1, az2"),
        (unit(hints="az1"), chassis(), "zone", "az1"),
    ],
)
def test_what_a_chassis_must_have(
    wanted: Unit, offered: Chassis, name: str | None, words: str
) -> None:
    found = refuse(Question(wanted, offered, State.LIVE, flagged=True))
    if name is None:
        assert found is None
    else:
        assert found is not None
        assert found[0] == name
        assert words in found[1]


def test_a_port_that_faces_no_physical_network_gets_no_list() -> None:
    fleet = who(chassis("gw1"))
    assert fleet.names(unit("")) == ()
    assert fleet.refusal(unit("")).reason == "physical_network"


def test_a_port_that_faces_no_physical_network_keeps_its_list() -> None:
    fleet = who(chassis("gw1"))
    assert fleet.serves(unit("", order=["gw1"]), "gw1")


@pytest.mark.parametrize("state", State)
def test_only_a_live_chassis_gets_anything(state: State) -> None:
    found = refuse(Question(unit(), chassis(), state, flagged=True))
    if state is State.LIVE:
        assert found is None
    else:
        assert found == ("verdict", f"it is {state}")


@pytest.mark.parametrize(
    ("neutron", "flagged", "allowed"),
    [
        (False, False, True),
        (False, True, False),
        (True, False, False),
        (True, True, False),
    ],
)
def test_without_the_flag_only_where_nobody_has_it_and_not_for_neutron(
    neutron: bool, flagged: bool, allowed: bool
) -> None:
    question = Question(
        unit(neutron=neutron), chassis(gateway=False), State.LIVE, flagged
    )
    assert (refuse(question) is None) is allowed


@pytest.mark.parametrize(
    ("reasons", "nearest"),
    [
        (["gateway_flag", "zone", "physical_network"], "zone"),
        (["verdict", "gateway_flag"], "verdict"),
        (["gateway_flag"], "gateway_flag"),
        ([], "no_chassis"),
    ],
)
def test_the_reason_nearest_to_enough(
    reasons: list[str], nearest: str
) -> None:
    assert nearest_reason(reasons) == nearest
    assert nearest_reason(reversed(reasons)) == nearest


def test_every_filter_can_be_the_nearest() -> None:
    assert [nearest_reason([name]) for name in FILTERS] == list(FILTERS)


def test_who_may_host_is_sorted_and_live_and_fit() -> None:
    fleet = who(
        chassis("gw3", "public"),
        chassis("gw1", "public"),
        chassis("gw2", "dc"),
        chassis("gw4", "public"),
        states={"gw4": State.RETURNING},
    )
    assert fleet.names(unit("public")) == ("gw1", "gw3")
    assert fleet.names(unit("dc")) == ("gw2",)
    assert fleet.names(unit("none")) == ()
    assert fleet.besides(unit("public"), ["gw1"]) == ["gw3"]


def test_where_nobody_has_the_flag_others_ports_may_use_them_all() -> None:
    fleet = who(
        chassis("c1", "public", gateway=False),
        chassis("c2", "dc", gateway=False),
    )
    assert fleet.names(unit("public")) == ("c1",)


def test_where_nobody_has_the_flag_neutrons_ports_stay_unscheduled() -> None:
    fleet = who(chassis("c1", "public", gateway=False))
    mine = unit("public", neutron=True)
    assert fleet.names(mine) == ()
    refusal = fleet.refusal(mine)
    assert refusal.reason == "gateway_flag"
    assert "c1: " in refusal.why
    assert "enable-chassis-as-gw" in refusal.why


def test_one_flag_anywhere_ends_the_fall_back() -> None:
    fleet = who(
        chassis("c1", "public", gateway=False),
        chassis("gw1", "dc"),
        states={"gw1": State.DEAD},
    )
    assert fleet.names(unit("public")) == ()


def test_neutrons_and_others_ports_are_not_mistaken_for_each_other() -> None:
    fleet = who(chassis("c1", gateway=False))
    for _ in range(2):
        assert fleet.names(unit()) == ("c1",)
        assert fleet.names(unit(neutron=True)) == ()


def test_a_refusal_quotes_who_came_nearest() -> None:
    refusal = who(
        chassis("gw1", "dc"),
        chassis("gw2", "public"),
        chassis("gw3", "public", "az1"),
        states={"gw3": State.SUSPECT},
    ).refusal(unit("public", "az1"))
    assert refusal.reason == "verdict"
    assert refusal.why == "gw3: it is suspect"


def test_a_refusal_of_many_says_how_many_more() -> None:
    fleet = who(*(chassis(f"gw{i}", "dc") for i in range(8)))
    refusal = fleet.refusal(unit("public"))
    assert refusal.reason == "physical_network"
    assert refusal.why.count("ovn-bridge-mappings has no public") == 5
    assert refusal.why.endswith("; and 3 more")


def test_a_refusal_without_any_chassis() -> None:
    refusal = who().refusal(unit())
    assert refusal.reason == "no_chassis"
    assert refusal.why


@pytest.mark.parametrize(
    ("state", "serves"),
    [
        (State.LIVE, True),
        (State.SUSPECT, True),
        (State.UNKNOWN, True),
        (State.RETURNING, True),
        (State.DEAD, False),
    ],
)
def test_a_member_serves_unless_dead(state: State, serves: bool) -> None:
    fleet = who(chassis("gw1"), states={"gw1": state})
    assert fleet.serves(unit(), "gw1") is serves
    assert fleet.dead("gw1") is not serves


@pytest.mark.parametrize(
    ("row", "serves"),
    [
        (chassis(networks="public"), True),
        (chassis(networks="dc"), False),
        (chassis(networks="dc", uncertain=True), True),
        (chassis(networks="public", gateway=False), False),
        (chassis(networks="public", gateway=False, uncertain=True), True),
    ],
)
def test_what_cannot_be_read_speaks_against_nobody_who_serves(
    row: Chassis, serves: bool
) -> None:
    fleet = who(row, chassis("gw2"))
    assert fleet.fits(unit("public"), "gw1") is serves
    assert fleet.serves(unit("public"), "gw1") is serves


@pytest.mark.parametrize(
    ("networks", "names"), [("public", ("gw1",)), ("", ())]
)
def test_the_uncertain_get_new_what_they_surely_can_host(
    networks: str, names: tuple[str, ...]
) -> None:
    fleet = who(chassis("gw1", networks, uncertain=True))
    assert fleet.names(unit("public")) == names


def test_the_uncertain_keep_what_they_have_and_get_nothing_new() -> None:
    rows = [
        chassis("gw1", "", uncertain=True),
        chassis("gw2", "public"),
        chassis("gw3", "", uncertain=True),
    ]
    snapshot, health = world(rows)
    has = unit("public", order=["gw1", "gw2"])
    snapshot = Snapshot(snapshot.chassis, (has,))
    assert plan(snapshot, health, LeastLoaded(), Policy(), 100).changes == ()


def test_a_member_without_a_row_does_not_serve() -> None:
    fleet = who(chassis("gw1"), states={"gone": State.DEAD})
    assert not fleet.serves(unit(), "gone")
    assert not fleet.fits(unit(), "gone")


def test_what_speaks_against_a_member() -> None:
    fleet = who(
        chassis("gw1", "dc"),
        chassis("gw2", "public"),
        states={"gw2": State.DEAD},
    )
    against = fleet.against(unit("public"), "gw1")
    assert against == "ovn-bridge-mappings has no public"
    assert fleet.against(unit("public"), "gw2") == "because"


@pytest.mark.parametrize(
    ("state", "vouches"),
    [
        (State.LIVE, True),
        (State.UNKNOWN, True),
        (State.SUSPECT, False),
        (State.DEAD, False),
        (State.RETURNING, False),
    ],
)
def test_only_who_may_be_up_vouches(state: State, vouches: bool) -> None:
    fleet = who(chassis("gw1"), states={"gw1": state})
    assert fleet.vouches("gw1") is vouches
    assert not fleet.vouches("nobody")


# -- configuration and intents --


@pytest.mark.parametrize(
    ("name", "intents", "siblings", "words"),
    [
        ("cordon", asked_for(cordoned="gw1 gw2"), "", "it is cordoned"),
        ("cordon", asked_for(cordoned="gw2"), "", None),
        ("drain", asked_for(draining="gw1"), "", "it is draining"),
        ("drain", asked_for(draining="gw2"), "", None),
        ("pin", asked_for(lrp="gw2"), "", "the port is pinned to gw2"),
        ("pin", asked_for(lrp="gw1"), "", None),
        ("pin", asked_for(lrp9="gw2"), "", None),
        (
            "anti_affinity",
            Intents(),
            "gw1 gw3",
            "another gateway port of the router has it as primary",
        ),
        ("anti_affinity", Intents(), "gw3", None),
    ],
)
def test_what_an_operator_asks_for_is_said_as_the_reason(
    name: str, intents: Intents, siblings: str, words: str | None
) -> None:
    question = Question(
        unit(),
        chassis(),
        State.LIVE,
        flagged=True,
        intents=intents,
        siblings=frozenset(siblings.split()),
    )
    assert (FILTERS | PREFERENCES)[name](question) == words


def test_configuration_says_itself_why_it_keeps_a_chassis_out() -> None:
    fleet = who(chassis("gw1", denied="deny_chassis has gw*"), chassis("c2"))
    assert fleet.names(unit()) == ("c2",)
    assert fleet.refused(unit(), "gw1") == "deny_chassis has gw*"


def test_who_is_kept_out_by_configuration_leaves_what_it_has() -> None:
    fleet = who(chassis("gw1", denied="deny_chassis has gw1"))
    assert not fleet.serves(unit(), "gw1")
    assert fleet.against(unit(), "gw1") == "deny_chassis has gw1"


@pytest.mark.parametrize(
    "intents", [asked_for(cordoned="gw1"), asked_for(draining="gw1")]
)
def test_the_cordoned_and_draining_get_nothing_new_but_serve(
    intents: Intents,
) -> None:
    fleet = who(chassis("gw1"), chassis("gw2"), intents=intents)
    assert fleet.names(unit()) == ("gw2",)
    assert fleet.serves(unit(), "gw1")


def test_only_what_a_chassis_is_decides_whether_it_may_stay() -> None:
    for name in ("verdict", "cordon", "drain"):
        assert name in FILTERS
        assert name not in CONFIGURED
    assert not set(PREFERENCES) & set(FILTERS)


def test_a_refusal_names_what_the_moment_says_before_what_is_lacking() -> None:
    refusal = who(
        chassis("gw1", "dc"),
        chassis("gw2"),
        chassis("gw3"),
        states={"gw2": State.SUSPECT},
        intents=asked_for(draining="gw3"),
    ).refusal(unit())
    assert refusal.reason == "drain"
    assert refusal.why == "gw3: it is draining"
    assert not refusal.served


def test_why_one_chassis_is_refused() -> None:
    fleet = who(chassis("gw1"), chassis("gw2", "dc"))
    assert fleet.refused(unit(), "gw2") == "ovn-bridge-mappings has no public"
    assert fleet.refused(unit(), "gw9") == "there is no chassis gw9"
    assert fleet.refused(unit(), "gw1") == "nothing speaks against it"
