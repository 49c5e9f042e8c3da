# SPDX-License-Identifier: Apache-2.0
"""Waiting until an intent is fulfilled, by what the databases say alone.

So it does not matter which gwsched does it, nor how many die meanwhile.
An update wakes us; nothing is polled.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from gwsched.cli import phrases
from gwsched.cli.databases import Connections
from gwsched.cli.forecast import assumed
from gwsched.cli.progress import Progress
from gwsched.cli.steering import leaving
from gwsched.cli.steering.leaving import Left
from gwsched.conf import Settings
from gwsched.decisions import State
from gwsched.model import Snapshot

# After so many times what a step may take it is said what to look at.
SLOW = 3


@dataclass(frozen=True, slots=True)
class Sight:
    """How it stands: in a line, what is left, and whether that is the end.

    ``failed`` says why it will not be fulfilled.
    """

    line: str
    left: tuple[str, ...] = ()
    is_over: bool = False
    failed: str = ""


class Goal(Protocol):
    """What is waited for."""

    def look(self, seen: Snapshot) -> Sight:
        """Say how it stands."""

    def hints(self, seen: Snapshot) -> Iterator[str]:
        """Say what to look at when nothing has changed for a while."""


class Emptied:
    """A chassis that holds nothing, and is nobody's primary."""

    def __init__(
        self, chassis: str, settings: Settings, stuck: frozenset[str]
    ) -> None:
        """Take the ports that have nowhere to go; they are not waited for."""
        self._chassis = chassis
        self._settings = settings
        self._stuck = stuck

    def look(self, seen: Snapshot) -> Sight:
        """Say what is left there."""
        name = self._chassis
        found = leaving.left(seen, name)
        ports = found.ports
        if not ports:
            # Even if it is undrained by now: it was waited for, and is so.
            return Sight(_emptied(name, found), is_over=True)
        if name not in seen.intents.draining:
            why = f"somebody has undrained {name} meanwhile"
            return Sight(_there(name, found), ports, True, why)
        if self._stuck.issuperset(ports):
            why = f"what is left on {name} has nowhere to go"
            return Sight(_there(name, found), ports, True, why)
        return Sight(_there(name, found) + _held_up(seen), ports)

    def hints(self, seen: Snapshot) -> Iterator[str]:
        """Say what may hold it back."""
        name = self._chassis
        if assumed.health(seen).state(name) is State.SUSPECT:
            yield (
                f"{name} does not answer heartbeats: nothing is moved off "
                f"it, for it would go on as a second active"
            )
        policy = self._settings.policy
        found = leaving.stuck(seen, name, policy)
        for obstacle in found[: phrases.QUOTED]:
            yield f"{obstacle.port} has nowhere to go: {obstacle.why}"
        if len(found) > phrases.QUOTED:
            yield f"so have {len(found) - phrases.QUOTED} more"


class Balanced:
    """The intent to rebalance, taken away by who has done so."""

    def look(self, seen: Snapshot) -> Sight:
        """Say whether it is there still."""
        if not seen.intents.rebalance:
            return Sight("the rebalance is over", is_over=True)
        return Sight("the rebalance is under way" + _held_up(seen))

    def hints(self, _seen: Snapshot) -> Iterator[str]:
        """Say what may hold it back."""
        yield "what is to be repaired comes first, and who returns settles"


class _Watch:
    """Tells an operator what is new, and when nothing has been for long."""

    def __init__(self, goal: Goal, settings: Settings) -> None:
        self._goal = goal
        policy = settings.policy
        step = max(60 / policy.moves_per_minute, policy.probe_interval)
        self._patience = SLOW * step
        self._beat, self._beat_at = -1, time.monotonic()
        self.hint_at = self._beat_at + self._patience

    def follow(self, progress: Progress, sight: Sight, seen: Snapshot) -> None:
        """Say how it stands, and after a while without news what to do."""
        now = time.monotonic()
        if seen.requested != self._beat:
            self._beat, self._beat_at = seen.requested, now
        if progress.say(sight.line):
            self.hint_at = now + self._patience
        elif now >= self.hint_at:
            self.hint_at = math.inf
            progress.remark(f"nothing new for {self._patience:.0f} s")
            for hint in (*self._goal.hints(seen), self._daemon(seen, now)):
                progress.remark(hint)

    def _daemon(self, seen: Snapshot, now: float) -> str:
        """Say whether there seems to be one that writes.

        Who holds the lock cannot be read.  It beats, or lets others do so.
        """
        silent = now - self._beat_at
        if seen.heartbeat and silent >= self._patience:
            return (
                f"no heartbeat for {silent:.0f} s either: does any gwsched "
                f"run, and reach NB? (systemctl status gwsched)"
            )
        return "guards may hold it back: see gwschedctl status, and the log"


def wait(
    found: Connections, goal: Goal, settings: Settings, timeout: float
) -> Sight:
    """Wait until it is over, one way or another; at most for so long (s)."""
    deadline = time.monotonic() + timeout
    watch = _Watch(goal, settings)
    with Progress() as progress:
        while True:
            late = found.run()
            if late:
                sight = Sight(f"{late} is out of reach; waiting for it")
                progress.say(sight.line)
            else:
                seen = found.read()
                sight = goal.look(seen)
                if sight.is_over:
                    return sight
                watch.follow(progress, sight, seen)
            now = time.monotonic()
            if now >= deadline:
                failed = f"not done after {timeout:g} s"
                return replace(sight, is_over=True, failed=failed)
            found.wait(min(deadline, watch.hint_at) - now)


def _emptied(name: str, found: Left) -> str:
    backs = ""
    if found.backs:
        backs = f"; a backup yet in {phrases.counted(found.backs, 'list')}"
    return f"{name} holds nothing, and is nobody's primary{backs}"


def _there(name: str, found: Left) -> str:
    parts = [f"{name} holds {phrases.counted(len(found.holds), 'port')}"]
    if found.leads:
        parts.append(f"is primary of {len(found.leads)} it does not hold")
    if found.unsettled:
        lists = phrases.counted(len(found.unsettled), "list")
        parts.append(f"is in {lists} that SB does not carry yet")
    return ", ".join(parts)


def _held_up(seen: Snapshot) -> str:
    if not seen.intents.paused:
        return ""
    return "; gwsched is paused: nothing moves before gwschedctl resume"
