# SPDX-License-Identifier: Apache-2.0
"""What is concluded of each chassis, and of OVN's claims."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gwsched.model import frozen_map


class State(enum.StrEnum):
    """What the evidence says of a chassis."""

    LIVE = "live"
    SUSPECT = "suspect"
    DEAD = "dead"
    UNKNOWN = "unknown"
    RETURNING = "returning"


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """A chassis' state, since when (monotonic seconds), and why.

    ``advice`` is what a person should know or do about it, if anything.
    ``back`` is since when it is there again after it was dead, or new.
    """

    state: State
    since: float
    why: str
    advice: str = ""
    back: float = -math.inf


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
    ``stranded`` units were dropped, and no member takes them up.  It is
    ``stale`` while nobody knows who answers heartbeats at this moment.
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
    stale: bool = False
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
