# SPDX-License-Identifier: Apache-2.0
"""What the documentation says of an option, read from the option itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from oslo_config import cfg, types

from gwsched import conf
from tests.packaging.reloading import Effect, Reloading


@dataclass(frozen=True)
class Entry:
    """One option, as one would write it in a file and talk of it."""

    group: str
    name: str
    help: str
    kind: str
    default: str
    choices: tuple[tuple[str, str], ...]
    effect: Effect


@cache
def entries() -> tuple[Entry, ...]:
    """Return every option of gwsched's own, in the order of its section."""
    return tuple(_entries())


def _entries() -> Iterator[Entry]:
    with Reloading() as reloading:
        for group, options in conf.list_opts():
            for option in options:
                yield Entry(
                    group,
                    option.name,
                    option.help or "",
                    kind(option.type),
                    default(option),
                    choices(option.type),
                    reloading.effect(group, option),
                )


def kind(of: object) -> str:
    """Say what values a type takes; choices are said elsewhere."""
    if isinstance(of, types.Port):
        return f"port number, {of.min} to {of.max}"
    if isinstance(of, types.Integer):
        return f"integer, {of.min} to {of.max}"
    if isinstance(of, types.List):
        return "list, comma separated"
    if isinstance(of, types.Dict):
        return "list of NAME:VALUE, comma separated"
    if isinstance(of, types.HostAddress):
        return "IP address or host name"
    if isinstance(of, types.String):
        return "one of the following" if choices(of) else "text"
    raise TypeError(f"nobody has said what to call {of!r}")


def choices(of: object) -> tuple[tuple[str, str], ...]:
    """Return the values that can be chosen from, and what each means."""
    if isinstance(of, types.String) and of.choices:
        return tuple((value, text or "") for value, text in of.choices.items())
    return ()


def default(option: cfg.Opt) -> str:
    """Return the default as it stands in a file; empty is empty."""
    value = option.default
    if isinstance(value, dict):
        return ",".join(f"{name}:{each}" for name, each in value.items())
    return ",".join(value) if isinstance(value, list) else str(value)
