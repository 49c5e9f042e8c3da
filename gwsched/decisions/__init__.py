# SPDX-License-Identifier: Apache-2.0
"""What is concluded, and what is to be done, as frozen values.

A :class:`Health` is what the evidence says of each chassis, a :class:`Plan`
what shall be written, each change with its reason, and a :class:`Policy` the
settings that both are made by.
"""

from gwsched.decisions.health import (
    Claim,
    Evidence,
    Guard,
    Health,
    State,
    Tunnels,
    Uplinks,
    Verdict,
)
from gwsched.decisions.plan import (
    Change,
    Kind,
    Plan,
    Reason,
    Refusal,
    Relocation,
)
from gwsched.decisions.policy import (
    ControllerDead,
    Failback,
    Policy,
    Rebalance,
)

__all__ = [
    "Change",
    "Claim",
    "ControllerDead",
    "Evidence",
    "Failback",
    "Guard",
    "Health",
    "Kind",
    "Plan",
    "Policy",
    "Reason",
    "Rebalance",
    "Refusal",
    "Relocation",
    "State",
    "Tunnels",
    "Uplinks",
    "Verdict",
]
