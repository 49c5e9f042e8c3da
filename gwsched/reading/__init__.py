# SPDX-License-Identifier: Apache-2.0
"""From rows to the parts of a Snapshot, each made anew only when it changed.

The way of the data: ``rows`` turns rows into ``records``, ``memo`` keeps what
was made of them, ``networks``, ``nat``, ``chassis``, ``ports``, ``groups``,
``units`` and ``routers`` make parts, ``catalogue`` puts the units in order.
"""
