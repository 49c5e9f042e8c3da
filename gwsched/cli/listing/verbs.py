# SPDX-License-Identifier: Apache-2.0
"""The verbs that print a table made of one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from gwsched import conf
from gwsched.cli import databases, output, tables
from gwsched.cli.listing import chassis, ports
from gwsched.cli.output import complain
from gwsched.model import Problem, Snapshot


@dataclass(frozen=True, slots=True)
class Listing:
    """What a verb lists, and what it could not place in a row."""

    help: str
    columns: tuple[str, ...]
    rows: Callable[[Snapshot], list[tables.Row]]
    strays: Callable[[Snapshot], list[Problem]]


LISTINGS: Mapping[str, Listing] = {
    "ports": Listing(
        "list the gateway ports: who holds them, who may",
        ports.COLUMNS,
        ports.rows,
        ports.strays,
    ),
    "chassis": Listing(
        "list the chassis: what they carry, hold and back up",
        chassis.COLUMNS,
        chassis.rows,
        chassis.strays,
    ),
}


def add_listings(verbs: Any) -> None:
    """Add the verbs ``ports`` and ``chassis``."""
    for name, listing in LISTINGS.items():
        verb = verbs.add_parser(
            name, help=listing.help, description=listing.help
        )
        output.add_options(verb, listing.columns)
        verb.set_defaults(run=_list)


def _list(options: cfg.ConfigOpts) -> str:
    settings = conf.settings(options)
    listing = LISTINGS[options.verb.name]
    columns = output.chosen(options.verb.column, listing.columns)
    seen = databases.read(settings)
    for problem in listing.strays(seen):
        complain(problem)
    return tables.render(listing.rows(seen), columns, options.verb.format)
