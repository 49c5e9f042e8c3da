# SPDX-License-Identifier: Apache-2.0
"""``gwschedctl check-config``: whether the daemon could work by the files."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from gwsched import conf
from gwsched.cli.output import complain
from gwsched.conf import ConfigurationError, configured, plugins, validity
from gwsched.conf.unknown import unknown
from gwsched.ovsdb import streams

HELP = (
    "say whether the daemon could start with its configuration, and whether "
    "it knows every name in it"
)


def add(verbs: Any) -> None:
    """Add the verb to a parser's."""
    verb = verbs.add_parser("check-config", help=HELP, description=HELP)
    verb.set_defaults(run=_check)


def _check(options: cfg.ConfigOpts) -> str:
    """Check everything; each name that is not known gets a line.

    The daemon only warns of those: in a rolling upgrade the file may be
    newer than the daemon.

    :raises ConfigurationError: where anything is wrong
    """
    strange = unknown(options)
    for name in strange:
        complain(name)
    settings = conf.settings(options)
    streams.prepare(settings.tls)
    for warning in validity.warnings(settings):
        complain(warning)
    configured.refuse_expired(settings)
    plugins.load_scheduler(settings.scheduler)
    if strange:
        raise ConfigurationError(
            "the daemon would start, but what it does not know it ignores"
        )
    files = ", ".join(options.config_file or ["no file, only defaults"])
    return (
        f"configuration is good: {files}; "
        f"NB {','.join(settings.nb)}; SB {','.join(settings.sb)}; "
        f"scheduler {settings.scheduler}, "
        f"mode {'enforce' if settings.enforce else 'observe'}\n"
    )
