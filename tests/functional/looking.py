# SPDX-License-Identifier: Apache-2.0
"""Snapshots by a configuration, without the daemon."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gwsched import conf, snapshot
from gwsched.conf import Settings
from gwsched.connection import Database, open_databases
from gwsched.model import Snapshot, Unit
from gwsched.snapshot import Reader
from tests.functional.ovn import Ovn
from tests.functional.reading import catch_up


class Look:
    """A reader that lives as long as its test."""

    def __init__(
        self, ovn: Ovn, nb: Database, sb: Database, settings: Settings
    ) -> None:
        self.nb, self.sb = nb, sb
        self._ovn = ovn
        self._settings = settings
        self._reader = Reader(nb.rows, sb.rows, settings)

    def snapshot(self) -> Snapshot:
        """Read what has changed; a full read must give the same."""
        self._ovn.nbctl("--wait=sb", "sync")
        catch_up(self.nb, self.sb, with_lock=False)
        changed = self.nb.take_changed(), self.sb.take_changed()
        found = self._reader.read(*changed, answered=self.sb.answers)
        full = snapshot.read(
            self.nb.rows, self.sb.rows, self._settings, self.sb.answers
        )
        assert found == full
        return found

    def units(self) -> dict[str, Unit]:
        """The units of a new snapshot, by name."""
        return {unit.name: unit for unit in self.snapshot().units}

    def weights(self) -> dict[str, int]:
        """The weights of all ports of a new snapshot, by name."""
        units = self.snapshot().units
        return {p.name: p.weight for unit in units for p in unit.ports}

    def problems(self) -> list[str]:
        """The problems of a new snapshot."""
        return [str(problem) for problem in self.snapshot().problems]


@contextmanager
def looking(ovn: Ovn, scheduler: str = "") -> Iterator[Look]:
    """Look by these lines of ``[scheduler]``, else by the defaults."""
    path = ovn.directory / "gwsched.conf"
    path.write_text(f"[scheduler]\n{scheduler}\n")
    directory = ovn.directory / "gwsched.conf.d"
    directory.mkdir(exist_ok=True)
    argv = ["--config-file", str(path), "--config-dir", str(directory)]
    settings = replace(conf.load(argv)[1], nb=(ovn.nb,), sb=(ovn.sb,))
    nb, sb = open_databases(settings)
    try:
        for database in (nb, sb):
            database.connect(threading.Event(), lambda: None)
        catch_up(nb, sb, with_lock=False)
        yield Look(ovn, nb, sb, settings)
    finally:
        nb.close()
        sb.close()
