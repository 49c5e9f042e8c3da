# SPDX-License-Identifier: Apache-2.0
"""What is to be written, each change with its reason."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gwsched.decisions.health import Guard
from gwsched.model import Candidate, Form, GatewayRouter, Unit, frozen_map


class Reason(enum.StrEnum):
    """Why a candidate list is changed."""

    NEW = "new"
    FAILOVER = "failover"
    UPLINK = "uplink"
    REPAIR = "repair"
    DRAIN = "drain"
    PIN = "pin"
    REBALANCE = "rebalance"


class Kind(enum.StrEnum):
    """What a decision does, in one word."""

    PLACE = "place"
    MOVE = "move"
    RANK = "rank"
    SWITCH = "switch"
    RELOCATE = "relocate"


@dataclass(frozen=True, slots=True)
class Change:
    """A new candidate list for one unit, best first, and its reason.

    ``nudges`` says that the localnet ports its ports face are to be touched
    as well, so that ovn-controller looks at them again.
    """

    unit: Unit
    form: Form
    after: tuple[str, ...]
    reason: Reason
    why: str
    nudges: bool = False

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The list to write, with dense priorities: its length down to 1.

        Dense because Neutron's scheduler counts load at 1..5 only.
        """
        top = len(self.after)
        return tuple(Candidate(c, top - i) for i, c in enumerate(self.after))

    @property
    def written(self) -> Unit:
        """The unit once the change is in NB and SB, its holder as before."""
        return replace(
            self.unit,
            form=self.form,
            candidates=self.candidates,
            shadowed=self.unit.shadowed and self.unit.neutron,
        )

    @property
    def switches_form(self) -> bool:
        """Whether the list goes from one table to the other."""
        return self.unit.form not in (None, self.form)

    @property
    def is_move(self) -> bool:
        """Whether the primary changes (else it is a re-ranking)."""
        return self.unit.order[:1] != self.after[:1]

    @property
    def awaits_claim(self) -> bool:
        """Whether the new primary does not hold the unit yet."""
        return self.is_move and self.after[0] != self.unit.holder

    @property
    def kind(self) -> Kind:
        """What the change does to the list, in one word."""
        if not self.unit.order:
            return Kind.PLACE
        if self.awaits_claim:
            return Kind.MOVE
        return Kind.SWITCH if self.switches_form else Kind.RANK


@dataclass(frozen=True, slots=True)
class Relocation:
    """An L3 gateway router to be pinned to another chassis, and why."""

    router: GatewayRouter
    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A unit that ought to be changed and cannot be.

    ``served`` says that it works where it is: only a wish is refused.
    """

    unit: Unit
    reason: str
    why: str
    served: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write now, what cannot be, and when to look again.

    ``deferred`` says which guard holds how many changes back, ``guards``
    why each is on, and ``blocking`` which of them hold back everything.
    ``relocations`` are of L3 gateway routers, ``orphans`` groups to delete.
    ``uneven`` says that moves are left to be made for the sake of balance,
    now or later; ``is_done`` that all was looked into and nothing is left,
    ``postponed`` that there was no time to look what is to be evened out.
    """

    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    deferred: Mapping[Guard, int] = field(
        default_factory=lambda: frozen_map({})
    )
    guards: Mapping[Guard, str] = field(default_factory=lambda: frozen_map({}))
    blocking: frozenset[Guard] = frozenset()
    relocations: tuple[Relocation, ...] = ()
    orphans: tuple[str, ...] = ()
    uneven: bool = False
    is_done: bool = False
    postponed: bool = False
    wake_at: float = float("inf")
