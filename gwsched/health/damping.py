# SPDX-License-Identifier: Apache-2.0
"""Flap damping: who dies again and again is not trusted for a while.

As in RFC 2439: every death adds a penalty that decays by half in a quarter
of an hour.  Past one limit the chassis is suppressed (it keeps what it has,
and gets nothing), until the penalty has decayed to a lower one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gwsched.model import frozen_map

# The RFC's own example figures; 2,000 is the third death within minutes.
PENALTY = 1000.0
SUPPRESS = 2000.0
REUSE = 750.0
HALF_LIFE = 900.0
# So that nobody is suppressed for longer than an hour.
CEILING = REUSE * 2 ** (3600.0 / HALF_LIFE)
# What has decayed to this is forgotten.
NEGLIGIBLE = 50.0


@dataclass(frozen=True, slots=True)
class Record:
    """A penalty at some time (monotonic seconds), and if it suppresses."""

    penalty: float
    at: float
    is_suppressed: bool = False

    def now(self, now: float) -> float:
        """Return what is left of the penalty."""
        return self.penalty * 2 ** ((self.at - now) / HALF_LIFE)

    @property
    def ends(self) -> float:
        """When the suppression ends, if there is one."""
        if not self.is_suppressed:
            return math.inf
        return self.at + HALF_LIFE * math.log2(self.penalty / REUSE)


Records = Mapping[str, Record]


def follow(before: Records, died: Iterable[str], now: float) -> Records:
    """Let penalties decay, and add to those of who has just died."""
    found = {}
    fresh = frozenset(died)
    if not (before or fresh):
        return before
    for name in sorted({*before, *fresh}):
        old = before.get(name, Record(0.0, now))
        held = old.is_suppressed and now < old.ends
        if name in fresh:
            penalty = min(old.now(now) + PENALTY, CEILING)
            found[name] = Record(penalty, now, held or penalty > SUPPRESS)
        elif held:
            found[name] = old
        elif old.now(now) > NEGLIGIBLE:
            found[name] = Record(old.now(now), now)
    return found


def penalties(records: Records, now: float) -> Mapping[str, float]:
    """Return what is left of all penalties."""
    return frozen_map({name: r.now(now) for name, r in records.items()})


def sentence(records: Records, now: float) -> str:
    """Say who is suppressed, for how long; nothing if nobody is."""
    return "; ".join(
        f"{name} has died again and again (penalty {record.now(now):.0f}) "
        f"and gets nothing for {max(record.ends - now, 0) / 60:.0f} min"
        for name, record in sorted(records.items())
        if record.is_suppressed
    )
