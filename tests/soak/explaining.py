# SPDX-License-Identifier: Apache-2.0
"""Hold an outage against all rules."""

from __future__ import annotations

from tests.soak.history import History
from tests.soak.rules import RULES
from tests.soak.streams import Outage
from tests.soak.windows import Window, cover


def windows(outage: Outage, history: History) -> list[Window]:
    """Return what the rules have to say about a time."""
    return [found for rule in RULES for found in rule(outage, history)]


def explain(outage: Outage, history: History) -> list[str] | None:
    """Name the rules that explain an outage; None where they do not."""
    return cover(windows(outage, history), outage.begin, outage.end)
