# SPDX-License-Identifier: Apache-2.0
"""From what was seen to verdicts: who is dead, who is only silent."""

from gwsched.health.heartbeat import interval
from gwsched.health.memory import Memory
from gwsched.health.step import step

__all__ = ["Memory", "interval", "step"]
