# SPDX-License-Identifier: Apache-2.0
"""The built-in schedulers: even, random, and the same everywhere."""

import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwsched.model import (
    Chassis,
    GatewayPort,
    Health,
    Policy,
    Snapshot,
    State,
    Unit,
    Verdict,
    frozen_map,
)
from gwsched.planner import plan
from gwsched.schedulers import Ledger, Request, Scheduler
from gwsched.schedulers.chance import Chance
from gwsched.schedulers.leastloaded import LeastLoaded

# Other tests run beside; how long an example takes proves nothing.
unhurried = settings(deadline=None)

Order = tuple[str, ...]

SIZES = [(3, 300), (6, 300), (10, 1000)]
BOTH: list[Scheduler] = [LeastLoaded(), Chance()]


def names(number: int) -> list[str]:
    return [f"gw{i}" for i in range(number)]


def request(
    unit: str, eligible: Sequence[str], kept: Order = (), depth: int = 5
) -> Request:
    rows = tuple(Chassis(name) for name in eligible)
    return Request(unit, kept, rows, depth)


def placed(chassis: int, ports: int, scheduler: Scheduler) -> list[Order]:
    """Plan lists for so many new ports on so many equal chassis."""
    fleet = names(chassis)
    nets = frozenset({"public"})
    rows = {c: Chassis(c, physical_networks=nets) for c in fleet}
    units = tuple(
        Unit(name, None, (GatewayPort(name, physical_networks=nets),))
        for name in (f"lrp{i}" for i in range(ports))
    )
    snapshot = Snapshot(frozen_map(rows), units)
    live = {c: Verdict(State.LIVE, 0, "") for c in fleet}
    health = Health(verdicts=frozen_map(live))
    changes = plan(snapshot, health, scheduler, Policy(), 0).changes
    return [change.after for change in changes]


def survivors(orders: Sequence[Order], failed: Sequence[str]) -> Counter[str]:
    """Count, one list after the other, who carries what after failures."""
    loads: Counter[str] = Counter()
    for order in orders:
        left = [c for c in order if c not in failed]
        loads.update(left[:1])
    return loads


def test_leastloaded_chooses_who_carries_least() -> None:
    ledger = Ledger()
    ledger.add(("a", "b"), weight=2)
    ledger.add(("b", "c"))
    ledger.add(("c", "a"), weight=3)
    order = LeastLoaded().choose(request("lrp", "abc", depth=1), ledger)
    assert list(order) == ["b"]


def test_leastloaded_thinks_of_the_primarys_failure() -> None:
    ledger = Ledger()
    for order in (("a", "b"), ("a", "b"), ("c", "a")):
        ledger.add(order)
    # b carries nothing now, but would carry two if a failed; c one.
    chosen = LeastLoaded().choose(request("lrp", "bc", ("a",), 1), ledger)
    assert list(chosen) == ["c"]


def test_leastloaded_thinks_of_two_failures() -> None:
    ledger = Ledger()
    for order in (("a", "b", "c"), ("b", "a", "c"), ("d", "a", "b")):
        ledger.add(order)
    # If a and b failed, c would carry two and d one.
    chosen = LeastLoaded().choose(request("lrp", "cd", ("a", "b"), 1), ledger)
    assert list(chosen) == ["d"]


def test_leastloaded_fills_the_end_of_lists_evenly_too() -> None:
    ledger = Ledger()
    ledger.add(("a", "b", "c", "d"))
    chosen = LeastLoaded().choose(
        request("lrp", "de", ("a", "b", "c"), 1), ledger
    )
    assert list(chosen) == ["e"]


@pytest.mark.parametrize(("chassis", "ports"), SIZES)
def test_leastloaded_is_even_now_and_after_any_single_failure(
    chassis: int, ports: int
) -> None:
    orders = placed(chassis, ports, LeastLoaded())
    assert len(orders) == ports
    assert {len(set(order)) for order in orders} == {min(5, chassis)}
    now = survivors(orders, ())
    loads = [now[name] for name in names(chassis)]
    assert max(loads) - min(loads) <= 1
    worst = max(
        max(survivors(orders, [failed]).values()) for failed in names(chassis)
    )
    assert worst == math.ceil(ports / (chassis - 1))


def test_leastloaded_levels_what_others_left_uneven() -> None:
    ledger = Ledger()
    for _ in range(5):
        ledger.add(("a", "b"))
    orders: list[Order] = [("a", "b")] * 5
    for i in range(10):
        chosen = LeastLoaded().choose(request(f"lrp{i}", "abc"), ledger)
        ledger.add(chosen)
        orders.append(tuple(chosen))
    assert survivors(orders, ()) == {"a": 5, "b": 5, "c": 5}


