# SPDX-License-Identifier: Apache-2.0
"""The parts of the planner, all pure.

Who may host what (``filters``, ``eligibility``); who stays in a list and who
comes in (``repairs`` with ``staying``, ``drafts``, ``primaries``); what evens
out (``moves`` with ``balance``, ``ranks``, ``mesh``, on ``level`` and
``failure``); how fast, and beside whom (``pace``, ``rivals``).
"""
