# SPDX-License-Identifier: Apache-2.0
"""The document of the last view, made when asked for, from another thread.

A view is frozen and replaced whole, so nothing is locked and the loop is
not waited for.
"""

from __future__ import annotations

from collections.abc import Callable

from gwsched.telemetry.gauges import View
from gwsched.web.overview.document import Document, document


class Latest:
    """Makes one document of a view, however many ask for it."""

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view
        # Replaced whole too: two threads at once only make it twice.
        self._last: tuple[View | None, Document] = (None, {})

    def __call__(self) -> Document:
        """Return what /api/status answers just now."""
        view = self._view()
        known, made = self._last
        if known is not view:
            made = document(view)
            self._last = (view, made)
        return made
