# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl status``: one screen, what is wrong first.

It shows the daemon's own document; without a daemon, what the databases
alone make of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gwsched.cli.daemon.contract import Document
from gwsched.cli.screen import Clipped, Screen, moment, period

HELP = (
    "show on one screen who leads, what holds changes back, how each gateway "
    "fares, which ports need attention, and what was decided last"
)
# More than this is a listing, not a screen.
MOST_PORTS = 10
MOST_PROBLEMS = 3
MOST_DECISIONS = 5
# Names longer than this give way to host names, or are cut.
LONGEST_NAME = 24
# How much of what is left beside other columns bars may have.
BARS = 0.35
LONGEST_BAR = 40
GRAVITY = ("dead", "suspect", "unknown", "returning")


def render(document: Document, screen: Screen) -> str:
    """Return all there is to see, in lines that fit the screen."""
    parts = [
        list(_heads(document, screen)),
        list(_chassis(document, screen)),
        list(_attention(document, screen)),
        list(_decisions(document, screen)),
    ]
    blocks = ["\n".join(lines) for lines in parts if lines]
    return "\n\n".join(blocks) + "\n"


def _heads(document: Document, screen: Screen) -> Iterator[str]:
    yield from screen.fact("gwsched", _who(document))
    if document["time"] is not None:
        yield from screen.fact("last pass", f"{moment(document['time'])} UTC")
    yield from screen.fact("databases", _databases(document))
    read = document["configuration"]
    if read["good"] is not None:
        yield from screen.fact("configuration", _configuration(read))
    guards = {guard["guard"] for guard in document["guards"]}
    if document["paused"] and "pause" not in guards:
        yield from screen.fact("PAUSED", "by an operator; nothing is changed")
    for guard in document["guards"]:
        label = "STOPPED BY" if guard["blocks"] else "waiting for"
        said = f"guard {guard['guard']}: {guard['why']}"
        yield from screen.fact(label, said)
    yield from screen.fact("ports", _ports(document["ports"]))
    yield from screen.fact("load", _load(document))


def _who(document: Document) -> str:
    settings = f"mode {document['mode']}, scheduler {document['scheduler']}"
    if document["role"] is None:
        return f"no daemon was heard; {settings} by the configuration"
    return (
        f"{document['version']} on {document['host']}: {document['role']}, "
        f"{settings}"
    )


def _databases(document: Document) -> str:
    names = {"nb": "Northbound", "sb": "Southbound"}
    parts = [
        f"{name} {'in sync' if document['databases'][key] else 'AWAY'}"
        for key, name in names.items()
    ]
    views = document["vantages"]
    if views:
        seeing = sum(map(bool, views.values()))
        parts.append(f"tunnels seen from {seeing} of {len(views)} vantages")
        parts += [f"{name} AWAY" for name, on in views.items() if not on]
    return ", ".join(parts)


def _configuration(read: Mapping[str, Any]) -> str:
    if read["good"]:
        return f"as read at {moment(read['read_at'])} UTC"
    return (
        f"the last one was BAD, that of {moment(read['read_at'])} UTC is in "
        f"force: {read['error']}"
    )


def _ports(ports: Mapping[str, int | None]) -> str:
    if ports["total"] is None:
        return "not known"
    wrong = [
        f"{number} {what}"
        for what, number in ports.items()
        if what != "total" and number
    ]
    return f"{ports['total']}, {', '.join(wrong) or 'all well'}"


def _load(document: Document) -> str:
    even = document["imbalance"]
    if even["n"] is None:
        return "not known"
    parts = [
        f"the most loaded carries {even['n']:.2f} times the least possible, "
        f"{even['n_minus_1_worst']:.2f} after the worst failure of one"
    ]
    if document["uneven"]:
        parts.append("being evened out")
    waiting = document["waiting"].items()
    parts += [f"{n} changes wait for guard {guard}" for guard, n in waiting]
    return "; ".join(parts)


def _chassis(document: Document, screen: Screen) -> Iterator[str]:
    shown = sorted(filter(_is_shown, document["chassis"]), key=_gravity)
    if shown:
        labels = [label(chassis, screen) for chassis in shown]
        length = _bar_length(screen, labels)
        full = max(sum(chassis["ranks"]) for chassis in shown)
        rows = [
            [
                name,
                chassis["verdict"] or "-",
                period(chassis["seconds"]),
                str(chassis["holds"]),
                f"{screen.bar(chassis['ranks'], full, length):<{length}}",
                _note(chassis),
            ]
            for name, chassis in zip(labels, shown, strict=True)
        ]
        headers = ("CHASSIS", "VERDICT", "SINCE", "HOLDS", "LISTS", "BECAUSE")
        yield from screen.grid(headers, rows)
        yield _legend(screen)
    others = [c for c in document["chassis"] if not _is_shown(c)]
    if others:
        verdicts = Counter(c["verdict"] or "-" for c in others)
        said = ", ".join(f"{n} {name}" for name, n in sorted(verdicts.items()))
        yield from screen.item(f"and no gateways: {said}")
    if document["chassis_left_out"]:
        more = document["chassis_left_out"]
        yield from screen.item(f"and {more} more: gwschedctl chassis")


