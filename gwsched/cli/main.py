# SPDX-License-Identifier: Apache-2.0
"""The command ``gwschedctl``: a verb in, text and an exit code out."""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg
from ovsdbapp.backend.ovs_idl import vlog

from gwsched import conf
from gwsched.cli import checking
from gwsched.cli.answer import Answer
from gwsched.cli.auditing.verbs import add_audit
from gwsched.cli.databases import UnreachableError, UnwrittenError
from gwsched.cli.forecast.outlook import RestlessError
from gwsched.cli.forecast.verbs import add_plan, add_simulate
from gwsched.cli.listing.verbs import add_listings
from gwsched.cli.looking.verbs import add_explain, add_status
from gwsched.cli.output import PROG, UsageError, complain
from gwsched.cli.steering.verbs import add_steering
from gwsched.conf import ConfigurationError

FAILED = 1
USAGE = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code."""
    args = sys.argv[1:] if argv is None else list(argv)
    options = cfg.ConfigOpts()
    conf.register(options)
    options.register_cli_opt(
        cfg.SubCommandOpt("verb", title="verbs", handler=add_verbs)
    )
    try:
        debug, args = _common(args)
        conf.parse(options, args, PROG)
        _set_up_logging(debug)
        found = options.verb.run(options)
        said = found if isinstance(found, Answer) else Answer(found)
        return _print(said.text) or said.code
    except (ConfigurationError, UsageError) as error:
        complain(error)
        return USAGE
    except (UnreachableError, RestlessError, UnwrittenError) as error:
        complain(error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def add_verbs(verbs: Any) -> None:
    """Add all verbs to a parser's."""
    for add in (
        add_status,
        add_explain,
        add_audit,
        add_listings,
        add_plan,
        add_simulate,
        add_steering,
        checking.add,
    ):
        add(verbs)


class _Move(argparse.Action):
    """Collect an option with its value as it is written."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*before, option_string, values])


def _common(args: list[str]) -> tuple[bool, list[str]]:
    """Part --debug from argv, and move the files to before the verb.

    oslo.config would have them nowhere else, an operator anywhere.  And it
    cannot tell our --debug from the one in the daemon's file.
    """
    parser = argparse.ArgumentParser(
        prog=PROG, add_help=False, allow_abbrev=False
    )
    parser.set_defaults(first=[])
    for name in ("--config-file", "--config-dir"):
        parser.add_argument(name, action=_Move, dest="first")
    parser.add_argument("-d", "--debug", action="store_true")
    found, rest = parser.parse_known_args(args)
    return found.debug, [*found.first, *rest]


def _set_up_logging(debug: bool) -> None:
    """Not by oslo.log: its options say where the daemon logs to."""
    logging.basicConfig(
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
        level=logging.DEBUG if debug else logging.ERROR,
        force=True,  # a library may have been quicker
    )
    vlog.use_python_logger(max_level=vlog.INFO if debug else vlog.ERROR)


def _print(text: str) -> int:
    """Write to stdout; a reader that has gone away gets no traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        print(text, end="", flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            complain(f"cannot write: {error.strerror}")
        # What is still buffered must not fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
