# SPDX-License-Identifier: Apache-2.0
"""Python's collector of cycles, kept from what is there to stay.

By its defaults it looks at all that was loaded again and again while it is
being loaded: a fifth of the time to the first plan.  Nor does a pass after
that have to wait while a million objects are looked at that never go.
"""

from __future__ import annotations

import gc

# New objects that make it look at the young ones; the default is 700.
YOUNG = 50_000


class Collector:
    """Spares what is there once all is loaded."""

    def __init__(self) -> None:
        gc.set_threshold(YOUNG)
        self._spares = False

    def spare(self) -> None:
        """Leave alone what is there by now; only the first call counts."""
        if not self._spares:
            self._spares = True
            gc.freeze()

    def resume(self) -> None:
        """Look at everything again, for it may be garbage now."""
        self._spares = False
        gc.unfreeze()
