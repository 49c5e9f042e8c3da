# SPDX-License-Identifier: Apache-2.0
"""The verbs that steer, and what each of them is told."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from typing import Any

from gwsched.cli.steering import steering, steps
from gwsched.cli.steering.steering import Verb
from gwsched.cli.steering.steps import Step
from gwsched.cli.steering.waiting import Balanced, Emptied, Goal
from gwsched.conf import Settings


def _emptied(step: Step, settings: Settings) -> Goal:
    stuck = frozenset(o.port for o in step.obstacles if o.port is not None)
    return Emptied(step.subject, settings, stuck)


def _balanced(_step: Step, _settings: Settings) -> Goal:
    return Balanced()


VERBS: Mapping[str, Verb] = {
    "drain": Verb(
        "move everything off a chassis, one port at a time; refused (exit "
        "code 3) where that would leave a port with nobody",
        lambda scene, asked: steps.drain(scene, asked.chassis),
        ("chassis",),
        goal=_emptied,
        forces="drain it even so; what has nowhere to go stays there",
        empties=True,
    ),
    "undrain": Verb(
        "let a chassis serve again; nothing moves back by that",
        lambda scene, asked: steps.undrain(scene, asked.chassis),
        ("chassis",),
    ),
    "cordon": Verb(
        "give a chassis nothing new; it keeps what it has",
        lambda scene, asked: steps.cordon(scene, asked.chassis),
        ("chassis",),
    ),
    "uncordon": Verb(
        "let a chassis get what is new again",
        lambda scene, asked: steps.uncordon(scene, asked.chassis),
        ("chassis",),
    ),
    "pin": Verb(
        "have a port on one chassis for as long as that may host it; refused "
        "(exit code 3) where it may not now",
        lambda scene, asked: steps.pin(scene, asked.port, asked.chassis),
        ("port", "chassis"),
    ),
    "unpin": Verb(
        "let a port be wherever it is best placed",
        lambda scene, asked: steps.unpin(scene, asked.port),
        ("port",),
    ),
    "pause": Verb(
        "stop gwsched from writing anything, repairs included",
        lambda scene, _asked: steps.pause(scene),
    ),
    "resume": Verb(
        "let gwsched write again",
        lambda scene, _asked: steps.resume(scene),
    ),
    "rebalance": Verb(
        "even out the load once, even if it is below the threshold",
        lambda scene, _asked: steps.rebalance(scene),
        goal=_balanced,
    ),
}
ABOUT = {
    "port": "a gateway port, by the name of its Logical_Router_Port",
    "chassis": "a chassis, by its name in SB or its host name",
}


def add_steering(verbs: Any) -> None:
    """Add all of them."""
    for name, verb in VERBS.items():
        about = f"{verb.help[0].upper()}{verb.help[1:]}."
        parser = verbs.add_parser(name, help=verb.help, description=about)
        parser.set_defaults(run=steering.run, steers=verb)
        parser.set_defaults(wait=False, timeout=math.inf, force=False)
        for argument in verb.arguments:
            parser.add_argument(
                argument, metavar=argument.upper(), help=ABOUT[argument]
            )
        parser.add_argument(
            "-f",
            "--format",
            choices=("text", "json"),
            default="text",
            help="a sentence, or one object (default: %(default)s)",
        )
        if verb.goal:
            _add_waiting(parser)
        if verb.forces:
            parser.add_argument(
                "--force", action="store_true", help=verb.forces
            )


def _add_waiting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        action="store_true",
        help="return when it is done, with progress on stderr; interrupting "
        "that ends the waiting, not what is waited for",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="wait for so long at the most; exit code 1 if it is not done "
        "by then (default: wait for ever)",
    )


def _seconds(text: str) -> float:
    """Read a time that one can wait for."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
