# SPDX-License-Identifier: Apache-2.0
"""Real OVN on one machine: every chassis in a network namespace."""

from gwsched.sandbox.pinger import Ping, PingReport
from gwsched.sandbox.sandbox import Sandbox
from gwsched.sandbox.shell import SandboxError, wait_until

__all__ = ["Ping", "PingReport", "Sandbox", "SandboxError", "wait_until"]