LISTS = st.lists(
    st.tuples(st.permutations("abcdef"), st.integers(1, 6), st.integers(1, 3)),
    max_size=8,
)


@unhurried
@given(LISTS, st.lists(st.sampled_from("abcdef"), max_size=2))
def test_the_ledger_is_exact_for_up_to_two_failures(
    lists: list[tuple[list[str], int, int]], failed: list[str]
) -> None:
    ledger = Ledger()
    orders: list[Order] = []
    for order, length, weight in lists:
        ledger.add(order[:length], weight)
        orders += [tuple(order[:length])] * weight
    expected = survivors(orders, failed)
    assert +ledger.loads(failed) == expected
    assert +ledger.loads(reversed(failed)) == expected
    for name in "abcdef":
        listed = sum(name in order for order in orders)
        assert ledger.listed(name) == listed


@unhurried
@given(LISTS, st.lists(st.sampled_from("abcdef"), max_size=2))
def test_what_is_taken_out_of_the_ledger_leaves_no_trace(
    lists: list[tuple[list[str], int, int]], failed: list[str]
) -> None:
    ledger = Ledger()
    for order, length, weight in lists:
        ledger.add(order[:length], weight)
    for order, length, weight in reversed(lists):
        ledger.remove(order[:length], weight)
    assert not any(ledger.loads(failed).values())
    assert not any(ledger.listed(name) for name in "abcdef")


def test_the_failed_carry_nothing() -> None:
    ledger = Ledger()
    ledger.add(("a", "b"))
    assert "a" not in ledger.loads(["a"])


def test_chance_gives_everybody_every_rank_equally_often() -> None:
    fleet = names(5)
    orders = [
        Chance().choose(request(f"lrp{i}", fleet), Ledger())
        for i in range(2000)
    ]
    for rank in range(5):
        seen = Counter(order[rank] for order in orders)
        # 400 expected; five standard deviations are 90.
        assert all(310 < seen[name] < 490 for name in fleet), seen


def test_chance_gives_every_order_equally_often() -> None:
    orders = Counter(
        tuple(Chance().choose(request(f"lrp{i}", "abc"), Ledger()))
        for i in range(3000)
    )
    assert len(orders) == 6
    # 500 expected; five standard deviations are 102.
    assert all(398 < number < 602 for number in orders.values()), orders


def test_chance_does_not_look_at_loads() -> None:
    ledger = Ledger()
    ledger.add(("a", "b", "c"), weight=1000)
    asked = request("lrp", "abc")
    assert Chance().choose(asked, ledger) == Chance().choose(asked, Ledger())


@pytest.mark.parametrize("scheduler", BOTH)
@unhurried
@given(fleet=st.permutations(names(6)))
def test_the_order_of_the_eligible_does_not_matter(
    scheduler: Scheduler, fleet: list[str]
) -> None:
    ledger = Ledger()
    ledger.add(("gw1", "gw2"))
    given_order = scheduler.choose(request("lrp", fleet), ledger)
    assert given_order == scheduler.choose(request("lrp", names(6)), ledger)


@pytest.mark.parametrize("scheduler", BOTH)
def test_who_leaves_does_not_shuffle_the_others(scheduler: Scheduler) -> None:
    for i in range(50):
        whole = scheduler.choose(request(f"lrp{i}", names(6), (), 6), Ledger())
        fewer = scheduler.choose(request(f"lrp{i}", names(5), (), 6), Ledger())
        assert [c for c in whole if c != "gw5"] == list(fewer)


@pytest.mark.parametrize("scheduler", BOTH)
@pytest.mark.parametrize("kept", [(), ("kept",), ("kept", "too", "more")])
@pytest.mark.parametrize(
    ("eligible", "depth", "number"),
    [(6, 5, 5), (6, 1, 1), (6, 0, 0), (3, 5, 3), (0, 5, 0)],
)
def test_so_many_as_asked_for_and_only_of_the_eligible(
    scheduler: Scheduler, kept: Order, eligible: int, depth: int, number: int
) -> None:
    ledger = Ledger()
    ledger.add(("kept", "gw1"))
    chosen = scheduler.choose(
        request("lrp", names(eligible), kept, depth), ledger
    )
    assert len(chosen) == len(set(chosen)) == number
    assert set(chosen) <= set(names(eligible))


@pytest.mark.parametrize("scheduler", BOTH)
def test_choosing_changes_neither_request_nor_ledger(
    scheduler: Scheduler,
) -> None:
    ledger = Ledger()
    ledger.add(("gw1", "gw2"))
    asked = request("lrp", names(4), ("gw9",))
    answers = [list(scheduler.choose(asked, ledger)) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert ledger.loads() == {"gw1": 1}
    assert ledger.listed("gw3") == 0


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
