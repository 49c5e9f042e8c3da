# SPDX-License-Identifier: Apache-2.0
"""What the gauges say of a snapshot and its verdicts."""

from dataclasses import replace

import pytest

from gwsched.decisions import Health, Plan, State, Verdict
from gwsched.model import (
    Chassis,
    GatewayPort,
    GatewayRouter,
    Intents,
    Snapshot,
    frozen_map,
)
from gwsched.telemetry.figures import Counting
from gwsched.telemetry.gauges import Gauges, View
from tests.exposed import (
    FLEET,
    NETS,
    SHARED,
    SNAPSHOT,
    VIEW,
    exported,
    samples,
    unit,
    value,
)


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("leader", {}, 1),
        ("ovsdb_connected", {"db": "nb"}, 1),
        ("ovsdb_connected", {"db": "sb"}, 0),
        ("config_last_reload_successful", {}, 1),
        ("guard_active", {"guard": "isolation"}, 1),
        ("guard_active", {"guard": "mass_failure"}, 0),
        ("guard_active", {"guard": "startup"}, 0),
        ("guard_active", {"guard": "budget"}, 0),
        ("ports", {}, 6),
        ("ports_unscheduled", {"reason": "zone"}, 1),
        # It is served where it is: only a wish is refused.
        ("ports_unscheduled", {"reason": "pin"}, None),
        # "short" has one that lives and "nowhere" none, of three wanted.
        ("ports_underreplicated", {}, 2),
        ("ports_mismatched", {}, 1),
        ("ports_unclaimed", {}, 1),
        ("chassis_ports", {"chassis": "gw1", "rank": "1"}, 3),
        ("chassis_ports", {"chassis": "gw1", "rank": "2"}, 1),
        ("chassis_ports", {"chassis": "gw2", "rank": "1"}, 1),
        ("chassis_ports", {"chassis": "gw3", "rank": "3"}, 3),
        ("chassis_ports", {"chassis": "gw4", "rank": "2"}, 1),
        ("chassis_active_ports", {"chassis": "gw1"}, 3),
        ("chassis_active_ports", {"chassis": "gw2"}, 0),
        ("chassis_active_ports", {"chassis": "gw3"}, 1),
        ("chassis_active_ports", {"chassis": "gw4"}, 0),
        ("chassis_state", {"chassis": "gw1", "state": "live"}, 1),
        ("chassis_state", {"chassis": "gw1", "state": "dead"}, 0),
        ("chassis_state", {"chassis": "gw4", "state": "dead"}, 1),
        ("chassis_state", {"chassis": "gw4", "state": "live"}, 0),
        ("chassis_state", {"chassis": "gw2", "state": "cordoned"}, 1),
        ("chassis_state", {"chassis": "gw2", "state": "draining"}, 0),
        ("chassis_state", {"chassis": "gw2", "state": "live"}, 1),
        ("chassis_state", {"chassis": "gw3", "state": "draining"}, 1),
        # An intent that names nothing known is no state of anything.
        ("chassis_state", {"chassis": "gw9", "state": "cordoned"}, None),
        # What is no gateway, and is not used as one, is not ours.
        ("chassis_state", {"chassis": "compute", "state": "live"}, None),
        (
            "chassis_info",
            {"chassis": "gw1", "hostname": "host1", "az": "a,b"},
            1,
        ),
        ("chassis_info", {"chassis": "gw2", "hostname": "", "az": ""}, 1),
        ("chassis_heartbeat_age_seconds", {"chassis": "gw1"}, 10),
        ("chassis_heartbeat_age_seconds", {"chassis": "gw2"}, None),
        ("chassis_heartbeat_age_seconds", {"chassis": "gone"}, None),
        ("chassis_heartbeat_age_seconds", {"chassis": "compute"}, None),
        ("chassis_apart", {"chassis": "gw1"}, 1),
        ("chassis_apart", {"chassis": "gw3"}, None),
        ("chassis_tunnels_up", {"chassis": "gw1"}, 1),
        ("chassis_tunnels_up", {"chassis": "gw4"}, 0),
        ("chassis_tunnels_down", {"chassis": "gw4"}, 1),
        ("problems", {"db": "nb"}, 2),
        ("problems", {"db": "sb"}, 0),
        ("mode", {"mode": "enforce"}, 1),
        ("mode", {"mode": "observe"}, 0),
        ("chassis_capacity", {"chassis": "gw1"}, 1),
        ("chassis_capacity", {"chassis": "compute"}, None),
        ("chassis_weight_load", {"chassis": "gw1"}, 3),
        ("chassis_weight_load", {"chassis": "gw2"}, 1),
        ("chassis_weight_load", {"chassis": "gw4"}, None),
        # 3 and 1 now, beside who is draining, where 2 at the most would do.
        ("imbalance_ratio", {"scope": "n"}, 3 / 2),
        # The same without gw3, whose only port is lost with it; of gw1 and
        # gw2 either alone is even.
        ("imbalance_ratio", {"scope": "n_minus_1_worst"}, 3 / 2),
        ("chassis_flap_penalty", {"chassis": "gw4"}, 1900),
        ("chassis_uplinks_bad", {"chassis": "gw3"}, 1),
        ("chassis_uplinks_bad", {"chassis": "gw1"}, None),
    ],
)
def test_the_gauges_say_what_is_seen(
    name: str, labels: dict[str, str], expected: float | None
) -> None:
    found = value(samples(exported()), name, **labels)
    assert found == (expected if expected is None else pytest.approx(expected))


