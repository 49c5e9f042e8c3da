# SPDX-License-Identifier: Apache-2.0
"""Stock ovsdbapp, loading what gwsched loads; it says so when it has.

The tables are registered as an application of ovsdbapp does it: the same
ones, with all their columns and rows.

Run: python -m tests.bench.coldstock NB SB
"""

from __future__ import annotations

import sys

from ovsdbapp.backend.ovs_idl.connection import Connection, OvsdbIdl

from gwsched.ovsdb.schema import NORTHBOUND, SOUTHBOUND

# It is not for it to give up (seconds).
PATIENCE = 3600


def main() -> None:
    connections = []
    for remote, name, tables in zip(
        sys.argv[1:],
        ("OVN_Northbound", "OVN_Southbound"),
        (NORTHBOUND, SOUTHBOUND),
        strict=True,
    ):
        found = OvsdbIdl.from_server(
            remote, name, helper_tables=tables, leader_only=False
        )
        connection = Connection(found, PATIENCE)
        connection.start()
        connections.append(connection)
    print("loaded", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
