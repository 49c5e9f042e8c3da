# SPDX-License-Identifier: Apache-2.0
"""What has become of a verb that steers, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from gwsched.cli import phrases
from gwsched.cli.answer import DONE, REFUSED, Answer
from gwsched.cli.output import complain
from gwsched.cli.steering.leaving import Obstacle

# How many ports a refusal names to people; JSON has them all.
LISTED = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value of the intent before and after, and all there is to say.

    ``refused`` has the ports that are against it, ``left`` those that it
    was waited for in vain.
    """

    verb: str
    subject: str
    changed: bool
    was: str | None
    now: str | None
    said: str
    refused: tuple[Obstacle, ...] = ()
    left: tuple[str, ...] = ()

    def answer(self, form: str, code: int) -> Answer:
        """Return the answer; for people, stdout only has what succeeded."""
        if form == "json":
            return Answer(f"{json.dumps(asdict(self), indent=2)}\n", code)
        if code == REFUSED:
            complain(f"refused to {self.verb} {self.subject}:")
        for line in self._against():
            complain(line)
        if code == DONE:
            return Answer(f"{self.said}\n", code)
        if code != REFUSED:
            left = f"; left: {phrases.quoted(self.left)}" if self.left else ""
            complain(f"{self.said}{left}")
        return Answer("", code)

    def _against(self) -> Iterable[str]:
        for found in self.refused[:LISTED]:
            yield f"{found.port}: {found.why}" if found.port else found.why
        more = len(self.refused) - LISTED
        if more > 0:
            yield f"and {more} more ports (-f json names them all)"
