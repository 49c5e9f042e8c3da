# SPDX-License-Identifier: Apache-2.0
"""Every kind of fault: what it takes, how it begins and how it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from gwsched.sandbox import Sandbox
from tests.functional.daemon import Daemon

# By what they do to a gateway: its packets stop; only others see it gone;
# it goes on forwarding and hears nobody.
DOWN = frozenset({"power", "vswitchd", "graceful"})
UNSEEN = DOWN | {"tunnel"}
DEAF = frozenset({"controller", "hang", "management"})
CENTRE = frozenset(
    {"nb stopped", "sb stopped", "nb hung", "sb hung", "northd hung"}
)
DAEMON = frozenset({"gwsched killed", "gwsched hung"})
PAIR = "pair cut"
DRAIN = "drain"


@dataclass(frozen=True)
class World:
    """What faults are done to."""

    box: Sandbox
    daemon: Daemon


Act = Callable[[World, tuple[str, ...]], object]


@dataclass(frozen=True)
class Kind:
    """One kind; ``gateways`` is how many of them it takes.

    ``weight`` is how often it is drawn beside the others.
    """

    name: str
    gateways: int
    weight: int
    begin: Act
    end: Act


def _harm(name: str, world: World, where: tuple[str, ...]) -> None:
    world.box.fault(where[0], name)


def _heal(world: World, where: tuple[str, ...]) -> None:
    world.box.heal(where[0])


def _part(world: World, where: tuple[str, ...]) -> None:
    world.box.part(*where)


def _rejoin(world: World, where: tuple[str, ...]) -> None:
    world.box.rejoin(*where)


def _drain(world: World, where: tuple[str, ...]) -> None:
    key = f"external_ids:gwsched-drain-{where[0]}=true"
    world.box.nbctl("set", "NB_Global", ".", key)


def _undrain(world: World, where: tuple[str, ...]) -> None:
    key = f"gwsched-drain-{where[0]}"
    world.box.nbctl("remove", "NB_Global", ".", "external_ids", key)


def _centre(act: str, name: str, world: World, _: object) -> None:
    getattr(world.box, act)(name)


def _kill(world: World, _: object) -> None:
    world.daemon.kill()


def _start(world: World, _: object) -> None:
    world.daemon.start()


def _signal(number: signal.Signals, world: World, _: object) -> None:
    world.daemon.process.send_signal(number)


def _gateway(name: str, weight: int) -> Kind:
    return Kind(name, 1, weight, partial(_harm, name), _heal)


def _of_centre(name: str, daemon: str, begin: str, end: str) -> Kind:
    return Kind(
        name,
        0,
        1,
        partial(_centre, begin, daemon),
        partial(_centre, end, daemon),
    )


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _gateway("power", 6),
        _gateway("controller", 3),
        _gateway("hang", 3),
        _gateway("vswitchd", 3),
        _gateway("uplink", 5),
        _gateway("tunnel", 4),
        _gateway("management", 3),
        _gateway("graceful", 3),
        Kind(PAIR, 2, 3, _part, _rejoin),
        Kind(DRAIN, 1, 3, _drain, _undrain),
        _of_centre("northd hung", "ovn-northd", "pause", "resume"),
        _of_centre("sb hung", "sb", "pause", "resume"),
        _of_centre("nb hung", "nb", "pause", "resume"),
        _of_centre("sb stopped", "sb", "stop", "start"),
        _of_centre("nb stopped", "nb", "stop", "start"),
        Kind("gwsched killed", 0, 2, _kill, _start),
        Kind(
            "gwsched hung",
            0,
            1,
            partial(_signal, signal.SIGSTOP),
            partial(_signal, signal.SIGCONT),
        ),
    )
}
