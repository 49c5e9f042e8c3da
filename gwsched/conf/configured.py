# SPDX-License-Identifier: Apache-2.0
"""What configuration makes of a daemon, read whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oslo_config import cfg

from gwsched import conf
from gwsched.conf import ConfigurationError, Settings, plugins, validity
from gwsched.conf.options import GROUPS
from gwsched.conf.unknown import Unknown, unknown
from gwsched.schedulers import Scheduler


@dataclass(frozen=True, slots=True)
class Configured:
    """The options as they were parsed, and what was made of them."""

    options: cfg.ConfigOpts
    settings: Settings
    scheduler: Scheduler
    unknown: tuple[Unknown, ...]


def read(argv: Sequence[str]) -> Configured:
    """Read the command line and the files, and load the scheduler.

    :raises ConfigurationError: where anything of it cannot be used
    """
    options, settings = conf.load(argv)
    scheduler = plugins.load_scheduler(settings.scheduler)
    return Configured(options, settings, scheduler, tuple(unknown(options)))


def read_again(argv: Sequence[str]) -> Configured:
    """Read all of it anew, in a process that goes on in any case.

    :raises ConfigurationError: where anything of it cannot be used
    """
    try:
        return read(argv)
    except SystemExit as leaving:  # argparse's way
        raise ConfigurationError("the command line is refused") from leaving


def refuse_expired(settings: Settings) -> None:
    """Refuse certificates that are of no use just now.

    :raises ConfigurationError: where one is
    """
    for fault in validity.faults(settings):
        raise ConfigurationError(fault)


def needs_other_databases(before: Settings, after: Settings) -> bool:
    """Whether the connections are of no more use: they are to others.

    Or with other tables (NAT), or probed otherwise.
    """
    return _connections(before) != _connections(after)


def _connections(settings: Settings) -> tuple[object, ...]:
    return (
        settings.nb,
        settings.sb,
        settings.load_nat,
        settings.probe_ms,
    )


def changes(before: cfg.ConfigOpts, after: cfg.ConfigOpts) -> str:
    """Say which options have changed, and how."""
    return ", ".join(_changes(before, after)) or "nothing has changed"


def _changes(before: cfg.ConfigOpts, after: cfg.ConfigOpts) -> Iterator[str]:
    # Where to log to by default goes by the other options, see logs.py.
    general = {*before} - {*GROUPS, "use_stderr"}
    for name in sorted(general):
        if before[name] != after[name]:
            yield f"[DEFAULT] {name}: {before[name]} -> {after[name]}"
    for group, options in GROUPS.items():
        for option in options:
            old, new = before[group][option.dest], after[group][option.dest]
            if old != new:
                yield f"[{group}] {option.dest}: {old} -> {new}"
