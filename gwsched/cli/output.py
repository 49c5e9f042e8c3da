# SPDX-License-Identifier: Apache-2.0
"""What all listings share: their options, and a word on stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

from gwsched.cli import tables
from gwsched.conf.plain import printable

PROG = "gwschedctl"


class UsageError(Exception):
    """Arguments that do not go together or name nothing; one clear line."""


def add_format(verb: argparse.ArgumentParser) -> None:
    """Add the option for the format."""
    verb.add_argument(
        "-f",
        "--format",
        choices=tables.FORMATS,
        default="table",
        help="how to print it (default: %(default)s)",
    )


def add_options(verb: argparse.ArgumentParser, *sets: Sequence[str]) -> None:
    """Add the options for the format and for any of these columns."""
    add_format(verb)
    columns = tuple(dict.fromkeys(name for some in sets for name in some))
    verb.add_argument(
        "-c",
        "--column",
        action="append",
        choices=columns,
        metavar="COLUMN",
        help="print only this column; repeat it for more, in the order "
        f"wanted: {'; or '.join(', '.join(some) for some in sets)}",
    )


def chosen(
    wanted: Iterable[str] | None, columns: Sequence[str]
) -> tuple[str, ...]:
    """Return the columns asked for, by default all.

    :raises UsageError: for one of another listing of the same verb
    """
    found = tuple(dict.fromkeys(wanted or columns))
    for name in found:
        if name not in columns:
            raise UsageError(
                f"there is no column {name!r} in this listing (choose from "
                f"{', '.join(columns)})"
            )
    return found


def complain(what: object) -> None:
    """Say something on stderr, in one line."""
    print(f"{PROG}: {printable(str(what))}", file=sys.stderr)
