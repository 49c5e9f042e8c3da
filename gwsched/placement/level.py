# SPDX-License-Identifier: Apache-2.0
"""Levelling: jobs on machines, evened out by as few changes as need be.

One job is one unit at one rank; its machine is a chassis.  The same
levelling evens out primaries (every change is a move) and backups (jobs are
the units of one failed primary, or of a failed pair).

While some path of changes takes a job from a machine to a less loaded one,
so that the latter stays below what the former had, the first such path is
taken.  Where none is left the highest load is as low as it can be, and with
jobs of one weight the whole distribution is (Harvey, Ladner, Lovasz, Tamir:
Semi-matchings for bipartite graphs, 2006).  Every change lowers a load that
is higher than any it raises, so levelling ends, and levelling what is level
changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """Something that loads a machine, and the machines it may run on.

    Those must all be known to the machines it is put to.
    """

    name: str
    weight: int
    allowed: frozenset[str]


# The jobs of one machine, by where they may run.
Jobs = dict[frozenset[str], dict[str, Job]]


@dataclass(slots=True)
class Machines:
    """The loads, and what one unit of load weighs on each machine.

    ``scale`` is one over the capacity, and more where a machine is wanted
    less.
    """

    loads: dict[str, int]
    scale: Mapping[str, float]
    jobs: dict[str, Jobs] = field(default_factory=dict)

    def put(self, job: Job, machine: str) -> None:
        """Note a job whose load is counted already."""
        kinds = self.jobs.setdefault(machine, {})
        kinds.setdefault(job.allowed, {})[job.name] = job

    def height(self, machine: str, more: int = 0) -> float:
        """Return the scaled load of a machine, with some more on it."""
        return (self.loads[machine] + more) * self.scale[machine]

    def shift(self, step: Step) -> None:
        """Let a job change its machine."""
        job, source, target = step
        self.loads[source] -= job.weight
        self.loads[target] += job.weight
        kinds = self.jobs[source]
        del kinds[job.allowed][job.name]
        if not kinds[job.allowed]:
            del kinds[job.allowed]
        self.put(job, target)


Step = tuple[Job, str, str]
# Which of several jobs should rather go to a machine: the least goes.
Preference = Callable[[Job, str], Any]


def level(
    machines: Machines,
    prefer: Preference,
    done: Callable[[str], bool] = lambda _: False,
) -> dict[str, str]:
    """Even out the loads; return the new machines of the jobs that change.

    :param done: whether a machine, the highest that can be lowered, is low
        enough to leave it and all below it as they are
    """
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    stuck: set[str] = set()
    kinds = {kind for jobs in machines.jobs.values() for kind in jobs}
    able = frozenset().union(*kinds)
    while able:
        source = _highest(machines, stuck)
        if source is None or done(source):
            break
        path = None
        if _lowest(machines, able) < machines.height(source):
            path = _direct(machines, source, prefer) or _path(machines, source)
        if not path:
            stuck.add(source)
            continue
        for step in path:
            machines.shift(step)
            first.setdefault(step[0].name, step[1])
            last[step[0].name] = step[2]
        stuck.clear()
    return {job: to for job, to in last.items() if to != first[job]}


def _highest(machines: Machines, stuck: set[str]) -> str | None:
    """Return the machine with the highest load that has jobs to give."""
    return max(
        (m for m, kinds in machines.jobs.items() if kinds and m not in stuck),
        key=lambda machine: (machines.height(machine), machine),
        default=None,
    )


def _lowest(machines: Machines, able: frozenset[str]) -> float:
    """Return how low anybody is who could be given the least there is."""
    return min(machines.height(machine, 1) for machine in able)


def _direct(
    machines: Machines, source: str, prefer: Preference
) -> list[Step] | None:
    """Return the change of one job that goes lowest."""
    bound = machines.height(source)
    best: tuple[float, str, list[Job]] | None = None
    for allowed, jobs in machines.jobs[source].items():
        lightest = min(job.weight for job in jobs.values())
        height, target = min(
            ((machines.height(m, lightest), m) for m in allowed - {source}),
            default=(bound, source),
        )
        if height < bound and (best is None or (height, target) < best[:2]):
            best = (height, target, list(jobs.values()))
    if best is None:
        return None
    _, target, jobs_there = best
    fitting = [
        j for j in jobs_there if machines.height(target, j.weight) < bound
    ]
    return [(min(fitting, key=lambda j: prefer(j, target)), source, target)]


def _path(machines: Machines, source: str) -> list[Step] | None:
    """Return the shortest chain of changes that lowers a machine.

    Each hands a job on; the machines between get no higher, and the last
    one stays below what the first one had.  The last change comes first.
    """
    bound = machines.height(source)
    came: dict[str, Step] = {}
    queue = deque([source])
    while queue:
        machine = queue.popleft()
        room = came[machine][0].weight if machine in came else 0
        for target, job in _reach(machines, machine, room):
            if target in came or target == source:
                continue
            came[target] = (job, machine, target)
            if machines.height(target, job.weight) < bound:
                return _back(came, target)
            queue.append(target)
    return None


def _reach(
    machines: Machines, machine: str, room: int
) -> Iterator[tuple[str, Job]]:
    """Yield who can be handed a job directly that makes so much room."""
    for allowed, jobs in machines.jobs.get(machine, {}).items():
        job = _lightest(jobs.values(), room)
        if job:
            ordered = sorted((machines.height(m), m) for m in allowed)
            for _, target in ordered:
                yield target, job


def _lightest(jobs: Iterable[Job], room: int) -> Job | None:
    """Return the lightest job that makes so much room."""
    best: Job | None = None
    for job in jobs:
        if job.weight == max(room, 1):
            return job
        if job.weight > room and (best is None or job.weight < best.weight):
            best = job
    return best


def _back(came: Mapping[str, Step], target: str) -> list[Step]:
    path = [came[target]]
    while path[-1][1] in came:
        path.append(came[path[-1][1]])
    return path
