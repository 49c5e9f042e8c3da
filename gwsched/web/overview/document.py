# SPDX-License-Identifier: Apache-2.0
"""The whole document: plain types only, and bounded whatever the fleet is.

docs/api.md says what each field means; status.schema.json beside it is what
a test holds this against.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from gwsched import __version__
from gwsched.model import Snapshot
from gwsched.telemetry import shortfalls
from gwsched.telemetry.gauges import Configuration, View
from gwsched.telemetry.journal import Decision
from gwsched.telemetry.shortfalls import Short
from gwsched.web.overview.attention import attention
from gwsched.web.overview.chassis import every_chassis

API = 1
# Of anything that there may be any number of, so many are told, and the
# number of those left out.
MOST = 200
MOST_CHASSIS = 500
# So many of the ports that share one list.
MOST_PORTS = 20

Document = dict[str, Any]


def document(view: View) -> Document:
    """Return what /api/status answers; ages are as of ``time``."""
    snapshot = view.snapshot or Snapshot({}, ())
    short = list(
        shortfalls.underreplicated(snapshot, view.health, view.max_candidates)
    )
    return {
        "api": API,
        "version": __version__,
        **_self(view),
        "databases": {"nb": view.nb_connected, "sb": view.sb_connected},
        "vantages": dict(sorted(view.vantages.items())),
        "configuration": _configuration(view.configuration),
        "paused": snapshot.intents.paused,
        "guards": [
            {
                "guard": str(guard),
                "why": why,
                "blocks": guard in view.plan.blocking,
            }
            for guard, why in sorted(view.plan.guards.items())
        ],
        "ports": _ports(view, snapshot, short),
        "imbalance": _imbalance(view, snapshot),
        **_bounded(
            "chassis",
            every_chassis(snapshot, view.health, view.now),
            MOST_CHASSIS,
        ),
        **_bounded("attention", attention(view, snapshot, short)),
        **_bounded("refusals", _refusals(view)),
        **_bounded("problems", [str(p) for p in snapshot.problems]),
        "waiting": {
            str(guard): number
            for guard, number in sorted(view.plan.deferred.items())
        },
        "uneven": view.plan.uneven,
        "decisions": [_decision(decision) for decision in view.decisions],
    }


def _self(view: View) -> Document:
    """Return who answers, and when it last looked."""
    in_sync = view.nb_connected and view.sb_connected
    role = "leader" if view.leader else "standby"
    if view.snapshot is None or not in_sync:
        role = "connecting"
    return {
        "host": view.host,
        "role": role,
        "mode": "enforce" if view.enforce else "observe",
        "scheduler": view.scheduler,
        "time": _iso(view.time),
    }


def _configuration(configuration: Configuration) -> Document:
    return {
        "read_at": _iso(configuration.read_at),
        "good": configuration.good,
        "error": configuration.error or None,
    }


def _ports(view: View, snapshot: Snapshot, short: Iterable[Short]) -> Document:
    cared = shortfalls.in_care(snapshot)
    return {
        "total": sum(len(unit.ports) for unit in cared),
        "unscheduled": sum(
            len(refusal.unit.ports)
            for refusal in view.plan.refusals
            if not refusal.served
        ),
        "underreplicated": sum(len(unit.ports) for unit, _, _ in short),
        "mismatched": len(list(shortfalls.mismatched(cared))),
        "unclaimed": len(list(shortfalls.unclaimed(cared))),
    }


def _imbalance(view: View, snapshot: Snapshot) -> Document:
    live = shortfalls.live_capacities(snapshot, view.health)
    ledger = shortfalls.ledger_of(snapshot, live)
    draining = snapshot.intents.draining
    now, worst = shortfalls.imbalance(ledger, live, draining)
    return {"n": now, "n_minus_1_worst": worst}


def _refusals(view: View) -> list[Document]:
    return [
        {
            "unit": refusal.unit.name,
            "reason": refusal.reason,
            "why": refusal.why,
            "served": refusal.served,
        }
        for refusal in sorted(view.plan.refusals, key=lambda r: r.served)
    ]


def _decision(decision: Decision) -> Document:
    fields = decision.fields
    return {
        "time": _iso(decision.time),
        "kind": str(decision.kind),
        **fields,
        "ports": fields["ports"][:MOST_PORTS],
        "ports_left_out": max(0, len(decision.ports) - MOST_PORTS),
        "seconds": decision.seconds,
    }


def _bounded(name: str, items: list[Any], most: int = MOST) -> Document:
    left_out = max(0, len(items) - most)
    return {name: items[:most], f"{name}_left_out": left_out}


def _iso(time: float) -> str | None:
    """Return a wall clock time as ISO 8601 in UTC; None for never."""
    if not time:
        return None
    text = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
