# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with chassis, and how they are made well again."""

import logging
from collections.abc import Callable

from gwsched.sandbox.chassis import Chassis
from gwsched.sandbox.fabric import MANAGEMENT, TUNNEL
from gwsched.sandbox.shell import SandboxError

LOG = logging.getLogger(__name__)

FAULTS: dict[str, Callable[[Chassis], None]] = {
    "power": lambda chassis: chassis.namespace.kill_all(),
    "controller": lambda chassis: chassis.controller.kill(),
    "vswitchd": lambda chassis: chassis.vswitchd.kill(),
    "hang": lambda chassis: chassis.controller.pause(),
    "tunnel": lambda chassis: chassis.unplug(TUNNEL),
    "management": lambda chassis: chassis.unplug(MANAGEMENT),
    "uplink": lambda chassis: chassis.unplug_uplinks(),
    "graceful": lambda chassis: chassis.leave(),
}
_PARTED = "parted:"


def inject(chassis: Chassis, kind: str) -> None:
    """Do one kind of harm to a chassis."""
    if kind not in FAULTS:
        raise SandboxError(f"no fault {kind!r}: one of {', '.join(FAULTS)}")
    FAULTS[kind](chassis)
    _record(chassis, [*in_force(chassis), kind])
    LOG.info("%s: fault %s in force", chassis.name, kind)


def heal(chassis: Chassis, ovs_only: bool) -> None:
    """Undo all harm, but leave ovn-controller alone if told so."""
    for segment in chassis.segments:
        chassis.plug_in(segment)
    chassis.start_ovs()
    if ovs_only:
        _record(chassis, _controller_faults(chassis))
        LOG.info("%s: healed, but for ovn-controller", chassis.name)
        return
    if chassis.controller.state() == "stopped":
        chassis.controller.resume()
    chassis.controller.start()
    _record(chassis, [])
    LOG.info("%s: healed", chassis.name)


def part(one: Chassis, other: Chassis) -> None:
    """Let two chassis lose each other, and nobody else, on the tunnels."""
    if one is other:
        raise SandboxError(f"{one.name} cannot lose itself")
    for chassis in (one, other):
        if chassis.vswitchd.state() != "running":
            raise SandboxError(f"{chassis.name}: ovs-vswitchd does not run")
    for near, far in ((one, other), (other, one)):
        near.refuse_tunnels_from(far)
        _record(near, [*in_force(near), _PARTED + far.name])
    LOG.info("%s and %s have lost each other", one.name, other.name)


def rejoin(one: Chassis, other: Chassis) -> None:
    """Let two chassis see each other again."""
    for near, far in ((one, other), (other, one)):
        near.accept_tunnels_from(far)
        kept = [k for k in in_force(near) if k != _PARTED + far.name]
        _record(near, kept)
    LOG.info("%s and %s see each other", one.name, other.name)


def lost(chassis: Chassis) -> list[str]:
    """Name the chassis it was parted from."""
    return [
        kind.removeprefix(_PARTED)
        for kind in in_force(chassis)
        if kind.startswith(_PARTED)
    ]


def in_force(chassis: Chassis) -> list[str]:
    """List the faults injected into a chassis and not healed."""
    try:
        return (chassis.directory / "faults").read_text().split()
    except FileNotFoundError:
        return []


def _controller_faults(chassis: Chassis) -> list[str]:
    by_state = {"down": ["controller"], "stopped": ["hang"]}
    return by_state.get(chassis.controller.state(), [])


def _record(chassis: Chassis, kinds: list[str]) -> None:
    unique = dict.fromkeys(kinds)
    (chassis.directory / "faults").write_text("\n".join(unique))
