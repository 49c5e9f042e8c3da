# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl audit``: all that is wrong in the databases, worst first.

Most of it the daemon puts right by itself, or has its reasons not to; what
is for an operator to do is said beside each.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gwsched.cli import names
from gwsched.cli.forecast import assumed
from gwsched.cli.tables import Row
from gwsched.decisions import Health, Policy, State
from gwsched.model import Problem, Session, Snapshot
from gwsched.telemetry import shortfalls

HELP = (
    "list everything that is wrong in the databases and what to do about "
    "it, the worst first"
)
COLUMNS = ("severity", "kind", "subject", "what", "todo")


class Severity(enum.StrEnum):
    """How bad it is; sorted from the worst."""

    OUTAGE = "outage"
    RISK = "risk"
    UNTIDY = "untidy"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and what to do about it."""

    severity: Severity
    kind: str
    subject: str
    what: str
    todo: str

    @property
    def row(self) -> Row:
        """The cells of one row."""
        return {
            "severity": self.severity.value,
            "kind": self.kind,
            "subject": self.subject,
            "what": self.what,
            "todo": self.todo,
        }


@dataclass(frozen=True, slots=True)
class Scope:
    """What an audit looks at, and by which limits."""

    snapshot: Snapshot
    health: Health
    policy: Policy


BY_ITSELF = "a running gwsched repairs it; else gwschedctl audit --repair"
EXPLAIN = "gwschedctl explain {} says who could host it, and why not"
LOOK_AT_OVN = "look at ovn-controller and the tunnels of {}"


def findings(snapshot: Snapshot, policy: Policy) -> list[Finding]:
    """Return everything that is wrong, the worst first."""
    health = assumed.health(snapshot)
    scope = Scope(snapshot, health, policy)
    found = [finding for look in LOOKS for finding in look(scope)]
    order = list(Severity)
    return sorted(
        dict.fromkeys(found),
        key=lambda f: (order.index(f.severity), f.kind, f.subject, f.what),
    )


def _unserved(scope: Scope) -> Iterator[Finding]:
    """Ports that nobody holds, or somebody else than was asked to."""
    for unit in scope.snapshot.units:
        for port in unit.ports:
            if not unit.order:
                yield Finding(
                    Severity.OUTAGE,
                    "no_candidates",
                    port.name,
                    "has no candidates, so OVN gives it to nobody",
                    EXPLAIN.format(port.name),
                )
    for unit, port in shortfalls.unclaimed(scope.snapshot.units):
        yield Finding(
            Severity.OUTAGE,
            "unclaimed",
            port.name,
            f"no chassis of its list holds it: {', '.join(unit.order)}",
            LOOK_AT_OVN.format(" and ".join(unit.order)),
        )
    for unit, port in shortfalls.mismatched(scope.snapshot.units):
        yield Finding(
            Severity.RISK,
            "mismatch",
            port.name,
            f"{port.holder} holds it, its primary is {unit.order[0]}",
            LOOK_AT_OVN.format(unit.order[0]),
        )


def _sessions(scope: Scope) -> Iterator[Finding]:
    """Next hops that the holder of a port does not reach."""
    for unit in scope.snapshot.units:
        for port in unit.ports:
            for hop in port.next_hops:
                if hop.session is Session.DOWN:
                    yield Finding(
                        Severity.OUTAGE,
                        "next_hop_down",
                        port.name,
                        f"BFD with next hop {hop.address} is down on "
                        f"{port.holder or 'nobody'}",
                        "look at that uplink and at the next hop",
                    )


def _members(scope: Scope) -> Iterator[Finding]:
    """Lists with members that are not there."""
    for unit in scope.snapshot.units:
        for name in unit.order:
            if name not in scope.snapshot.chassis:
                yield Finding(
                    Severity.RISK,
                    "stale_candidate",
                    unit.name,
                    f"names {name}, which has no SB Chassis row",
                    BY_ITSELF,
                )


def _shallow(scope: Scope) -> Iterator[Finding]:
    """Lists that are shorter than they could be."""
    intents = scope.snapshot.intents
    for unit, living, possible in shortfalls.underreplicated(
        scope.snapshot,
        scope.health,
        scope.policy.max_candidates,
        spared=intents.cordoned | intents.draining,
    ):
        if unit.order:
            yield Finding(
                Severity.RISK,
                "shallow_list",
                unit.name,
                f"candidates that may be live: {living}, could be {possible}",
                EXPLAIN.format(unit.ports[0].name),
            )


def _carried(scope: Scope) -> Iterator[Finding]:
    """Lists that northd has not carried over to SB."""
    for unit in scope.snapshot.units:
        if not unit.in_force:
            yield Finding(
                Severity.RISK,
                "not_in_force",
                unit.name,
                "SB does not carry this list, so OVN acts by another",
                "look at ovn-northd if it stays so",
            )


def _silent(scope: Scope) -> Iterator[Finding]:
    """Chassis that have not answered the last heartbeats."""
    serving = set(assumed.concerned(scope.snapshot))
    for name, verdict in scope.health.verdicts.items():
        if verdict.state is State.SUSPECT:
            yield Finding(
                Severity.RISK if name in serving else Severity.UNTIDY,
                "silent_chassis",
                name,
                verdict.why,
                f"look at ovn-controller on "
                f"{names.shown(scope.snapshot, name)}",
            )


def _routers(scope: Scope) -> Iterator[Finding]:
    """L3 gateway routers pinned to what is not there."""
    for router in scope.snapshot.routers:
        if router.chassis not in scope.snapshot.chassis:
            yield Finding(
                Severity.OUTAGE,
                "unknown_chassis",
                router.name,
                f"options:chassis is {router.chassis}, which has no SB "
                f"Chassis row",
                "pin it to one that is there",
            )


def _intents(scope: Scope) -> Iterator[Finding]:
    """Intents about what is not there."""
    asked, there = scope.snapshot.intents, scope.snapshot.chassis
    ports = {p.name for unit in scope.snapshot.units for p in unit.ports}
    what = "scheduled gateway port"
    for verb, subjects, known, kind in (
        ("adopt", asked.adopted, ports, what),
        ("cordon", asked.cordoned, there, "chassis"),
        ("drain", asked.draining, there, "chassis"),
        ("pin", asked.pins, ports, what),
        ("weight", asked.weights, ports, what),
    ):
        for name in sorted(set(subjects) - set(known)):
            yield _idle(f"gwsched-{verb}-{name}", f"there is no {kind} {name}")
    for port, chassis in sorted(asked.pins.items()):
        if chassis not in there:
            key = f"gwsched-pin-{port}"
            yield _idle(key, f"there is no chassis {chassis}")


def _idle(key: str, what: str) -> Finding:
    return Finding(
        Severity.UNTIDY,
        "idle_intent",
        key,
        what,
        f"ovn-nbctl remove NB_Global . external_ids {key}",
    )


def _orphans(scope: Scope) -> Iterator[Finding]:
    """Groups of our own that nothing refers to."""
    for name in scope.snapshot.orphans:
        yield Finding(
            Severity.UNTIDY,
            "orphan",
            name,
            "a group of gwsched's that nothing refers to any more",
            "a running gwsched deletes it",
        )


# What the reading half says of lists, and what that is called here.
KINDS = {
    "names a chassis twice": ("duplicate", BY_ITSELF),
    "two candidates have one priority": ("tie", BY_ITSELF),
    "has both gateway_chassis and ha_chassis_group; OVN ignores the former": (
        "both_forms",
        "a running gwsched clears what is ignored, where it is not Neutron's",
    ),
}


def _problems(scope: Scope) -> Iterator[Finding]:
    """What could not be read, or is odd about a list."""
    for problem in scope.snapshot.problems:
        yield _problem(problem)


def _problem(problem: Problem) -> Finding:
    if problem.database == "NB" and problem.what in KINDS:
        kind, todo = KINDS[problem.what]
        return Finding(
            Severity.RISK, kind, problem.subject, problem.what, todo
        )
    return Finding(
        Severity.UNTIDY,
        "unclear",
        f"{problem.database} {problem.subject}",
        problem.what,
        "correct the row; what is unclear about it is left out",
    )


LOOKS: tuple[Callable[[Scope], Iterator[Finding]], ...] = (
    _unserved,
    _sessions,
    _members,
    _shallow,
    _carried,
    _silent,
    _routers,
    _intents,
    _orphans,
    _problems,
)