WEIGHED = View(
    snapshot=Snapshot(
        frozen_map(
            {
                "big": Chassis("big", physical_networks=NETS, capacity=3),
                "small": Chassis("small", physical_networks=NETS),
            }
        ),
        (
            replace(
                unit("heavy", "big small"),
                ports=(GatewayPort("lrp", holder="big", weight=6),),
            ),
            replace(unit("two", "small big", "small"), externals=("sw",)),
        ),
    ),
    health=Health(
        verdicts=frozen_map(
            {name: Verdict(State.LIVE, 0, "") for name in ("big", "small")}
        )
    ),
)


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("chassis_capacity", {"chassis": "big"}, 3),
        ("chassis_capacity", {"chassis": "small"}, 1),
        ("chassis_weight_load", {"chassis": "big"}, 6),
        # A port and an external port of the same group.
        ("chassis_weight_load", {"chassis": "small"}, 2),
        ("chassis_active_ports", {"chassis": "big"}, 1),
        ("imbalance_ratio", {"scope": "n"}, 1),
    ],
)
def test_load_is_by_weight_and_even_is_by_capacity(
    name: str, labels: dict[str, str], expected: float
) -> None:
    found = value(samples(exported(WEIGHED)), name, **labels)
    assert found == pytest.approx(expected)


def test_each_chassis_is_in_one_state() -> None:
    found = samples(exported())
    for chassis in FLEET:
        states = [
            value(found, "chassis_state", chassis=chassis, state=state)
            for state in State
        ]
        assert sorted(map(str, states)) == ["0.0"] * 4 + ["1.0"]


def test_who_is_used_without_the_flag_has_a_state() -> None:
    rows = {
        "gw1": Chassis("gw1"),
        "listed": Chassis("listed", is_gateway=False),
        "holder": Chassis("holder", is_gateway=False),
        "pinned": Chassis("pinned", is_gateway=False),
        "compute": Chassis("compute", is_gateway=False),
    }
    view = View(
        snapshot=Snapshot(
            frozen_map(rows),
            (unit("a", "listed", "holder"),),
            routers=(GatewayRouter("r", "pinned"),),
        )
    )
    found = samples(exported(view))
    states = {
        name: value(found, "chassis_state", chassis=name, state="unknown")
        for name in rows
    }
    assert states.pop("compute") is None
    assert set(states.values()) == {1}


def test_no_heartbeat_is_missed_where_none_is_asked_for() -> None:
    silent = replace(SNAPSHOT, heartbeat=False)
    found = samples(exported(replace(VIEW, snapshot=silent)))
    assert value(found, "chassis_heartbeat_age_seconds", chassis="gw1") is None


def test_a_heartbeat_ages_between_two_passes() -> None:
    clock = [100.0]
    gauges = Gauges(lambda: VIEW, lambda: clock[0])

    def age() -> float:
        [family] = [
            found
            for found in gauges.collect()
            if found.name == "gwsched_chassis_heartbeat_age_seconds"
        ]
        return family.samples[0].value

    assert age() == 10
    clock[0] = 160.0
    assert age() == 70


def test_the_mode_is_one_of_two() -> None:
    found = samples(exported(replace(VIEW, enforce=False)))
    assert value(found, "mode", mode="enforce") == 0
    assert value(found, "mode", mode="observe") == 1


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        (("gw1 gw2 gw3",), 2),
        # The worst port counts, and who is dead helps nobody.
        (("gw1 gw2 gw3", "gw2 gw1"), 1),
        (("gw1 gw4",), 0),
        (("gw1 gw2 gw3", ""), 0),
        # Nothing to lose: all but one of the live may go.
        ((), 2),
    ],
)
def test_failures_are_survivable_while_each_port_has_a_live_candidate(
    orders: tuple[str, ...], expected: int
) -> None:
    units = tuple(unit(f"u{i}", o, None) for i, o in enumerate(orders))
    view = replace(VIEW, snapshot=replace(SNAPSHOT, units=units))
    assert value(samples(exported(view)), "survivable_failures") == expected


