# SPDX-License-Identifier: Apache-2.0
"""What the gauges say of ports, of chassis and of balance."""

from gwsched.telemetry.figures.chassis import chassis
from gwsched.telemetry.figures.counting import Count, Counting
from gwsched.telemetry.figures.families import many, one

__all__ = ["Count", "Counting", "chassis", "many", "one"]
