# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="import-not-found"
"""Neutron on real databases, by its own connections and rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from neutron.conf.plugins.ml2.drivers.ovn import (
    ovn_conf,
)
from neutron.plugins.ml2.drivers.ovn.mech_driver.ovsdb import (
    impl_idl_ovn,
    ovsdb_monitor,
)
from oslo_config import cfg
from ovsdbapp.backend.ovs_idl import connection

from tests.bench.neutron import service

PATIENCE = 60.0


class Real:
    """Neutron beside real ovsdb-servers; one worker, no SQL."""

    def __init__(self, nb: str, sb: str, chassis: int) -> None:
        ovn_conf.register_opts()
        cfg.CONF.set_override("ovn_nb_connection", [nb], "ovn")
        cfg.CONF.set_override("ovn_sb_connection", [sb], "ovn")
        self.nb = connected(
            impl_idl_ovn.OvsdbNbOvnIdl, ovsdb_monitor.BaseOvnIdl
        )
        self.sb = connected(
            impl_idl_ovn.OvsdbSbOvnIdl, ovsdb_monitor.BaseOvnSbIdl
        )
        self.plugin = service.Plugin(self.nb, self.sb)
        until(lambda: len(self.sb.tables["Chassis"].rows) == chassis)

    def place(self, port: str, router: str) -> dict[str, Any]:
        """Schedule a port that has just been made."""
        row = until(lambda: self.nb.lookup("Logical_Router_Port", port, None))
        started = time.perf_counter()
        self.plugin.schedule_new(port, router)
        seconds = time.perf_counter() - started
        return {
            "seconds": seconds,
            "lists": {port: service.order(self.nb, row)},
        }


def connected(api: Any, idl: Any) -> Any:
    """Connect as Neutron's workers do."""
    replica = idl.from_server(api.connection_string, api.schema_helper)
    return api(connection.Connection(replica, timeout=180))


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is there, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE} s in vain")
        time.sleep(0.001)
    return found