def test_who_is_left_alone_by_configuration_threatens_nothing() -> None:
    alone = replace(unit("alone", "gw1", "gw1"), excluded="deny_routers")
    units = (SHARED, alone)
    view = replace(VIEW, snapshot=replace(SNAPSHOT, units=units))
    assert value(samples(exported(view)), "survivable_failures") == 2


def test_what_is_left_alone_by_configuration_keeps_no_alert_firing() -> None:
    alone = (
        replace(unit("mismatched", "gw2 gw1 gw3", "gw1"), excluded="denied"),
        replace(unit("unclaimed", "gw1 gw3 gw2", None), excluded="denied"),
        replace(unit("short", "gw3 gw4", "gw3"), excluded="denied"),
    )
    snapshot = replace(SNAPSHOT, units=(SHARED, *alone))
    found = samples(exported(replace(VIEW, snapshot=snapshot)))
    assert value(found, "ports") == 2
    for what in ("mismatched", "unclaimed", "underreplicated"):
        assert value(found, f"ports_{what}") == 0
    # They are a load all the same.
    assert value(found, "chassis_weight_load", chassis="gw1") == 3


DRAINED = Snapshot(
    frozen_map({n: Chassis(n, physical_networks=NETS) for n in FLEET}),
    (
        *(unit(f"a{i}", "gw1 gw2 gw3", "gw1") for i in range(3)),
        *(unit(f"b{i}", "gw2 gw1 gw3", "gw2") for i in range(3)),
    ),
    intents=Intents(draining=frozenset({"gw3"})),
)


@pytest.mark.parametrize("scope", ["n", "n_minus_1_worst"])
def test_who_drains_is_no_place_for_a_share(scope: str) -> None:
    found = samples(exported(replace(VIEW, snapshot=DRAINED)))
    assert value(found, "imbalance_ratio", scope=scope) == 1
    assert value(found, "chassis_capacity", chassis="gw3") == 1
    assert value(found, "chassis_weight_load", chassis="gw3") == 0
    back = replace(DRAINED, intents=Intents())
    found = samples(exported(replace(VIEW, snapshot=back)))
    assert value(found, "imbalance_ratio", scope=scope) in (3 / 2, 6 / 3)


def test_a_fleet_without_the_flag_is_measured_too() -> None:
    rows = {
        n: Chassis(n, is_gateway=False, physical_networks=NETS)
        for n in ("c1", "c2")
    }
    view = View(
        snapshot=Snapshot(frozen_map(rows), (unit("a", "c1 c2", "c1", "c1"),)),
        health=Health(
            verdicts=frozen_map({n: Verdict(State.LIVE, 0, "") for n in rows})
        ),
    )
    assert value(samples(exported(view)), "imbalance_ratio", scope="n") == 2


def test_an_empty_cloud_is_even() -> None:
    view = View(snapshot=Snapshot(frozen_map({}), ()))
    found = samples(exported(view))
    assert value(found, "ports") == 0
    for scope in ("n", "n_minus_1_worst"):
        assert value(found, "imbalance_ratio", scope=scope) == 1


HURT = Health(
    verdicts=frozen_map({"gw1": Verdict(State.DEAD, 0.0, "gone")}),
    evidence=VIEW.health.evidence,
)


@pytest.mark.parametrize(
    "other",
    [
        replace(VIEW, snapshot=replace(SNAPSHOT, units=SNAPSHOT.units[1:])),
        replace(
            VIEW,
            snapshot=replace(
                SNAPSHOT, chassis=frozen_map({"gw1": Chassis("gw1")})
            ),
        ),
        replace(
            VIEW,
            snapshot=replace(
                SNAPSHOT, intents=Intents(draining=frozenset({"gw1"}))
            ),
        ),
        replace(
            VIEW,
            snapshot=replace(
                SNAPSHOT, routers=(GatewayRouter("r", "compute", NETS),)
            ),
        ),
        replace(VIEW, health=HURT),
        replace(VIEW, plan=Plan()),
        replace(VIEW, max_candidates=1),
    ],
    ids=["units", "chassis", "intents", "routers", "verdicts", "plan", "most"],
)
def test_what_was_counted_of_lists_is_counted_anew_when_they_differ(
    other: View,
) -> None:
    views = [VIEW]
    gauges = Gauges(lambda: views[-1], lambda: 1010.0)
    before = list(gauges.collect())
    views.append(other)
    anew = list(Gauges(lambda: other, lambda: 1010.0).collect())
    assert list(gauges.collect()) == anew != before


def test_lists_are_counted_once_while_only_heartbeats_go_on() -> None:
    counting = Counting()
    health, plan = VIEW.health, VIEW.plan
    first = counting.of(SNAPSHOT, health, plan, 5)
    beat = replace(SNAPSHOT, answered=frozen_map({"gw1": 9}), requested=9)
    well = replace(health, beat=True)
    assert counting.of(beat, well, plan, 5) is first
