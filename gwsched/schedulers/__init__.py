# SPDX-License-Identifier: Apache-2.0
"""Schedulers: who goes where, by plug-ins found by name.

A scheduler is any class with one method, :meth:`Scheduler.choose`, named in
the entry point group ``gwsched.schedulers``.
"""

from gwsched.schedulers.contract import Request, Scheduler, draw
from gwsched.schedulers.ledger import Ledger

__all__ = ["Ledger", "Request", "Scheduler", "draw"]
