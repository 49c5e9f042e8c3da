# SPDX-License-Identifier: Apache-2.0
"""A scheduler asked without a planner, and what survives of its lists.

And a planner asked once, of lists and verdicts that are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gwsched.decisions import (
    Change,
    Claim,
    Evidence,
    Health,
    Plan,
    Policy,
    State,
    Tunnels,
    Uplinks,
    Verdict,
)
from gwsched.model import (
    Candidate,
    Chassis,
    Form,
    GatewayPort,
    Intents,
    NextHop,
    Session,
    Snapshot,
    Unit,
    frozen_map,
)
from gwsched.placement.eligibility import Eligibility
from gwsched.placement.scene import Past
from gwsched.planner import plan
from gwsched.schedulers import Ledger, Pool, Request, Scheduler
from gwsched.schedulers.leastloaded import LeastLoaded

Order = tuple[str, ...]
NOW = 1000.0
PUBLIC = frozenset({"public"})
HOP = "192.0.2.1"


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


def listing(
    order: str = "",
    holder: str | None = None,
    name: str = "p",
    **facts: object,
) -> Unit:
    """Return a unit of one port; its list is words in a string.

    ``hv1`` is the only one of its ``ref_chassis``.
    """
    chassis = order.split()
    hops = (NextHop(HOP, Session.DOWN),)
    port = GatewayPort(
        name, physical_networks=PUBLIC, holder=holder, next_hops=hops
    )
    known = {"references": frozenset({"hv1"}), **facts}
    return Unit(
        name,
        Form.HA_CHASSIS_GROUP if chassis else None,
        (port,),
        tuple(Candidate(c, len(chassis) - i) for i, c in enumerate(chassis)),
        **known,  # type: ignore[arg-type]
    )


class Gateways:
    """Live gateways gw1.. and their lists, until a test says otherwise.

    All lists, their holders and their members have been so for ever.
    """

    def __init__(self, number: int, *units: Unit) -> None:
        self.units = units
        self.chassis = {
            name: Chassis(name, physical_networks=PUBLIC)
            for name in names(number + 1)[1:]
        }
        self.chassis["hv1"] = Chassis("hv1", is_gateway=False)
        self.verdicts = {
            name: Verdict(State.LIVE, 0.0, "answers") for name in self.chassis
        }
        self.evidence: dict[str, Evidence] = {}
        self.policy = Policy(max_candidates=3, scatter_width=0)
        self.intents = Intents()
        self.past = Past()
        self.uplinks = Uplinks()
        self.lost_each_other: list[frozenset[str]] = []
        self.stranded: frozenset[str] = frozenset()
        self.damped: frozenset[str] = frozenset()
        self.dropped_by: str | None = None
        self.claimed_at = self.listed_at = 0.0

    def judge(self, chassis: str, state: State, age: float = 60.0) -> None:
        """Let chassis (words in a string) be in a state for so long."""
        for name in chassis.split():
            self.verdicts[name] = Verdict(state, NOW - age, f"is {state}")

    def come_back(self, chassis: str, age: float) -> None:
        """Let chassis be returning, and have been dead until so long ago."""
        for name in chassis.split():
            self.verdicts[name] = Verdict(
                State.RETURNING, NOW, "is returning", back=NOW - age
            )
            self.evidence[name] = Evidence()

    def suspect(
        self,
        chassis: str,
        age: float = 60.0,
        *,
        heard: float | None = None,
        silent: bool = True,
        tunnels: Tunnels = Tunnels.UNSEEN,
    ) -> None:
        """Let chassis be suspect, because they are silent or for else."""
        self.judge(chassis, State.SUSPECT, age)
        behind = NOW - age if silent else None
        evidence = Evidence(
            heard=heard,
            behind=behind,
            tunnels=tunnels,
            watched=tunnels is not Tunnels.UNSEEN,
        )
        self.evidence |= dict.fromkeys(chassis.split(), evidence)

    def part(self, *pairs: str) -> None:
        """Let pairs of gateways (two words each) lose each other."""
        self.lost_each_other += [frozenset(pair.split()) for pair in pairs]

    def mark(
        self,
        bad: str = "",
        good: str = "",
        *,
        tried: str | None = None,
        reached: str = "",
    ) -> None:
        """Let uplinks be bad or good.

        :param tried: who has tried in vain to reach the next hop of ``p``,
            which is lost
        :param reached: who reaches it by another port
        """
        lost = {} if tried is None else {"p": frozenset(tried.split())}
        self.uplinks = Uplinks(
            frozen_map({(c, "public"): f"{c}: bad" for c in bad.split()}),
            frozenset((c, "public") for c in good.split()),
            frozen_map(lost),
            frozen_map({HOP: frozenset(reached.split())}),
        )

    def drain(self, chassis: str) -> None:
        draining = frozenset(chassis.split())
        self.intents = replace(self.intents, draining=draining)

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            frozen_map(self.chassis), self.units, intents=self.intents
        )

    @property
    def health(self) -> Health:
        claims = {
            unit.name: Claim(
                unit.holder,
                unit.order,
                self.claimed_at,
                self.listed_at,
                frozen_map(dict.fromkeys(unit.order, self.listed_at)),
                self.dropped_by,
            )
            for unit in self.units
        }
        return Health(
            frozen_map(self.verdicts),
            frozen_map(claims),
            evidence=frozen_map(self.evidence),
            uplinks=self.uplinks,
            apart=frozen_map(dict.fromkeys(self.lost_each_other, NOW + 60)),
            stranded=self.stranded,
            damped=self.damped,
        )

    @property
    def who(self) -> Eligibility:
        return Eligibility(self.snapshot, self.health)

    @property
    def plan(self) -> Plan:
        return plan(
            self.snapshot,
            self.health,
            LeastLoaded(),
            self.policy,
            NOW,
            self.past,
        )

    @property
    def change(self) -> Change:
        (change,) = self.plan.changes
        return change

    @property
    def after(self) -> str:
        """The list of the only unit once the plan is written, as words."""
        changes = self.plan.changes
        return " ".join(changes[0].after if changes else self.units[0].order)
