# SPDX-License-Identifier: Apache-2.0
"""What the gauges say of ports, of chassis and of balance."""

from gwsched.telemetry.figures.balance import balance
from gwsched.telemetry.figures.chassis import chassis
from gwsched.telemetry.figures.families import many, one
from gwsched.telemetry.figures.ports import ports

__all__ = ["balance", "chassis", "many", "one", "ports"]
