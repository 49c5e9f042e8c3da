# SPDX-License-Identifier: Apache-2.0
"""Schedules: a cloud, its daemons, and what befalls them when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from gwsched.decisions import Policy
from tests.simulation.facts import Cloud, Host, Port


class Step(NamedTuple):
    """Something that happens at a time; happenings.py says what it does."""

    at: float
    what: str
    facts: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.what} {' '.join(str(fact) for fact in self.facts)}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that a run depends on, as plain data.

    ``vantages`` are the chassis whose tunnel BFD the daemons may read.
    """

    cloud: Cloud
    steps: tuple[Step, ...]
    policy: Mapping[str, Any] = field(default_factory=dict)
    daemons: int = 1
    vantages: tuple[str, ...] = ()

    @property
    def settings(self) -> Policy:
        """The policy that the daemons go by."""
        return Policy(**self.policy)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the daemons."""
        return tuple(f"daemon{i + 1}" for i in range(self.daemons))

    @property
    def ends(self) -> float:
        """When the last step happens."""
        return self.steps[-1].at if self.steps else 0.0

    def dump(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=1)


def load(text: str) -> Schedule:
    """Return a schedule from its JSON."""
    said = json.loads(text)
    cloud = said["cloud"]
    return Schedule(
        cloud=Cloud(
            hosts={
                name: Host(**{**host, "networks": tuple(host["networks"])})
                for name, host in cloud.pop("hosts").items()
            },
            ports={
                name: Port(**{**port, "computes": tuple(port["computes"])})
                for name, port in cloud.pop("ports").items()
            },
            lists={
                name: (tuple(ports), tuple(order))
                for name, (ports, order) in cloud.pop("lists").items()
            },
            **cloud,
        ),
        steps=tuple(
            Step(at, what, tuple(_frozen(fact) for fact in facts))
            for at, what, facts in said["steps"]
        ),
        policy=said["policy"],
        daemons=said["daemons"],
        vantages=tuple(said["vantages"]),
    )


def _frozen(fact: Any) -> Any:
    return tuple(fact) if isinstance(fact, list) else fact
