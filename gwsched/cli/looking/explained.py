# SPDX-License-Identifier: Apache-2.0
"""What ``explain`` found, as one screen for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gwsched.cli.daemon.contract import Document
from gwsched.cli.looking.scores import CELLS
from gwsched.cli.looking.status import decided, label
from gwsched.cli.screen import Screen

MOST_OTHERS = 20
MOST_CHANGES = 5


def render(document: Document, screen: Screen) -> str:
    """Return all there is to say, in lines that fit the screen."""
    parts = [
        list(_what(document, screen)),
        _chassis(document, screen),
        [*_next(document, screen), *_last(document, screen)],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _what(found: Document, screen: Screen) -> Iterator[str]:
    facts = {
        "port": _port(found),
        "list": _list(found),
        "held by": _holder(found),
        "next hops": ", ".join(
            f"{hop['address']} {hop['session']}" for hop in found["next_hops"]
        ),
        "pinned to": found["pinned_to"],
        "left alone": found["left_alone"],
        "guards": "; ".join(
            f"{g['guard']}: {g['why']}" for g in found["guards"] or ()
        ),
        "attention": "; ".join(found["attention"] or ()),
    }
    for name, text in facts.items():
        if text:
            yield from screen.fact(name, text)


def _port(found: Document) -> str:
    networks = ", ".join(found["networks"]) or "no physical network"
    parts = [f"{found['port']} of router {found['router'] or '-'}"]
    parts.append(f"facing {networks}")
    if found["zone_hints"]:
        parts.append(f"zones {', '.join(found['zone_hints'])}")
    if found["weight"] != 1:
        parts.append(f"weight {found['weight']}")
    return ", ".join(parts)


def _list(found: Document) -> str:
    if found["list"] is None:
        return "none yet"
    parts = [f"{found['list']} {found['unit']}"]
    shared = [*found["shared_with"], *found["external_ports"]]
    if shared:
        parts.append(f"shared with {', '.join(shared)}")
    if found["neutron"]:
        parts.append("Neutron's")
    if found["both_forms"]:
        parts.append("its gateway_chassis is ignored by OVN")
    if not found["in_force"]:
        parts.append("SB does not carry it yet")
    return ", ".join(parts)


def _holder(found: Document) -> str:
    if found["holder"] is None:
        return "nobody"
    if found["holder"] == found["primary"]:
        return f"{found['holder']}, its primary"
    return f"{found['holder']}, though its primary is {found['primary']}"


def _chassis(found: Document, screen: Screen) -> list[str]:
    """Return the list, and below it who is not in it."""
    members = [
        [str(c["rank"]), str(c["priority"]), *_cells(c, screen), _why(c)]
        for c in found["candidates"]
    ]
    others = found["others"][:MOST_OTHERS]
    outside = [["-", "-", *_cells(c, screen), _why(c)] for c in others]
    headers = ("RANK", "PRIO", "CHASSIS", "VERDICT", *_titles(), "WHY (NOT)")
    lines = screen.grid(headers, [*members, *outside])
    left = len(found["others"]) - len(others)
    if left:
        lines += screen.item(f"and {left} more gateways: -f json has them all")
    if found["no_gateways"]:
        lines += screen.item(f"and {found['no_gateways']} that are no gateway")
    return [*lines, *screen.item(_legend(found))]


def _titles() -> list[str]:
    """Return a short title for each figure: of so many failures."""
    return ["LOAD", *(f"-{failed}" for failed in range(1, len(CELLS)))]


def _legend(found: Document) -> str:
    """Say what the figures are, and what made of them what they mean."""
    source = (
        "verdicts are the daemon's"
        if found["verdicts"] == "daemon"
        else "verdicts are assumed from one look at the databases"
    )
    return (
        f"LOAD is what each would carry with this port, per capacity; -1 and "
        f"-2: if the first, and the first two of the list had failed (another "
        f"zone first, where there are any); scheduler {found['scheduler']}; "
        f"{source}"
    )


def _cells(chassis: Mapping[str, Any], screen: Screen) -> list[str]:
    shown = {"name": chassis["chassis"], "hostname": chassis["hostname"]}
    loads = [chassis[cell] for cell in CELLS]
    return [
        label(shown, screen),
        chassis["verdict"],
        *("-" if load is None else f"{load:.2f}" for load in loads),
    ]


def _why(chassis: Mapping[str, Any]) -> str:
    said = chassis["why"]
    if chassis["verdict"] == "live" or chassis["evidence"] == said:
        return said or ""
    return "; ".join(filter(None, (said, chassis["evidence"])))


def _next(found: Document, screen: Screen) -> Iterator[str]:
    if found["refused"]:
        yield from screen.fact("refused", found["refused"])
    steps = found["planned"]
    if steps is None:
        yield from screen.fact("planned", "not known")
    elif not steps and not found["refused"]:
        yield from screen.fact("planned", "nothing: it stays as it is")
    for step in steps or ():
        said = f"{step['kind']} to [{', '.join(step['to'])}]"
        why = f"({step['reason']}: {step['why']})"
        yield from screen.fact("planned", f"{said} {why}")


def _last(found: Document, screen: Screen) -> Iterator[str]:
    decisions = found["decisions"]
    if decisions is None:
        yield from screen.fact("last changes", "only a daemon knows them")
    elif not decisions:
        yield from screen.fact(
            "last changes", "none that the daemon remembers"
        )
    for decision in (decisions or ())[:MOST_CHANGES]:
        yield from screen.fact("changed", f"{decided(decision)} (UTC)")
