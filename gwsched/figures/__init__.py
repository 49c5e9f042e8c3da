# SPDX-License-Identifier: Apache-2.0
"""What the gauges say of ports, of chassis and of balance."""

from gwsched.figures.balance import balance
from gwsched.figures.chassis import chassis
from gwsched.figures.families import many, one
from gwsched.figures.ports import ports

__all__ = ["balance", "chassis", "many", "one", "ports"]
