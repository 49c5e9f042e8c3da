# SPDX-License-Identifier: Apache-2.0
"""How a replica of a database begins: what of it is monitored."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from typing import Any

from ovs.db.idl import SchemaHelper
from ovsdbapp.backend.ovs_idl.idlutils import create_schema_helper

from gwsched.conf import Settings
from gwsched.ovsdb import session
from gwsched.ovsdb.packed import pack
from gwsched.ovsdb.replica import Replica
from gwsched.ovsdb.schema import Table, columns_there, lacking

LOG = logging.getLogger(__name__)

# How long is waited between attempts to reconnect (milliseconds).  One of
# three servers is to be found that leads by now: who waits up to 2 s after
# each that does not finds it 3, 5 or 7 s after the last one was killed.
BACK_OFF_MS = (200, 500)


def monitor(
    label: str,
    remotes: tuple[str, ...],
    schema: dict[str, Any],
    tables: Mapping[str, Table],
    settings: Settings,
    *,
    leader_only: bool,
) -> Replica:
    """Return a replica of what a server has of these tables.

    :raises OSError: where it lacks one that is needed, or sends no schema
    """
    there, helper = _understood(schema, tables)
    for lack in lacking(tables, there):
        LOG.warning("%s: %s; going without", label, lack)
    replica = Replica(
        ",".join(remotes),
        helper,
        probe_interval=settings.probe_ms,
        leader_only=leader_only,
    )
    session.take_over(
        replica, settings.probe_ms, back_off_ms=BACK_OFF_MS, hook=pack
    )
    replica.expect(tables, there)
    for name, table in tables.items():
        if table.condition and name in replica.tables:
            # Not through cond_change(): until the first connection that
            # makes python-ovs poll without ever waiting.
            condition = replica.tables[name].condition_state
            condition.init(table.condition)
            condition.request()
            condition.ack()
    return replica


def _understood(
    schema: dict[str, Any], tables: Mapping[str, Table]
) -> tuple[dict[str, tuple[str, ...]], SchemaHelper]:
    try:
        there = columns_there(schema, tables)
        helper = create_schema_helper(schema)
    except OSError:
        raise
    except Exception as error:  # whatever one stumbles over
        what = f"its schema is none: {error!r}"
        raise OSError(errno.EPROTO, what) from error
    for name, columns in there.items():
        if not tables[name].asked:
            helper.register_columns(name, [*columns])
    return there, helper
