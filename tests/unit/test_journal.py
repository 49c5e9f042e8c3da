# SPDX-License-Identifier: Apache-2.0
"""Decisions are remembered with their evidence and how they ended."""

from gwsched.decisions import (
    Change,
    Health,
    Kind,
    Reason,
    Relocation,
    State,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Form,
    GatewayPort,
    GatewayRouter,
    Unit,
    frozen_map,
)
from gwsched.telemetry import journal
from gwsched.telemetry.journal import LENGTH, Decision, Journal, Result

HEALTH = Health(
    verdicts=frozen_map(
        {
            "gw1": Verdict(State.DEAD, 0, "its SB Chassis row is gone"),
            "gw2": Verdict(State.LIVE, 0, "answers heartbeats"),
            "gw3": Verdict(State.RETURNING, 0, ""),
        }
    )
)


def change(
    before: str,
    after: str,
    holder: str | None = None,
    form: Form = Form.GATEWAY_CHASSIS,
    ports: tuple[str, ...] = ("lrp",),
) -> Change:
    names = before.split()
    unit = Unit(
        "list",
        Form.GATEWAY_CHASSIS if names else None,
        tuple(GatewayPort(port, holder=holder) for port in ports),
        tuple(Candidate(c, len(names) - i) for i, c in enumerate(names)),
    )
    return Change(
        unit, form, tuple(after.split()), Reason.FAILOVER, "gw1 is dead"
    )


def decided(wanted: Change, *, observed: bool = False) -> Decision:
    return journal.changed(wanted, HEALTH, 1000.0, observed=observed)


def test_a_change_is_remembered_whole() -> None:
    decision = decided(change("gw1 gw2", "gw2 gw3"))
    assert decision.fields == {
        "unit": "list",
        "ports": ["lrp"],
        "from": ["gw1", "gw2"],
        "to": ["gw2", "gw3"],
        "reason": "failover",
        "why": "gw1 is dead",
        "evidence": {
            "gw1": "dead: its SB Chassis row is gone",
            "gw2": "live: answers heartbeats",
            "gw3": "returning",
        },
        "result": "written",
    }
    assert (decision.time, decision.kind) == (1000.0, Kind.MOVE)


def test_who_merely_stays_a_backup_is_no_evidence() -> None:
    decision = decided(change("gw1 gw2 gw3", "gw1 gw3 gw2"))
    assert set(decision.evidence) == {"gw1"}


def test_who_is_unheard_of_is_said_to_be() -> None:
    decision = decided(change("", "gw9"))
    assert decision.evidence == {"gw9": "unknown: nothing is known of it"}


def test_kinds() -> None:
    other = Form.HA_CHASSIS_GROUP
    kinds = {
        Kind.PLACE: change("", "gw1 gw2"),
        Kind.MOVE: change("gw1 gw2", "gw2 gw1", holder="gw1"),
        Kind.RANK: change("gw1 gw2", "gw2 gw1", holder="gw2"),
        Kind.SWITCH: change("gw1 gw2", "gw1 gw2", form=other),
    }
    for kind, wanted in kinds.items():
        assert wanted.kind is kind


def test_who_holds_it_already_has_claimed_it() -> None:
    decision = decided(change("gw1 gw2", "gw2 gw1", holder="gw2"))
    assert decision.result is Result.CLAIMED
    assert not decision.awaits


def test_a_new_order_of_backups_awaits_nobody() -> None:
    decision = decided(change("gw1 gw2 gw3", "gw1 gw3 gw2", holder="gw1"))
    assert decision.result is Result.WRITTEN
    assert not decision.awaits


def test_it_is_claimed_when_every_port_is() -> None:
    wanted = change("gw1 gw2", "gw2 gw1", ports=("a", "b"))
    known = Journal().noted([decided(wanted)])
    known = known.ended("a", "gw2", 0.5, claimed=True)
    assert known.decisions[0].result is Result.WRITTEN
    known = known.ended("b", "gw2", 0.25, claimed=True)
    assert known.decisions[0].result is Result.CLAIMED
    assert known.decisions[0].seconds == 0.5


def test_one_port_that_nobody_claims_makes_it_unclaimed() -> None:
    wanted = change("gw1 gw2", "gw2 gw1", ports=("a", "b"))
    known = Journal().noted([decided(wanted)])
    known = known.ended("a", "gw2", 30.0, claimed=False)
    known = known.ended("b", "gw2", 31.0, claimed=True)
    assert known.decisions[0].result is Result.UNCLAIMED


def test_what_ends_is_the_newest_that_awaits_it() -> None:
    old, new = change("gw1", "gw2"), change("gw2", "gw3")
    known = Journal().noted([decided(old), decided(new)])
    known = known.ended("lrp", "gw3", 1.0, claimed=True)
    assert [d.result for d in known.decisions] == ["claimed", "written"]
    assert known.ended("lrp", "gw3", 1.0, claimed=True) == known
    assert known.ended("other", "gw2", 1.0, claimed=True) == known


def test_what_is_only_observed_awaits_nothing() -> None:
    decision = decided(change("gw1", "gw2"), observed=True)
    assert decision.result is Result.OBSERVED
    assert not decision.awaits


def test_a_router_that_is_pinned_elsewhere() -> None:
    router = GatewayRouter("r1", "gw1")
    wanted = Relocation(router, "gw2", "gw1 is dead")
    known = Journal().noted([journal.relocated(wanted, HEALTH, 7.0)])
    decision = known.decisions[0]
    assert (decision.kind, decision.unit) == (Kind.RELOCATE, "r1")
    assert (decision.before, decision.after) == (("gw1",), ("gw2",))
    assert set(decision.evidence) == {"gw1", "gw2"}
    known = known.ended("r1", "gw2", 2.0, claimed=True)
    assert known.decisions[0].result is Result.CLAIMED


def test_only_the_last_are_remembered_the_newest_first() -> None:
    many = [
        journal.changed(change("gw1", "gw2"), HEALTH, float(moment))
        for moment in range(LENGTH + 5)
    ]
    known = Journal().noted(many[:3]).noted(many[3:])
    times = [decision.time for decision in known.decisions]
    assert times == sorted(range(5, LENGTH + 5), reverse=True)
