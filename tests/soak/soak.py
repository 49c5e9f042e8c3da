# SPDX-License-Identifier: Apache-2.0
"""One episode after another, and what becomes of the traffic."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from gwsched.sandbox import SandboxError
from tests.soak.cloud import WATCHED, Cloud
from tests.soak.decisions import guards
from tests.soak.drawing import Episode, Trouble, draw
from tests.soak.explaining import explain
from tests.soak.history import Fault, History
from tests.soak.kinds import Act, World
from tests.soak.report import Findings, keep, lines
from tests.soak.samples import sample
from tests.soak.streams import INTERVAL, Outage

# The last two thirds are for one process, whose memory is to be flat.
KILLING = 1 / 3
# How long traffic may take to return when all faults have ended (s).
PATIENCE = 60.0
TRIES = 3
# Who has answered since then is no longer out (s).
ANSWERED = 1.0


class Soak:
    """A cloud in trouble."""

    def __init__(
        self,
        cloud: Cloud,
        chance: Random,
        place: Path,
        say: Callable[[str], None],
    ) -> None:
        self._cloud = cloud
        self._chance = chance
        self._place = place
        self._say = say
        self._world = World(cloud.box, cloud.daemon)
        records = cloud.records
        self.history = History(
            records.holders, records.lists, records.hops, WATCHED
        )
        self.findings = Findings()

    def run(self, deadline: float) -> None:
        """Go on until a time (monotonic)."""
        began = time.monotonic()
        while time.monotonic() < deadline:
            passed = (time.monotonic() - began) / (deadline - began)
            barred = {"gwsched killed"} if passed > KILLING else set()
            episode = draw(self._chance, self._cloud.box.gateways, barred)
            self._live_through(episode)
            self._wait_for_traffic()
            self._look()

    def report(self) -> Iterator[str]:
        """Yield what was found by now."""
        streams = self._cloud.streams
        self.findings.packets = sum(stream.received for stream in streams)
        self.findings.lost = sum(stream.lost for stream in streams)
        return lines(self.findings, self.history)

    def _live_through(self, episode: Episode) -> None:
        """Begin and end all faults in their time, then rest."""
        began = time.monotonic()
        todo = []
        for trouble in episode.troubles:
            begin = began + trouble.after
            todo += [(begin, self._begin, trouble)]
            todo += [(begin + trouble.lasting, self._end, trouble)]
        for at, act, trouble in sorted(todo, key=lambda item: item[0]):
            time.sleep(max(0.0, at - time.monotonic()))
            act(trouble)
        time.sleep(episode.rest)

    def _begin(self, trouble: Trouble) -> None:
        begin = time.time()
        self._patiently(trouble.kind.begin, trouble)
        kind = trouble.kind.name
        fault = Fault(kind, trouble.where, begin, time.time())
        self.history.faults.append(fault)

    def _end(self, trouble: Trouble) -> None:
        """Note of the fault that is in force since when it is not."""
        end = time.time()
        self._patiently(trouble.kind.end, trouble)
        faults = self.history.faults
        [index] = [
            number
            for number, fault in enumerate(faults)
            if (fault.kind, fault.where) == (trouble.kind.name, trouble.where)
            and fault.is_in_force
        ]
        faults[index] = replace(faults[index], end=end, ended=time.time())
        self._say(str(faults[index]))

    def _patiently(self, act: Act, trouble: Trouble) -> None:
        """Do it again if it fails: tools give up on a busy machine."""
        for _ in range(TRIES - 1):
            try:
                act(self._world, trouble.where)
            except SandboxError as error:
                self._say(f"once more: {error}")
            else:
                return
        act(self._world, trouble.where)

    def _wait_for_traffic(self) -> None:
        """Wait until all routers answer, or have not for far too long."""
        deadline = time.monotonic() + PATIENCE
        while self._silent() and time.monotonic() < deadline:
            time.sleep(ANSWERED / 10)

    def _silent(self) -> list[Outage]:
        """Return the outages that go on."""
        now = time.time()
        since = {s.router: s.silent_since() for s in self._cloud.streams}
        return [
            Outage(router, begin, now, round((now - begin) / INTERVAL))
            for router, begin in since.items()
            if now - begin > ANSWERED
        ]

    def _look(self) -> None:
        """Explain what was lost, and see how the daemon is."""
        process = self._cloud.daemon.process.pid
        if found := sample(process, time.time()):
            self.findings.samples.append(found)
        log = (self._place / "gwsched.log").read_text()
        self.history.guards = guards(log)
        ended = [o for s in self._cloud.streams for o in s.outages()]
        for outage in [*ended, *self._silent()]:
            rules = explain(outage, self.history)
            if rules is None:
                self._say(f"NOT EXPLAINED: {outage}")
                self.findings.unexplained.append(outage)
                keep(outage, self.history, log, self._place)
            else:
                self._say(f"  {outage}: {' + '.join(rules)}")
                self.findings.explained.append((outage, rules))
