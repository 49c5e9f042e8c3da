# SPDX-License-Identifier: Apache-2.0
"""What a verb comes to: text for stdout, and an exit code."""

from __future__ import annotations

from typing import NamedTuple

DONE = 0
FAILED = 1
REFUSED = 3


class Answer(NamedTuple):
    """What to print, and how the command ends."""

    text: str
    code: int = DONE
