# SPDX-License-Identifier: Apache-2.0
"""The table of verdicts: which evidence leads from which state to which.

Rules are asked from the top; the first that holds decides.  Each is one
sentence of what it takes, and docs/design.md has the same table, which a
test compares with this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gwsched.decisions import ControllerDead, Evidence, State, Tunnels

DOUBTED = frozenset({State.UNKNOWN, State.RETURNING})


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a verdict on one chassis rests on, at one moment.

    ``asked``: heartbeats are made at all.  ``proven``: it answered one while
    we watched.  ``behind``, ``overdue``, ``silent``, ``missed``: see
    heartbeat.py and silence.py.
    ``empty``: it has held nothing for long enough to be no accident.
    ``deserted``: OVN has left it by itself.  ``mended``: its tunnels have
    not been up again for a hold-down.  ``frozen``: too many were lost
    at once to believe in any death.  ``steady``: it has been returning for
    the whole hold-down.  ``damped``: it has died too often lately.
    """

    evidence: Evidence
    before: State | None
    first_look: bool = False
    asked: bool = True
    proven: bool = True
    behind: bool = False
    overdue: bool = False
    silent: bool = False
    missed: bool = False
    empty: bool = False
    deserted: bool = False
    mended: bool = False
    frozen: bool = False
    steady: bool = False
    damped: bool = False
    age: float = 0.0
    bfd_time: float = 3.0
    controller_dead: ControllerDead = ControllerDead.KEEP

    @property
    def dead(self) -> bool:
        """Whether it was dead a moment ago."""
        return self.before is State.DEAD

    @property
    def cut(self) -> bool:
        """Whether no vantage point's tunnels reach it."""
        return self.evidence.tunnels is Tunnels.DOWN

    @property
    def silence(self) -> str:
        """Say for how long it has not answered."""
        return f"has not answered a heartbeat for {self.age:.0f} s"

    @property
    def life(self) -> str:
        """Say what shows that its data plane lives, or did."""
        if self.evidence.tunnels is Tunnels.UP:
            return "its tunnels are up"
        return "it kept what others could have claimed, while they could"

    def doubtful(self) -> State:
        """Return the state of who is in doubt: never better than before."""
        if self.before is None:
            return State.UNKNOWN if self.first_look else State.RETURNING
        return self.before if self.before in DOUBTED else State.SUSPECT


