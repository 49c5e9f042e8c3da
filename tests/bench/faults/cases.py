# SPDX-License-Identifier: Apache-2.0
"""Every failure there is a row for: how it is made, and how undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gwsched.sandbox import Sandbox
from tests.functional.ovn import wait_for

Act = Callable[[Sandbox], None]

THREE = ("gw1", "gw2", "gw3")
TWO = ("gw1", "gw2")
# For how long a failure of a part may last before it is undone (s).
LASTING = 8.0


@dataclass(frozen=True)
class Case:
    """One failure, of a router with this list.

    Traffic comes from a VM, or from ``outside`` where there is none.
    ``breaks`` is what is measured, then what ``undoes`` it: what comes back
    may cost nothing.  ``lasts`` says that after the first traffic may be
    gone for good, with OVN alone.
    """

    name: str
    breaks: Act
    undoes: Act
    order: tuple[str, ...] = THREE
    bfd: bool = False
    pinned: bool = False
    outside: bool = False
    delayed: bool = False


def harm(kind: str, *names: str) -> Act:
    """Return what does one kind of harm to some gateways."""

    def act(box: Sandbox) -> None:
        for name in names or ("gw1",):
            box.fault(name, kind)

    return act


def heal(box: Sandbox) -> None:
    """Undo all that was done to gateways."""
    for name in box.gateways:
        box.heal(name)


def boot_in_bad_order(box: Sandbox) -> None:
    """Start OVS, and ovn-controller when OVN has had time to be misled."""
    box.heal("gw1", ovs_only=True)
    time.sleep(LASTING)
    box.heal("gw1")


def part(box: Sandbox) -> None:
    """Let two gateways lose only each other, for a while."""
    box.part("gw1", "gw2")
    time.sleep(LASTING)


def rejoin(box: Sandbox) -> None:
    box.rejoin("gw1", "gw2")


def next_hop_dies(box: Sandbox) -> None:
    box.next_hop_down()
    time.sleep(LASTING)
    box.next_hop_up()


def die_while(daemon: str) -> Act:
    """Return what kills the active while something of the centre hangs."""

    def act(box: Sandbox) -> None:
        box.pause(daemon)
        box.fault("gw1", "power")
        time.sleep(LASTING)
        box.resume(daemon)

    return act


def restart(box: Sandbox) -> None:
    """Stop the active in good order, and start it again."""
    box.fault("gw1", "graceful")
    wait_for(lambda: box.holder("r1") != "gw1", "somebody else to claim")
    time.sleep(1)
    box.heal("gw1")


def nothing(box: Sandbox) -> None:
    """Undo nothing."""


CASES: tuple[Case, ...] = (
    Case("power loss of the active", harm("power"), heal),
    Case("... it returns, OVS first", harm("power"), boot_in_bad_order),
    Case("power loss of all candidates", harm("power", *TWO), heal, TWO),
    Case(
        "two members, no `ref_chassis`, the active dies",
        harm("power"),
        heal,
        TWO,
        outside=True,
    ),
    Case("uplink of the active", harm("uplink"), heal, bfd=True),
    Case("next hop itself, 8 s", next_hop_dies, nothing, bfd=True),
    Case("ovn-controller dead", harm("controller"), heal),
    Case("ovn-controller hung", harm("hang"), heal),
    Case("ovs-vswitchd dead", harm("vswitchd"), heal),
    Case("management network of the active", harm("management"), heal),
    Case("tunnel network of the active", harm("tunnel"), heal),
    Case("tunnel network of all candidates", harm("tunnel", *TWO), heal, TWO),
    Case("two gateways lose only each other, 8 s", part, rejoin),
    Case("graceful stop of the active", harm("graceful"), heal),
    Case("graceful stop and start at once", restart, nothing),
    Case("the active dies while northd hangs", die_while("ovn-northd"), heal),
    Case("the active dies while SB hangs", die_while("sb"), heal),
    Case("the active dies while NB hangs", die_while("nb"), heal),
    Case(
        "L3 gateway router, its chassis dies", harm("power"), heal, pinned=True
    ),
)
