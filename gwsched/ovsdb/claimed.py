# SPDX-License-Identifier: Apache-2.0
"""How often each chassis was seen to claim each gateway port."""

from __future__ import annotations

from collections.abc import Mapping

from gwsched.model import frozen_map


class Claims:
    """Counts that only grow, but for ports that are gone."""

    def __init__(self) -> None:
        self._counts: dict[str, Mapping[str, int]] = {}
        self._gone: set[str] = set()
        self._added = False
        self._seen: Mapping[str, Mapping[str, int]] = frozen_map({})

    def add(self, port: str, chassis: str) -> None:
        """Count one claim."""
        known = self._counts.get(port, {})
        count = known.get(chassis, 0) + 1
        self._counts[port] = frozen_map({**known, chassis: count})
        self._added = True

    def came(self, port: str) -> None:
        """Note that a port is there."""
        self._gone.discard(port)

    def went(self, port: str) -> None:
        """Note that a port is not there any more."""
        self._gone.add(port)

    @property
    def seen(self) -> Mapping[str, Mapping[str, int]]:
        """The counts by port and chassis; the same object till one grows."""
        if self._added:
            self._added = False
            for port in self._gone:
                self._counts.pop(port, None)
            self._gone.clear()
            self._seen = frozen_map(self._counts)
        return self._seen
