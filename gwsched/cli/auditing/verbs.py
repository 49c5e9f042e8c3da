# SPDX-License-Identifier: Apache-2.0
"""The verb ``audit``: look for what is wrong, and repair it if asked to."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from gwsched import conf
from gwsched.cli import answer, databases, output, tables
from gwsched.cli.answer import Answer
from gwsched.cli.auditing import audit, repair
from gwsched.cli.auditing.repair import RefusedError, Repair
from gwsched.cli.databases import UnwrittenError
from gwsched.cli.forecast import assumed
from gwsched.cli.output import UsageError, complain
from gwsched.conf import Settings, plugins
from gwsched.schedulers import Scheduler

CHECK = (
    "exit 1 if anything is found (without it the exit code is 0 either way: "
    "the audit was done)"
)
REPAIR = (
    "plan first: print what gwsched's planner would write, and what of that "
    "can be written without a daemon, who alone knows who is dead: nobody "
    "with a row leaves a list, no port that is held is moved. It is written "
    "after a yes, and only if no gwsched holds the lock"
)


def add_audit(verbs: Any) -> None:
    """Add the verb ``audit``."""
    verb = verbs.add_parser(
        "audit",
        help=audit.HELP,
        description=f"{audit.HELP[0].upper()}{audit.HELP[1:]}. {assumed.HELP}",
    )
    output.add_options(verb, audit.COLUMNS, repair.COLUMNS)
    what = verb.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help=CHECK)
    what.add_argument("--repair", action="store_true", help=REPAIR)
    verb.add_argument(
        "--yes",
        action="store_true",
        help="with --repair: write without asking",
    )
    verb.set_defaults(run=_audit)


def _audit(options: cfg.ConfigOpts) -> str | Answer:
    asked = options.verb
    listed = repair.COLUMNS if asked.repair else audit.COLUMNS
    columns = output.chosen(asked.column, listed)
    if asked.yes and not asked.repair:
        raise UsageError("--yes goes with --repair")
    settings = conf.settings(options)
    if asked.repair:
        return _repair(asked, settings, columns)
    seen = databases.read(settings)
    complain(assumed.sentence(seen, assumed.health(seen)))
    rows = [found.row for found in audit.findings(seen, settings.policy)]
    text = tables.render(rows, columns, asked.format)
    failed = asked.check and rows
    return Answer(text, answer.FAILED if failed else answer.DONE)


def _repair(
    asked: argparse.Namespace, settings: Settings, columns: Sequence[str]
) -> Answer:
    """Show the plan; write it if that is wanted and may be."""
    scheduler = plugins.load_scheduler(settings.scheduler)
    seen = databases.read(settings)
    complain(assumed.sentence(seen, assumed.health(seen)))
    made = repair.made(seen, scheduler, settings)
    text = tables.render(made.rows, columns, asked.format)
    if not made.changes:
        complain("there is nothing to write without a daemon")
        return Answer(text)
    why = repair.against(seen, settings)
    if why:
        complain(f"nothing is written: {why}")
        return Answer(text, answer.REFUSED)
    if not asked.yes:
        if not _is_terminal():
            complain("nothing is written without --yes")
            return Answer(text)
        print(text, end="", flush=True)
        text = ""
        if not _confirmed(made):
            complain("nothing is written")
            return Answer(text)
    return _written(text, made, scheduler, settings)


def _written(
    text: str, made: Repair, scheduler: Scheduler, settings: Settings
) -> Answer:
    try:
        lists = repair.write(made, scheduler, settings)
    except RefusedError as error:
        complain(error)
        return Answer(text, answer.REFUSED)
    except UnwrittenError as error:
        complain(error)
        return Answer(text, answer.FAILED)
    complain(f"lists written: {lists}; gwschedctl audit shows what is left")
    return Answer(text)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _confirmed(made: Repair) -> bool:
    sys.stderr.write(f"write these {len(made.changes)} lists? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
