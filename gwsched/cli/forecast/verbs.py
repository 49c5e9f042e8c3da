# SPDX-License-Identifier: Apache-2.0
"""The verbs that look ahead: read once, compute, print."""

from __future__ import annotations

import argparse
from typing import Any

from oslo_config import cfg

from gwsched import conf
from gwsched.cli import databases, output, tables
from gwsched.cli.forecast import assumed, failing, plan, simulate
from gwsched.cli.forecast.outlook import to_rest
from gwsched.cli.listing import chassis, ports
from gwsched.cli.output import complain
from gwsched.conf import Settings, plugins
from gwsched.decisions import Health
from gwsched.model import Snapshot


def add_plan(verbs: Any) -> None:
    """Add the verb ``plan``."""
    verb = verbs.add_parser(
        "plan", help=plan.HELP, description=_about(plan.HELP)
    )
    output.add_options(verb, plan.COLUMNS, plan.LOADS)
    verb.add_argument(
        "--loads",
        action="store_true",
        help="print what each gateway carries now and then, and at worst "
        "after the failure of one other, instead of the steps",
    )
    verb.set_defaults(run=_plan)


def add_simulate(verbs: Any) -> None:
    """Add the verb ``simulate``."""
    verb = verbs.add_parser(
        "simulate", help=simulate.HELP, description=_about(simulate.HELP)
    )
    output.add_options(verb, simulate.COLUMNS, simulate.PORTS)
    verb.add_argument(
        "--fail",
        action="extend",
        type=_names,
        required=True,
        metavar="CHASSIS[,CHASSIS...]",
        help="the chassis that fail at once, by name or host name",
    )
    verb.add_argument(
        "--ports",
        action="store_true",
        help="print the ports that change their holder, and why",
    )
    verb.set_defaults(run=_simulate)


def _plan(options: cfg.ConfigOpts) -> str:
    asked = options.verb
    listed = plan.LOADS if asked.loads else plan.COLUMNS
    columns = output.chosen(asked.column, listed)
    settings = conf.settings(options)
    scheduler = plugins.load_scheduler(settings.scheduler)
    seen = databases.read(settings)
    _warn(seen, assumed.health(seen), settings)
    outlook = to_rest(seen, scheduler, settings.policy)
    rows = plan.rows(outlook)
    if asked.format != "table" and not asked.loads:
        return tables.render(rows, columns, asked.format)
    both = plan.compared(outlook)
    loads = plan.load_rows(outlook, both)
    if asked.loads:
        return tables.render(loads, columns, asked.format)
    return (
        tables.render(rows, columns, "table")
        + tables.render(loads, plan.LOADS, "table")
        + plan.summary(outlook, both, settings.policy)
    )


def _simulate(options: cfg.ConfigOpts) -> str:
    asked = options.verb
    listed = simulate.PORTS if asked.ports else simulate.COLUMNS
    columns = output.chosen(asked.column, listed)
    settings = conf.settings(options)
    scheduler = plugins.load_scheduler(settings.scheduler)
    seen = databases.read(settings)
    failed = failing.named(seen, asked.fail)
    _warn(seen, assumed.health(seen), settings)
    case = failing.simulate(seen, failed, scheduler, settings.policy)
    guarded = assumed.mass_failure(seen, case.repair.health)
    if guarded:
        complain(guarded)
    rows = simulate.port_rows(case) if asked.ports else simulate.rows(case)
    text = tables.render(rows, columns, asked.format)
    if asked.format == "table":
        text += simulate.summary(case)
    return text


def _warn(seen: Snapshot, health: Health, settings: Settings) -> None:
    """Say what the forecast rests on, and what stands in its way."""
    complain(assumed.sentence(seen, health))
    for problem in [*ports.strays(seen), *chassis.strays(seen)]:
        complain(problem)
    if not settings.enforce:
        complain("mode is observe: gwsched writes nothing of this")
    elif seen.intents.paused:
        complain("an operator has paused gwsched: it writes nothing of this")


def _about(what: str) -> str:
    return f"{what[0].upper()}{what[1:]}. {assumed.HELP}"


def _names(text: str) -> list[str]:
    """Read names separated by commas; none left empty."""
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of chassis, such as gw1,gw2"
        )
    return names
