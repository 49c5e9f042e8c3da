# SPDX-License-Identifier: Apache-2.0
"""The one chassis that an operator has named, by its name or its host's."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from gwsched.cli import names
from gwsched.cli.output import UsageError
from gwsched.model import Snapshot

# How many names a message has room for.
QUOTED = 10


def named(seen: Snapshot, text: str) -> str:
    """Return the name in SB of a chassis, given that or its host name.

    One that only lists name has been there, and may come back.

    :raises UsageError: where there is none, or several have the host name
    """
    listed = {name for unit in seen.units for name in unit.order}
    if text in seen.chassis or text in listed:
        return text
    rows = [row for row in seen.chassis.values() if row.hostname]
    hosted = sorted(row.name for row in rows if row.hostname == text)
    if len(hosted) > 1:
        raise UsageError(
            f"{text!r} is the host name of several chassis: "
            f"{', '.join(hosted)}; name one of them"
        )
    if hosted:
        return hosted[0]
    there = {*seen.chassis, *listed, *(row.hostname for row in rows)}
    near = get_close_matches(text, sorted(there), n=3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    known = [names.shown(seen, name) for name in sorted(seen.gateways)]
    raise UsageError(
        f"there is no chassis {text!r}; {meant}known gateways are: "
        f"{quoted(known)}; gwschedctl chassis lists all there are"
    )


def quoted(found: Sequence[str]) -> str:
    """Name some, and say how many there are besides."""
    left = len(found) - QUOTED
    tail = f" and {left} more" if left > 0 else ""
    return f"{', '.join(found[:QUOTED]) or 'none'}{tail}"


def counted(number: int, noun: str) -> str:
    """Say how many there are of something, in the plural if need be."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
