# SPDX-License-Identifier: Apache-2.0
"""Why a chassis may not host a unit: the first filter that says so.

A filter is a function of one :class:`Question` that returns None or one
sentence.  They are asked in the order of ``FILTERS``, from what the
deployment says to what the moment says, so the reason that stopped the best
chassis tells an operator what is nearest to being enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gwsched.decisions import State
from gwsched.model import Chassis, Intents, Unit


@dataclass(frozen=True, slots=True)
class Question:
    """May this chassis, in this state, host this unit?

    ``flagged`` says whether any chassis at all has the gateway flag.
    ``siblings`` are the primaries of the other units of its routers.
    """

    unit: Unit
    chassis: Chassis
    state: State
    flagged: bool
    intents: Intents = field(default_factory=Intents)
    siblings: frozenset[str] = frozenset()


Filter = Callable[[Question], str | None]


def gateway_flag(question: Question) -> str | None:
    """Want ``enable-chassis-as-gw`` in ``ovn-cms-options``.

    Where no chassis has it, ports that are not Neutron's may use them all;
    Neutron leaves its own unscheduled then, and so do we.
    """
    if question.chassis.is_gateway:
        return None
    if not question.flagged and not question.unit.neutron:
        return None
    return "ovn-cms-options has no enable-chassis-as-gw"


def physical_network(question: Question) -> str | None:
    """Want a bridge mapping for the network of each port's switch.

    A port that faces no localnet port is half made, or faces something we
    cannot judge: it gets no list, but one it has is kept.
    """
    for wanted in question.unit.physical_networks:
        if not wanted and not question.unit.order:
            return "the port faces no switch with a localnet port"
        if wanted and not wanted & question.chassis.physical_networks:
            names = ", ".join(sorted(wanted))
            return f"ovn-bridge-mappings has no {names}"
    return None


def zone(question: Question) -> str | None:
    """Want one of the availability zones the router asks for."""
    hints = question.unit.zone_hints
    if not hints or hints & question.chassis.zones:
        return None
    return f"in none of the zones {', '.join(sorted(hints))}"


def configuration(question: Question) -> str | None:
    """Want a chassis that the configuration allows."""
    return question.chassis.denied or None


def cordon(question: Question) -> str | None:
    """Want a chassis that is not to be left out."""
    if question.chassis.name in question.intents.cordoned:
        return "it is cordoned"
    return None


def drain(question: Question) -> str | None:
    """Want a chassis that is not to be emptied."""
    if question.chassis.name in question.intents.draining:
        return "it is draining"
    return None


def verdict(question: Question) -> str | None:
    """Want a chassis that is proven to be live."""
    if question.state is State.LIVE:
        return None
    return f"it is {question.state}"


def pin(question: Question) -> str | None:
    """Want, as the primary, the chassis that the unit is pinned to."""
    wanted = question.intents.pinned(question.unit)
    if wanted in (None, question.chassis.name):
        return None
    return f"the port is pinned to {wanted}"


def anti_affinity(question: Question) -> str | None:
    """Want another primary than the router's other gateway ports have."""
    if question.chassis.name in question.siblings:
        return "another gateway port of the router has it as primary"
    return None


# What a chassis is; then what it may get; then what it may be primary of,
# which gives way where nobody would be left.
CONFIGURED: dict[str, Filter] = {
    "gateway_flag": gateway_flag,
    "physical_network": physical_network,
    "zone": zone,
    "configuration": configuration,
}
FILTERS: dict[str, Filter] = {
    **CONFIGURED,
    "verdict": verdict,
    "cordon": cordon,
    "drain": drain,
}
WITHOUT_VERDICT: dict[str, Filter] = {
    name: ask for name, ask in FILTERS.items() if name != "verdict"
}
PREFERENCES: dict[str, Filter] = {
    "pin": pin,
    "anti_affinity": anti_affinity,
}


def refuse(
    question: Question, filters: dict[str, Filter] = FILTERS
) -> tuple[str, str] | None:
    """Return the name and sentence of the first filter against, or None."""
    for name, ask in filters.items():
        why = ask(question)
        if why is not None:
            return name, why
    return None


def nearest_reason(reasons: Iterable[str]) -> str:
    """Return, of several refusing filters' names, the one asked last."""
    order = list(FILTERS)
    return max(reasons, key=order.index, default="no_chassis")
