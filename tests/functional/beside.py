# SPDX-License-Identifier: Apache-2.0
"""What the tests beside Neutron and other writers have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ovs.db.idl import Idl, Transaction
from ovs.poller import POLLIN, Poller
from ovsdbapp.backend.ovs_idl.idlutils import get_schema_helper

from tests.functional.controllers import Controllers
from tests.functional.ovn import Ovn, wait_for
from tests.functional.woken import Woken

# Moves are not what is tested here: they need not wait for each other.
OPTIONS = {"rebalance": {"moves_per_minute": 600}}


@contextmanager
def fleet(
    ovn: Ovn, size: int, options: str = "enable-chassis-as-gw"
) -> Iterator[Controllers]:
    """Gateways gw1.. that answer and claim, and are warm at once."""
    names = [f"gw{number}" for number in range(1, size + 1)]
    ovn.add_chassis(*names, options=options)
    ovn.quicken_bfd()
    with Controllers(ovn.sb) as controllers:
        yield controllers


def dense(ovn: Ovn, ports: Iterable[str], depth: int) -> bool:
    """Whether the priorities of each port's list are its length down to 1."""
    lists = ovn.lists()
    wanted = list(range(depth, 0, -1))
    return all([p for _, p in lists[port]] == wanted for port in ports)


def wait_dense(ovn: Ovn, ports: Iterable[str], depth: int) -> None:
    known = list(ports)
    wait_for(
        lambda: dense(ovn, known, depth), f"{depth} candidates each of {known}"
    )


class Rival(Woken):
    """Somebody who puts his own list back as soon as it is another."""

    def __init__(self, nb: str, group: str, *order: str) -> None:
        helper = get_schema_helper(nb, "OVN_Northbound")
        helper.register_columns("HA_Chassis_Group", ["name", "ha_chassis"])
        helper.register_columns("HA_Chassis", ["chassis_name", "priority"])
        self._idl = Idl(nb, helper)
        self._group = group
        self._order = order
        self._prepare(self._run)

    def _run(self) -> None:
        while not self._stopping:
            self._idl.run()
            rows = self._idl.tables["HA_Chassis_Group"].rows.values()
            for row in [row for row in rows if row.name == self._group]:
                self._insist(row)
            poller = Poller()
            self._idl.wait(poller)
            poller.fd_wait(self._wake, POLLIN)
            poller.block()
        self._idl.close()

    def _insist(self, group: Any) -> None:
        ranked = {row.priority: row.chassis_name for row in group.ha_chassis}
        if [ranked[p] for p in sorted(ranked, reverse=True)] == [*self._order]:
            return
        transaction = Transaction(self._idl)
        members = []
        for rank, name in enumerate(self._order):
            row = transaction.insert(self._idl.tables["HA_Chassis"])
            row.chassis_name = name
            row.priority = len(self._order) - rank
            members.append(row)
        group.ha_chassis = members
        transaction.commit_block()
