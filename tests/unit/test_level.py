# SPDX-License-Identifier: Apache-2.0
"""Levelling: as even as can be, by as few changes as that takes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwsched.placement.level import Job, Machines, level
from gwsched.schedulers import draw

# Where each job runs, what it weighs, and where it may run.
Jobs = dict[str, tuple[str, int, str]]


def machines(
    jobs: Jobs,
    names: str,
    capacity: Mapping[str, int] | None = None,
    fixed: Mapping[str, int] | None = None,
) -> Machines:
    """Return machines with those jobs, and with a load that is fixed."""
    loads = {name: (fixed or {}).get(name, 0) for name in names}
    for machine, weight, _ in jobs.values():
        loads[machine] += weight
    scale = {name: 1 / (capacity or {}).get(name, 1) for name in names}
    found = Machines(loads, scale)
    for name, (machine, weight, allowed) in jobs.items():
        found.put(Job(name, weight, frozenset(allowed)), machine)
    return found


def levelled(
    jobs: Jobs,
    names: str,
    capacity: Mapping[str, int] | None = None,
    fixed: Mapping[str, int] | None = None,
) -> tuple[dict[str, str], list[float]]:
    """Return the changes, and the heights after them, highest first."""
    found = machines(jobs, names, capacity, fixed)
    changes = level(found, lambda job, to: draw(job.name, to))
    for name, to in changes.items():
        was, _, allowed = jobs[name]
        assert to in allowed
        assert to != was
    after = {
        name: (changes.get(name, machine), weight, allowed)
        for name, (machine, weight, allowed) in jobs.items()
    }
    again = machines(after, names, capacity, fixed)
    assert again.loads == found.loads, "the loads are not what was moved"
    return changes, heights(found)


def heights(found: Machines) -> list[float]:
    return sorted((found.height(name) for name in found.loads), reverse=True)


def unlimited(names: str, loads: list[int]) -> Jobs:
    return {
        f"job{i}": (machine, 1, names)
        for i, machine in enumerate(
            m
            for m, load in zip(names, loads, strict=True)
            for _ in range(load)
        )
    }


def best(
    jobs: Jobs, names: str, capacity: Mapping[str, int] | None = None
) -> list[float]:
    """Return the least heights of all ways to place the jobs."""
    found = []
    for places in product(*(allowed for _, _, allowed in jobs.values())):
        placed = {
            name: (place, weight, allowed)
            for (name, (_, weight, allowed)), place in zip(
                jobs.items(), places, strict=True
            )
        }
        found.append(heights(machines(placed, names, capacity)))
    return min(found)


def limited(seed: int, *, heaviest: int = 1) -> tuple[Jobs, str]:
    """Return a few jobs that may run only here and there."""
    lots = random.Random(seed)
    names = "abcd"[: lots.randrange(2, 5)]
    jobs: Jobs = {}
    for number in range(lots.randrange(8)):
        allowed = lots.sample(names, lots.randrange(1, min(4, len(names) + 1)))
        weight = lots.randrange(1, heaviest + 1)
        jobs[f"job{number}"] = allowed[0], weight, "".join(sorted(allowed))
    return jobs, names


# -- jobs of one weight --


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_without_limits_only_what_is_too_much_is_moved(
    loads: list[int],
) -> None:
    names = "abcdef"[: len(loads)]
    changes, after = levelled(unlimited(names, loads), names)
    even, more = divmod(sum(loads), len(loads))
    aims = sorted([even + 1] * more + [even] * (len(loads) - more))
    assert sorted(after) == aims
    surplus = zip(sorted(loads), aims, strict=True)
    assert len(changes) == sum(max(0, load - aim) for load, aim in surplus)


def test_under_limits_it_is_as_even_as_can_be() -> None:
    for seed in range(300):
        jobs, names = limited(seed)
        assert levelled(jobs, names)[1] == best(jobs, names), seed


def test_by_capacity_the_highest_is_as_low_as_can_be() -> None:
    for seed in range(300):
        jobs, names = limited(seed)
        capacity = {name: 1 + (seed + ord(name)) % 3 for name in names}
        _, after = levelled(jobs, names, capacity)
        lowest = best(jobs, names, capacity)[0]
        assert after[0] == pytest.approx(lowest), seed


def test_a_chain_of_changes_reaches_who_cannot_be_reached_directly() -> None:
    jobs = {f"ab{i}": ("a", 1, "ab") for i in range(4)}
    jobs |= {f"bc{i}": ("b", 1, "bc") for i in range(2)}
    changes, after = levelled(jobs, "abc")
    assert after == [2, 2, 2]
    assert len(changes) == 4


@pytest.mark.parametrize(
    "loads", [[], [0, 0], [1, 0], [3, 2], [3, 2, 2], [4, 4, 4]]
)
def test_what_is_level_is_left_alone(loads: list[int]) -> None:
    names = "abcdef"[: len(loads)]
    assert levelled(unlimited(names, loads), names)[0] == {}


def test_what_was_levelled_is_left_alone() -> None:
    for seed in range(300):
        jobs, names = limited(seed, heaviest=4)
        changes, _ = levelled(jobs, names)
        after = {
            name: (changes.get(name, machine), weight, allowed)
            for name, (machine, weight, allowed) in jobs.items()
        }
        assert levelled(after, names)[0] == {}, seed


def test_a_change_is_only_made_where_it_makes_something_better() -> None:
    for seed in range(300):
        jobs, names = limited(seed, heaviest=4)
        changes, after = levelled(jobs, names)
        before = heights(machines(jobs, names))
        assert after < before if changes else after == before, seed


# -- capacity, fixed loads, weights --


def test_who_can_carry_more_gets_more() -> None:
    jobs = unlimited("ab", [12, 0])
    changes, _ = levelled(jobs, "ab", {"a": 1, "b": 3})
    assert len(changes) == 9


def test_a_load_that_cannot_be_moved_is_counted() -> None:
    jobs = unlimited("ab", [4, 0])
    changes, after = levelled(jobs, "ab", fixed={"b": 3})
    assert after == [4, 3]
    assert changes == {}
    changes, after = levelled(jobs, "ab", fixed={"b": 1})
    assert after == [3, 2]
    assert len(changes) == 1


def test_a_job_where_it_may_not_run_goes_where_it_may() -> None:
    jobs = {f"job{i}": ("a", 1, "bc") for i in range(4)}
    changes, after = levelled(jobs, "abc")
    assert sorted(changes.values()) == ["b", "c"]
    assert after == [2, 1, 1]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(1, 9)), max_size=25
    )
)
def test_with_weights_the_spread_is_below_the_heaviest(
    found: list[tuple[str, int]],
) -> None:
    jobs = {
        f"job{i}": (machine, weight, "abcd")
        for i, (machine, weight) in enumerate(found)
    }
    _, after = levelled(jobs, "abcd")
    heaviest = max((weight for _, weight in found), default=0)
    assert after[0] - after[-1] <= heaviest
    assert after[0] <= sum(after) / 4 + heaviest * 3 / 4


def test_a_light_job_goes_where_a_heavy_one_cannot() -> None:
    jobs = {"heavy": ("a", 5, "ab"), "light": ("a", 1, "ab")}
    changes, after = levelled(jobs, "ab", fixed={"b": 4})
    assert changes == {"light": "b"}
    assert after == [5, 5]


def test_a_light_job_makes_the_room_that_a_heavy_one_cannot() -> None:
    jobs = {
        "heavy": ("a", 5, "ab"),
        "light": ("a", 1, "ab"),
        "middle": ("b", 1, "bc"),
    }
    changes, after = levelled(jobs, "abc", fixed={"b": 4, "c": 4})
    assert changes == {"light": "b", "middle": "c"}
    assert after == [5, 5, 5]


def test_what_could_not_be_lowered_is_tried_again_when_others_were() -> None:
    jobs = {"heavy": ("a", 2, "ab"), "light": ("b", 1, "bc")}
    fixed = {"a": 4, "b": 3, "c": 1}
    changes, after = levelled(jobs, "abc", fixed=fixed)
    assert changes == {"heavy": "b", "light": "c"}
    assert after == [5, 4, 2]


# -- which job, and when it is enough --


@pytest.mark.parametrize("wanted", ["job0", "job1", "job2"])
def test_of_equal_jobs_the_preferred_one_is_moved(wanted: str) -> None:
    found = machines(unlimited("ab", [3, 1]), "ab")
    changes = level(found, lambda job, to: job.name != wanted)
    assert changes == {wanted: "b"}


def test_it_ends_where_the_highest_is_low_enough() -> None:
    found = machines(unlimited("abc", [6, 3, 0]), "abc")
    changes = level(
        found,
        lambda job, to: draw(job.name, to),
        lambda name: found.loads[name] <= 4,
    )
    assert len(changes) == 2
    assert found.loads == {"a": 4, "b": 3, "c": 2}


def test_a_job_that_is_handed_on_twice_is_one_change() -> None:
    """It is written once, from where it was to where it ends."""
    for seed in range(50):
        lots = random.Random(seed)
        names = "abcdef"
        jobs: Jobs = {}
        for number in range(30):
            allowed = lots.sample(names, lots.randrange(2, 4))
            jobs[f"job{number}"] = allowed[0], 1, "".join(sorted(allowed))
        levelled(jobs, names)  # which looks at what each change does


# -- the same everywhere --


def some_changes(seed: int) -> dict[str, str]:
    lots = random.Random(seed)
    names = [f"gw{i}" for i in range(8)]
    found = Machines(dict.fromkeys(names, 0), dict.fromkeys(names, 1.0))
    for number in range(60):
        allowed = frozenset(lots.sample(names, lots.randrange(1, 4)))
        job = Job(f"lrp{number}", 1 + number % 2, allowed)
        machine = min(allowed)
        found.loads[machine] += job.weight
        found.put(job, machine)
    return level(found, lambda job, to: draw(job.name, to))


SAME = """
from tests.unit.test_level import some_changes
print([some_changes(seed) for seed in range(20)])
"""


def test_every_process_makes_the_same_changes() -> None:
    """The order of a set is another one in each."""
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
        assert done.stdout.strip() == str([some_changes(i) for i in range(20)])


def test_the_order_of_machines_does_not_matter() -> None:
    for seed in range(300):
        jobs, names = limited(seed, heaviest=2)
        assert levelled(jobs, names) == levelled(jobs, names[::-1])
