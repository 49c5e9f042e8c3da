# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl plan``: what the daemon would write until all is done."""

from __future__ import annotations

from gwsched.cli.forecast import assumed, loads
from gwsched.cli.forecast.loads import Loads
from gwsched.cli.forecast.outlook import Outlook
from gwsched.cli.tables import Row, joined
from gwsched.decisions import Policy

HELP = (
    "show every list that would be written from here until nothing is left "
    "to do, a row for each step"
)
COLUMNS = ("unit", "kind", "reason", "before", "after", "why")
LOADS = (
    "chassis",
    "verdict",
    "ports_now",
    "ports_then",
    "weight_now",
    "weight_then",
    "worst_now",
    "worst_then",
)

NowAndThen = tuple[Loads, Loads]


def rows(outlook: Outlook) -> list[Row]:
    """Return a row for each step, and for each unit that is refused one."""
    steps: list[Row] = [
        {
            "unit": change.unit.name,
            "kind": change.kind.value,
            "reason": change.reason.value,
            "before": joined(change.unit.order, " "),
            "after": joined(change.after, " "),
            "why": change.why,
        }
        for change in outlook.changes
    ]
    refused: list[Row] = [
        {
            "unit": refusal.unit.name,
            "kind": "refused",
            "reason": refusal.reason,
            "before": joined(refusal.unit.order, " "),
            "after": None,
            "why": refusal.why,
        }
        for refusal in outlook.refusals
    ]
    return steps + refused


def compared(outlook: Outlook) -> NowAndThen:
    """Return the loads now and at rest."""
    return (
        loads.of(outlook.now, outlook.health),
        loads.of(outlook.then, outlook.health),
    )


def load_rows(outlook: Outlook, both: NowAndThen) -> list[Row]:
    """Return a row for each gateway: what it carries now and at rest.

    The worst is what it carries after the failure of any one other.
    """
    now, then = both
    names = {*assumed.concerned(outlook.now), *then.hosts}
    return [
        {
            "chassis": name,
            "verdict": outlook.health.state(name).value,
            "ports_now": now.ports.get(name, 0),
            "ports_then": then.ports.get(name, 0),
            "weight_now": now.weights.get(name, 0),
            "weight_then": then.weights.get(name, 0),
            "worst_now": now.worst.get(name, 0),
            "worst_then": then.worst.get(name, 0),
        }
        for name in sorted(names)
    ]


def summary(outlook: Outlook, both: NowAndThen, policy: Policy) -> str:
    """Say in one line how much it is, how long it takes, what it brings."""
    now, then = both
    orphans = len(outlook.then.orphans)
    parts = [
        f"lists to write: {outlook.lists}",
        f"refused: {len(outlook.refusals)}",
        f"moves: {outlook.moves}, {_pace(outlook.paced, policy)}",
        f"imbalance: {now.ratio:.2f} -> {then.ratio:.2f}, after the worst "
        f"failure of one {now.worst_ratio:.2f} -> {then.worst_ratio:.2f}",
        *([f"unused groups to delete: {orphans}"] if orphans else []),
    ]
    return f"{'; '.join(parts)}\n"


def _pace(moves: int, policy: Policy) -> str:
    """Say how long the moves take that the budget holds back."""
    seconds = 60 * moves / policy.moves_per_minute
    time = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    return (
        f"{moves} of them paced: {time} at {policy.moves_per_minute} a minute"
    )
