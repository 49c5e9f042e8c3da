# SPDX-License-Identifier: Apache-2.0
"""What becomes of controllers: drawn by a seed, done, and made good again."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.functional import raftlog
from tests.functional.ovn import wait_for
from tests.functional.raftlog import Entry
from tests.functional.spread import Remote
from tests.functional.takeover import PATIENCE, PROBE, Operator, World

WHO = ("holder", "leader", "both")
HOW = ("kill", "stop", "cut", "end")


@dataclass(frozen=True)
class Harm:
    """What is done to whom, and for how long.

    ``holder`` is the gwsched that writes, ``leader`` the NB server that
    leads.  ``brief``: how long it lasts (s), None: until it is answered.
    ``beside``: when one that stands by is stopped as well (s), or never.
    """

    who: str
    how: str
    brief: float | None = None
    beside: float | None = None

    def __str__(self) -> str:
        return f"{self.who} {self.how}"


@dataclass(frozen=True)
class Outcome:
    """What was seen; ``took``: until somebody wrote (again) (s).

    ``ready``: whether all who stood by had both databases when it began;
    they may not yet have them after what was done before.
    """

    harm: Harm
    took: float | None
    ready: bool
    transactions: int
    intruders: int
    intents: int
    lost: int
    deaths: int


def draw(seed: int, daemons: int) -> Harm:
    """Draw what is to happen."""
    dice = random.Random(seed)
    how = dice.choice(HOW)
    who = dice.choice(WHO)
    lasting = how in ("kill", "end") or dice.random() < 0.6
    beside = daemons > 2 and dice.random() < 0.3
    return Harm(
        who,
        how,
        None if lasting else dice.uniform(0.1, PROBE + 3),
        dice.uniform(0.0, 2.0) if beside else None,
    )


def run(world: World, harm: Harm, seed: int) -> Outcome:
    """Let it happen while an operator works; say what came of it."""
    known = len(world.entries())
    deaths = len(world.false_deaths())
    with Operator(world, seed) as operator:
        wait_for(lambda: operator.count > 5, "the operator", PATIENCE)
        holder = world.holder()
        ready = all(d.is_connected for d in world.daemons if d is not holder)
        took = _happen(world, harm, holder)
        count = operator.count
        wait_for(lambda: operator.count > count + 5, "the operator", PATIENCE)
    lost = operator.lost()
    entries = world.entries()
    # Who was replaced before may have come back only now.
    bad = {e.index: e for e in raftlog.intruders(entries)}
    bad |= {e.index: e for e in raftlog.unannounced(entries)}
    new = entries[known:]
    first = new[0].index if new else 0
    return Outcome(
        harm,
        took,
        ready,
        sum(entry.author is not None for entry in new),
        sum(index >= first for index in bad),
        operator.count,
        len(lost),
        len(world.false_deaths()) - deaths,
    )


def _happen(world: World, harm: Harm, holder: Remote) -> float | None:
    leader = world.spread.leader()
    others = [d for d in world.daemons if d is not holder]
    idle = random.Random(str(harm)).choice(others)
    mine = holder.names[-1]
    at = time.time()
    _strike(world, harm, holder, leader)
    done = time.time()
    if harm.beside is not None:
        time.sleep(harm.beside)
        idle.pause()
    took = None
    if harm.brief is not None:
        time.sleep(harm.brief)
    else:
        # Who writes may go on with another leader; a holder does not.
        leads = harm.who == "leader"
        entry = _next(world, done if leads else at, None if leads else mine)
        took = entry.at - at
    if harm.beside is not None:
        idle.resume()
    _heal(world, harm, holder, leader)
    return took if harm.beside is None else None


def _next(world: World, since: float, but: str | None) -> Entry:
    """Wait for the first write since then, by somebody else than one."""

    def found() -> Sequence[Entry]:
        return [
            entry
            for entry in world.entries()
            if entry.at > since and entry.author not in (None, but)
        ]

    first = wait_for(found, "somebody to write", PATIENCE)[0]
    assert isinstance(first, Entry)
    return first


def _strike(world: World, harm: Harm, holder: Remote, leader: int) -> None:
    spread = world.spread
    if harm.who != "holder":
        world.down.add(leader)
        if harm.how == "kill":
            spread.kill(leader)
        elif harm.how == "stop":
            spread.pause(leader)
        elif harm.how == "cut":
            spread.cut("nb", leader)
        else:
            spread.stop(leader)
    if harm.who != "leader":
        if harm.how == "kill":
            holder.kill()
        elif harm.how == "stop":
            holder.pause()
        elif harm.how == "cut":
            spread.cut("ctl", holder.host)
        else:
            holder.terminate()


def _heal(world: World, harm: Harm, holder: Remote, leader: int) -> None:
    spread = world.spread
    if harm.who != "holder":
        if harm.how in ("kill", "end"):
            spread.start(leader)
        elif harm.how == "stop":
            spread.resume(leader)
        else:
            spread.mend("nb", leader)
        world.down.discard(leader)
    if harm.who != "leader":
        if harm.how in ("kill", "end"):
            holder.start()
        elif harm.how == "stop":
            holder.resume()
        else:
            spread.mend("ctl", holder.host)
