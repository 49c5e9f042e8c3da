# SPDX-License-Identifier: Apache-2.0
"""Both databases as one frozen Snapshot: rows, records, units, snapshot.

A row is converted when it has changed, into a record (rows.py).  What is
made of records remembers which it looked at, also in vain, and is made again
only when one of these changes (memo.py).  What comes out as it was stays the
very same object, all the way up: that is how a plan knows what is new.

Nothing in a database makes it raise: what cannot be understood is left out
or left alone, and named among the snapshot's problems.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from gwsched.conf import Settings
from gwsched.model import (
    Chassis,
    GatewayRouter,
    Intents,
    Problem,
    Snapshot,
    frozen_map,
)
from gwsched.reading import groups, intents, parsing, records
from gwsched.reading.catalogue import Catalogue
from gwsched.reading.chassis import Hosts
from gwsched.reading.memo import Kept
from gwsched.reading.networks import Networks
from gwsched.reading.ports import Ports
from gwsched.reading.routers import Routers
from gwsched.reading.rows import Changes, Reading, Rows, Tables
from gwsched.reading.units import Units

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Claims = Mapping[str, Mapping[str, int]]
NO_CLAIMS: Claims = frozen_map({})
# By kind, the UUIDs of the rows whose records are different.
Touched = defaultdict[Any, list[Any]]
# What everything else is looked at for.
FIRST = (
    records.NbGlobal,
    records.RouterPort,
    records.Group,
    records.Chassis,
)


class Reader:
    """Reads snapshots, and remembers what they are made of."""

    def __init__(self, nb: Tables, sb: Tables, settings: Settings) -> None:
        self._settings = settings
        self._rows = Rows(nb, sb)
        networks = Networks(self._rows)
        self._ports = Ports(self._rows, networks, settings)
        units = Units(self._rows, self._ports, settings)
        routers = Routers(self._rows, networks, settings)
        memo = self._rows.memo
        self._alone = Kept(memo, units.alone)
        self._together = Kept(memo, units.together)
        self._orphaned = Kept(memo, partial(groups.orphan, self._rows))
        self._hosts = Kept(memo, Hosts(self._rows, settings).read)
        self._pinned = Kept(memo, routers.read)
        self._catalogue = Catalogue()
        self._problems: dict[Any, tuple[Problem, ...]] = {}
        self._intents = Intents()
        self._external_ids: Mapping[str, str] = {}
        self._orphans: tuple[str, ...] = ()
        self._chassis: Mapping[str, Chassis] = frozen_map({})
        self._routers: tuple[GatewayRouter, ...] = ()
        self._begun = False

    def read(
        self,
        nb: Changes,
        sb: Changes,
        *,
        answered: Mapping[str, int],
        claimed: Claims = NO_CLAIMS,
    ) -> Snapshot:
        """Read what the plan depends on, given the rows that changed.

        :param answered: the last heartbeat that each chassis has answered
        """
        self._update(*self._take_in(nb, sb))
        top = self._rows.only(records.NbGlobal)
        problems = chain(*self._problems.values(), self._catalogue.problems())
        return Snapshot(
            chassis=self._chassis,
            units=self._catalogue.units,
            answered=answered,
            requested=top.nb_cfg,
            published=self._rows.only(records.SbGlobal).nb_cfg,
            heartbeat=(
                top.options.get("enable_chassis_nb_cfg_update") != "false"
            ),
            bfd_time=_bfd_time(top.options),
            default_form=(
                self._settings.policy.table or self._catalogue.usual_form
            ),
            intents=self._intents,
            orphans=self._orphans,
            problems=tuple(sorted(set(problems), key=str)),
            claimed=claimed,
            routers=self._routers,
        )

    def _take_in(self, nb: Changes, sb: Changes) -> tuple[set[Any], Touched]:
        """Return the keys of what is different, and the rows, by kind."""
        touched: Touched = defaultdict(list)
        if not self._begun:
            self._begun = True
            self._rows.fill()
            touched.update({k: list(self._rows.every(k)) for k in FIRST})
            return set(), touched
        changed = self._rows.update(nb, sb)
        for kind, key in changed:
            touched[kind].append(key)
        return changed, touched

    def _update(self, changed: set[Any], touched: Touched) -> None:
        before = self._intents
        if records.NbGlobal in touched:
            self._read_intents()
        changed |= self._ports.follow(self._intents)
        different = self._rows.memo.settle(changed)
        self._renew_units(touched, different)
        self._renew_chassis(touched, different)
        self._renew_routers(before, different)

    def _read_intents(self) -> None:
        """Parse what is asked for, unless it is what was asked before."""
        external_ids = self._rows.only(records.NbGlobal).external_ids
        if external_ids != self._external_ids:
            self._intents, wrong = intents.parse(external_ids)
            self._problems[Intents] = tuple(
                Problem("NB", "NB_Global", what) for what in wrong
            )
            self._external_ids = external_ids

    def _renew_units(self, touched: Touched, different: set[Any]) -> None:
        for kept, kind in (
            (self._alone, records.RouterPort),
            (self._together, records.Group),
        ):
            there = self._rows.every(kind)
            renewed = self._renew(kept, touched[kind], there, different)
            for old, new in renewed:
                self._catalogue.replace(old, new)
        self._catalogue.settle()
        group = records.Group
        there = self._rows.every(group)
        if self._orphaned.renew(touched[group], there, different):
            found = filter(None, self._orphaned.values())
            self._orphans = tuple(sorted(found))

    def _renew_chassis(self, touched: Touched, different: set[Any]) -> None:
        kind = records.Chassis
        there = self._rows.every(kind)
        renewed = self._renew(self._hosts, touched[kind], there, different)
        if any(old is not new for old, new in renewed):
            found = (host.value for host in self._hosts.values())
            named = {chassis.name: chassis for chassis in found if chassis}
            self._chassis = frozen_map(dict(sorted(named.items())))

    def _renew_routers(self, before: Intents, different: set[Any]) -> None:
        there = self._intents.failover
        renewed = self._renew(
            self._pinned, before.failover ^ there, there, different
        )
        if any(old is not new for old, new in renewed):
            found = (router.value for router in self._pinned.values())
            named = {router.name: router for router in found if router}
            self._routers = tuple(named[name] for name in sorted(named))

    def _renew(
        self,
        kept: Kept[K, Reading[V]],
        touched: Iterable[K],
        there: Container[K],
        different: set[Any],
    ) -> list[tuple[V | None, V | None]]:
        """Renew, note the problems; return what was and what is now."""
        found = []
        renewed = kept.renew(touched, there, different)
        for key, (old, new) in renewed.items():
            self._problems.pop((kept, key), None)
            if new and new.problems:
                self._problems[kept, key] = new.problems
            found.append((old and old.value, new and new.value))
        return found


def _bfd_time(options: Mapping[str, str]) -> float:
    """How long tunnel BFD needs to see a death, in seconds.

    The defaults are OVS' (vswitch.xml: min_rx 1000, min_tx 100, mult 3).
    """
    slowest = max(
        parsing.whole_number(options.get("bfd-min-rx"), 1000),
        parsing.whole_number(options.get("bfd-min-tx"), 100),
    )
    mult = parsing.whole_number(options.get("bfd-mult"), 3)
    return slowest * mult / 1000


def read(
    nb: Tables, sb: Tables, settings: Settings, answered: Mapping[str, int]
) -> Snapshot:
    """Read everything anew."""
    return Reader(nb, sb, settings).read(None, None, answered=answered)
