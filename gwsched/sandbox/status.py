# SPDX-License-Identifier: Apache-2.0
"""Describe the state of a sandbox, a line per chassis."""

from collections import defaultdict
from collections.abc import Iterator

from gwsched.sandbox import faults
from gwsched.sandbox.chassis import Chassis
from gwsched.sandbox.sandbox import Sandbox


def describe(box: Sandbox) -> Iterator[str]:
    """Yield the lines of the description."""
    daemons = box.central.daemons
    yield f"sandbox     {box.name}  {box.directory}"
    yield f"NB          {box.nb}  {daemons['nb'].state()}"
    yield f"SB          {box.sb}  {daemons['sb'].state()}"
    yield f"ovn-northd  {daemons['ovn-northd'].state()}"
    yield f"next hop    {_next_hop(box)}"
    held = _held(box)
    for chassis in box.chassis:
        ports = "?" if held is None else ",".join(held[chassis.name]) or "-"
        yield _line(chassis, ports)


def _next_hop(box: Sandbox) -> str:
    alive = (
        f"{network} {'up' if is_up else 'down'}"
        for network, is_up in box.upstream.reachable().items()
    )
    return f"{'  '.join(alive)}  bfdd {box.upstream.bfdd.state()}"


def _line(chassis: Chassis, ports: str) -> str:
    processes = "  ".join(
        f"{daemon.name} {daemon.state():<7}" for daemon in chassis.daemons
    )
    harm = ",".join(faults.in_force(chassis)) or "-"
    return f"{chassis.name:<6}{processes}  faults {harm}  holds {ports}"


def _held(box: Sandbox) -> dict[str, list[str]] | None:
    """Return held ports by chassis, None if SB does not answer."""
    if box.central.daemon("sb").state() != "running":
        return None
    held = defaultdict(list)
    for port, chassis in sorted(box.holders().items()):
        held[str(chassis)].append(f"cr-{port}")
    return held
