# SPDX-License-Identifier: Apache-2.0
"""Taking in what a server sends, whatever that is."""

from __future__ import annotations

import logging

from gwsched.ovsdb.replica import Replica
from gwsched.ovsdb.session import NonsenseError
from gwsched.ovsdb.stall import Stall

LOG = logging.getLogger(__name__)


class Hearing:
    """Lets a replica take in what its server sends, and ends what is no use.

    ``patience`` is how long a server may go on without sending its content.
    """

    def __init__(self, label: str, patience: float) -> None:
        self._label = label
        self._stall = Stall(patience)

    def hear(self, replica: Replica, now: float) -> bool:
        """Take in what there is; say whether rows were told of as they came.

        Nonsense ends a connection.  python-ovs raises whatever it stumbles
        over, and what it has made of the rows up to there is not to be
        relied on: all of them are asked for again.
        """
        try:
            replica.run()
        except Exception as error:
            known = isinstance(error, NonsenseError)
            (LOG.error if known else LOG.exception)(
                "%s: %s has sent what is no OVSDB (%s); connecting anew. Is "
                "it an OVN database server?",
                self._label,
                replica.session_name(),
                error if known else repr(error),
            )
            replica.begin_anew()
            return False
        if self._stall.lasts(replica.progress, now):
            LOG.warning(
                "%s: %s does not send its content; connecting anew",
                self._label,
                replica.session_name(),
            )
            replica.begin_anew()
        if replica.synced:
            self._stall.ends()
        return True
