# SPDX-License-Identifier: Apache-2.0
"""Neutron's processes as contenders."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.fleetmodel import Cloud, Spent

TOP = Path(__file__).parents[3]


class Driver:
    """A process with Neutron in it; ``seed`` is that of Python's hashes."""

    def __init__(self, python: Path, seed: int) -> None:
        # Neutron's libraries warn of each other's age when imported.
        command = [
            str(python),
            "-W",
            "ignore",
            "-m",
            "tests.bench.neutron.driver",
        ]
        self._process = subprocess.Popen(
            command,
            cwd=TOP,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *exc: object) -> None:
        # On a real database its threads outlive the last job.
        self._process.kill()
        self._process.communicate()

    def ask(self, do: str, **job: Any) -> dict[str, Any]:
        """Let it do something, and return its answer."""
        jobs, answers = self._process.stdin, self._process.stdout
        assert jobs
        assert answers
        jobs.write(json.dumps({"do": do, **job}) + "\n")
        jobs.flush()
        line = answers.readline()
        if not line:
            raise RuntimeError(f"Neutron's process ended at {do!r}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Neutron:
    """Neutron on stub databases.

    Without ``groups`` its handler of chassis only schedules.
    """

    chunk = 1

    def __init__(self, driver: Driver, label: str, *, groups: bool) -> None:
        self.label = label
        self._driver = driver
        self._groups = groups

    def begin(self, cloud: Cloud) -> None:
        self._driver.ask(
            "begin",
            chassis=list(cloud.live),
            lists=cloud.lists,
            groups=self._groups,
        )

    def place(self, cloud: Cloud, ports: Sequence[str]) -> Spent:
        asked = [self._ask(cloud, "place", port=port) for port in ports]
        return sum(asked, Spent())

    def stopped(self, cloud: Cloud, chassis: str) -> Spent:
        return self._ask(cloud, "stop", chassis=chassis)

    def started(self, cloud: Cloud, chassis: str) -> Spent:
        return self._ask(cloud, "start", chassis=chassis)

    def _ask(self, cloud: Cloud, do: str, **job: str) -> Spent:
        answer = self._driver.ask(do, **job)
        cloud.write(answer["lists"])
        return Spent(answer["seconds"], len(answer["lists"]))
