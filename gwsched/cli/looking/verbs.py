# SPDX-License-Identifier: Apache-2.0
"""The verbs that look at all of it, and at one port.

What only a daemon knows they ask one for, and go on without.
"""

from __future__ import annotations

import json
from typing import Any

from oslo_config import cfg

from gwsched import conf
from gwsched.cli import databases, flat, names, output, tables
from gwsched.cli.daemon import asking
from gwsched.cli.daemon.contract import Document
from gwsched.cli.forecast import assumed, known
from gwsched.cli.forecast.outlook import Outlook, RestlessError, to_rest
from gwsched.cli.looking import alone, explain, explained, status
from gwsched.cli.looking.explain import Case
from gwsched.cli.output import complain
from gwsched.cli.screen import Screen
from gwsched.conf import Settings, plugins
from gwsched.decisions import Health
from gwsched.model import Snapshot
from gwsched.schedulers import Scheduler


def add_status(verbs: Any) -> None:
    """Add the verb ``status``."""
    verb = verbs.add_parser(
        "status", help=status.HELP, description=_about(status.HELP)
    )
    output.add_format(verb)
    asking.add_options(verb)
    verb.set_defaults(run=_status)


def add_explain(verbs: Any) -> None:
    """Add the verb ``explain``."""
    verb = verbs.add_parser(
        "explain", help=explain.HELP, description=_about(explain.HELP)
    )
    verb.add_argument(
        "port",
        metavar="PORT",
        help="a gateway port: the Logical_Router_Port's name, or cr-NAME",
    )
    output.add_format(verb)
    asking.add_options(verb)
    verb.set_defaults(run=_explain)


def _status(options: cfg.ConfigOpts) -> str:
    settings = conf.settings(options)
    report = asking.ask(options.verb, settings)
    if report is None:
        seen = databases.read(settings)
        scheduler = plugins.load_scheduler(settings.scheduler)
        document = alone.document(seen, scheduler, settings)
    else:
        document = report.document | {"daemon": report.url}
    if options.verb.format == "table":
        return status.render(document, Screen.of_terminal())
    return _rendered(document, options.verb.format)


def _explain(options: cfg.ConfigOpts) -> str:
    asked = options.verb
    settings = conf.settings(options)
    scheduler = plugins.load_scheduler(settings.scheduler)
    seen = databases.read(settings)
    names.unit_of(seen, asked.port)  # before a daemon is waited for
    report = asking.ask(asked, settings)
    health = known.health(seen, report)
    case = Case(
        seen,
        health,
        scheduler,
        settings.policy,
        settings.scheduler,
        _outlook(seen, scheduler, settings, health),
        report,
    )
    document = explain.document(case, asked.port)
    if asked.format == "table":
        return explained.render(document, Screen.of_terminal())
    return _rendered(document, asked.format)


def _outlook(
    seen: Snapshot,
    scheduler: Scheduler,
    settings: Settings,
    health: Health,
) -> Outlook | None:
    """Look ahead from these verdicts, if that comes to an end."""
    try:
        return to_rest(seen, scheduler, settings.policy, health)
    except RestlessError as error:
        complain(error)
        return None


def _rendered(document: Document, form: str) -> str:
    if form == "json":
        return f"{json.dumps(document, indent=2)}\n"
    return tables.render(flat.rows(document), flat.COLUMNS, form)


def _about(what: str) -> str:
    return (
        f"{what[0].upper()}{what[1:]}. What only a running daemon knows is "
        f"fetched from it; where none answers, that is said, and the "
        f"databases alone are shown. {assumed.HELP}"
    )
