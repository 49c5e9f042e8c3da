# SPDX-License-Identifier: Apache-2.0
"""gwsched: the L3 gateway scheduler and failover daemon for OVN."""

from importlib.metadata import version

__version__ = version("gwsched")