def _is_shown(chassis: Mapping[str, Any]) -> bool:
    serves = chassis["holds"] or any(chassis["ranks"])
    return bool(chassis["gateway"] or serves or chassis["intents"])


def _gravity(chassis: Mapping[str, Any]) -> tuple[int, int, str]:
    """Return what to sort by: the worst first, then by name."""
    verdict = chassis["verdict"]
    worst = GRAVITY.index(verdict) if verdict in GRAVITY else len(GRAVITY)
    odd = sum(1 for found in _oddities(chassis) if found)
    return worst, -odd, chassis["name"] or ""


def _oddities(chassis: Mapping[str, Any]) -> list[str]:
    """Return what is to be said of a chassis beside its verdict."""
    networks = ", ".join(chassis["bad_uplinks"])
    penalty = chassis["penalty"]
    return [
        *(intent.upper() for intent in chassis["intents"]),
        *([f"no uplink to {networks}"] if networks else []),
        *([f"has flapped (penalty {penalty:.0f})"] if penalty else []),
        *([chassis["advice"]] if chassis["advice"] else []),
    ]


def _note(chassis: Mapping[str, Any]) -> str:
    """Say why, whole where something is odd, else what fits."""
    odd = _oddities(chassis)
    why = [chassis["why"]] if chassis["why"] else []
    evidence = "; ".join(chassis["evidence"] or why)
    if chassis["verdict"] in GRAVITY:
        return "; ".join([*why, *odd] or [evidence])
    if odd:
        return "; ".join([*odd, *([evidence] if evidence else [])])
    return Clipped(evidence)


def label(chassis: Mapping[str, Any], screen: Screen) -> str:
    """Return a name that fits: a system-id may be a UUID, hosts are not."""
    name: str = chassis["name"] or "-"
    host: str = chassis["hostname"] or ""
    if len(name) > LONGEST_NAME and host:
        name = host
    return screen.clip(name, LONGEST_NAME)


def _bar_length(screen: Screen, labels: list[str]) -> int:
    taken = max(len("CHASSIS"), *map(len, labels)) + 9 + 5 + 5 + 10
    room = int(BARS * (screen.width - taken))
    return min(max(room, len("LISTS")), LONGEST_BAR)


def _legend(screen: Screen) -> str:
    ranks = ("primary", "second", "third", "below")
    pairs = zip(screen.glyphs, ranks, strict=True)
    return f"  lists: {', '.join(f'{glyph} {rank}' for glyph, rank in pairs)}"


def _attention(document: Document, screen: Screen) -> Iterator[str]:
    """Yield ports with what is the matter, and what is wrong besides."""
    items = [
        f"{found['port'] or found['unit']}: {found['what']}"
        for found in document["attention"]
    ]
    told = {found["unit"] for found in document["attention"]}
    items += [
        f"{found['unit']}: {found['why']}"
        for found in sorted(document["refusals"], key=_served)
        if found["unit"] not in told
    ]
    left = max(len(items) - MOST_PORTS, 0)
    for kind in ("attention", "refusals"):
        left += document[f"{kind}_left_out"] or 0
    problems = document["problems"]
    if items or problems:
        yield "NEEDS ATTENTION"
    for item in items[:MOST_PORTS]:
        yield from screen.item(item)
    if left:
        yield from screen.item(f"and {left} more: gwschedctl ports")
    for problem in problems[:MOST_PROBLEMS]:
        yield from screen.item(problem)
    more = max(len(problems) - MOST_PROBLEMS, 0)
    more += document["problems_left_out"] or 0
    if more:
        yield from screen.item(f"and {more} more: gwschedctl audit")


def _served(refusal: Mapping[str, Any]) -> bool:
    return bool(refusal["served"])


def _decisions(document: Document, screen: Screen) -> Iterator[str]:
    last = document["decisions"][:MOST_DECISIONS]
    if last:
        yield "LAST DECISIONS (UTC)"
    for decision in last:
        yield from screen.item(decided(decision))


def decided(decision: Mapping[str, Any]) -> str:
    """Say in one sentence what was decided, why, and what became of it."""
    before, after = (", ".join(decision[key]) for key in ("from", "to"))
    result = decision["result"] or "no result yet"
    if decision["seconds"] is not None:
        result += f" after {decision['seconds']:.1f} s"
    return (
        f"{moment(decision['time'])} {decision['kind']} {decision['unit']}: "
        f"[{before}] -> [{after}], {result} ({decision['reason']}: "
        f"{decision['why']})"
    )
