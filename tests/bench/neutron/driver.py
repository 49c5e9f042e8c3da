# SPDX-License-Identifier: Apache-2.0
"""Neutron as a process of its own: a job per line in, an answer per line out.

Run by the interpreter of an environment with Neutron, from the top of the
repository: python -m tests.bench.neutron.driver.  Jobs, by their ``do``:

begin    stub databases with these ``chassis`` and ``lists``
connect  real databases at ``nb`` and ``sb``, with this many ``chassis``
place    schedule a ``port`` that is new
stop     the ``chassis`` row is deleted
start    the ``chassis`` row is there (again)

An answer says the ``seconds`` it took Neutron and the ``lists`` that are
others than before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.bench.neutron import real, service, stubs

Answer = dict[str, Any]


class Stubbed:
    """Neutron on stub databases."""

    def __init__(
        self, chassis: list[str], lists: dict[str, list[str]], groups: bool
    ) -> None:
        self.nb = stubs.Nb()
        self.sb = stubs.Sb()
        self.plugin = service.Plugin(self.nb, self.sb)
        self.event = service.chassis_event(self.plugin, groups=groups)
        self.told: dict[str, list[str]] = {}
        for name in chassis:
            self.sb.chassis[name] = self._chassis(name)
        for port, order in lists.items():
            row = self._add_port(port)
            service.write(self.nb, stubs.Transaction(), row, order)
        self._changed(self.nb.ports)

    def place(self, port: str) -> Answer:
        row = self._add_port(port)
        router = row.router.name
        return self._timed(
            lambda: self.plugin.schedule_new(port, router), [row]
        )

    def stop(self, chassis: str) -> Answer:
        row = self.sb.chassis.pop(chassis)
        return self._timed(
            lambda: self.event.run("delete", row, None), self.nb.ports
        )

    def start(self, chassis: str) -> Answer:
        row = self.sb.chassis[chassis] = self._chassis(chassis)
        return self._timed(
            lambda: self.event.run("create", row, None), self.nb.ports
        )

    @staticmethod
    def _chassis(name: str) -> stubs.ChassisRow:
        return stubs.ChassisRow(name, service.NETWORK)

    def _add_port(self, port: str) -> stubs.Row:
        self.plugin.ports.append(port)
        router = "neutron-" + port.removeprefix(service.PREFIX)
        return self.nb.add_port(port, router)

    def _timed(
        self, act: Callable[[], None], ports: Iterable[stubs.Row]
    ) -> Answer:
        started = time.perf_counter()
        act()
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "lists": self._changed(ports)}

    def _changed(self, ports: Iterable[stubs.Row]) -> dict[str, list[str]]:
        """Return the lists of some ports that have not been told yet."""
        lists = {row.name: service.order(self.nb, row) for row in ports}
        news = {p: o for p, o in lists.items() if self.told.get(p) != o}
        self.told.update(news)
        return news


def main() -> None:
    """Answer until there are no more jobs."""
    for line in sys.stdin:
        job = json.loads(line)
        do = job.pop("do")
        answer: Answer = {}
        if do == "begin":
            neutron: Any = Stubbed(**job)
        elif do == "connect":
            neutron = real.Real(**job)
        else:
            answer = getattr(neutron, do)(**job)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
