# SPDX-License-Identifier: Apache-2.0
"""A snapshot's problems, beside the rows they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from gwsched.model import Problem, Snapshot


def by_subject(snapshot: Snapshot, database: str) -> Mapping[str, list[str]]:
    """Map each subject in one database to what is wrong with it."""
    found = defaultdict(list)
    for problem in snapshot.problems:
        if problem.database == database:
            found[problem.subject].append(problem.what)
    return found


def strays(
    snapshot: Snapshot, database: str, known: Collection[str]
) -> list[Problem]:
    """Return what is wrong in one database with none of the known."""
    return [
        problem
        for problem in snapshot.problems
        if problem.database == database and problem.subject not in known
    ]
