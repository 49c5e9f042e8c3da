# SPDX-License-Identifier: Apache-2.0
"""Where units were before a failure moved them, for ``failback = delayed``.

Nothing of it survives a restart: a unit then stays where it is, as it does
without fail-back.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from gwsched.decisions import Change, Reason
from gwsched.model import Snapshot, frozen_map

# By unit, the chassis that lost it.
Origins = Mapping[str, str]

LOSSES = frozenset({Reason.FAILOVER, Reason.UPLINK})


def follow(
    origins: Origins, snapshot: Snapshot, rewritten: Container[str] = ()
) -> Origins:
    """Forget the units that are gone, or are back where they were.

    :param rewritten: units to which somebody else has just given a list
    """
    if not origins:
        return origins
    primary = {u.name: c for u in snapshot.units for c in u.order[:1]}
    left = {
        name: chassis
        for name, chassis in origins.items()
        if primary.get(name, chassis) != chassis and name not in rewritten
    }
    return origins if len(left) == len(origins) else frozen_map(left)


def wrote(
    origins: Origins,
    changes: Iterable[Change],
    unclaimed: Container[str] = (),
) -> Origins:
    """Note what a failure has moved; any other move is the last word.

    :param unclaimed: units whose primary was never seen to hold them
    """
    moves = [c for c in changes if c.is_move and c.unit.order]
    if not moves:
        return origins
    found = dict(origins)
    for change in moves:
        if change.unit.name in unclaimed:
            continue
        if change.reason in LOSSES:
            found.setdefault(change.unit.name, change.unit.order[0])
        else:
            found.pop(change.unit.name, None)
    return frozen_map(found)
