# SPDX-License-Identifier: Apache-2.0
"""Whom configuration lets us use, by shell patterns."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Patterns:
    """The options ``allow_<kind>`` and ``deny_<kind>``; denial wins.

    Where nothing is allowed by name everybody is.
    """

    kind: str
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def against(self, subject: str, *names: str) -> str:
        """Say why the subject, by any of its names, is left out, or ""."""
        for pattern, matching in self._deny:
            if any(map(matching.match, names)):
                return (
                    f"deny_{self.kind} of the configuration names {subject} "
                    f"({pattern})"
                )
        for _, matching in self._allow:
            if any(map(matching.match, names)):
                return ""
        if not self._allow:
            return ""
        return (
            f"allow_{self.kind} of the configuration does not name {subject}"
        )

    @cached_property
    def _allow(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple(_compiled(self.allow))

    @cached_property
    def _deny(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple(_compiled(self.deny))


def _compiled(
    patterns: Iterable[str],
) -> Iterable[tuple[str, re.Pattern[str]]]:
    """What fnmatchcase does, but it forgets all past 256 patterns."""
    return ((p, re.compile(fnmatch.translate(p))) for p in patterns)
