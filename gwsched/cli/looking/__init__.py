# SPDX-License-Identifier: Apache-2.0
"""The verbs ``status`` and ``explain``: how it stands, and why."""
