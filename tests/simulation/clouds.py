# SPDX-License-Identifier: Apache-2.0
"""Small clouds for the tests of the model itself."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulation.facts import Cloud, Host, Port
from tests.simulation.ovn import Ovn
from tests.simulation.traffic import Flow, flow

# Longer than OVN needs for anything with the usual timers.
SETTLED = 12.0


def cloud(
    *orders: Sequence[str],
    gateways: int = 4,
    computes: Sequence[str] = ("hv1",),
    next_hop: bool = False,
    claim_pause: float = 0.5,
) -> Cloud:
    """Return a cloud with a port p1.. for each list."""
    hosts = {f"gw{i}": Host(f"gw{i}") for i in range(1, gateways + 1)}
    hosts |= {name: Host(name, False, ()) for name in ("hv1", "hv2")}
    ports = {
        f"p{i}": Port(
            f"p{i}", f"r{i}", computes=tuple(computes), next_hop=next_hop
        )
        for i in range(1, len(orders) + 1)
    }
    lists = {
        name: ((name,), tuple(order))
        for name, order in zip(ports, orders, strict=True)
    }
    return Cloud(hosts, ports, lists, claim_pause=claim_pause)


def running(*orders: Sequence[str], **facts: object) -> Ovn:
    """Return OVN on such a cloud, settled."""
    return Ovn.running(cloud(*orders, **facts))  # type: ignore[arg-type]


def settle(ovn: Ovn, seconds: float = SETTLED) -> None:
    """Let time pass."""
    ovn.run(ovn.now + seconds)


def holder(ovn: Ovn, port: str = "p1") -> str | None:
    """Return who holds a port by SB."""
    return ovn.sb.holders[port]


def active(ovn: Ovn, port: str = "p1") -> list[str]:
    """Return who routes for it."""
    return [node.name for node in ovn.active(port)]


def fares(ovn: Ovn, port: str = "p1") -> Flow:
    """Return what becomes of its packets now."""
    return flow(ovn, port)


def bump(ovn: Ovn) -> None:
    """Raise nb_cfg."""
    ovn.write_nb(ovn.nb._replace(cfg=ovn.nb.cfg + 1))
