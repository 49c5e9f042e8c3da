# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl simulate``: what if some chassis failed, all at once?"""

from __future__ import annotations

from collections import defaultdict

from gwsched.cli.forecast import assumed, failing, loads
from gwsched.cli.forecast.election import Election
from gwsched.cli.forecast.failing import Case, Way
from gwsched.cli.tables import Row
from gwsched.decisions import Change, Reason
from gwsched.model import Unit

HELP = (
    "show what each gateway would carry if some chassis failed: now, at "
    "once (OVN alone), and repaired (when gwsched has nothing left to do)"
)
COLUMNS = ("chassis", "state", "now", "at_once", "repaired", "share")
PORTS = ("port", "from", "at_once", "repaired", "reason", "why")


def rows(case: Case) -> list[Row]:
    """Return a row for each gateway, with its load in the three states.

    The share is of what it would carry at once if all carried alike.
    """
    now, at_once, repaired = (
        loads.weight(seen.units)
        for seen in (case.now, case.at_once, case.repair.then)
    )
    shares = failing.even_shares(case)
    names = {*assumed.concerned(case.now), *case.failed, *shares}
    return [
        {
            "chassis": name,
            "state": _state(case, name),
            "now": now[name],
            "at_once": at_once[name],
            "repaired": repaired[name],
            "share": (
                round(at_once[name] / shares[name], 2)
                if shares.get(name)
                else None
            ),
        }
        for name in sorted(names)
    ]


def port_rows(case: Case) -> list[Row]:
    """Return a row for each port that changes its holder, and why."""
    stories = _Stories(case)
    found: list[Row] = []
    for way in failing.ways(case):
        if way.is_changed:
            reason, why = stories.of(way)
            found.append(
                {
                    "port": way.port,
                    "from": way.now,
                    "at_once": way.at_once,
                    "repaired": way.repaired,
                    "reason": reason,
                    "why": why,
                }
            )
    return found


def summary(case: Case) -> str:
    """Say in one line what becomes of the ports."""
    ways = list(failing.ways(case))
    lost = [way for way in ways if way.is_lost]
    stranded = sum(way.repaired is None for way in lost)
    return (
        f"ports: {sum(way.is_moved for way in ways)} moved by OVN, "
        f"{len(lost) - stranded} lost until gwsched acts, {stranded} that "
        f"nobody could host even then; "
        f"lists changed after: {case.repair.lists}\n"
    )


def _state(case: Case, name: str) -> str:
    if name in case.failed:
        return "failed"
    return case.repair.health.state(name).value


class _Stories:
    """Why each port is held by whom it is in the end."""

    def __init__(self, case: Case) -> None:
        self._election = Election.among(case.repair.health)
        self._at_once = {unit.name: unit for unit in case.at_once.units}
        self._refusals = {r.unit.name: r for r in case.repair.refusals}
        self._changes: defaultdict[str, list[Change]] = defaultdict(list)
        for change in case.repair.changes:
            self._changes[change.unit.name].append(change)

    def of(self, way: Way) -> tuple[str, str]:
        """Return a reason in one word and in sentences."""
        reason, *whys = self._decided(way)
        if way.is_lost:
            whys.insert(0, self._unclaimed(self._at_once[way.unit.name]))
        if way.unit.excluded:
            whys.append(way.unit.excluded)
        return reason, "; ".join(whys)

    def _decided(self, way: Way) -> tuple[str, ...]:
        """Return what gwsched does to a list, or why it does nothing."""
        refusal = self._refusals.get(way.unit.name)
        if refusal and way.repaired is None:
            return refusal.reason, refusal.why
        changes = self._changes[way.unit.name]
        if way.repaired is None:
            return "unclaimed", *(change.why for change in changes)
        moves = [c for c in changes if c.kind in ("place", "move")]
        # The last move decided; without one the list followed OVN.
        for change in [*reversed(moves), *changes]:
            return change.reason.value, change.why
        return Reason.FAILOVER.value, f"OVN elects {way.repaired}"

    def _unclaimed(self, unit: Unit) -> str:
        """Say why OVN gives a port to nobody."""
        heir = self._election.lone(unit)
        if heir:
            return (
                f"{heir}, the only live candidate, claims nothing without a "
                f"live ref_chassis"
            )
        return "none of its candidates is live"
