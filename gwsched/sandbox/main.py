# SPDX-License-Identifier: Apache-2.0
"""The command gwsched-sandbox."""

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress

from gwsched.sandbox import lifecycle
from gwsched.sandbox.arguments import build_parser
from gwsched.sandbox.pinger import PingReport
from gwsched.sandbox.sandbox import Sandbox
from gwsched.sandbox.shell import SandboxError
from gwsched.sandbox.status import describe


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = build_parser().parse_args(argv)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        return _COMMANDS[options.command](options)
    except SandboxError as error:
        print(f"gwsched-sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(options: argparse.Namespace) -> int:
    Sandbox.up(
        options.name,
        options.gateways,
        options.computes,
        options.azs,
        options.base_dir,
    )
    return 0


def _down(options: argparse.Namespace) -> int:
    lifecycle.tear_down(options.name, options.base_dir)
    return 0


def _status(options: argparse.Namespace) -> int:
    for line in describe(_load(options)):
        print(line)
    return 0


def _router(options: argparse.Namespace) -> int:
    _load(options).add_router(
        options.router,
        options.vms,
        options.candidates,
        options.marker,
        bfd=options.bfd,
        pinned_to=options.pinned_to,
    )
    return 0


def _ping(options: argparse.Namespace) -> int:
    box = _load(options)
    # Ctrl-C ends the ping, not the report of it.
    with (
        box.ping(options.whence, options.interval, options.count) as run,
        suppress(KeyboardInterrupt),
    ):
        run.wait()
    return _print_report(run.report)


def _fault(options: argparse.Namespace) -> int:
    _load(options).fault(options.chassis, options.kind)
    return 0


def _heal(options: argparse.Namespace) -> int:
    _load(options).heal(options.chassis, options.ovs_only)
    return 0


def _part(options: argparse.Namespace) -> int:
    _load(options).part(options.one, options.other)
    return 0


def _rejoin(options: argparse.Namespace) -> int:
    _load(options).rejoin(options.one, options.other)
    return 0


def _next_hop(options: argparse.Namespace) -> int:
    box = _load(options)
    change = {"down": box.next_hop_down, "up": box.next_hop_up}
    change[options.state]()
    return 0


def _load(options: argparse.Namespace) -> Sandbox:
    return Sandbox.load(options.name, options.base_dir)


def _print_report(report: PingReport) -> int:
    early = report.before_first_reply
    note = f" ({early} before the first reply not counted)" if early else ""
    print(
        f"sent {report.sent} lost {report.lost} "
        f"longest gap {report.longest_gap:.2f} s{note}"
    )
    return 0 if report.received else 1


_COMMANDS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "router": _router,
    "ping": _ping,
    "fault": _fault,
    "heal": _heal,
    "part": _part,
    "rejoin": _rejoin,
    "next-hop": _next_hop,
}


if __name__ == "__main__":
    sys.exit(main())
