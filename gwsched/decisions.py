# SPDX-License-Identifier: Apache-2.0
"""What is concluded, and what is to be done, as frozen values.

A :class:`Health` is what the evidence says of each chassis, a :class:`Plan`
what shall be written, each change with its reason, and a :class:`Policy` the
settings that both are made by.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gwsched.model import Candidate, Form, GatewayRouter, Unit, frozen_map


class State(enum.StrEnum):
    """What the evidence says of a chassis."""

    LIVE = "live"
    SUSPECT = "suspect"
    DEAD = "dead"
    UNKNOWN = "unknown"
    RETURNING = "returning"


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


class Guard(enum.StrEnum):
    """What can hold changes back."""

    STARTUP = "startup"
    MASS_FAILURE = "mass_failure"
    ISOLATION = "isolation"
    PAUSE = "pause"
    FOREIGN_WRITER = "foreign_writer"
    BUDGET = "budget"
    UNVERIFIED = "unverified"
    FLAP = "flap"


class Rebalance(enum.StrEnum):
    """When primaries are moved only to even out the load."""

    AUTO = "auto"
    MANUAL = "manual"
    OFF = "off"


class Failback(enum.StrEnum):
    """Whether a port goes back to who lost it, once that has returned."""

    NEVER = "never"
    DELAYED = "delayed"


class ControllerDead(enum.StrEnum):
    """What becomes of ports whose chassis works without its controller."""

    KEEP = "keep"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A chassis' state, since when (monotonic seconds), and why.

    ``advice`` is what a person should know or do about it, if anything.
    """

    state: State
    since: float
    why: str
    advice: str = ""


class Tunnels(enum.StrEnum):
    """What the vantage points say of a chassis' tunnels by majority."""

    UP = "up"
    DOWN = "down"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against a chassis, each since when.

    Times are monotonic seconds, None where it is not so.  ``gone`` is since
    when it has no row in SB, ``heard`` when it last answered a heartbeat
    (or came into sight), ``behind`` since when it has missed one
    that others answered.  ``left`` is when OVN last took a port from it that
    nobody had asked it to give up.  ``watched`` says that a vantage point
    looks at its tunnels now.  It ``holds`` so many units, and of those it
    ``keeps`` so many that others could have claimed, ``keeping`` since when
    it keeps any; ``emptied`` is since when it holds none.  It has ``kept``
    some for so long that its data plane must have lived, and has not
    answered since.
    """

    gone: float | None = None
    heard: float | None = None
    behind: float | None = None
    left: float | None = None
    tunnels: Tunnels = Tunnels.UNSEEN
    tunnels_since: float | None = None
    watched: bool = False
    emptied: float | None = None
    holds: int = 0
    keeps: int = 0
    keeping: float | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a unit: since when, and since when its list is as it is.

    ``joined`` is since when each member has been in the list, in force.
    ``dropped_by`` is who gave it up, if nobody has held it since.
    """

    holder: str | None
    order: tuple[str, ...]
    since: float
    listed_since: float
    joined: Mapping[str, float] = field(default_factory=lambda: frozen_map({}))
    dropped_by: str | None = None


@dataclass(frozen=True, slots=True)
class Uplinks:
    """What the BFD sessions with next hops say of uplinks.

    ``bad`` and ``good`` are pairs of a chassis and a physical network, the
    bad ones with the reason.  ``lost`` has the ports whose next hops their
    holder does not reach, and all chassis that have tried in vain by now;
    ``reached`` who reaches an address.
    """

    bad: Mapping[tuple[str, str], str] = field(
        default_factory=lambda: frozen_map({})
    )
    good: frozenset[tuple[str, str]] = frozenset()
    lost: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: frozen_map({})
    )
    reached: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: frozen_map({})
    )


@dataclass(frozen=True, slots=True)
class Health:
    """The outcome of one health step.

    ``guards`` hold everything back, ``cautions`` only what they say.
    ``penalties`` are for dying again and again; the ``damped`` have died so
    often that they get nothing for now.  ``apart`` are pairs of
    gateways that have lost each other, and until when they are kept so.
    ``stranded`` units were dropped, and no member takes them up.
    ``beat`` asks the leader for one more ``nb_cfg`` bump now; ``wake_at`` is
    when time alone may change something (monotonic seconds).
    """

    verdicts: Mapping[str, Verdict] = field(
        default_factory=lambda: frozen_map({})
    )
    claims: Mapping[str, Claim] = field(default_factory=lambda: frozen_map({}))
    guards: Mapping[Guard, str] = field(default_factory=lambda: frozen_map({}))
    cautions: Mapping[Guard, str] = field(
        default_factory=lambda: frozen_map({})
    )
    evidence: Mapping[str, Evidence] = field(
        default_factory=lambda: frozen_map({})
    )
    uplinks: Uplinks = field(default_factory=Uplinks)
    apart: Mapping[frozenset[str], float] = field(
        default_factory=lambda: frozen_map({})
    )
    stranded: frozenset[str] = frozenset()
    damped: frozenset[str] = frozenset()
    penalties: Mapping[str, float] = field(
        default_factory=lambda: frozen_map({})
    )
    beat: bool = False
    wake_at: float = float("inf")

    def state(self, chassis: str) -> State:
        """Return the state of a chassis; of an unheard-of one, unknown."""
        verdict = self.verdicts.get(chassis)
        return verdict.state if verdict else State.UNKNOWN


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
    ``uneven`` says that moves are left
    to be made for the sake of balance, now or later; ``is_done`` that all
    was looked into and nothing is left.
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
    wake_at: float = float("inf")


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that the pure half decides by; times in seconds.

    ``threshold`` is a part of the even share.  ``scatter_width`` is how many
    others a gateway may share lists with: 0 is any number, -1 any number up
    to 32 gateways and 16 above.  ``table`` is the form lists are to have, if
    configuration names one.  ``failback_delay`` is how long a returned
    chassis has been live before it gets back what a failure took from it.
    """

    max_candidates: int = 5
    probe_interval: float = 10.0
    dead_after: float = 20.0
    hold_down: float = 30.0
    rebalance: Rebalance = Rebalance.AUTO
    threshold: float = 0.1
    moves_per_minute: int = 10
    scatter_width: int = -1
    table: Form | None = None
    failback: Failback = Failback.NEVER
    failback_delay: float = 300.0
    controller_dead: ControllerDead = ControllerDead.KEEP
