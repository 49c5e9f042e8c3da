# SPDX-License-Identifier: Apache-2.0
"""The rules of the soak: what they explain, and what they must not."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from gwsched.sandbox.namespaces import Namespace
from tests.soak.decisions import guards
from tests.soak.explaining import explain
from tests.soak.history import Fault, Guard, History, Timeline
from tests.soak.rules import RULES
from tests.soak.streams import FEW, INTERVAL, Outage, Stream

PAGE = Path(__file__).parents[2] / "docs/benchmarks.md"
# When the first fault begins.
T = 1000.0
BOTH = ("gw1", "gw2")


@pytest.fixture
def history() -> History:
    """gw1 holds r1 and r2 of lists of two, r2 has next-hop BFD; no fault."""
    found = History(
        defaultdict(Timeline), defaultdict(Timeline), defaultdict(Timeline), {
            "r2"
        }
    )  # fmt: skip
    for router in ("r1", "r2"):
        found.holders[router].note(0, "gw1")
        found.lists[router].note(0, BOTH)
    found.hops["r2"].note(0, "up")
    return found


def out(seconds: float, router: str = "r1", since: float = T) -> Outage:
    lost = int(seconds / INTERVAL)
    return Outage(router, since, since + seconds, lost)


def broken(
    history: History,
    kind: str,
    *where: str,
    at: float = T,
    lasts: float = 20.0,
) -> None:
    """Let something be broken for a while."""
    end = at + lasts
    history.faults.append(Fault(kind, where, at, at + 0.1, end, end + 0.5))


def test_who_is_put_first_and_falls_silent_is_passed_over(
    history: History,
) -> None:
    broken(history, "graceful", "gw1")
    history.lists["r1"].note(T + 0.1, ("gw4", "gw2"))
    assert explain(out(9.0), history) is None
    broken(history, "controller", "gw4", at=T + 0.2)
    assert explain(out(9.0), history) == ["passed over"]
    assert explain(out(16.0), history) is None


@pytest.mark.parametrize("kind", ["vswitchd", "tunnel"])
def test_nobody_sees_the_end_of_one_that_is_alone(
    history: History, kind: str
) -> None:
    history.lists["r1"].note(T - 10, ("gw1",))
    broken(history, kind, "gw1")
    assert explain(out(15.0), history) == ["alone"]
    assert explain(out(15.0, "r2"), history) is None


def test_nothing_explains_an_outage_without_a_fault(history: History) -> None:
    assert explain(out(0.5), history) is None


def test_the_time_of_bfd_explains_that_the_holder_died(
    history: History,
) -> None:
    broken(history, "power", "gw1")
    assert explain(out(3.0), history) == ["elected"]
    assert explain(out(6.0), history) is None


def test_who_stops_in_good_order_is_not_waited_for(history: History) -> None:
    broken(history, "graceful", "gw1")
    assert explain(out(1.0), history) == ["stopped"]
    assert explain(out(3.0), history) is None
    broken(history, "power", "gw2", at=T - 2)
    history.lists["r1"].note(1, (*BOTH, "gw3"))
    assert explain(out(3.0), history) == ["elected"]


def test_somebody_elses_death_explains_nothing(history: History) -> None:
    broken(history, "power", "gw3")
    broken(history, "power", "gw2")
    assert explain(out(1.0), history) is None


def test_without_candidates_the_verdict_is_waited_for(
    history: History,
) -> None:
    broken(history, "power", "gw1")
    broken(history, "power", "gw2", at=T + 1)
    assert explain(out(10.0), history) == ["rescued"]
    assert explain(out(13.0), history) is None


def test_what_is_away_stops_the_clock(history: History) -> None:
    broken(history, "power", *BOTH[:1])
    broken(history, "power", *BOTH[1:])
    broken(history, "sb stopped", at=T + 2, lasts=10)
    assert explain(out(25.0), history) == ["rescued"]
    history.faults.pop()
    assert explain(out(25.0), history) is None
    history.guards.append(Guard("mass_failure", T + 4, T + 13))
    assert explain(out(25.0), history) == ["rescued"]


def test_an_uplink_is_left_when_a_session_tells(history: History) -> None:
    """The other port follows when a session is up where that one went."""
    broken(history, "uplink", "gw1")
    history.holders["r3"].note(0, "gw2")
    history.hops["r3"].note(0, "up")
    history.watched = {"r2", "r3"}
    assert explain(out(4.5, "r2"), history) == ["uplink seen"]
    assert explain(out(9.0, "r1"), history) == ["uplink seen"]
    assert explain(out(9.0, "r2"), history) is None
    assert explain(out(15.0, "r1"), history) is None


def test_an_uplink_that_nobody_watches_is_not_seen(history: History) -> None:
    broken(history, "uplink", "gw1")
    history.watched = ()
    found = explain(out(20.0), history)
    assert found is not None
    assert set(found) <= {"uplink unseen", "no better prospect"}
    assert explain(out(23.0), history) is None


def test_a_deaf_gateway_that_holds_on_loses_nothing(history: History) -> None:
    broken(history, "hang", "gw1")
    assert explain(out(1.0), history) is None
    history.holders["r1"].note(T + 5, "gw2")
    assert explain(out(1.0, since=T + 5), history) == ["two actives"]


def test_a_planned_move_is_short(history: History) -> None:
    history.lists["r1"].note(T + 0.2, ("gw2", "gw1"))
    history.holders["r1"].note(T + 0.4, "gw2")
    assert explain(out(0.6), history) == ["moved"]
    assert explain(out(1.0), history) is None


def test_one_after_another_explains_what_neither_does(
    history: History,
) -> None:
    broken(history, "power", "gw1", lasts=60)
    history.holders["r1"].note(T + 3, "gw2")
    broken(history, "power", "gw2", at=T + 4)
    found = explain(out(12.0), history)
    assert found == ["elected", "rescued"]


def test_an_outage_is_what_is_missing_between_two_replies() -> None:
    """Numbers begin anew; what is late, and a few, are none."""
    stream = Stream("r1", Namespace("nowhere"), "192.0.2.1")
    few, many = FEW - 1, 2 * FEW
    steps = [1, 2, 1, 3, 4 + few, 5 + few, 6 + few + many]
    for step in steps:
        stream._note((65530 + step) % 65536, T + step)
    [found] = stream.outages()
    assert found == Outage("r1", T + steps[-2], T + steps[-1], many)
    assert stream.lost == few + many
    assert stream.outages() == []


def test_guards_are_read_from_the_log() -> None:
    log = (
        "2026-01-02 03:04:05.500 7 ERROR gwsched.telemetry.report [-] guard "
        "mass_failure: no change is made\n"
        "2026-01-02 03:04:06.000 7 INFO gwsched.telemetry.report [-] guard "
        "budget: waiting\n"
        "2026-01-02 03:04:09.000 7 INFO gwsched.telemetry.report [-] guard "
        "mass_failure is over\n"
    )
    [found] = guards(log)
    assert found.name == "mass_failure"
    assert found.end - found.begin == pytest.approx(3.5)


@pytest.mark.parametrize("rule", [rule.__name__ for rule in RULES])
def test_each_rule_has_its_line_in_the_docs(rule: str) -> None:
    assert f"| {rule.replace('_', ' ')} |" in PAGE.read_text()
