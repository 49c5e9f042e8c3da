# SPDX-License-Identifier: Apache-2.0
"""News is said once when it begins, and once when it ends."""

import json
import logging
import math
from dataclasses import replace

import pytest
from oslo_config import cfg
from oslo_log import log
from oslo_log.formatters import ContextFormatter, JSONFormatter

from gwsched.decisions import (
    Change,
    Guard,
    Health,
    Plan,
    Reason,
    Refusal,
    Relocation,
    State,
    Uplinks,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Form,
    GatewayPort,
    GatewayRouter,
    Problem,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.rivals import Feud, Rivals
from gwsched.telemetry.gauges import View
from gwsched.telemetry.metrics import Metrics
from gwsched.telemetry.report import Reporter, sentence
from gwsched.watch import Outcome

BLOCKING = frozenset(
    {Guard.STARTUP, Guard.MASS_FAILURE, Guard.ISOLATION, Guard.PAUSE}
)


class Told:
    """What a reporter has told, to the log and to the counters."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "gwsched.telemetry.report")
        self._caplog = caplog
        self._metrics = Metrics()
        self.time = 1_750_000_000.5
        self.reporter = Reporter(self._metrics, lambda: self.time)

    def guards(
        self, guards: dict[Guard, str], blocking: frozenset[Guard] = BLOCKING
    ) -> None:
        """Tell of guards, those among them that hold back everything."""
        held = blocking & set(guards)
        self.reporter.guards(Plan(guards=frozen_map(guards), blocking=held))

    def news(self) -> list[tuple[str, str]]:
        """Return levels and messages since the last time."""
        records = [
            (record.levelname, record.getMessage())
            for record in self._caplog.records
            if record.name == "gwsched.telemetry.report"
        ]
        self._caplog.clear()
        return records

    def count(self, name: str, **labels: str) -> float | None:
        registry = self._metrics.registry
        return registry.get_sample_value(f"gwsched_{name}", labels)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    return Told(caplog)


def health(
    state: State = State.LIVE, why: str = "because", advice: str = ""
) -> Health:
    return Health(verdicts=frozen_map({"gw1": Verdict(state, 0, why, advice)}))


def snapshot(*problems: Problem) -> Snapshot:
    return Snapshot(frozen_map({}), (), problems=problems)


def unit(name: str = "lrp", order: str = "") -> Unit:
    names = order.split()
    return Unit(
        name,
        Form.GATEWAY_CHASSIS,
        (GatewayPort(name),),
        tuple(Candidate(c, len(names) - i) for i, c in enumerate(names)),
    )


def change(before: str, after: str, name: str = "lrp") -> Change:
    return Change(
        unit(name, before),
        Form.GATEWAY_CHASSIS,
        tuple(after.split()),
        Reason.REPAIR,
        "because",
    )


def refusing(
    reason: str = "zone", why: str = "no such zone", *, served: bool = False
) -> Plan:
    return Plan(refusals=(Refusal(unit(), reason, why, served),))


def feud(*theirs: str, rewrites: int = 2, until: float = 160) -> Rivals:
    """Return rivals of whom one has written a list of ours."""
    found = Feud(100, ("gw1", "gw2"), theirs, rewrites, until)
    return Rivals(feuds=frozen_map({"lrp": found}), foreign_writes=rewrites)


def one(news: list[tuple[str, str]], level: str, *words: str) -> None:
    """Assert that the news is one message, of a level and with words."""
    assert [said for said, _ in news] == [level], news
    for word in words:
        assert word in news[0][1]


@pytest.mark.parametrize(
    ("state", "level"),
    [
        (State.LIVE, "INFO"),
        (State.UNKNOWN, "INFO"),
        (State.RETURNING, "INFO"),
        (State.SUSPECT, "WARNING"),
        (State.DEAD, "WARNING"),
    ],
)
def test_a_verdict_is_said_once(told: Told, state: State, level: str) -> None:
    told.reporter.health(health(state), 0.0)
    one(told.news(), level, "gw1", str(state), "because")
    told.reporter.health(health(state), 0.0)
    assert told.news() == []


def test_a_verdict_that_changes_is_said_with_both(told: Told) -> None:
    told.reporter.health(health(State.LIVE), 0.0)
    told.news()
    told.reporter.health(health(State.DEAD, "it is gone"), 0.0)
    one(told.news(), "WARNING", "gw1", "live -> dead", "it is gone")


def test_another_reason_for_the_same_verdict_is_no_news(told: Told) -> None:
    told.reporter.health(health(State.SUSPECT, "silent for 20 s"), 0.0)
    told.news()
    told.reporter.health(health(State.SUSPECT, "silent for 21 s"), 0.0)
    assert told.news() == []


def test_advice_is_an_alarm_said_once(told: Told) -> None:
    told.reporter.health(health(State.SUSPECT, "silent for 20 s"), 0.0)
    told.news()
    for seconds in (21, 22, 23):
        told.reporter.health(
            health(State.SUSPECT, f"silent for {seconds} s", "look there"), 0.0
        )
    one(told.news(), "ERROR", "gw1", "look there")


def test_advice_is_not_said_again_while_the_verdict_stands(
    told: Told,
) -> None:
    """A heartbeat that is late gives another reason for the same doubt."""
    for advice in ("look at it", "", "look at it"):
        told.reporter.health(health(State.SUSPECT, "late", advice), 0)
    assert [level for level, _ in told.news()].count("ERROR") == 1
    told.reporter.health(health(State.LIVE), 0)
    told.reporter.health(health(State.SUSPECT, "late", "look at it"), 0)
    assert [level for level, _ in told.news()].count("ERROR") == 1


@pytest.mark.parametrize(
    ("guard", "level", "words"),
    [
        (Guard.STARTUP, "INFO", "no change is made"),
        (Guard.MASS_FAILURE, "ERROR", "no change is made"),
        (Guard.ISOLATION, "ERROR", "no change is made"),
        (Guard.PAUSE, "INFO", "no change is made"),
        (Guard.FOREIGN_WRITER, "INFO", "waiting"),
        (Guard.BUDGET, "INFO", "waiting"),
        (Guard.UNVERIFIED, "ERROR", "waiting"),
    ],
)
def test_a_guard_is_said_when_it_begins_and_ends(
    told: Told, guard: Guard, level: str, words: str
) -> None:
    told.guards({})
    assert told.news() == []
    told.guards({guard: "5 of 6 gone"})
    one(told.news(), level, str(guard), words, "5 of 6 gone")
    told.guards({guard: "6 of 6 gone"})
    assert told.news() == []
    told.guards({})
    one(told.news(), "INFO", str(guard), "over")
    told.guards({})
    assert told.news() == []


def test_a_caution_that_becomes_a_stop_is_said_again(told: Told) -> None:
    guard = Guard.MASS_FAILURE
    told.guards({guard: "2 of 2 of az1 gone"}, frozenset())
    one(told.news(), "ERROR", "mass_failure", "waiting")
    told.guards({guard: "3 of 4 gone"})
    one(told.news(), "ERROR", "mass_failure", "no change is made")


def test_a_dead_uplink_is_said_when_it_begins_and_ends(told: Told) -> None:
    bad = frozen_map({("gw1", "public"): "gw1 does not reach 10.0.0.1"})
    lost = replace(health(), uplinks=Uplinks(bad))
    told.reporter.health(health(), 0.0)
    told.news()
    for _ in range(2):
        told.reporter.health(lost, 0.0)
    one(told.news(), "ERROR", "gw1 does not reach 10.0.0.1")
    told.reporter.health(health(), 0.0)
    one(told.news(), "INFO", "gw1", "public", "good again")


def test_a_lost_pair_is_said_when_it_begins_and_ends(told: Told) -> None:
    pair = frozen_map({frozenset({"gw1", "gw2"}): 100.0})
    told.reporter.health(health(), 40.0)
    told.news()
    for _ in range(2):
        told.reporter.health(replace(health(), apart=pair), 40.0)
    one(told.news(), "ERROR", "gw1 and gw2", "for 60 s")
    told.reporter.health(health(), 40.0)
    one(told.news(), "INFO", "gw1 and gw2", "again")


def test_each_of_several_guards_is_said_by_itself(told: Told) -> None:
    told.guards({Guard.PAUSE: "an operator", Guard.STARTUP: "1 of 3"})
    assert [level for level, _ in told.news()] == ["INFO", "INFO"]
    told.guards({Guard.PAUSE: "an operator"})
    one(told.news(), "INFO", "startup is over")


def test_a_problem_is_said_and_counted_when_it_turns_up(told: Told) -> None:
    problem = Problem("SB", "chassis gw1", "nonsense")
    other = Problem("NB", "port lrp", "nonsense")
    told.reporter.problems(snapshot(problem))
    one(told.news(), "WARNING", "SB", "chassis gw1", "nonsense")
    told.reporter.problems(snapshot(problem, other))
    one(told.news(), "WARNING", "NB", "port lrp")
    told.reporter.problems(snapshot(problem, other))
    assert told.news() == []
    assert told.count("errors_total", where="sb") == 1
    assert told.count("errors_total", where="nb") == 1


def test_a_problem_that_is_over_is_said_once(told: Told) -> None:
    problem = Problem("SB", "chassis gw1", "nonsense")
    told.reporter.problems(snapshot(problem))
    told.news()
    told.reporter.problems(snapshot())
    one(told.news(), "INFO", "no longer", "chassis gw1")
    told.reporter.problems(snapshot())
    assert told.news() == []


def test_a_problem_that_comes_back_is_news(told: Told) -> None:
    problem = Problem("SB", "chassis gw1", "nonsense")
    for problems in ((problem,), (), (problem,)):
        told.news()
        told.reporter.problems(snapshot(*problems))
    one(told.news(), "WARNING", "nonsense")
    assert told.count("errors_total", where="sb") == 2


def test_a_refusal_is_an_alarm_said_once(told: Told) -> None:
    told.reporter.plan(refusing())
    one(told.news(), "ERROR", "lrp", "no such zone")
    told.reporter.plan(refusing(why="gw7: no such zone"))
    assert told.news() == []
    told.reporter.plan(refusing("verdict", "gw1: it is dead"))
    (level, text), end = told.news()
    assert level == "ERROR"
    assert "it is dead" in text
    assert end == ("INFO", "lrp: no longer refused (zone)")


def test_a_refusal_that_comes_back_is_news(told: Told) -> None:
    for plan in (refusing(), Plan(), refusing()):
        told.news()
        told.reporter.plan(plan)
    one(told.news(), "ERROR", "no such zone")


def test_a_port_without_a_host_and_a_wish_are_told_apart(told: Told) -> None:
    told.reporter.plan(refusing())
    one(told.news(), "ERROR", "lrp", "nobody hosts it", "no such zone")
    told.reporter.plan(Plan())
    told.news()
    told.reporter.plan(refusing("pin", "pinned to gw9", served=True))
    one(told.news(), "ERROR", "lrp", "asked in vain", "pinned to gw9")


@pytest.mark.parametrize("guard", sorted(BLOCKING))
def test_what_a_guard_keeps_from_being_known_is_not_said(
    told: Told, guard: Guard
) -> None:
    told.guards({guard: "0 of 3"})
    told.news()
    told.reporter.plan(refusing("verdict", "gw1: it is unknown"))
    assert told.news() == []
    told.guards({})
    told.news()
    told.reporter.plan(refusing("verdict", "gw1: it is unknown"))
    one(told.news(), "ERROR", "it is unknown")


@pytest.mark.parametrize("guard", sorted(set(Guard) - BLOCKING))
def test_a_guard_that_holds_back_only_some_hides_no_refusal(
    told: Told, guard: Guard
) -> None:
    told.guards({guard: "3 moves"})
    told.news()
    told.reporter.plan(refusing())
    one(told.news(), "ERROR", "no such zone")


def test_a_scheduler_that_fails_is_counted_once(told: Told) -> None:
    for _ in range(3):
        told.reporter.plan(refusing("scheduler", "it chose none"))
    assert told.count("errors_total", where="scheduler") == 1
    told.reporter.plan(refusing("zone"))
    assert told.count("errors_total", where="scheduler") == 1


def test_what_waits_for_a_guard_is_said_and_counted_once(told: Told) -> None:
    waiting = Plan(deferred=frozen_map({Guard.ISOLATION: 7}))
    for _ in range(3):
        told.reporter.plan(waiting)
    one(told.news(), "INFO", "7 changes", "isolation")
    assert told.count("moves_deferred_total", guard="isolation") == 7
    told.reporter.plan(Plan())
    told.reporter.plan(waiting)
    assert told.count("moves_deferred_total", guard="isolation") == 14


def test_evening_out_is_said_when_it_begins_and_ends(told: Told) -> None:
    told.reporter.plan(Plan())
    assert told.news() == []
    told.reporter.plan(Plan(uneven=True))
    one(told.news(), "INFO", "evening out", "begins")
    told.reporter.plan(Plan(uneven=True))
    assert told.news() == []
    told.reporter.plan(Plan())
    one(told.news(), "INFO", "evening out", "is over")
    told.reporter.plan(Plan())
    assert told.news() == []


def test_who_gives_way_to_another_writer_says_so_once(told: Told) -> None:
    told.reporter.rivals(feud("gw3", "gw4"), now=100)
    one(told.news(), "WARNING", "lrp", "gw3, gw4", "gw1, gw2", "2 times")
    told.reporter.rivals(feud("gw3", "gw4"), now=130)
    assert told.news() == []
    told.reporter.rivals(feud("gw3", rewrites=3, until=300), now=180)
    one(told.news(), "WARNING", "[gw3]", "3 times", "120 s")


def test_a_foreign_write_that_we_only_repair_is_no_news(told: Told) -> None:
    told.reporter.rivals(feud("gw3", rewrites=1, until=-math.inf), now=100)
    assert told.news() == []
    assert told.count("foreign_writes_total") == 1


def test_each_foreign_write_is_counted_once(told: Told) -> None:
    told.reporter.rivals(Rivals(foreign_writes=2), now=100)
    told.reporter.rivals(Rivals(foreign_writes=2), now=101)
    told.reporter.rivals(Rivals(foreign_writes=5), now=102)
    assert told.count("foreign_writes_total") == 5


def test_who_lost_the_lock_counts_foreign_writes_from_there(
    told: Told,
) -> None:
    """The loop forgets everything then, the number included."""
    told.reporter.rivals(Rivals(foreign_writes=2), now=100)
    told.reporter.rivals(Rivals(), now=101)
    assert told.count("foreign_writes_total") == 2
    told.reporter.rivals(Rivals(foreign_writes=1), now=102)
    assert told.count("foreign_writes_total") == 3


def test_a_group_that_is_deleted_is_one_line(told: Told) -> None:
    told.reporter.collected(["gwsched-lrp"])
    one(told.news(), "INFO", "gwsched-lrp", "deleted")


def test_each_list_written_is_one_line(told: Told) -> None:
    told.reporter.committed([change("a b", "b a"), change("a b", "a c", "x")])
    news = told.news()
    assert [level for level, _ in news] == ["INFO", "INFO"]
    assert "lrp: [a, b] -> [b, a]" in news[0][1]
    assert "x: [a, b] -> [a, c]" in news[1][1]


def test_only_what_leaves_the_primary_is_a_rank_update(told: Told) -> None:
    told.reporter.committed([change("a b", "b a"), change("", "a")])
    assert told.count("rank_updates_total") == 0
    told.reporter.committed([change("a b", "a c")])
    assert told.count("rank_updates_total") == 1


def test_what_would_be_written_is_said_once(told: Told) -> None:
    for _ in range(3):
        told.reporter.observed(Plan((change("a b", "b a"),)))
    one(told.news(), "INFO", "observe", "lrp: [a, b] -> [b, a]")
    told.reporter.observed(Plan((change("a b", "c a"),)))
    one(told.news(), "INFO", "observe", "[c, a]")
    told.reporter.observed(Plan())
    told.reporter.observed(Plan((change("a b", "c a"),)))
    one(told.news(), "INFO", "observe", "[c, a]")
    assert told.count("rank_updates_total") == 0


def test_a_claim_is_said_and_measured(told: Told) -> None:
    told.reporter.outcomes(
        [Outcome("lrp", "gw1", Reason.NEW, 0.75, claimed=True)]
    )
    one(told.news(), "INFO", "lrp", "gw1", "0.75 s")
    moved = told.count("moves_total", reason="new", result="claimed")
    assert moved == 1
    assert told.count("move_convergence_seconds_count") == 1
    assert told.count("move_convergence_seconds_sum") == 0.75


def test_a_move_not_claimed_is_an_alarm(told: Told) -> None:
    told.reporter.outcomes(
        [Outcome("lrp", "gw1", Reason.FAILOVER, 30, claimed=False)]
    )
    one(told.news(), "ERROR", "lrp", "gw1", "not claimed", "30 s")
    moved = told.count("moves_total", reason="failover", result="unclaimed")
    assert moved == 1
    assert told.count("move_convergence_seconds_count") == 0


def test_a_change_in_one_sentence() -> None:
    said = sentence(change("", "gw1 gw2"))
    assert said == "lrp: [] -> [gw1, gw2] (repair: because)"


def formatted(
    caplog: pytest.LogCaptureFixture, formatter: logging.Formatter
) -> list[str]:
    """Return the lines that oslo.log would write of all that was told."""
    return [formatter.format(record) for record in caplog.records]


def test_a_change_in_json_has_what_it_is_made_of(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.reporter.health(health(State.DEAD, "it is gone"), 0.0)
    told.news()
    told.reporter.committed([change("gw1 gw2", "gw2 gw3")])
    (line,) = formatted(caplog, JSONFormatter())
    found = json.loads(line)
    said = sentence(change("gw1 gw2", "gw2 gw3"))
    assert found["message"] == said
    assert found["extra"] == {
        "what": "move",
        "unit": "lrp",
        "ports": ["lrp"],
        "from": ["gw1", "gw2"],
        "to": ["gw2", "gw3"],
        "reason": "repair",
        "why": "because",
        "evidence": {
            "gw1": "dead: it is gone",
            "gw2": "unknown: nothing is known of it",
            "gw3": "unknown: nothing is known of it",
        },
        "result": "written",
    }


def test_a_change_for_people_is_its_sentence(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    options = cfg.ConfigOpts()
    log.register_options(options)
    options([])
    told.reporter.committed([change("gw1 gw2", "gw2 gw3")])
    formatter = ContextFormatter(config=options)
    (line,) = formatted(caplog, formatter)
    assert line.endswith(sentence(change("gw1 gw2", "gw2 gw3")))


def test_what_is_only_observed_says_so_in_json(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    router = GatewayRouter("r1", "gw1")
    wanted = Relocation(router, "gw2", "gw1 is dead")
    told.reporter.observed(Plan((change("a b", "b a"),)))
    told.reporter.observed(Plan(relocations=(wanted,)))
    lines = formatted(caplog, JSONFormatter())
    extras = [json.loads(line)["extra"] for line in lines]
    assert [extra["what"] for extra in extras] == ["move", "relocate"]
    assert {extra["result"] for extra in extras} == {"observed"}


def test_the_journal_has_what_was_written_and_how_it_ended(
    told: Told,
) -> None:
    told.reporter.committed([change("a b", "b a"), change("", "c", "new")])
    told.reporter.outcomes(
        [Outcome("lrp", "b", Reason.REPAIR, 0.75, claimed=True)]
    )
    found = {d.unit: d for d in told.reporter.decisions}
    assert list(found) == ["new", "lrp"]
    assert (found["lrp"].result, found["lrp"].seconds) == ("claimed", 0.75)
    assert (found["new"].result, found["new"].seconds) == ("written", None)
    assert {d.time for d in found.values()} == {told.time}


def test_the_journal_has_what_is_observed_once(told: Told) -> None:
    for _ in range(3):
        told.reporter.observed(Plan((change("a b", "b a"),)))
    assert [d.result for d in told.reporter.decisions] == ["observed"]


def test_a_reporter_goes_on_with_the_journal_before_it(told: Told) -> None:
    told.reporter.committed([change("a b", "b a")])
    metrics = Metrics()
    metrics.view = View(decisions=told.reporter.decisions)
    after = Reporter(metrics)
    after.committed([change("b a", "a b")])
    assert [d.after for d in after.decisions] == [("a", "b"), ("b", "a")]
