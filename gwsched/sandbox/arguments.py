# SPDX-License-Identifier: Apache-2.0
"""The command line of gwsched-sandbox."""

import argparse
from pathlib import Path
from typing import TypeAlias

from gwsched.sandbox import names
from gwsched.sandbox.faults import FAULTS
from gwsched.sandbox.routers import MARKERS

_Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="gwsched-sandbox",
        description="Real OVN on one machine, in network namespaces.",
    )
    verbs = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    _add_up(verbs)
    _add(verbs, "down", "leave nothing of a sandbox")
    _add(verbs, "status", "show processes, faults and held ports")
    _add_router(verbs)
    _add_ping(verbs)
    fault = _add(verbs, "fault", "do one kind of harm to a chassis")
    fault.add_argument("chassis")
    fault.add_argument("kind", choices=FAULTS)
    _add_heal(verbs)
    _add_pair(verbs, "part", "let two chassis lose only each other")
    _add_pair(verbs, "rejoin", "let two chassis see each other again")
    next_hop = _add(verbs, "next-hop", "let the upstream router die or live")
    next_hop.add_argument("state", choices=("down", "up"))
    return parser


def _add(verbs: _Verbs, name: str, purpose: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=purpose, description=purpose)
    _add_common(verb)
    return verb


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name",
        default=names.DEFAULT_NAME,
        help="which sandbox, unique on the machine (default: %(default)s)",
    )
    parser.add_argument(
        "--base-dir",
        type=Path,
        default=names.DEFAULT_BASE,
        metavar="DIR",
        help="where sandboxes keep their files (default: %(default)s)",
    )


def _add_up(verbs: _Verbs) -> None:
    up = _add(verbs, "up", "build a sandbox")
    up.add_argument(
        "--gateways", type=_positive, default=4, metavar="N", help="default: 4"
    )
    up.add_argument(
        "--computes", type=_positive, default=1, metavar="M", help="default: 1"
    )
    up.add_argument(
        "--azs",
        type=_positive,
        default=1,
        metavar="K",
        help="availability zones to spread the gateways over (default: 1)",
    )


def _add_router(verbs: _Verbs) -> None:
    router = verbs.add_parser("router", help="add a router")
    add = _add(
        router.add_subparsers(metavar="ACTION", required=True),
        "add",
        "add a router with VMs behind it",
    )
    add.add_argument("router", metavar="NAME")
    add.add_argument(
        "--vms",
        type=_comma_separated,
        metavar="VM,...",
        help="default: NAME-vm1",
    )
    add.add_argument(
        "--candidates",
        type=_comma_separated,
        default=(),
        metavar="CHASSIS,...",
        help="gateway chassis, best first (default: none, gwsched places)",
    )
    add.add_argument(
        "--marker",
        choices=MARKERS,
        default="intent",
        help="how gwsched sees that the port is its own (default: intent)",
    )
    add.add_argument(
        "--bfd", action="store_true", help="let OVN watch the next hop by BFD"
    )
    add.add_argument(
        "--pinned-to",
        metavar="CHASSIS",
        help="make it an L3 gateway router, without candidates",
    )


def _add_ping(verbs: _Verbs) -> None:
    ping = _add(verbs, "ping", "ping the upstream router from a VM")
    ping.add_argument("whence", metavar="ROUTER|VM")
    ping.add_argument(
        "--count", type=_positive, default=20, metavar="N", help="default: 20"
    )
    ping.add_argument(
        "--interval",
        type=_seconds,
        default=0.05,
        metavar="S",
        help="seconds between two packets (default: 0.05)",
    )


def _add_heal(verbs: _Verbs) -> None:
    heal = _add(verbs, "heal", "undo every fault of a chassis")
    heal.add_argument("chassis")
    heal.add_argument(
        "--ovs-only",
        action="store_true",
        help="start Open vSwitch but leave ovn-controller down",
    )


def _add_pair(verbs: _Verbs, name: str, purpose: str) -> None:
    pair = _add(verbs, name, purpose)
    pair.add_argument("one", metavar="CHASSIS")
    pair.add_argument("other", metavar="CHASSIS")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.002 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"{text} is not 0.002 to 60")
    return seconds


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))
