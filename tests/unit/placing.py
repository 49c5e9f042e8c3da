# SPDX-License-Identifier: Apache-2.0
"""A scheduler asked without a planner, and what survives of its lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gwsched.model import Chassis
from gwsched.schedulers import Ledger, Pool, Request, Scheduler

Order = tuple[str, ...]


def names(number: int) -> list[str]:
    return [f"gw{i}" for i in range(number)]


def pool(chassis: Iterable[str], width: int = 0) -> Pool:
    """Return a pool of equal chassis."""
    return Pool([Chassis(name) for name in chassis], width)


def zoned(**zones: str) -> Pool:
    """Return a pool; the zones of each chassis are words in a string."""
    return Pool(
        Chassis(name, zones=frozenset(words.split()))
        for name, words in zones.items()
    )


def ask(
    scheduler: Scheduler,
    eligible: Iterable[str],
    above: Order = (),
    ledger: Ledger | None = None,
    unit: str = "lrp",
) -> str | None:
    """Ask once, where all chassis are equal."""
    request = Request(unit, above, pool({*eligible, *above}))
    return scheduler.choose(request, ledger or Ledger())


def filled(
    scheduler: Scheduler,
    among: Pool,
    units: Mapping[str, int],
    depth: int = 5,
    ledger: Ledger | None = None,
) -> dict[str, Order]:
    """Return new lists for units of some weights, rank by rank."""
    ledger = ledger or Ledger()
    orders: dict[str, Order] = dict.fromkeys(units, ())
    for _ in range(depth):
        for unit, weight in units.items():
            above = orders[unit]
            request = Request(unit, above, among, weight)
            chosen = scheduler.choose(request, ledger)
            if chosen is not None:
                ledger.extend(above, chosen, weight)
                orders[unit] = (*above, chosen)
    return orders


def ports(number: int, weight: int = 1) -> dict[str, int]:
    """Return so many units of one weight."""
    return {f"lrp{i:04}": weight for i in range(number)}


def survivors(
    orders: Iterable[Sequence[str]], failed: Iterable[str] = ()
) -> Counter[str]:
    """Count, one list after the other, who carries what after failures."""
    gone = set(failed)
    loads: Counter[str] = Counter()
    for order in orders:
        left = [chassis for chassis in order if chassis not in gone]
        loads.update(left[:1])
    return loads


def worst(orders: Iterable[Sequence[str]], fleet: Iterable[str]) -> int:
    """Return the highest load after the worst failure of one."""
    lists = list(orders)
    return max(max(survivors(lists, [gone]).values()) for gone in fleet)


def mates(orders: Iterable[Sequence[str]]) -> dict[str, set[str]]:
    """Return, for each chassis, who shares a list with it."""
    found: dict[str, set[str]] = {}
    for order in orders:
        for chassis in order:
            found.setdefault(chassis, set()).update({*order} - {chassis})
    return found