Text = str | Callable[[Facts], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """When it holds, the state is this, for this reason.

    ``to`` None is the state of who is in doubt.  ``advice`` is what a person
    should know or do about it.
    """

    what: str
    when: Callable[[Facts], bool]
    to: State | None
    why: Text
    advice: str = ""


# Why most are live, mostly.
ANSWERS = "answers heartbeats"
SEE_TO_IT = (
    "its data plane lives and its ports stay; see to its ovn-controller and "
    "its connection to SB"
)
LOOK_AT_TUNNELS = (
    "nothing new goes there; see to its ovs-vswitchd and its tunnel network"
)

TABLE: tuple[Rule, ...] = (
    Rule(
        "its Chassis row is gone",
        lambda f: f.evidence.gone is not None,
        State.DEAD,
        "its SB Chassis row is gone",
    ),
    Rule(
        "dead, and it still does not answer, or its tunnels are down",
        lambda f: f.dead and (f.behind or f.cut),
        State.DEAD,
        "",
    ),
    Rule(
        "dead, and it answers again",
        lambda f: f.dead,
        State.RETURNING,
        "back again",
    ),
    Rule(
        "tunnels down by vote, and a heartbeat missed that most answered",
        lambda f: f.cut and f.missed and not f.frozen,
        State.DEAD,
        "no tunnel reaches it and it left a heartbeat unanswered",
    ),
    Rule(
        "tunnels down by vote, and OVN has taken its ports away",
        lambda f: f.cut and f.deserted and not f.frozen,
        State.DEAD,
        "no tunnel reaches it and OVN has taken its ports away",
    ),
    Rule(
        "silent, and it holds nothing: OVN has left it",
        lambda f: f.silent and not f.frozen and f.empty,
        State.DEAD,
        lambda f: f"{f.silence} and holds no gateway port",
    ),
    Rule(
        "silent, nobody could claim what it holds, and no tunnel is up",
        lambda f: (
            f.silent
            and not f.frozen
            and not (f.evidence.keeps or f.evidence.kept)
            and f.evidence.tunnels is not Tunnels.UP
        ),
        State.DEAD,
        lambda f: (
            f"{f.silence} and no live candidate could claim what it holds"
        ),
    ),
    Rule(
        "silent, but no longer than BFD needs to see it",
        lambda f: f.silent and not f.frozen and f.age < f.bfd_time,
        State.SUSPECT,
        lambda f: f"{f.silence}; BFD may not have seen it yet",
    ),
    Rule(
        "silent, but its data plane lives, and controller_dead = move",
        lambda f: (
            f.silent
            and not f.frozen
            and f.controller_dead is ControllerDead.MOVE
        ),
        State.DEAD,
        lambda f: f"{f.silence}; its ports are moved, as configured",
    ),
    Rule(
        "silent, but its data plane lives: others could claim, or BFD is up",
        lambda f: f.silent and not f.frozen,
        State.SUSPECT,
        lambda f: (
            f"{f.silence}, yet keeps {f.evidence.keeps} ports that others "
            f"could claim"
            if f.evidence.keeps
            else f"{f.silence}, yet {f.life}"
        ),
        SEE_TO_IT,
    ),
    Rule(
        "silent, as are too many others",
        lambda f: f.silent,
        None,
        lambda f: f"{f.silence}, as did too many others",
    ),
    Rule(
        "it has missed a heartbeat for a quarter of dead_after",
        lambda f: f.overdue,
        None,
        lambda f: f.silence,
    ),
    Rule(
        "suspect, and it still has not answered",
        lambda f: f.before is State.SUSPECT and f.behind,
        State.SUSPECT,
        lambda f: f.silence,
    ),
    Rule(
        "tunnels down by vote, though it answers",
        lambda f: f.cut,
        None,
        "no tunnel reaches it",
        LOOK_AT_TUNNELS,
    ),
    Rule(
        "OVN has taken its ports away, though it answers",
        lambda f: f.deserted,
        None,
        "OVN has taken its ports away though it answers heartbeats",
        LOOK_AT_TUNNELS,
    ),
    Rule(
        "heartbeats are switched off, and no vantage point sees it",
        lambda f: not f.asked and f.evidence.tunnels is Tunnels.UNSEEN,
        State.UNKNOWN,
        "has a row; heartbeats are switched off",
    ),
    Rule(
        "seen for the first time at the first look",
        lambda f: f.before is None and f.first_look,
        State.UNKNOWN,
        "no heartbeat answered yet",
    ),
    Rule(
        "new",
        lambda f: f.before is None,
        State.RETURNING,
        "new here",
    ),
    Rule(
        "suspect, and its tunnels have only just come up again",
        lambda f: f.before is State.SUSPECT and f.mended,
        State.RETURNING,
        "its tunnels are up again",
    ),
    Rule(
        "unknown, and it has not answered a heartbeat we saw made",
        lambda f: f.before is State.UNKNOWN and f.asked and not f.proven,
        State.UNKNOWN,
        "no heartbeat answered yet",
    ),
    Rule(
        "returning, and it has not answered for the whole hold-down",
        lambda f: f.before is State.RETURNING and not (f.proven and f.steady),
        State.RETURNING,
        "",
    ),
    Rule(
        "returning, and it has died too often lately",
        lambda f: f.before is State.RETURNING and f.damped,
        State.RETURNING,
        "has died again and again and is not trusted yet",
    ),
    Rule(
        "else",
        lambda _: True,
        State.LIVE,
        lambda f: ANSWERS if f.asked else "a vantage point sees it",
    ),
)


def judge(facts: Facts) -> tuple[State, str, str]:
    """Return state, reason and advice; no reason means: as before."""
    for rule in TABLE:
        if rule.when(facts):
            break
    state = rule.to or facts.doubtful()
    why = rule.why if isinstance(rule.why, str) else rule.why(facts)
    return state, why, rule.advice
