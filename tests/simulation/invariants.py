# SPDX-License-Identifier: Apache-2.0
"""What must hold, whatever happens.

Times are bounds that follow from the daemon's settings: to *notice* a
silence takes ``probe_interval + dead_after`` and a little; the *patience* of
these checks is twice that and what BFD and a claim take.  Nobody is blamed
for what no one could have known (knowledge.py): a chassis that fell ill a
moment ago, or that answers while its switch or its cables are dead and OVN
has not shown it; a chassis without SB that looks just like a dead one there
(docs/design.md has that price of a rescue).

Of every write, before it is made:

``writer``: it is the lock's owner that commits.  Others may try (a process
that was stopped, or whose server was deposed, cannot know better); they are
refused, and counted.
``paused``: nobody has paused the scheduler.
``mass``: not three or more gateways, and 55 in 100, fell silent together.
``list``: a list has members, each once, no more than it may, and is not
what was there already.
``reason``: every change says why.  A primary that works (it holds the port,
packets pass) loses its place only to an operator's wish, to balance, to a
silence, to a dead uplink, or for having lost what made it fit.
``floor``: a list has no fewer members that are well, and wanted, than
before; but for those that have given cause for distrust, or were not fit
when a daemon looked that was stopped before it wrote.
``hold_down``: who was taken for dead comes into no list, and is preferred
to nobody who answers, is not suspect and was not dead as well, until it has
been back for ``hold_down``.
``warm``: who takes over without need has been in the list, in SB, for twice
the time of BFD.
``budget``: such moves are made one by one, so many a minute, each after the
last one was claimed.

Of every write, after it is made:

``worse``: packets fare no worse than without the write.  Both worlds, that
with the write and that without, are copied and run on until OVN has settled
(twice the time of BFD, and 4 s), without daemons and without new harm, and
with northd and the databases well.  No port may be dark (its packets do not
get to an active gateway) or active twice for longer than without, but for
what one controller lags behind another; for half the time of BFD where a
list of one becomes one of two, or nobody is behind the port: those sessions
start cold.  So each write is judged by itself, from the very state it was
made in, whatever befalls the world later.
``deaf``: nor is a port active twice because a chassis without SB, which goes
by an older list, took the end of BFD with somebody who left a list for a
death, or carries, if only for a while, what by SB nobody holds.

``blind``: nor does it do harm that it goes by an SB which it does not see
any more, and has not noticed so yet; ``floor``, ``reason`` and
``hold_down`` are not asked of such a daemon.

Of every moment:

``spin``: a daemon looks no more than so many times a second.
``candidate``: no list is without a member that answers for longer than the
patience, while somebody fit has been well for that long and a hold-down;
but for one that carries packets in the sight of a vantage point.
``carried``: nor is a port dark for that long.
But for the time (``masked``) in which its holder is dead, and those who could
have claimed by SB what it holds answer, and cannot: that looks like a holder
whose data plane lives.  So does one that is up again, for BFD, and whose
controller fell silent before it had made flows.
``stranded``: nor where members answer that cannot carry it, and SB shows
that nobody holds it.
``uplink``: nor is it without its next hop, where SB says so.
``fight``: nor is it active twice, by two that answer.
These count only while one daemon can see and write everything, nothing is
paused, and no mass failure holds everything back.

Of the end, when nothing is broken any more:

``rest``: every list is full of chassis that answer, every primary holds its
ports, packets pass, and nothing is written any more.

``lagging`` is like ``worse`` for packets of computes whose own controllers
are deaf: they go where SB once said, so that every move loses them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gwsched.decisions import Change, Plan
from gwsched.model import Snapshot
from tests.simulation.daemon import Daemon
from tests.simulation.knowledge import Knowledge
from tests.simulation.liveness import Liveness
from tests.simulation.truth import Truth
from tests.simulation.writes import Writes

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

# What is counted but not required.
SWITCHED_OFF = frozenset({"blind", "deaf", "lagging"})


class ViolationError(AssertionError):
    """Something does not hold."""

    def __init__(self, name: str, what: str, at: float) -> None:
        super().__init__(f"{name} at {at:.2f} s: {what}")
        self.name = name
        self.what = what
        self.at = at


class Checks:
    """All of them, on one run."""

    def __init__(self, run: Simulation) -> None:
        self.run = run
        self.off = SWITCHED_OFF
        self.done = False
        self.truth = Truth(run)
        self.knowledge = Knowledge(run, self.truth)
        self.writes = Writes(self)
        self.liveness = Liveness(self)

    @property
    def latest(self) -> float:
        """When the run ends at the latest."""
        return self.liveness.latest

    def watch(self) -> None:
        """Look at what may have changed."""
        if self.truth.refresh():
            self.liveness.follow()

    def looked(self, daemon: Daemon, plan: Plan) -> None:
        """Check what depends on time, each time a daemon looks."""
        self.watch()
        self.writes.memories.looked(daemon)
        if daemon.leads:
            self.liveness.tick()
            self.done = self.liveness.rested(daemon, plan)

    def before(
        self, daemon: Daemon, changes: tuple[Change, ...], seen: Snapshot
    ) -> Callable[[], None]:
        """Judge a write before it is made; return how to judge it after."""
        self.watch()
        return self.writes.before(daemon, changes, seen)

    def finish(self) -> None:
        """Check that it has come to rest."""
        what = self.liveness.unrest() or "it goes on writing"
        self.hold("rest", self.done, what)

    def hold(self, name: str, is_so: bool, what: str) -> None:
        """Count a check; say what does not hold."""
        self.run.outcome.checks[name] += 1
        if is_so:
            return
        if name in self.off:
            self.run.outcome.passed_over[name] += 1
        else:
            self.run.violated(name, what)

    def count(self, name: str) -> None:
        """Count a check that had nothing to say."""
        self.run.outcome.checks[name] += 1
