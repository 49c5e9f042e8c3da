# SPDX-License-Identifier: Apache-2.0
"""The parsers of the commands, as their users need to know them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from gwsched.cli import main
from gwsched.sandbox.arguments import build_parser as sandbox

__all__ = [
    "add_common",
    "common",
    "daemon",
    "gwschedctl",
    "leaves",
    "sandbox",
    "verbs",
]

FILE = "read this file instead of the usual ones; repeat it for more"
DIRECTORY = (
    "read all *.conf in this directory, by name, instead of the usual one; "
    "repeat it for more"
)
DEBUG = "say on stderr what goes on"


def daemon() -> argparse.ArgumentParser:
    """Return the daemon's parser, but for what oslo.log adds to it."""
    parser = argparse.ArgumentParser(prog="gwsched")
    add_files(parser)
    _add_version(parser)
    return parser


def gwschedctl() -> argparse.ArgumentParser:
    """Return gwschedctl's, but for what oslo.log adds and no verb heeds."""
    parser = argparse.ArgumentParser(prog="gwschedctl")
    add_common(parser)
    _add_version(parser)
    main.add_verbs(
        parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    )
    return parser


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what gwschedctl takes anywhere, before a verb and behind it."""
    add_files(parser)
    parser.add_argument("-d", "--debug", action="store_true", help=DEBUG)


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what configuration to read."""
    parser.add_argument(
        "--config-file", metavar="PATH", action="append", help=FILE
    )
    parser.add_argument(
        "--config-dir", metavar="DIR", action="append", help=DIRECTORY
    )


def _add_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action="version", version="")


def verbs(
    parser: argparse.ArgumentParser,
) -> Mapping[str, argparse.ArgumentParser]:
    """Return the parsers of the verbs of a parser, if it has any."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


def leaves(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield all that can be done, by its words: ``router add``."""
    for name, verb in verbs(parser).items():
        inner = [(f"{name} {more}", leaf) for more, leaf in leaves(verb)]
        yield from inner or [(name, verb)]


def common(parser: argparse.ArgumentParser) -> frozenset[str]:
    """Return the options that all it can do has, and means alike."""
    found = [
        {
            (option, action.help)
            for action in leaf._actions
            for option in action.option_strings
        }
        for _, leaf in leaves(parser)
    ]
    return frozenset(option for option, _ in set.intersection(*found))
