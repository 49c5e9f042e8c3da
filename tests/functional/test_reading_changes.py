# SPDX-License-Identifier: Apache-2.0
"""Whatever changes, what is read again is what a full read gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from gwsched import snapshot
from gwsched.conf import Settings
from gwsched.conf.patterns import Patterns
from gwsched.connection import Database
from gwsched.model import Snapshot
from gwsched.snapshot import Reader
from tests.functional.chaos import Chaos, NbChaos, SbChaos
from tests.functional.ovn import Ovn, wait_for
from tests.functional.reading import (
    databases,
    hear_answers,
    settings_for,
)

STEPS = 400


@contextmanager
def chaos(ovn: Ovn, seed: int) -> Iterator[list[Chaos]]:
    """Two who write at random, and nobody else."""
    ovn.stop("northd")
    writers = [NbChaos(ovn.nb, seed), SbChaos(ovn.sb, seed)]
    try:
        yield writers
    finally:
        for writer in writers:
            writer.close()


def everything_on(ovn: Ovn) -> Settings:
    """Settings by which all that can be read is read."""
    return replace(
        settings_for(ovn),
        load_nat=True,
        adopt_localnet=True,
        usable_routers=Patterns("routers", deny=("r3",)),
        usable_chassis=Patterns("chassis", deny=("gw3",)),
        capacities=(("a", 3),),
    )


class Watched:
    """A reader whose snapshots are compared with full ones."""

    def __init__(self, nb: Database, sb: Database, settings: Settings) -> None:
        self._nb, self._sb, self._settings = nb, sb, settings
        self._reader = Reader(nb.rows, sb.rows, settings)
        self._last: Snapshot | None = None

    def catch_up(self, writers: list[Chaos]) -> None:
        """Take in what was written."""

        def done() -> bool:
            seen = []
            for database, top in ((self._nb, "NB"), (self._sb, "SB")):
                database.run()
                rows = database.rows[f"{top}_Global"].rows.values()
                seen.append([row.nb_cfg for row in rows])
            synced = self._nb.synced and self._sb.synced
            return synced and seen == [[w.stamp] for w in writers]

        wait_for(done, "what was written")
        hear_answers(self._sb)

    def look(self) -> Snapshot:
        """Read what has changed; compare with all, and with before."""
        changed = self._nb.take_changed(), self._sb.take_changed()
        found = self._reader.read(*changed, answered=self._sb.answers)
        full = snapshot.read(
            self._nb.rows, self._sb.rows, self._settings, self._sb.answers
        )
        assert found == full
        if self._last is not None:
            self._same_objects(self._last, found)
        self._last = found
        for table in ("Logical_Router_Port", "HA_Chassis_Group"):
            rows = self._nb.rows[table].rows.values()
            assert self._nb.named(table) == {row.name: row for row in rows}
        return found

    def _same_objects(self, old: Snapshot, new: Snapshot) -> None:
        """What is equal must be the very same object, whole or in part."""
        assert (old.units is new.units) is (old.units == new.units)
        assert (old.chassis is new.chassis) is (old.chassis == new.chassis)
        known = {unit.name: unit for unit in old.units}
        for unit in new.units:
            was = known.get(unit.name)
            assert was is unit or was != unit


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_change_is_seen(ovn: Ovn, seed: int) -> None:
    settings = everything_on(ovn)
    choice = random.Random(seed)
    with (
        chaos(ovn, seed) as writers,
        databases(ovn, settings=settings) as (nb, sb),
    ):
        watched = Watched(nb, sb, settings)
        done = 0
        for _ in range(STEPS):
            done += choice.choice(writers).step()
            if choice.random() < 0.05:
                choice.choice((nb, sb)).replica.force_reconnect()
            if choice.random() < 0.7:
                watched.catch_up(writers)
                watched.look()
        watched.catch_up(writers)
        last = watched.look()
        with databases(ovn, with_lock=False, settings=settings) as fresh:
            rows = fresh[0].rows, fresh[1].rows
            answers = fresh[1].answers
            assert snapshot.read(*rows, settings, answers) == last
            # What rows come to as they came, they do as python-ovs' objects.
            for table in [*rows[0].values(), *rows[1].values()]:
                assert len(list(table.rows.values())) == len(table.rows)
            assert snapshot.read(*rows, settings, answers) == last
        assert done > STEPS / 2
