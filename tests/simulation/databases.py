# SPDX-License-Identifier: Apache-2.0
"""The two databases as values: a write makes a new one.

Who saw a database at some moment keeps what it saw by keeping the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gwsched.model import Candidate, Form, Intents
from tests.simulation.facts import Host

Order = tuple[Candidate, ...]


class Listed(NamedTuple):
    """A placement unit in NB: its table, its list, its ports."""

    form: Form | None
    candidates: Order
    ports: tuple[str, ...]


class Northbound(NamedTuple):
    """What is asked for: lists by the name of the unit, a heartbeat."""

    units: Mapping[str, Listed]
    cfg: int = 0
    intents: Intents = Intents()


class Southbound(NamedTuple):
    """What northd made of it, and what the chassis say.

    ``rows`` are the chassis as they registered, ``linked`` those of them
    that northd has tied to their places in the groups.  ``groups``, the
    ``references`` and the ``holders`` are by port, and so are the
    ``sessions`` with next hops (the status of SB BFD).
    """

    rows: Mapping[str, Host]
    linked: frozenset[str]
    groups: Mapping[str, Order]
    references: Mapping[str, frozenset[str]]
    cfg: int
    answered: Mapping[str, int]
    holders: Mapping[str, str | None]
    sessions: Mapping[str, str]


def best_first(candidates: Order) -> Order:
    """Order candidates as OVN does: of a tie the larger name is better.

    (controller/ha-chassis.c, compare_chassis_prio_.)
    """
    return tuple(
        sorted(candidates, key=lambda c: (c.priority, c.chassis), reverse=True)
    )


def names(candidates: Order) -> tuple[str, ...]:
    """Return the chassis of a list, in its order."""
    return tuple(candidate.chassis for candidate in candidates)
