# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl explain PORT``: why a port is where it is.

The databases say who is in its list and who holds it, the filters and the
scheduler's own ledger why it is they; a daemon, where one answers, what it
knows of the chassis and what it has done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gwsched.cli import names
from gwsched.cli.daemon.asking import Report
from gwsched.cli.daemon.contract import Document
from gwsched.cli.forecast.outlook import Outlook
from gwsched.cli.looking import scores
from gwsched.cli.looking.scores import Scores
from gwsched.decisions import Health, Policy
from gwsched.model import GatewayPort, Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.schedulers import Scheduler

HELP = (
    "show why a gateway port is where it is: its list with the load that "
    "made each rank, why all others are not in it, and what comes next"
)


@dataclass(frozen=True, slots=True)
class Case:
    """What a port is explained by.

    ``outlook`` is what is planned from here, None if that is not known.
    """

    snapshot: Snapshot
    health: Health
    scheduler: Scheduler
    policy: Policy
    name: str
    outlook: Outlook | None
    report: Report | None


def document(case: Case, port: str) -> Document:
    """Return all there is to say of a port; its shape is always the same.

    :raises UsageError: where there is no such port
    """
    name, unit = names.unit_of(case.snapshot, port)
    found = next(p for p in unit.ports if p.name == name)
    who = Eligibility(case.snapshot, case.health, case.policy.scatter_width)
    scored = scores.of(case.snapshot, who, unit)
    return {
        **_port(found),
        **_unit(case, unit, name),
        "scheduler": case.name,
        "verdicts": "daemon" if case.report else "assumed",
        "candidates": _candidates(case, unit, who, scored),
        "others": _others(case, unit, who, scored),
        "no_gateways": _no_gateways(case, unit),
        **_planned(case, unit),
        **_history(case, unit, name),
    }


def _port(port: GatewayPort) -> Document:
    return {
        "port": port.name,
        "binding": f"{names.TWIN}{port.name}",
        "router": port.router or None,
        "networks": sorted(port.physical_networks),
        "zone_hints": sorted(port.zone_hints),
        "weight": port.weight,
        "holder": port.holder,
        "next_hops": [
            {"address": hop.address, "session": hop.session.value}
            for hop in port.next_hops
        ],
    }


def _unit(case: Case, unit: Unit, name: str) -> Document:
    return {
        "unit": unit.name,
        "list": unit.form.value if unit.form else None,
        "shared_with": [p.name for p in unit.ports if p.name != name],
        "external_ports": list(unit.externals),
        "neutron": unit.neutron,
        "in_force": unit.in_force,
        "both_forms": unit.shadowed,
        "left_alone": unit.excluded or None,
        "primary": next(iter(unit.order), None),
        "pinned_to": case.snapshot.intents.pinned(unit),
    }


def _candidates(
    case: Case, unit: Unit, who: Eligibility, scored: Scores
) -> list[Document]:
    """Return the list, best first, duplicates included."""
    return [
        {
            "rank": rank,
            "priority": candidate.priority,
            **_chassis(case, candidate.chassis, scored),
            "why": _member(case, unit, who, candidate.chassis),
        }
        for rank, candidate in enumerate(unit.candidates, start=1)
    ]


def _member(
    case: Case, unit: Unit, who: Eligibility, chassis: str
) -> str | None:
    """Say what speaks against a member, if anything."""
    if chassis not in case.snapshot.chassis and not who.dead(chassis):
        return "it has no SB Chassis row"
    if not who.serves(unit, chassis):
        return who.against(unit, chassis)
    parting = who.parting(unit, chassis, unit.order[0])
    if parting:
        return f"it {parting.what}"
    if chassis not in who.names(unit):
        return f"stays, but comes in nowhere: {who.refused(unit, chassis)}"
    return None


def _others(
    case: Case, unit: Unit, who: Eligibility, scored: Scores
) -> list[Document]:
    """Return the gateways that are not in the list, and why not."""
    return [
        {
            **_chassis(case, chassis, scored),
            "why": _outsider(case, unit, who, scored, chassis),
        }
        for chassis in sorted(_gateways(case, unit) - {*unit.order})
    ]


def _outsider(
    case: Case, unit: Unit, who: Eligibility, scored: Scores, chassis: str
) -> str:
    if chassis not in who.names(unit):
        return who.refused(unit, chassis)
    if unit.excluded:
        return unit.excluded
    pool = who.pool(unit)
    if pool.is_bounded and not pool.is_near(chassis, unit.order):
        return "no neighbour of those in the list, see scatter_width"
    if len(unit.order) < case.policy.max_candidates:
        return "nothing speaks against it"
    if getattr(case.scheduler, "balances", False):
        more = scored.more_loaded(chassis, unit.order)
        if more:
            return more
    return f"the list is full with {len(unit.order)}"


def _chassis(case: Case, chassis: str, scored: Scores) -> Document:
    row = case.snapshot.chassis.get(chassis)
    verdict = case.health.verdicts.get(chassis)
    return {
        "chassis": chassis,
        "hostname": row.hostname or None if row else None,
        "verdict": case.health.state(chassis).value,
        "evidence": verdict.why if verdict else None,
        **scored.cells(chassis),
    }


def _gateways(case: Case, unit: Unit) -> frozenset[str]:
    """Return who could come into question at all, or holds the port."""
    holders = {port.holder for port in unit.ports if port.holder}
    return case.snapshot.gateways | holders


def _no_gateways(case: Case, unit: Unit) -> int:
    """Count the chassis that do not come into question."""
    listed = {*unit.order, *_gateways(case, unit)}
    return len(set(case.snapshot.chassis) - listed)


def _planned(case: Case, unit: Unit) -> Document:
    """Return what the planner would do with it from here to rest."""
    if case.outlook is None:
        return {"planned": None, "refused": None}
    refusals = (r for r in case.outlook.refusals if r.unit.name == unit.name)
    return {
        "planned": [
            {
                "kind": change.kind.value,
                "to": list(change.after),
                "reason": change.reason.value,
                "why": change.why,
            }
            for change in case.outlook.changes
            if change.unit.name == unit.name
        ],
        "refused": next((refusal.why for refusal in refusals), None),
    }


def _history(case: Case, unit: Unit, name: str) -> Document:
    """Return what a daemon has to say of it; None where none answers."""
    if case.report is None:
        nothing = ("guards", "attention", "decisions", "daemon")
        return dict.fromkeys(nothing)
    told = case.report.document

    def is_meant(said: dict[str, Any]) -> bool:
        return unit.name == said["unit"] or name in said.get("ports", ())

    return {
        "guards": told["guards"],
        "attention": [s["what"] for s in told["attention"] if is_meant(s)],
        "decisions": [d for d in told["decisions"] if is_meant(d)],
        "daemon": case.report.url,
    }
