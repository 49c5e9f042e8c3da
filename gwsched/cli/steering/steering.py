# SPDX-License-Identifier: Apache-2.0
"""A verb that steers: judge a wish, write it, and wait if asked to."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from oslo_config import cfg

from gwsched import conf
from gwsched.apply import Result
from gwsched.cli import databases, phrases
from gwsched.cli.answer import DONE, FAILED, REFUSED, Answer
from gwsched.cli.databases import Connections, UnwrittenError
from gwsched.cli.output import UsageError, complain
from gwsched.cli.steering import waiting, wishes
from gwsched.cli.steering.outcome import Outcome
from gwsched.cli.steering.steps import Scene, Step
from gwsched.cli.steering.waiting import Goal, Sight
from gwsched.conf import Settings, plugins

# Judges a wish by both databases and the keys that are there.
Judge = Callable[[Connections, Mapping[str, str]], Step]


@dataclass(frozen=True, slots=True)
class Verb:
    """What a verb is for, what it is told, and what --wait waits for.

    ``forces`` says what --force is for, where there is one.  ``empties``
    says that it is about all that a chassis has.
    """

    help: str
    judge: Callable[[Scene, argparse.Namespace], Step]
    arguments: tuple[str, ...] = ()
    goal: Callable[[Step, Settings], Goal] | None = None
    forces: str = ""
    empties: bool = False


def run(options: cfg.ConfigOpts) -> Answer:
    """Do what a verb asks for; say what has become of it."""
    asked = options.verb
    if asked.timeout < math.inf and not asked.wait:
        raise UsageError("--timeout is for how long to --wait: give both")
    settings = conf.settings(options)
    scheduler = plugins.load_scheduler(settings.scheduler)

    def judge(found: Connections, there: Mapping[str, str]) -> Step:
        scene = Scene(found.read(), there, settings, scheduler)
        return asked.steers.judge(scene, asked)  # type: ignore[no-any-return]

    with databases.opened(settings, leader_only=True) as found:
        return Steering(found, settings, asked).run(judge)


class Steering:
    """One verb on open connections."""

    def __init__(
        self,
        found: Connections,
        settings: Settings,
        asked: argparse.Namespace,
    ) -> None:
        self._found = found
        self._settings = settings
        self._asked = asked
        self._verb: Verb = asked.steers

    def run(self, judge: Judge) -> Answer:
        """Come to an end, by what is judged; nothing else is written.

        :raises UnwrittenError: where the database does not take it
        """
        step, outcome = self._settle(judge)
        for note in (*step.notes, *self._left_alone(step)):
            complain(note)
        if self._refuses(step):
            return outcome.answer(self._asked.format, REFUSED)
        if self._verb.goal is None or not self._asked.wait:
            return outcome.answer(self._asked.format, DONE)
        complain(outcome.said)
        sight = self._wait(self._verb.goal(step, self._settings))
        said = f"{sight.failed}: {sight.line}" if sight.failed else sight.line
        code = FAILED if sight.failed else DONE
        outcome = replace(outcome, said=said, left=sight.left)
        return outcome.answer(self._asked.format, code)

    def _refuses(self, step: Step) -> bool:
        return bool(step.obstacles) and not self._asked.force

    def _settle(self, judge: Judge) -> tuple[Step, Outcome]:
        """Judge and write; both anew where others have written meanwhile."""
        found, timeout = self._found, self._settings.timeout
        deadline = time.monotonic() + timeout
        while True:
            seqno, there = found.nb_seqno, wishes.there(found.nb)
            step = judge(found, there)
            if step.stands or self._refuses(step):
                return step, self._outcome(step, there, changed=False)
            result, detail = wishes.write(found.nb, step.wish, there, timeout)
            if result is Result.COMMITTED:
                return step, self._outcome(step, there, changed=True)
            if result is not Result.STALE or time.monotonic() >= deadline:
                raise UnwrittenError(_unwritten(result, detail))
            found.synchronise(seqno)

    def _outcome(
        self, step: Step, there: Mapping[str, str], *, changed: bool
    ) -> Outcome:
        was = there.get(step.wish.key)
        return Outcome(
            self._asked.name,
            step.subject,
            changed,
            was,
            step.wish.value if changed else was,
            step.said,
            step.obstacles,
        )

    def _left_alone(self, step: Step) -> list[str]:
        """Say what stays on a chassis that is to be emptied."""
        name = step.subject
        strangers = self._found.strangers(name) if self._verb.empties else []
        if not strangers:
            return []
        what = phrases.quoted(strangers)
        return [f"{name} also has what gwsched does not move: {what}"]

    def _wait(self, goal: Goal) -> Sight:
        timeout = self._asked.timeout
        try:
            return waiting.wait(self._found, goal, self._settings, timeout)
        except KeyboardInterrupt:
            complain(f"not waiting any more; the {self._asked.name} goes on")
            raise


def _unwritten(result: Result, detail: str) -> str:
    if result is Result.UNANSWERED:
        return f"NB: {detail}; it may have been written: ask again"
    if result is Result.STALE:
        why = detail or "others write to NB_Global all the time"
        return f"nothing was written to NB: {why}"
    return f"nothing was written to NB: {result}: {detail}"
