# SPDX-License-Identifier: Apache-2.0
"""What the daemon's log says of guards, with times."""

from __future__ import annotations

import re
from datetime import datetime

from tests.soak.history import FOREVER, Guard

# Those that hold back even a rescue.
_STRONG = ("startup", "mass_failure", "isolation")
_LINE = re.compile(r"^(\S+ \S+) \d+ \w+ \S+ \[-\] guard (\w+)(:| is over)")


def guards(log: str) -> list[Guard]:
    """Return from when to when guards held everything back."""
    found: list[Guard] = []
    since: dict[str, float] = {}
    for line in log.splitlines():
        match = _LINE.match(line)
        if match is None or match[2] not in _STRONG:
            continue
        at = datetime.fromisoformat(match[1]).timestamp()
        if match[3] == ":":
            since.setdefault(match[2], at)
        elif match[2] in since:
            found.append(Guard(match[2], since.pop(match[2]), at))
    found += [Guard(name, begin, FOREVER) for name, begin in since.items()]
    return found
