# SPDX-License-Identifier: Apache-2.0
"""What holds of every scheduler of ours: it keeps the contract."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwsched.decisions import Health, Policy, State, Verdict
from gwsched.model import Chassis, GatewayPort, Snapshot, Unit, frozen_map
from gwsched.planner import plan
from gwsched.schedulers import Ledger, Pool, Request, Scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded
from tests.unit.placing import Order, ask, filled, names, pool, ports

BOTH: list[Scheduler] = [LeastLoaded(), Chance()]
EACH = pytest.mark.parametrize(
    "scheduler", BOTH, ids=["leastloaded", "chance"]
)


def placed(chassis: int, number: int, scheduler: Scheduler) -> list[Order]:
    """Plan lists for so many new ports on so many equal chassis."""
    fleet = names(chassis)
    nets = frozenset({"public"})
    rows = {c: Chassis(c, physical_networks=nets) for c in fleet}
    units = tuple(
        Unit(name, None, (GatewayPort(name, physical_networks=nets),))
        for name in (f"lrp{i}" for i in range(number))
    )
    snapshot = Snapshot(frozen_map(rows), units)
    live = {c: Verdict(State.LIVE, 0, "") for c in fleet}
    health = Health(verdicts=frozen_map(live))
    changes = plan(snapshot, health, scheduler, Policy(), 0).changes
    return [change.after for change in changes]


def busy() -> Ledger:
    """Return the ledger of a fleet that carries something already."""
    ledger = Ledger()
    ledger.add(("gw1", "gw2", "gw3"), weight=2)
    ledger.add(("gw2", "gw1"))
    return ledger


@EACH
@given(fleet=st.permutations(names(6)), rank=st.integers(0, 4))
def test_the_order_of_the_eligible_does_not_matter(
    scheduler: Scheduler, fleet: list[str], rank: int
) -> None:
    above = ("gw4", "gw1", "gw0", "gw5")[:rank]
    answer = ask(scheduler, fleet, above, busy())
    assert answer == ask(scheduler, names(6), above, busy())


@EACH
@pytest.mark.parametrize("eligible", [0, 1, 2, 3, 40])
@pytest.mark.parametrize("above", [(), ("up",), ("up", "too", "more")])
def test_the_answer_is_one_of_the_eligible_or_nobody(
    scheduler: Scheduler, above: Order, eligible: int
) -> None:
    ledger = busy()
    ledger.add(("up", "gw1"))
    answer = ask(scheduler, names(eligible), above, ledger)
    if eligible:
        assert answer in names(eligible)
    else:
        assert answer is None


@EACH
@pytest.mark.parametrize("width", [0, 8])
def test_a_list_gets_as_deep_as_there_are_chassis(
    scheduler: Scheduler, width: int
) -> None:
    for size in (1, 2, 3, 40):
        orders = filled(scheduler, pool(names(size), width), ports(10))
        assert {len(order) for order in orders.values()} == {min(size, 5)}
        assert all(len(set(order)) == len(order) for order in orders.values())


@EACH
@pytest.mark.parametrize("rank", range(4))
def test_choosing_changes_neither_request_nor_ledger(
    scheduler: Scheduler, rank: int
) -> None:
    ledger = busy()
    above = ("gw3", "gw4", "gw0", "gw1")[:rank]
    request = Request("lrp", above, pool(names(6)))
    answers = {scheduler.choose(request, ledger) for _ in range(3)}
    assert len(answers) == 1
    assert ledger.loads() == {"gw1": 2, "gw2": 1}
    assert ledger.loads(["gw1"]) == {"gw2": 3}
    assert ledger.listed("gw3") == 2
    assert request.above == above


@EACH
def test_ports_do_not_all_prefer_the_same_chassis(
    scheduler: Scheduler,
) -> None:
    firsts = {
        ask(scheduler, names(6), unit=f"lrp{number}") for number in range(60)
    }
    assert firsts == set(names(6))


@EACH
def test_who_is_above_and_not_in_the_pool_is_only_passed_over(
    scheduler: Scheduler,
) -> None:
    """A draining chassis stays in lists though it may host nothing new."""
    for above in (("old",), ("gw0", "old"), ("old", "gw0", "gw1", "gw2")):
        ledger = Ledger()
        ledger.add(above)
        chosen = scheduler.choose(
            Request("lrp", above, pool(names(5), 2)), ledger
        )
        assert chosen in {*names(5)} - {*above}


def test_only_leastloaded_wants_lists_kept_even() -> None:
    assert LeastLoaded.balances
    assert not getattr(Chance(), "balances", False)


def test_a_request_says_who_may_be_answered() -> None:
    rows = [Chassis(name) for name in ("b", "c", "a")]
    request = Request("lrp", ("b",), Pool(rows))
    assert [chassis.name for chassis in request.eligible] == ["a", "c"]
    assert request.weight == 1


SAME = """
from tests.unit.test_schedulers import BOTH, placed
print([placed(7, 40, scheduler) for scheduler in BOTH])
"""


def test_every_process_gives_the_same_answer() -> None:
    answers = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", SAME],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(done.stdout.strip())
    assert answers == {str([placed(7, 40, each) for each in BOTH])}
